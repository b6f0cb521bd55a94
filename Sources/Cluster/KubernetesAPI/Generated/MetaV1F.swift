// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct FieldSelectorOperator: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `in` = Self(rawValue: "In")
    package static let notIn = Self(rawValue: "NotIn")
    package static let exists = Self(rawValue: "Exists")
    package static let doesNotExist = Self(rawValue: "DoesNotExist")

    /// Those that the API names.
    package static let known: [Self] = [.in, .notIn, .exists, .doesNotExist]
}

package struct FieldSelectorRequirement: APIStructure {
    package var key: String = ""
    package var `operator`: FieldSelectorOperator = FieldSelectorOperator()
    package var values: [String] = []

    package init(
        key: String = "",
        `operator`: FieldSelectorOperator = FieldSelectorOperator(),
        values: [String] = []
    ) {
        self.key = key
        self.`operator` = `operator`
        self.values = values
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "operator": self.`operator` = FieldSelectorOperator(from: value, at: path, reporting: &problems)
        case "values": self.values = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("key", self.key)
        object.put("operator", self.`operator`)
        object.putUnlessEmpty("values", self.values)
    }
}
