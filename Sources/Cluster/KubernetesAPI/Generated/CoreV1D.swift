// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct DNSPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let clusterFirstWithHostNet = Self(rawValue: "ClusterFirstWithHostNet")
    package static let clusterFirst = Self(rawValue: "ClusterFirst")
    package static let `default` = Self(rawValue: "Default")
    package static let none = Self(rawValue: "None")

    /// Those that the API names.
    package static let known: [Self] = [.clusterFirstWithHostNet, .clusterFirst, .default, .none]
}

package struct DaemonEndpoint: APIStructure {
    package var port: Int32 = 0

    package init(
        port: Int32 = 0
    ) {
        self.port = port
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "Port": self.port = Int32(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("Port", self.port)
    }
}

package struct DownwardAPIProjection: APIStructure {
    package var items: [DownwardAPIVolumeFile] = []

    package init(
        items: [DownwardAPIVolumeFile] = []
    ) {
        self.items = items
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "items": self.items = [DownwardAPIVolumeFile](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("items", self.items)
    }
}

package struct DownwardAPIVolumeFile: APIStructure {
    package var path: String = ""
    @Boxed package var fieldRef: ObjectFieldSelector? = nil
    @Boxed package var resourceFieldRef: ResourceFieldSelector? = nil
    package var mode: Int32? = nil
    package var user: Int64? = nil

    package init(
        path: String = "",
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        mode: Int32? = nil,
        user: Int64? = nil
    ) {
        self.path = path
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.mode = mode
        self.user = user
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "fieldRef": self.fieldRef = Optional<ObjectFieldSelector>(from: value, at: path, reporting: &problems)
        case "resourceFieldRef": self.resourceFieldRef = Optional<ResourceFieldSelector>(from: value, at: path, reporting: &problems)
        case "mode": self.mode = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "user": self.user = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("path", self.path)
        object.putUnlessEmpty("fieldRef", self.fieldRef)
        object.putUnlessEmpty("resourceFieldRef", self.resourceFieldRef)
        object.putUnlessEmpty("mode", self.mode)
        object.putUnlessEmpty("user", self.user)
    }
}

package struct DownwardAPIVolumeSource: APIStructure {
    package var items: [DownwardAPIVolumeFile] = []
    package var defaultMode: Int32? = nil
    package var defaultUser: Int64? = nil

    package init(
        items: [DownwardAPIVolumeFile] = [],
        defaultMode: Int32? = nil,
        defaultUser: Int64? = nil
    ) {
        self.items = items
        self.defaultMode = defaultMode
        self.defaultUser = defaultUser
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "items": self.items = [DownwardAPIVolumeFile](from: value, at: path, reporting: &problems)
        case "defaultMode": self.defaultMode = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "defaultUser": self.defaultUser = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("items", self.items)
        object.putUnlessEmpty("defaultMode", self.defaultMode)
        object.putUnlessEmpty("defaultUser", self.defaultUser)
    }
}
