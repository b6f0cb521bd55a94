// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct IPFamily: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let ipv4 = Self(rawValue: "IPv4")
    package static let ipv6 = Self(rawValue: "IPv6")
    package static let unknown = Self(rawValue: "")

    /// Those that the API names.
    package static let known: [Self] = [.ipv4, .ipv6, .unknown]
}

package struct IPFamilyPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let singleStack = Self(rawValue: "SingleStack")
    package static let preferDualStack = Self(rawValue: "PreferDualStack")
    package static let requireDualStack = Self(rawValue: "RequireDualStack")

    /// Those that the API names.
    package static let known: [Self] = [.singleStack, .preferDualStack, .requireDualStack]
}

package typealias IPFamilyPolicyType = IPFamilyPolicy

package struct ISCSIPersistentVolumeSource: APIStructure {
    package var targetPortal: String = ""
    package var iqn: String = ""
    package var lun: Int32 = 0
    package var iscsiInterface: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false
    package var portals: [String] = []
    package var chapAuthDiscovery: Bool = false
    package var chapAuthSession: Bool = false
    @Boxed package var secretRef: SecretReference? = nil
    package var initiatorName: String? = nil

    package init(
        targetPortal: String = "",
        iqn: String = "",
        lun: Int32 = 0,
        iscsiInterface: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        portals: [String] = [],
        chapAuthDiscovery: Bool = false,
        chapAuthSession: Bool = false,
        secretRef: SecretReference? = nil,
        initiatorName: String? = nil
    ) {
        self.targetPortal = targetPortal
        self.iqn = iqn
        self.lun = lun
        self.iscsiInterface = iscsiInterface
        self.fsType = fsType
        self.readOnly = readOnly
        self.portals = portals
        self.chapAuthDiscovery = chapAuthDiscovery
        self.chapAuthSession = chapAuthSession
        self.secretRef = secretRef
        self.initiatorName = initiatorName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "targetPortal": self.targetPortal = String(from: value, at: path, reporting: &problems)
        case "iqn": self.iqn = String(from: value, at: path, reporting: &problems)
        case "lun": self.lun = Int32(from: value, at: path, reporting: &problems)
        case "iscsiInterface": self.iscsiInterface = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "portals": self.portals = [String](from: value, at: path, reporting: &problems)
        case "chapAuthDiscovery": self.chapAuthDiscovery = Bool(from: value, at: path, reporting: &problems)
        case "chapAuthSession": self.chapAuthSession = Bool(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "initiatorName": self.initiatorName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("targetPortal", self.targetPortal)
        object.put("iqn", self.iqn)
        object.put("lun", self.lun)
        object.putUnlessEmpty("iscsiInterface", self.iscsiInterface)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("portals", self.portals)
        object.putUnlessEmpty("chapAuthDiscovery", self.chapAuthDiscovery)
        object.putUnlessEmpty("chapAuthSession", self.chapAuthSession)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("initiatorName", self.initiatorName)
    }
}

package struct ISCSIVolumeSource: APIStructure {
    package var targetPortal: String = ""
    package var iqn: String = ""
    package var lun: Int32 = 0
    package var iscsiInterface: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false
    package var portals: [String] = []
    package var chapAuthDiscovery: Bool = false
    package var chapAuthSession: Bool = false
    @Boxed package var secretRef: LocalObjectReference? = nil
    package var initiatorName: String? = nil

    package init(
        targetPortal: String = "",
        iqn: String = "",
        lun: Int32 = 0,
        iscsiInterface: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        portals: [String] = [],
        chapAuthDiscovery: Bool = false,
        chapAuthSession: Bool = false,
        secretRef: LocalObjectReference? = nil,
        initiatorName: String? = nil
    ) {
        self.targetPortal = targetPortal
        self.iqn = iqn
        self.lun = lun
        self.iscsiInterface = iscsiInterface
        self.fsType = fsType
        self.readOnly = readOnly
        self.portals = portals
        self.chapAuthDiscovery = chapAuthDiscovery
        self.chapAuthSession = chapAuthSession
        self.secretRef = secretRef
        self.initiatorName = initiatorName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "targetPortal": self.targetPortal = String(from: value, at: path, reporting: &problems)
        case "iqn": self.iqn = String(from: value, at: path, reporting: &problems)
        case "lun": self.lun = Int32(from: value, at: path, reporting: &problems)
        case "iscsiInterface": self.iscsiInterface = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "portals": self.portals = [String](from: value, at: path, reporting: &problems)
        case "chapAuthDiscovery": self.chapAuthDiscovery = Bool(from: value, at: path, reporting: &problems)
        case "chapAuthSession": self.chapAuthSession = Bool(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        case "initiatorName": self.initiatorName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("targetPortal", self.targetPortal)
        object.put("iqn", self.iqn)
        object.put("lun", self.lun)
        object.putUnlessEmpty("iscsiInterface", self.iscsiInterface)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("portals", self.portals)
        object.putUnlessEmpty("chapAuthDiscovery", self.chapAuthDiscovery)
        object.putUnlessEmpty("chapAuthSession", self.chapAuthSession)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("initiatorName", self.initiatorName)
    }
}

package struct ImageVolumeSource: APIStructure {
    package var reference: String = ""
    package var pullPolicy: PullPolicy = PullPolicy()

    package init(
        reference: String = "",
        pullPolicy: PullPolicy = PullPolicy()
    ) {
        self.reference = reference
        self.pullPolicy = pullPolicy
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "reference": self.reference = String(from: value, at: path, reporting: &problems)
        case "pullPolicy": self.pullPolicy = PullPolicy(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("reference", self.reference)
        object.putUnlessEmpty("pullPolicy", self.pullPolicy)
    }
}

package struct ImageVolumeStatus: APIStructure {
    package var imageRef: String = ""

    package init(
        imageRef: String = ""
    ) {
        self.imageRef = imageRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "imageRef": self.imageRef = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("imageRef", self.imageRef)
    }
}
