// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct CSIPersistentVolumeSource: APIStructure {
    package var driver: String = ""
    package var volumeHandle: String = ""
    package var readOnly: Bool = false
    package var fsType: String = ""
    package var volumeAttributes: [String: String] = [:]
    @Boxed package var controllerPublishSecretRef: SecretReference? = nil
    @Boxed package var nodeStageSecretRef: SecretReference? = nil
    @Boxed package var nodePublishSecretRef: SecretReference? = nil
    @Boxed package var controllerExpandSecretRef: SecretReference? = nil
    @Boxed package var nodeExpandSecretRef: SecretReference? = nil

    package init(
        driver: String = "",
        volumeHandle: String = "",
        readOnly: Bool = false,
        fsType: String = "",
        volumeAttributes: [String: String] = [:],
        controllerPublishSecretRef: SecretReference? = nil,
        nodeStageSecretRef: SecretReference? = nil,
        nodePublishSecretRef: SecretReference? = nil,
        controllerExpandSecretRef: SecretReference? = nil,
        nodeExpandSecretRef: SecretReference? = nil
    ) {
        self.driver = driver
        self.volumeHandle = volumeHandle
        self.readOnly = readOnly
        self.fsType = fsType
        self.volumeAttributes = volumeAttributes
        self.controllerPublishSecretRef = controllerPublishSecretRef
        self.nodeStageSecretRef = nodeStageSecretRef
        self.nodePublishSecretRef = nodePublishSecretRef
        self.controllerExpandSecretRef = controllerExpandSecretRef
        self.nodeExpandSecretRef = nodeExpandSecretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "driver": self.driver = String(from: value, at: path, reporting: &problems)
        case "volumeHandle": self.volumeHandle = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "volumeAttributes": self.volumeAttributes = [String: String](from: value, at: path, reporting: &problems)
        case "controllerPublishSecretRef": self.controllerPublishSecretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "nodeStageSecretRef": self.nodeStageSecretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "nodePublishSecretRef": self.nodePublishSecretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "controllerExpandSecretRef": self.controllerExpandSecretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "nodeExpandSecretRef": self.nodeExpandSecretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("driver", self.driver)
        object.put("volumeHandle", self.volumeHandle)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("volumeAttributes", self.volumeAttributes)
        object.putUnlessEmpty("controllerPublishSecretRef", self.controllerPublishSecretRef)
        object.putUnlessEmpty("nodeStageSecretRef", self.nodeStageSecretRef)
        object.putUnlessEmpty("nodePublishSecretRef", self.nodePublishSecretRef)
        object.putUnlessEmpty("controllerExpandSecretRef", self.controllerExpandSecretRef)
        object.putUnlessEmpty("nodeExpandSecretRef", self.nodeExpandSecretRef)
    }
}

package struct CSIVolumeSource: APIStructure {
    package var driver: String = ""
    package var readOnly: Bool? = nil
    package var fsType: String? = nil
    package var volumeAttributes: [String: String] = [:]
    @Boxed package var nodePublishSecretRef: LocalObjectReference? = nil

    package init(
        driver: String = "",
        readOnly: Bool? = nil,
        fsType: String? = nil,
        volumeAttributes: [String: String] = [:],
        nodePublishSecretRef: LocalObjectReference? = nil
    ) {
        self.driver = driver
        self.readOnly = readOnly
        self.fsType = fsType
        self.volumeAttributes = volumeAttributes
        self.nodePublishSecretRef = nodePublishSecretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "driver": self.driver = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = Optional<String>(from: value, at: path, reporting: &problems)
        case "volumeAttributes": self.volumeAttributes = [String: String](from: value, at: path, reporting: &problems)
        case "nodePublishSecretRef": self.nodePublishSecretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("driver", self.driver)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("volumeAttributes", self.volumeAttributes)
        object.putUnlessEmpty("nodePublishSecretRef", self.nodePublishSecretRef)
    }
}

package struct Capabilities: APIStructure {
    package var add: [Capability] = []
    package var drop: [Capability] = []

    package init(
        add: [Capability] = [],
        drop: [Capability] = []
    ) {
        self.add = add
        self.drop = drop
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "add": self.add = [Capability](from: value, at: path, reporting: &problems)
        case "drop": self.drop = [Capability](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("add", self.add)
        object.putUnlessEmpty("drop", self.drop)
    }
}

package struct Capability: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

package struct CephFSPersistentVolumeSource: APIStructure {
    package var monitors: [String] = []
    package var path: String = ""
    package var user: String = ""
    package var secretFile: String = ""
    @Boxed package var secretRef: SecretReference? = nil
    package var readOnly: Bool = false

    package init(
        monitors: [String] = [],
        path: String = "",
        user: String = "",
        secretFile: String = "",
        secretRef: SecretReference? = nil,
        readOnly: Bool = false
    ) {
        self.monitors = monitors
        self.path = path
        self.user = user
        self.secretFile = secretFile
        self.secretRef = secretRef
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "monitors": self.monitors = [String](from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "user": self.user = String(from: value, at: path, reporting: &problems)
        case "secretFile": self.secretFile = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("monitors", self.monitors)
        object.putUnlessEmpty("path", self.path)
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("secretFile", self.secretFile)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct CephFSVolumeSource: APIStructure {
    package var monitors: [String] = []
    package var path: String = ""
    package var user: String = ""
    package var secretFile: String = ""
    @Boxed package var secretRef: LocalObjectReference? = nil
    package var readOnly: Bool = false

    package init(
        monitors: [String] = [],
        path: String = "",
        user: String = "",
        secretFile: String = "",
        secretRef: LocalObjectReference? = nil,
        readOnly: Bool = false
    ) {
        self.monitors = monitors
        self.path = path
        self.user = user
        self.secretFile = secretFile
        self.secretRef = secretRef
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "monitors": self.monitors = [String](from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "user": self.user = String(from: value, at: path, reporting: &problems)
        case "secretFile": self.secretFile = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("monitors", self.monitors)
        object.putUnlessEmpty("path", self.path)
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("secretFile", self.secretFile)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct CinderPersistentVolumeSource: APIStructure {
    package var volumeID: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false
    @Boxed package var secretRef: SecretReference? = nil

    package init(
        volumeID: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        secretRef: SecretReference? = nil
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.readOnly = readOnly
        self.secretRef = secretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeID": self.volumeID = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("volumeID", self.volumeID)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("secretRef", self.secretRef)
    }
}

package struct CinderVolumeSource: APIStructure {
    package var volumeID: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false
    @Boxed package var secretRef: LocalObjectReference? = nil

    package init(
        volumeID: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        secretRef: LocalObjectReference? = nil
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.readOnly = readOnly
        self.secretRef = secretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeID": self.volumeID = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("volumeID", self.volumeID)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("secretRef", self.secretRef)
    }
}

package struct ClaimResourceStatus: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let controllerResizeInProgress = Self(rawValue: "ControllerResizeInProgress")
    package static let controllerResizeInfeasible = Self(rawValue: "ControllerResizeInfeasible")
    package static let nodeResizePending = Self(rawValue: "NodeResizePending")
    package static let nodeResizeInProgress = Self(rawValue: "NodeResizeInProgress")
    package static let nodeResizeInfeasible = Self(rawValue: "NodeResizeInfeasible")

    /// Those that the API names.
    package static let known: [Self] = [.controllerResizeInProgress, .controllerResizeInfeasible, .nodeResizePending, .nodeResizeInProgress, .nodeResizeInfeasible]
}

package struct ClientIPConfig: APIStructure {
    package var timeoutSeconds: Int32? = nil

    package init(
        timeoutSeconds: Int32? = nil
    ) {
        self.timeoutSeconds = timeoutSeconds
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "timeoutSeconds": self.timeoutSeconds = Optional<Int32>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("timeoutSeconds", self.timeoutSeconds)
    }
}

package struct ClusterTrustBundleProjection: APIStructure {
    package var name: String? = nil
    package var signerName: String? = nil
    @Boxed package var labelSelector: LabelSelector? = nil
    package var optional: Bool? = nil
    package var path: String = ""
    package var user: Int64? = nil

    package init(
        name: String? = nil,
        signerName: String? = nil,
        labelSelector: LabelSelector? = nil,
        optional: Bool? = nil,
        path: String = "",
        user: Int64? = nil
    ) {
        self.name = name
        self.signerName = signerName
        self.labelSelector = labelSelector
        self.optional = optional
        self.path = path
        self.user = user
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = Optional<String>(from: value, at: path, reporting: &problems)
        case "signerName": self.signerName = Optional<String>(from: value, at: path, reporting: &problems)
        case "labelSelector": self.labelSelector = Optional<LabelSelector>(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "user": self.user = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("signerName", self.signerName)
        object.putUnlessEmpty("labelSelector", self.labelSelector)
        object.putUnlessEmpty("optional", self.optional)
        object.put("path", self.path)
        object.putUnlessEmpty("user", self.user)
    }
}

package struct ComponentCondition: APIStructure {
    package var type: ComponentConditionType = ComponentConditionType()
    package var status: ConditionStatus = ConditionStatus()
    package var message: String = ""
    package var error: String = ""

    package init(
        type: ComponentConditionType = ComponentConditionType(),
        status: ConditionStatus = ConditionStatus(),
        message: String = "",
        error: String = ""
    ) {
        self.type = type
        self.status = status
        self.message = message
        self.error = error
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = ComponentConditionType(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "error": self.error = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.put("status", self.status)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("error", self.error)
    }
}

package struct ComponentConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let healthy = Self(rawValue: "Healthy")

    /// Those that the API names.
    package static let known: [Self] = [.healthy]
}

package struct ComponentStatus: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "ComponentStatus"

    package var metadata: ObjectMeta = ObjectMeta()
    package var conditions: [ComponentCondition] = []

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        conditions: [ComponentCondition] = []
    ) {
        self.metadata = metadata
        self.conditions = conditions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [ComponentCondition](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("conditions", self.conditions)
    }
}

package struct ComponentStatusList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "ComponentStatusList"

    package var metadata: ListMeta = ListMeta()
    package var items: [ComponentStatus] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [ComponentStatus] = []
    ) {
        self.metadata = metadata
        self.items = items
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ListMeta(from: value, at: path, reporting: &problems)
        case "items": self.items = [ComponentStatus](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("items", self.items)
    }
}

package struct ConditionStatus: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `true` = Self(rawValue: "True")
    package static let `false` = Self(rawValue: "False")
    package static let unknown = Self(rawValue: "Unknown")

    /// Those that the API names.
    package static let known: [Self] = [.true, .false, .unknown]
}

package struct ConfigMap: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "ConfigMap"

    package var metadata: ObjectMeta = ObjectMeta()
    package var immutable: Bool? = nil
    package var data: [String: String] = [:]
    package var binaryData: [String: Bytes] = [:]

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        immutable: Bool? = nil,
        data: [String: String] = [:],
        binaryData: [String: Bytes] = [:]
    ) {
        self.metadata = metadata
        self.immutable = immutable
        self.data = data
        self.binaryData = binaryData
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "immutable": self.immutable = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "data": self.data = [String: String](from: value, at: path, reporting: &problems)
        case "binaryData": self.binaryData = [String: Bytes](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("immutable", self.immutable)
        object.putUnlessEmpty("data", self.data)
        object.putUnlessEmpty("binaryData", self.binaryData)
    }
}

package struct ConfigMapEnvSource: APIStructure {
    package var name: String = ""
    package var optional: Bool? = nil

    package init(
        name: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct ConfigMapKeySelector: APIStructure {
    package var name: String = ""
    package var key: String = ""
    package var optional: Bool? = nil

    package init(
        name: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.key = key
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.put("key", self.key)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct ConfigMapList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "ConfigMapList"

    package var metadata: ListMeta = ListMeta()
    package var items: [ConfigMap] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [ConfigMap] = []
    ) {
        self.metadata = metadata
        self.items = items
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ListMeta(from: value, at: path, reporting: &problems)
        case "items": self.items = [ConfigMap](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("items", self.items)
    }
}

package struct ConfigMapNodeConfigSource: APIStructure {
    package var namespace: String = ""
    package var name: String = ""
    package var uid: String = ""
    package var resourceVersion: String = ""
    package var kubeletConfigKey: String = ""

    package init(
        namespace: String = "",
        name: String = "",
        uid: String = "",
        resourceVersion: String = "",
        kubeletConfigKey: String = ""
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.kubeletConfigKey = kubeletConfigKey
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "resourceVersion": self.resourceVersion = String(from: value, at: path, reporting: &problems)
        case "kubeletConfigKey": self.kubeletConfigKey = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("namespace", self.namespace)
        object.put("name", self.name)
        object.putUnlessEmpty("uid", self.uid)
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
        object.put("kubeletConfigKey", self.kubeletConfigKey)
    }
}

package struct ConfigMapProjection: APIStructure {
    package var name: String = ""
    package var items: [KeyToPath] = []
    package var optional: Bool? = nil

    package init(
        name: String = "",
        items: [KeyToPath] = [],
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "items": self.items = [KeyToPath](from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("items", self.items)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct ConfigMapVolumeSource: APIStructure {
    package var name: String = ""
    package var items: [KeyToPath] = []
    package var defaultMode: Int32? = nil
    package var optional: Bool? = nil
    package var defaultUser: Int64? = nil

    package init(
        name: String = "",
        items: [KeyToPath] = [],
        defaultMode: Int32? = nil,
        optional: Bool? = nil,
        defaultUser: Int64? = nil
    ) {
        self.name = name
        self.items = items
        self.defaultMode = defaultMode
        self.optional = optional
        self.defaultUser = defaultUser
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "items": self.items = [KeyToPath](from: value, at: path, reporting: &problems)
        case "defaultMode": self.defaultMode = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "defaultUser": self.defaultUser = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("items", self.items)
        object.putUnlessEmpty("defaultMode", self.defaultMode)
        object.putUnlessEmpty("optional", self.optional)
        object.putUnlessEmpty("defaultUser", self.defaultUser)
    }
}

package struct Container: APIStructure {
    package var name: String = ""
    package var image: String = ""
    package var command: [String] = []
    package var args: [String] = []
    package var workingDir: String = ""
    package var ports: [ContainerPort] = []
    package var envFrom: [EnvFromSource] = []
    package var env: [EnvVar] = []
    package var resources: ResourceRequirements = ResourceRequirements()
    package var resizePolicy: [ContainerResizePolicy] = []
    package var restartPolicy: ContainerRestartPolicy? = nil
    package var restartPolicyRules: [ContainerRestartRule] = []
    package var volumeMounts: [VolumeMount] = []
    package var volumeDevices: [VolumeDevice] = []
    @Boxed package var livenessProbe: Probe? = nil
    @Boxed package var readinessProbe: Probe? = nil
    @Boxed package var startupProbe: Probe? = nil
    @Boxed package var lifecycle: Lifecycle? = nil
    package var terminationMessagePath: String = ""
    package var terminationMessagePolicy: TerminationMessagePolicy = TerminationMessagePolicy()
    package var imagePullPolicy: PullPolicy = PullPolicy()
    @Boxed package var securityContext: SecurityContext? = nil
    package var stdin: Bool = false
    package var stdinOnce: Bool = false
    package var tty: Bool = false

    package init(
        name: String = "",
        image: String = "",
        command: [String] = [],
        args: [String] = [],
        workingDir: String = "",
        ports: [ContainerPort] = [],
        envFrom: [EnvFromSource] = [],
        env: [EnvVar] = [],
        resources: ResourceRequirements = ResourceRequirements(),
        resizePolicy: [ContainerResizePolicy] = [],
        restartPolicy: ContainerRestartPolicy? = nil,
        restartPolicyRules: [ContainerRestartRule] = [],
        volumeMounts: [VolumeMount] = [],
        volumeDevices: [VolumeDevice] = [],
        livenessProbe: Probe? = nil,
        readinessProbe: Probe? = nil,
        startupProbe: Probe? = nil,
        lifecycle: Lifecycle? = nil,
        terminationMessagePath: String = "",
        terminationMessagePolicy: TerminationMessagePolicy = TerminationMessagePolicy(),
        imagePullPolicy: PullPolicy = PullPolicy(),
        securityContext: SecurityContext? = nil,
        stdin: Bool = false,
        stdinOnce: Bool = false,
        tty: Bool = false
    ) {
        self.name = name
        self.image = image
        self.command = command
        self.args = args
        self.workingDir = workingDir
        self.ports = ports
        self.envFrom = envFrom
        self.env = env
        self.resources = resources
        self.resizePolicy = resizePolicy
        self.restartPolicy = restartPolicy
        self.restartPolicyRules = restartPolicyRules
        self.volumeMounts = volumeMounts
        self.volumeDevices = volumeDevices
        self.livenessProbe = livenessProbe
        self.readinessProbe = readinessProbe
        self.startupProbe = startupProbe
        self.lifecycle = lifecycle
        self.terminationMessagePath = terminationMessagePath
        self.terminationMessagePolicy = terminationMessagePolicy
        self.imagePullPolicy = imagePullPolicy
        self.securityContext = securityContext
        self.stdin = stdin
        self.stdinOnce = stdinOnce
        self.tty = tty
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "image": self.image = String(from: value, at: path, reporting: &problems)
        case "command": self.command = [String](from: value, at: path, reporting: &problems)
        case "args": self.args = [String](from: value, at: path, reporting: &problems)
        case "workingDir": self.workingDir = String(from: value, at: path, reporting: &problems)
        case "ports": self.ports = [ContainerPort](from: value, at: path, reporting: &problems)
        case "envFrom": self.envFrom = [EnvFromSource](from: value, at: path, reporting: &problems)
        case "env": self.env = [EnvVar](from: value, at: path, reporting: &problems)
        case "resources": self.resources = ResourceRequirements(from: value, at: path, reporting: &problems)
        case "resizePolicy": self.resizePolicy = [ContainerResizePolicy](from: value, at: path, reporting: &problems)
        case "restartPolicy": self.restartPolicy = Optional<ContainerRestartPolicy>(from: value, at: path, reporting: &problems)
        case "restartPolicyRules": self.restartPolicyRules = [ContainerRestartRule](from: value, at: path, reporting: &problems)
        case "volumeMounts": self.volumeMounts = [VolumeMount](from: value, at: path, reporting: &problems)
        case "volumeDevices": self.volumeDevices = [VolumeDevice](from: value, at: path, reporting: &problems)
        case "livenessProbe": self.livenessProbe = Optional<Probe>(from: value, at: path, reporting: &problems)
        case "readinessProbe": self.readinessProbe = Optional<Probe>(from: value, at: path, reporting: &problems)
        case "startupProbe": self.startupProbe = Optional<Probe>(from: value, at: path, reporting: &problems)
        case "lifecycle": self.lifecycle = Optional<Lifecycle>(from: value, at: path, reporting: &problems)
        case "terminationMessagePath": self.terminationMessagePath = String(from: value, at: path, reporting: &problems)
        case "terminationMessagePolicy": self.terminationMessagePolicy = TerminationMessagePolicy(from: value, at: path, reporting: &problems)
        case "imagePullPolicy": self.imagePullPolicy = PullPolicy(from: value, at: path, reporting: &problems)
        case "securityContext": self.securityContext = Optional<SecurityContext>(from: value, at: path, reporting: &problems)
        case "stdin": self.stdin = Bool(from: value, at: path, reporting: &problems)
        case "stdinOnce": self.stdinOnce = Bool(from: value, at: path, reporting: &problems)
        case "tty": self.tty = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("image", self.image)
        object.putUnlessEmpty("command", self.command)
        object.putUnlessEmpty("args", self.args)
        object.putUnlessEmpty("workingDir", self.workingDir)
        object.putUnlessEmpty("ports", self.ports)
        object.putUnlessEmpty("envFrom", self.envFrom)
        object.putUnlessEmpty("env", self.env)
        object.putUnlessEmpty("resources", self.resources)
        object.putUnlessEmpty("resizePolicy", self.resizePolicy)
        object.putUnlessEmpty("restartPolicy", self.restartPolicy)
        object.putUnlessEmpty("restartPolicyRules", self.restartPolicyRules)
        object.putUnlessEmpty("volumeMounts", self.volumeMounts)
        object.putUnlessEmpty("volumeDevices", self.volumeDevices)
        object.putUnlessEmpty("livenessProbe", self.livenessProbe)
        object.putUnlessEmpty("readinessProbe", self.readinessProbe)
        object.putUnlessEmpty("startupProbe", self.startupProbe)
        object.putUnlessEmpty("lifecycle", self.lifecycle)
        object.putUnlessEmpty("terminationMessagePath", self.terminationMessagePath)
        object.putUnlessEmpty("terminationMessagePolicy", self.terminationMessagePolicy)
        object.putUnlessEmpty("imagePullPolicy", self.imagePullPolicy)
        object.putUnlessEmpty("securityContext", self.securityContext)
        object.putUnlessEmpty("stdin", self.stdin)
        object.putUnlessEmpty("stdinOnce", self.stdinOnce)
        object.putUnlessEmpty("tty", self.tty)
    }
}

package struct ContainerExtendedResourceRequest: APIStructure {
    package var containerName: String = ""
    package var resourceName: String = ""
    package var requestName: String = ""

    package init(
        containerName: String = "",
        resourceName: String = "",
        requestName: String = ""
    ) {
        self.containerName = containerName
        self.resourceName = resourceName
        self.requestName = requestName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "containerName": self.containerName = String(from: value, at: path, reporting: &problems)
        case "resourceName": self.resourceName = String(from: value, at: path, reporting: &problems)
        case "requestName": self.requestName = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("containerName", self.containerName)
        object.put("resourceName", self.resourceName)
        object.put("requestName", self.requestName)
    }
}

package struct ContainerImage: APIStructure {
    package var names: [String] = []
    package var sizeBytes: Int64 = 0

    package init(
        names: [String] = [],
        sizeBytes: Int64 = 0
    ) {
        self.names = names
        self.sizeBytes = sizeBytes
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "names": self.names = [String](from: value, at: path, reporting: &problems)
        case "sizeBytes": self.sizeBytes = Int64(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("names", self.names)
        object.putUnlessEmpty("sizeBytes", self.sizeBytes)
    }
}

package struct ContainerPort: APIStructure {
    package var name: String = ""
    package var hostPort: Int32 = 0
    package var containerPort: Int32 = 0
    package var `protocol`: Protocol = Protocol()
    package var hostIP: String = ""

    package init(
        name: String = "",
        hostPort: Int32 = 0,
        containerPort: Int32 = 0,
        `protocol`: Protocol = Protocol(),
        hostIP: String = ""
    ) {
        self.name = name
        self.hostPort = hostPort
        self.containerPort = containerPort
        self.`protocol` = `protocol`
        self.hostIP = hostIP
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "hostPort": self.hostPort = Int32(from: value, at: path, reporting: &problems)
        case "containerPort": self.containerPort = Int32(from: value, at: path, reporting: &problems)
        case "protocol": self.`protocol` = Protocol(from: value, at: path, reporting: &problems)
        case "hostIP": self.hostIP = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("hostPort", self.hostPort)
        object.put("containerPort", self.containerPort)
        object.putUnlessEmpty("protocol", self.`protocol`)
        object.putUnlessEmpty("hostIP", self.hostIP)
    }
}

package struct ContainerResizePolicy: APIStructure {
    package var resourceName: ResourceName = ResourceName()
    package var restartPolicy: ResourceResizeRestartPolicy = ResourceResizeRestartPolicy()

    package init(
        resourceName: ResourceName = ResourceName(),
        restartPolicy: ResourceResizeRestartPolicy = ResourceResizeRestartPolicy()
    ) {
        self.resourceName = resourceName
        self.restartPolicy = restartPolicy
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "resourceName": self.resourceName = ResourceName(from: value, at: path, reporting: &problems)
        case "restartPolicy": self.restartPolicy = ResourceResizeRestartPolicy(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("resourceName", self.resourceName)
        object.put("restartPolicy", self.restartPolicy)
    }
}

package struct ContainerRestartPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let always = Self(rawValue: "Always")
    package static let never = Self(rawValue: "Never")
    package static let onFailure = Self(rawValue: "OnFailure")

    /// Those that the API names.
    package static let known: [Self] = [.always, .never, .onFailure]
}

package struct ContainerRestartRule: APIStructure {
    package var action: ContainerRestartRuleAction = ContainerRestartRuleAction()
    @Boxed package var exitCodes: ContainerRestartRuleOnExitCodes? = nil

    package init(
        action: ContainerRestartRuleAction = ContainerRestartRuleAction(),
        exitCodes: ContainerRestartRuleOnExitCodes? = nil
    ) {
        self.action = action
        self.exitCodes = exitCodes
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "action": self.action = ContainerRestartRuleAction(from: value, at: path, reporting: &problems)
        case "exitCodes": self.exitCodes = Optional<ContainerRestartRuleOnExitCodes>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("action", self.action)
        object.putUnlessEmpty("exitCodes", self.exitCodes)
    }
}

package struct ContainerRestartRuleAction: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let restart = Self(rawValue: "Restart")
    package static let restartAllContainers = Self(rawValue: "RestartAllContainers")

    /// Those that the API names.
    package static let known: [Self] = [.restart, .restartAllContainers]
}

package struct ContainerRestartRuleOnExitCodes: APIStructure {
    package var `operator`: ContainerRestartRuleOnExitCodesOperator = ContainerRestartRuleOnExitCodesOperator()
    package var values: [Int32] = []

    package init(
        `operator`: ContainerRestartRuleOnExitCodesOperator = ContainerRestartRuleOnExitCodesOperator(),
        values: [Int32] = []
    ) {
        self.`operator` = `operator`
        self.values = values
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "operator": self.`operator` = ContainerRestartRuleOnExitCodesOperator(from: value, at: path, reporting: &problems)
        case "values": self.values = [Int32](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("operator", self.`operator`)
        object.putUnlessEmpty("values", self.values)
    }
}

package struct ContainerRestartRuleOnExitCodesOperator: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `in` = Self(rawValue: "In")
    package static let notIn = Self(rawValue: "NotIn")

    /// Those that the API names.
    package static let known: [Self] = [.in, .notIn]
}

package struct ContainerState: APIStructure {
    @Boxed package var waiting: ContainerStateWaiting? = nil
    @Boxed package var running: ContainerStateRunning? = nil
    @Boxed package var terminated: ContainerStateTerminated? = nil

    package init(
        waiting: ContainerStateWaiting? = nil,
        running: ContainerStateRunning? = nil,
        terminated: ContainerStateTerminated? = nil
    ) {
        self.waiting = waiting
        self.running = running
        self.terminated = terminated
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "waiting": self.waiting = Optional<ContainerStateWaiting>(from: value, at: path, reporting: &problems)
        case "running": self.running = Optional<ContainerStateRunning>(from: value, at: path, reporting: &problems)
        case "terminated": self.terminated = Optional<ContainerStateTerminated>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("waiting", self.waiting)
        object.putUnlessEmpty("running", self.running)
        object.putUnlessEmpty("terminated", self.terminated)
    }
}

package struct ContainerStateRunning: APIStructure {
    package var startedAt: Time? = nil

    package init(
        startedAt: Time? = nil
    ) {
        self.startedAt = startedAt
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "startedAt": self.startedAt = Optional<Time>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("startedAt", self.startedAt)
    }
}

package struct ContainerStateTerminated: APIStructure {
    package var exitCode: Int32 = 0
    package var signal: Int32 = 0
    package var reason: String = ""
    package var message: String = ""
    package var startedAt: Time? = nil
    package var finishedAt: Time? = nil
    package var containerID: String = ""

    package init(
        exitCode: Int32 = 0,
        signal: Int32 = 0,
        reason: String = "",
        message: String = "",
        startedAt: Time? = nil,
        finishedAt: Time? = nil,
        containerID: String = ""
    ) {
        self.exitCode = exitCode
        self.signal = signal
        self.reason = reason
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.containerID = containerID
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "exitCode": self.exitCode = Int32(from: value, at: path, reporting: &problems)
        case "signal": self.signal = Int32(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "startedAt": self.startedAt = Optional<Time>(from: value, at: path, reporting: &problems)
        case "finishedAt": self.finishedAt = Optional<Time>(from: value, at: path, reporting: &problems)
        case "containerID": self.containerID = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("exitCode", self.exitCode)
        object.putUnlessEmpty("signal", self.signal)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("startedAt", self.startedAt)
        object.putUnlessEmpty("finishedAt", self.finishedAt)
        object.putUnlessEmpty("containerID", self.containerID)
    }
}

package struct ContainerStateWaiting: APIStructure {
    package var reason: String = ""
    package var message: String = ""

    package init(
        reason: String = "",
        message: String = ""
    ) {
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct ContainerStatus: APIStructure {
    package var name: String = ""
    package var state: ContainerState = ContainerState()
    package var lastState: ContainerState = ContainerState()
    package var ready: Bool = false
    package var restartCount: Int32 = 0
    package var image: String = ""
    package var imageID: String = ""
    package var containerID: String = ""
    package var started: Bool? = nil
    package var allocatedResources: ResourceList = [:]
    @Boxed package var resources: ResourceRequirements? = nil
    package var volumeMounts: [VolumeMountStatus] = []
    @Boxed package var user: ContainerUser? = nil
    package var allocatedResourcesStatus: [ResourceStatus] = []
    package var stopSignal: Signal? = nil

    package init(
        name: String = "",
        state: ContainerState = ContainerState(),
        lastState: ContainerState = ContainerState(),
        ready: Bool = false,
        restartCount: Int32 = 0,
        image: String = "",
        imageID: String = "",
        containerID: String = "",
        started: Bool? = nil,
        allocatedResources: ResourceList = [:],
        resources: ResourceRequirements? = nil,
        volumeMounts: [VolumeMountStatus] = [],
        user: ContainerUser? = nil,
        allocatedResourcesStatus: [ResourceStatus] = [],
        stopSignal: Signal? = nil
    ) {
        self.name = name
        self.state = state
        self.lastState = lastState
        self.ready = ready
        self.restartCount = restartCount
        self.image = image
        self.imageID = imageID
        self.containerID = containerID
        self.started = started
        self.allocatedResources = allocatedResources
        self.resources = resources
        self.volumeMounts = volumeMounts
        self.user = user
        self.allocatedResourcesStatus = allocatedResourcesStatus
        self.stopSignal = stopSignal
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "state": self.state = ContainerState(from: value, at: path, reporting: &problems)
        case "lastState": self.lastState = ContainerState(from: value, at: path, reporting: &problems)
        case "ready": self.ready = Bool(from: value, at: path, reporting: &problems)
        case "restartCount": self.restartCount = Int32(from: value, at: path, reporting: &problems)
        case "image": self.image = String(from: value, at: path, reporting: &problems)
        case "imageID": self.imageID = String(from: value, at: path, reporting: &problems)
        case "containerID": self.containerID = String(from: value, at: path, reporting: &problems)
        case "started": self.started = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "allocatedResources": self.allocatedResources = ResourceList(from: value, at: path, reporting: &problems)
        case "resources": self.resources = Optional<ResourceRequirements>(from: value, at: path, reporting: &problems)
        case "volumeMounts": self.volumeMounts = [VolumeMountStatus](from: value, at: path, reporting: &problems)
        case "user": self.user = Optional<ContainerUser>(from: value, at: path, reporting: &problems)
        case "allocatedResourcesStatus": self.allocatedResourcesStatus = [ResourceStatus](from: value, at: path, reporting: &problems)
        case "stopSignal": self.stopSignal = Optional<Signal>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("state", self.state)
        object.putUnlessEmpty("lastState", self.lastState)
        object.put("ready", self.ready)
        object.put("restartCount", self.restartCount)
        object.put("image", self.image)
        object.put("imageID", self.imageID)
        object.putUnlessEmpty("containerID", self.containerID)
        object.putUnlessEmpty("started", self.started)
        object.putUnlessEmpty("allocatedResources", self.allocatedResources)
        object.putUnlessEmpty("resources", self.resources)
        object.putUnlessEmpty("volumeMounts", self.volumeMounts)
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("allocatedResourcesStatus", self.allocatedResourcesStatus)
        object.putUnlessEmpty("stopSignal", self.stopSignal)
    }
}

package struct ContainerUser: APIStructure {
    @Boxed package var linux: LinuxContainerUser? = nil

    package init(
        linux: LinuxContainerUser? = nil
    ) {
        self.linux = linux
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "linux": self.linux = Optional<LinuxContainerUser>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("linux", self.linux)
    }
}
