// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct AWSElasticBlockStoreVolumeSource: APIStructure {
    package var volumeID: String = ""
    package var fsType: String = ""
    package var partition: Int32 = 0
    package var readOnly: Bool = false

    package init(
        volumeID: String = "",
        fsType: String = "",
        partition: Int32 = 0,
        readOnly: Bool = false
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.partition = partition
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeID": self.volumeID = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "partition": self.partition = Int32(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("volumeID", self.volumeID)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("partition", self.partition)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct Affinity: APIStructure {
    @Boxed package var nodeAffinity: NodeAffinity? = nil
    @Boxed package var podAffinity: PodAffinity? = nil
    @Boxed package var podAntiAffinity: PodAntiAffinity? = nil

    package init(
        nodeAffinity: NodeAffinity? = nil,
        podAffinity: PodAffinity? = nil,
        podAntiAffinity: PodAntiAffinity? = nil
    ) {
        self.nodeAffinity = nodeAffinity
        self.podAffinity = podAffinity
        self.podAntiAffinity = podAntiAffinity
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "nodeAffinity": self.nodeAffinity = Optional<NodeAffinity>(from: value, at: path, reporting: &problems)
        case "podAffinity": self.podAffinity = Optional<PodAffinity>(from: value, at: path, reporting: &problems)
        case "podAntiAffinity": self.podAntiAffinity = Optional<PodAntiAffinity>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("nodeAffinity", self.nodeAffinity)
        object.putUnlessEmpty("podAffinity", self.podAffinity)
        object.putUnlessEmpty("podAntiAffinity", self.podAntiAffinity)
    }
}

package struct AppArmorProfile: APIStructure {
    package var type: AppArmorProfileType = AppArmorProfileType()
    package var localhostProfile: String? = nil

    package init(
        type: AppArmorProfileType = AppArmorProfileType(),
        localhostProfile: String? = nil
    ) {
        self.type = type
        self.localhostProfile = localhostProfile
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = AppArmorProfileType(from: value, at: path, reporting: &problems)
        case "localhostProfile": self.localhostProfile = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.putUnlessEmpty("localhostProfile", self.localhostProfile)
    }
}

package struct AppArmorProfileType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let unconfined = Self(rawValue: "Unconfined")
    package static let runtimeDefault = Self(rawValue: "RuntimeDefault")
    package static let localhost = Self(rawValue: "Localhost")

    /// Those that the API names.
    package static let known: [Self] = [.unconfined, .runtimeDefault, .localhost]
}

package struct AttachedVolume: APIStructure {
    package var name: UniqueVolumeName = UniqueVolumeName()
    package var devicePath: String = ""

    package init(
        name: UniqueVolumeName = UniqueVolumeName(),
        devicePath: String = ""
    ) {
        self.name = name
        self.devicePath = devicePath
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = UniqueVolumeName(from: value, at: path, reporting: &problems)
        case "devicePath": self.devicePath = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("devicePath", self.devicePath)
    }
}

package struct AvoidPods: APIStructure {
    package var preferAvoidPods: [PreferAvoidPodsEntry] = []

    package init(
        preferAvoidPods: [PreferAvoidPodsEntry] = []
    ) {
        self.preferAvoidPods = preferAvoidPods
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "preferAvoidPods": self.preferAvoidPods = [PreferAvoidPodsEntry](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("preferAvoidPods", self.preferAvoidPods)
    }
}

package struct AzureDataDiskCachingMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let none = Self(rawValue: "None")
    package static let readOnly = Self(rawValue: "ReadOnly")
    package static let readWrite = Self(rawValue: "ReadWrite")

    /// Those that the API names.
    package static let known: [Self] = [.none, .readOnly, .readWrite]
}

package struct AzureDataDiskKind: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let shared = Self(rawValue: "Shared")
    package static let dedicated = Self(rawValue: "Dedicated")
    package static let managed = Self(rawValue: "Managed")

    /// Those that the API names.
    package static let known: [Self] = [.shared, .dedicated, .managed]
}

package struct AzureDiskVolumeSource: APIStructure {
    package var diskName: String = ""
    package var diskURI: String = ""
    package var cachingMode: AzureDataDiskCachingMode? = nil
    package var fsType: String? = nil
    package var readOnly: Bool? = nil
    package var kind: AzureDataDiskKind? = nil

    package init(
        diskName: String = "",
        diskURI: String = "",
        cachingMode: AzureDataDiskCachingMode? = nil,
        fsType: String? = nil,
        readOnly: Bool? = nil,
        kind: AzureDataDiskKind? = nil
    ) {
        self.diskName = diskName
        self.diskURI = diskURI
        self.cachingMode = cachingMode
        self.fsType = fsType
        self.readOnly = readOnly
        self.kind = kind
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "diskName": self.diskName = String(from: value, at: path, reporting: &problems)
        case "diskURI": self.diskURI = String(from: value, at: path, reporting: &problems)
        case "cachingMode": self.cachingMode = Optional<AzureDataDiskCachingMode>(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = Optional<String>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "kind": self.kind = Optional<AzureDataDiskKind>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("diskName", self.diskName)
        object.put("diskURI", self.diskURI)
        object.putUnlessEmpty("cachingMode", self.cachingMode)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("kind", self.kind)
    }
}

package struct AzureFilePersistentVolumeSource: APIStructure {
    package var secretName: String = ""
    package var shareName: String = ""
    package var readOnly: Bool = false
    package var secretNamespace: String? = nil

    package init(
        secretName: String = "",
        shareName: String = "",
        readOnly: Bool = false,
        secretNamespace: String? = nil
    ) {
        self.secretName = secretName
        self.shareName = shareName
        self.readOnly = readOnly
        self.secretNamespace = secretNamespace
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "secretName": self.secretName = String(from: value, at: path, reporting: &problems)
        case "shareName": self.shareName = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "secretNamespace": self.secretNamespace = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("secretName", self.secretName)
        object.put("shareName", self.shareName)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("secretNamespace", self.secretNamespace)
    }
}

package struct AzureFileVolumeSource: APIStructure {
    package var secretName: String = ""
    package var shareName: String = ""
    package var readOnly: Bool = false

    package init(
        secretName: String = "",
        shareName: String = "",
        readOnly: Bool = false
    ) {
        self.secretName = secretName
        self.shareName = shareName
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "secretName": self.secretName = String(from: value, at: path, reporting: &problems)
        case "shareName": self.shareName = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("secretName", self.secretName)
        object.put("shareName", self.shareName)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}
