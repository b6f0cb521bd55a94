// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct QuobyteVolumeSource: APIStructure {
    package var registry: String = ""
    package var volume: String = ""
    package var readOnly: Bool = false
    package var user: String = ""
    package var group: String = ""
    package var tenant: String = ""

    package init(
        registry: String = "",
        volume: String = "",
        readOnly: Bool = false,
        user: String = "",
        group: String = "",
        tenant: String = ""
    ) {
        self.registry = registry
        self.volume = volume
        self.readOnly = readOnly
        self.user = user
        self.group = group
        self.tenant = tenant
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "registry": self.registry = String(from: value, at: path, reporting: &problems)
        case "volume": self.volume = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "user": self.user = String(from: value, at: path, reporting: &problems)
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "tenant": self.tenant = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("registry", self.registry)
        object.put("volume", self.volume)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("group", self.group)
        object.putUnlessEmpty("tenant", self.tenant)
    }
}
