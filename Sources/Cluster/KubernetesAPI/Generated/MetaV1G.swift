// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct GetOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "GetOptions"

    package var resourceVersion: String = ""

    package init(
        resourceVersion: String = ""
    ) {
        self.resourceVersion = resourceVersion
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "resourceVersion": self.resourceVersion = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
    }
}

package struct GroupKind: APIStructure {
    package var group: String = ""
    package var kind: String = ""

    package init(
        group: String = "",
        kind: String = ""
    ) {
        self.group = group
        self.kind = kind
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("group", self.group)
        object.put("kind", self.kind)
    }
}

package struct GroupResource: APIStructure {
    package var group: String = ""
    package var resource: String = ""

    package init(
        group: String = "",
        resource: String = ""
    ) {
        self.group = group
        self.resource = resource
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "resource": self.resource = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("group", self.group)
        object.put("resource", self.resource)
    }
}

package struct GroupVersion: APIStructure {
    package var group: String = ""
    package var version: String = ""

    package init(
        group: String = "",
        version: String = ""
    ) {
        self.group = group
        self.version = version
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "version": self.version = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("group", self.group)
        object.put("version", self.version)
    }
}

package struct GroupVersionForDiscovery: APIStructure {
    package var groupVersion: String = ""
    package var version: String = ""

    package init(
        groupVersion: String = "",
        version: String = ""
    ) {
        self.groupVersion = groupVersion
        self.version = version
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "groupVersion": self.groupVersion = String(from: value, at: path, reporting: &problems)
        case "version": self.version = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("groupVersion", self.groupVersion)
        object.put("version", self.version)
    }
}

package struct GroupVersionKind: APIStructure {
    package var group: String = ""
    package var version: String = ""
    package var kind: String = ""

    package init(
        group: String = "",
        version: String = "",
        kind: String = ""
    ) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "version": self.version = String(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("group", self.group)
        object.put("version", self.version)
        object.put("kind", self.kind)
    }
}

package struct GroupVersionResource: APIStructure {
    package var group: String = ""
    package var version: String = ""
    package var resource: String = ""

    package init(
        group: String = "",
        version: String = "",
        resource: String = ""
    ) {
        self.group = group
        self.version = version
        self.resource = resource
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "version": self.version = String(from: value, at: path, reporting: &problems)
        case "resource": self.resource = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("group", self.group)
        object.put("version", self.version)
        object.put("resource", self.resource)
    }
}
