// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct ResourceVersionMatch: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let notOlderThan = Self(rawValue: "NotOlderThan")
    package static let exact = Self(rawValue: "Exact")

    /// Those that the API names.
    package static let known: [Self] = [.notOlderThan, .exact]
}

package struct RootPaths: APIStructure {
    package var paths: [String] = []

    package init(
        paths: [String] = []
    ) {
        self.paths = paths
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "paths": self.paths = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("paths", self.paths)
    }
}

package struct RowConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let completed = Self(rawValue: "Completed")

    /// Those that the API names.
    package static let known: [Self] = [.completed]
}
