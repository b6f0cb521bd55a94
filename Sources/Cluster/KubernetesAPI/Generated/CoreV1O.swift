// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct OSName: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let linux = Self(rawValue: "linux")
    package static let windows = Self(rawValue: "windows")

    /// Those that the API names.
    package static let known: [Self] = [.linux, .windows]
}

package struct ObjectFieldSelector: APIStructure {
    package var apiVersion: String = ""
    package var fieldPath: String = ""

    package init(
        apiVersion: String = "",
        fieldPath: String = ""
    ) {
        self.apiVersion = apiVersion
        self.fieldPath = fieldPath
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "apiVersion": self.apiVersion = String(from: value, at: path, reporting: &problems)
        case "fieldPath": self.fieldPath = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("apiVersion", self.apiVersion)
        object.put("fieldPath", self.fieldPath)
    }
}

package struct ObjectReference: APIStructure {
    package var kind: String = ""
    package var namespace: String = ""
    package var name: String = ""
    package var uid: String = ""
    package var apiVersion: String = ""
    package var resourceVersion: String = ""
    package var fieldPath: String = ""

    package init(
        kind: String = "",
        namespace: String = "",
        name: String = "",
        uid: String = "",
        apiVersion: String = "",
        resourceVersion: String = "",
        fieldPath: String = ""
    ) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.apiVersion = apiVersion
        self.resourceVersion = resourceVersion
        self.fieldPath = fieldPath
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "apiVersion": self.apiVersion = String(from: value, at: path, reporting: &problems)
        case "resourceVersion": self.resourceVersion = String(from: value, at: path, reporting: &problems)
        case "fieldPath": self.fieldPath = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("kind", self.kind)
        object.putUnlessEmpty("namespace", self.namespace)
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("uid", self.uid)
        object.putUnlessEmpty("apiVersion", self.apiVersion)
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
        object.putUnlessEmpty("fieldPath", self.fieldPath)
    }
}
