// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct ManagedFieldsEntry: APIStructure {
    package var manager: String = ""
    package var operation: ManagedFieldsOperationType = ManagedFieldsOperationType()
    package var apiVersion: String = ""
    package var time: Time? = nil
    package var fieldsType: String = ""
    package var fieldsV1: APIValue? = nil
    package var subresource: String = ""

    package init(
        manager: String = "",
        operation: ManagedFieldsOperationType = ManagedFieldsOperationType(),
        apiVersion: String = "",
        time: Time? = nil,
        fieldsType: String = "",
        fieldsV1: APIValue? = nil,
        subresource: String = ""
    ) {
        self.manager = manager
        self.operation = operation
        self.apiVersion = apiVersion
        self.time = time
        self.fieldsType = fieldsType
        self.fieldsV1 = fieldsV1
        self.subresource = subresource
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "manager": self.manager = String(from: value, at: path, reporting: &problems)
        case "operation": self.operation = ManagedFieldsOperationType(from: value, at: path, reporting: &problems)
        case "apiVersion": self.apiVersion = String(from: value, at: path, reporting: &problems)
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "fieldsType": self.fieldsType = String(from: value, at: path, reporting: &problems)
        case "fieldsV1": self.fieldsV1 = Optional<APIValue>(from: value, at: path, reporting: &problems)
        case "subresource": self.subresource = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("manager", self.manager)
        object.putUnlessEmpty("operation", self.operation)
        object.putUnlessEmpty("apiVersion", self.apiVersion)
        object.putUnlessEmpty("time", self.time)
        object.putUnlessEmpty("fieldsType", self.fieldsType)
        object.putUnlessEmpty("fieldsV1", self.fieldsV1)
        object.putUnlessEmpty("subresource", self.subresource)
    }
}

package struct ManagedFieldsOperationType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let apply = Self(rawValue: "Apply")
    package static let update = Self(rawValue: "Update")

    /// Those that the API names.
    package static let known: [Self] = [.apply, .update]
}
