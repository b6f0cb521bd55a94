// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct APIGroup: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "APIGroup"

    package var name: String = ""
    package var versions: [GroupVersionForDiscovery] = []
    package var preferredVersion: GroupVersionForDiscovery = GroupVersionForDiscovery()
    package var serverAddressByClientCIDRs: [ServerAddressByClientCIDR] = []

    package init(
        name: String = "",
        versions: [GroupVersionForDiscovery] = [],
        preferredVersion: GroupVersionForDiscovery = GroupVersionForDiscovery(),
        serverAddressByClientCIDRs: [ServerAddressByClientCIDR] = []
    ) {
        self.name = name
        self.versions = versions
        self.preferredVersion = preferredVersion
        self.serverAddressByClientCIDRs = serverAddressByClientCIDRs
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "versions": self.versions = [GroupVersionForDiscovery](from: value, at: path, reporting: &problems)
        case "preferredVersion": self.preferredVersion = GroupVersionForDiscovery(from: value, at: path, reporting: &problems)
        case "serverAddressByClientCIDRs": self.serverAddressByClientCIDRs = [ServerAddressByClientCIDR](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("versions", self.versions)
        object.putUnlessEmpty("preferredVersion", self.preferredVersion)
        object.putUnlessEmpty("serverAddressByClientCIDRs", self.serverAddressByClientCIDRs)
    }
}

package struct APIGroupList: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "APIGroupList"

    package var groups: [APIGroup] = []

    package init(
        groups: [APIGroup] = []
    ) {
        self.groups = groups
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "groups": self.groups = [APIGroup](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("groups", self.groups)
    }
}

package struct APIResource: APIStructure {
    package var name: String = ""
    package var singularName: String = ""
    package var namespaced: Bool = false
    package var group: String = ""
    package var version: String = ""
    package var kind: String = ""
    package var verbs: Verbs = []
    package var shortNames: [String] = []
    package var categories: [String] = []
    package var storageVersionHash: String = ""

    package init(
        name: String = "",
        singularName: String = "",
        namespaced: Bool = false,
        group: String = "",
        version: String = "",
        kind: String = "",
        verbs: Verbs = [],
        shortNames: [String] = [],
        categories: [String] = [],
        storageVersionHash: String = ""
    ) {
        self.name = name
        self.singularName = singularName
        self.namespaced = namespaced
        self.group = group
        self.version = version
        self.kind = kind
        self.verbs = verbs
        self.shortNames = shortNames
        self.categories = categories
        self.storageVersionHash = storageVersionHash
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "singularName": self.singularName = String(from: value, at: path, reporting: &problems)
        case "namespaced": self.namespaced = Bool(from: value, at: path, reporting: &problems)
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "version": self.version = String(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        case "verbs": self.verbs = Verbs(from: value, at: path, reporting: &problems)
        case "shortNames": self.shortNames = [String](from: value, at: path, reporting: &problems)
        case "categories": self.categories = [String](from: value, at: path, reporting: &problems)
        case "storageVersionHash": self.storageVersionHash = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("singularName", self.singularName)
        object.put("namespaced", self.namespaced)
        object.putUnlessEmpty("group", self.group)
        object.putUnlessEmpty("version", self.version)
        object.put("kind", self.kind)
        object.put("verbs", self.verbs)
        object.putUnlessEmpty("shortNames", self.shortNames)
        object.putUnlessEmpty("categories", self.categories)
        object.putUnlessEmpty("storageVersionHash", self.storageVersionHash)
    }
}

package struct APIResourceList: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "APIResourceList"

    package var groupVersion: String = ""
    package var resources: [APIResource] = []

    package init(
        groupVersion: String = "",
        resources: [APIResource] = []
    ) {
        self.groupVersion = groupVersion
        self.resources = resources
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "groupVersion": self.groupVersion = String(from: value, at: path, reporting: &problems)
        case "resources": self.resources = [APIResource](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("groupVersion", self.groupVersion)
        object.put("resources", self.resources)
    }
}

package struct APIVersions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "APIVersions"

    package var versions: [String] = []
    package var serverAddressByClientCIDRs: [ServerAddressByClientCIDR] = []

    package init(
        versions: [String] = [],
        serverAddressByClientCIDRs: [ServerAddressByClientCIDR] = []
    ) {
        self.versions = versions
        self.serverAddressByClientCIDRs = serverAddressByClientCIDRs
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "versions": self.versions = [String](from: value, at: path, reporting: &problems)
        case "serverAddressByClientCIDRs": self.serverAddressByClientCIDRs = [ServerAddressByClientCIDR](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("versions", self.versions)
        object.put("serverAddressByClientCIDRs", self.serverAddressByClientCIDRs)
    }
}

package struct ApplyOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "ApplyOptions"

    package var dryRun: [String] = []
    package var force: Bool = false
    package var fieldManager: String = ""

    package init(
        dryRun: [String] = [],
        force: Bool = false,
        fieldManager: String = ""
    ) {
        self.dryRun = dryRun
        self.force = force
        self.fieldManager = fieldManager
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "dryRun": self.dryRun = [String](from: value, at: path, reporting: &problems)
        case "force": self.force = Bool(from: value, at: path, reporting: &problems)
        case "fieldManager": self.fieldManager = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("dryRun", self.dryRun)
        object.put("force", self.force)
        object.put("fieldManager", self.fieldManager)
    }
}
