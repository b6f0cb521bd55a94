// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct UpdateOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "UpdateOptions"

    package var dryRun: [String] = []
    package var fieldManager: String = ""
    package var fieldValidation: String = ""

    package init(
        dryRun: [String] = [],
        fieldManager: String = "",
        fieldValidation: String = ""
    ) {
        self.dryRun = dryRun
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "dryRun": self.dryRun = [String](from: value, at: path, reporting: &problems)
        case "fieldManager": self.fieldManager = String(from: value, at: path, reporting: &problems)
        case "fieldValidation": self.fieldValidation = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("dryRun", self.dryRun)
        object.putUnlessEmpty("fieldManager", self.fieldManager)
        object.putUnlessEmpty("fieldValidation", self.fieldValidation)
    }
}
