// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct FCVolumeSource: APIStructure {
    package var targetWWNs: [String] = []
    package var lun: Int32? = nil
    package var fsType: String = ""
    package var readOnly: Bool = false
    package var wwids: [String] = []

    package init(
        targetWWNs: [String] = [],
        lun: Int32? = nil,
        fsType: String = "",
        readOnly: Bool = false,
        wwids: [String] = []
    ) {
        self.targetWWNs = targetWWNs
        self.lun = lun
        self.fsType = fsType
        self.readOnly = readOnly
        self.wwids = wwids
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "targetWWNs": self.targetWWNs = [String](from: value, at: path, reporting: &problems)
        case "lun": self.lun = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "wwids": self.wwids = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("targetWWNs", self.targetWWNs)
        object.putUnlessEmpty("lun", self.lun)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("wwids", self.wwids)
    }
}

package struct FileKeySelector: APIStructure {
    package var volumeName: String = ""
    package var path: String = ""
    package var key: String = ""
    package var optional: Bool? = nil

    package init(
        volumeName: String = "",
        path: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.volumeName = volumeName
        self.path = path
        self.key = key
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeName": self.volumeName = String(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("volumeName", self.volumeName)
        object.put("path", self.path)
        object.put("key", self.key)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct FinalizerName: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let kubernetes = Self(rawValue: "kubernetes")

    /// Those that the API names.
    package static let known: [Self] = [.kubernetes]
}

package struct FlexPersistentVolumeSource: APIStructure {
    package var driver: String = ""
    package var fsType: String = ""
    @Boxed package var secretRef: SecretReference? = nil
    package var readOnly: Bool = false
    package var options: [String: String] = [:]

    package init(
        driver: String = "",
        fsType: String = "",
        secretRef: SecretReference? = nil,
        readOnly: Bool = false,
        options: [String: String] = [:]
    ) {
        self.driver = driver
        self.fsType = fsType
        self.secretRef = secretRef
        self.readOnly = readOnly
        self.options = options
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "driver": self.driver = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "options": self.options = [String: String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("driver", self.driver)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("options", self.options)
    }
}

package struct FlexVolumeSource: APIStructure {
    package var driver: String = ""
    package var fsType: String = ""
    @Boxed package var secretRef: LocalObjectReference? = nil
    package var readOnly: Bool = false
    package var options: [String: String] = [:]

    package init(
        driver: String = "",
        fsType: String = "",
        secretRef: LocalObjectReference? = nil,
        readOnly: Bool = false,
        options: [String: String] = [:]
    ) {
        self.driver = driver
        self.fsType = fsType
        self.secretRef = secretRef
        self.readOnly = readOnly
        self.options = options
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "driver": self.driver = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "options": self.options = [String: String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("driver", self.driver)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("options", self.options)
    }
}

package struct FlockerVolumeSource: APIStructure {
    package var datasetName: String = ""
    package var datasetUUID: String = ""

    package init(
        datasetName: String = "",
        datasetUUID: String = ""
    ) {
        self.datasetName = datasetName
        self.datasetUUID = datasetUUID
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "datasetName": self.datasetName = String(from: value, at: path, reporting: &problems)
        case "datasetUUID": self.datasetUUID = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("datasetName", self.datasetName)
        object.putUnlessEmpty("datasetUUID", self.datasetUUID)
    }
}
