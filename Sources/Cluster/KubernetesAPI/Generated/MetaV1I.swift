// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct IncludeObjectPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let none = Self(rawValue: "None")
    package static let metadata = Self(rawValue: "Metadata")
    package static let object = Self(rawValue: "Object")

    /// Those that the API names.
    package static let known: [Self] = [.none, .metadata, .object]
}
