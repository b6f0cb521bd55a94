// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct PersistentVolume: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "PersistentVolume"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: PersistentVolumeSpec = PersistentVolumeSpec()
    package var status: PersistentVolumeStatus = PersistentVolumeStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PersistentVolumeSpec = PersistentVolumeSpec(),
        status: PersistentVolumeStatus = PersistentVolumeStatus()
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = PersistentVolumeSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = PersistentVolumeStatus(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("spec", self.spec)
        object.putUnlessEmpty("status", self.status)
    }
}

package struct PersistentVolumeAccessMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let readWriteOnce = Self(rawValue: "ReadWriteOnce")
    package static let readOnlyMany = Self(rawValue: "ReadOnlyMany")
    package static let readWriteMany = Self(rawValue: "ReadWriteMany")
    package static let readWriteOncePod = Self(rawValue: "ReadWriteOncePod")

    /// Those that the API names.
    package static let known: [Self] = [.readWriteOnce, .readOnlyMany, .readWriteMany, .readWriteOncePod]
}

package struct PersistentVolumeClaim: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "PersistentVolumeClaim"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    package var status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec(),
        status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = PersistentVolumeClaimSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = PersistentVolumeClaimStatus(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("spec", self.spec)
        object.putUnlessEmpty("status", self.status)
    }
}

package struct PersistentVolumeClaimCondition: APIStructure {
    package var type: PersistentVolumeClaimConditionType = PersistentVolumeClaimConditionType()
    package var status: ConditionStatus = ConditionStatus()
    package var lastProbeTime: Time? = nil
    package var lastTransitionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: PersistentVolumeClaimConditionType = PersistentVolumeClaimConditionType(),
        status: ConditionStatus = ConditionStatus(),
        lastProbeTime: Time? = nil,
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.lastProbeTime = lastProbeTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = PersistentVolumeClaimConditionType(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "lastProbeTime": self.lastProbeTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "lastTransitionTime": self.lastTransitionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.put("status", self.status)
        object.putUnlessEmpty("lastProbeTime", self.lastProbeTime)
        object.putUnlessEmpty("lastTransitionTime", self.lastTransitionTime)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct PersistentVolumeClaimConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let resizing = Self(rawValue: "Resizing")
    package static let fileSystemResizePending = Self(rawValue: "FileSystemResizePending")
    package static let controllerResizeError = Self(rawValue: "ControllerResizeError")
    package static let nodeResizeError = Self(rawValue: "NodeResizeError")
    package static let modifyVolumeError = Self(rawValue: "ModifyVolumeError")
    package static let modifyingVolume = Self(rawValue: "ModifyingVolume")
    package static let unused = Self(rawValue: "Unused")

    /// Those that the API names.
    package static let known: [Self] = [.resizing, .fileSystemResizePending, .controllerResizeError, .nodeResizeError, .modifyVolumeError, .modifyingVolume, .unused]
}

package struct PersistentVolumeClaimList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "PersistentVolumeClaimList"

    package var metadata: ListMeta = ListMeta()
    package var items: [PersistentVolumeClaim] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [PersistentVolumeClaim] = []
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
        case "items": self.items = [PersistentVolumeClaim](from: value, at: path, reporting: &problems)
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

package struct PersistentVolumeClaimModifyVolumeStatus: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let pending = Self(rawValue: "Pending")
    package static let inProgress = Self(rawValue: "InProgress")
    package static let infeasible = Self(rawValue: "Infeasible")

    /// Those that the API names.
    package static let known: [Self] = [.pending, .inProgress, .infeasible]
}

package struct PersistentVolumeClaimPhase: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let pending = Self(rawValue: "Pending")
    package static let bound = Self(rawValue: "Bound")
    package static let lost = Self(rawValue: "Lost")

    /// Those that the API names.
    package static let known: [Self] = [.pending, .bound, .lost]
}

package struct PersistentVolumeClaimSpec: APIStructure {
    package var accessModes: [PersistentVolumeAccessMode] = []
    @Boxed package var selector: LabelSelector? = nil
    package var resources: VolumeResourceRequirements = VolumeResourceRequirements()
    package var volumeName: String = ""
    package var storageClassName: String? = nil
    package var volumeMode: PersistentVolumeMode? = nil
    @Boxed package var dataSource: TypedLocalObjectReference? = nil
    @Boxed package var dataSourceRef: TypedObjectReference? = nil
    package var volumeAttributesClassName: String? = nil

    package init(
        accessModes: [PersistentVolumeAccessMode] = [],
        selector: LabelSelector? = nil,
        resources: VolumeResourceRequirements = VolumeResourceRequirements(),
        volumeName: String = "",
        storageClassName: String? = nil,
        volumeMode: PersistentVolumeMode? = nil,
        dataSource: TypedLocalObjectReference? = nil,
        dataSourceRef: TypedObjectReference? = nil,
        volumeAttributesClassName: String? = nil
    ) {
        self.accessModes = accessModes
        self.selector = selector
        self.resources = resources
        self.volumeName = volumeName
        self.storageClassName = storageClassName
        self.volumeMode = volumeMode
        self.dataSource = dataSource
        self.dataSourceRef = dataSourceRef
        self.volumeAttributesClassName = volumeAttributesClassName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "accessModes": self.accessModes = [PersistentVolumeAccessMode](from: value, at: path, reporting: &problems)
        case "selector": self.selector = Optional<LabelSelector>(from: value, at: path, reporting: &problems)
        case "resources": self.resources = VolumeResourceRequirements(from: value, at: path, reporting: &problems)
        case "volumeName": self.volumeName = String(from: value, at: path, reporting: &problems)
        case "storageClassName": self.storageClassName = Optional<String>(from: value, at: path, reporting: &problems)
        case "volumeMode": self.volumeMode = Optional<PersistentVolumeMode>(from: value, at: path, reporting: &problems)
        case "dataSource": self.dataSource = Optional<TypedLocalObjectReference>(from: value, at: path, reporting: &problems)
        case "dataSourceRef": self.dataSourceRef = Optional<TypedObjectReference>(from: value, at: path, reporting: &problems)
        case "volumeAttributesClassName": self.volumeAttributesClassName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("accessModes", self.accessModes)
        object.putUnlessEmpty("selector", self.selector)
        object.putUnlessEmpty("resources", self.resources)
        object.putUnlessEmpty("volumeName", self.volumeName)
        object.putUnlessEmpty("storageClassName", self.storageClassName)
        object.putUnlessEmpty("volumeMode", self.volumeMode)
        object.putUnlessEmpty("dataSource", self.dataSource)
        object.putUnlessEmpty("dataSourceRef", self.dataSourceRef)
        object.putUnlessEmpty("volumeAttributesClassName", self.volumeAttributesClassName)
    }
}

package struct PersistentVolumeClaimStatus: APIStructure {
    package var phase: PersistentVolumeClaimPhase = PersistentVolumeClaimPhase()
    package var accessModes: [PersistentVolumeAccessMode] = []
    package var capacity: ResourceList = [:]
    package var conditions: [PersistentVolumeClaimCondition] = []
    package var allocatedResources: ResourceList = [:]
    package var allocatedResourceStatuses: [ResourceName: ClaimResourceStatus] = [:]
    package var currentVolumeAttributesClassName: String? = nil
    @Boxed package var modifyVolumeStatus: ModifyVolumeStatus? = nil
    @Boxed package var healthStatus: VolumeHealthStatus? = nil

    package init(
        phase: PersistentVolumeClaimPhase = PersistentVolumeClaimPhase(),
        accessModes: [PersistentVolumeAccessMode] = [],
        capacity: ResourceList = [:],
        conditions: [PersistentVolumeClaimCondition] = [],
        allocatedResources: ResourceList = [:],
        allocatedResourceStatuses: [ResourceName: ClaimResourceStatus] = [:],
        currentVolumeAttributesClassName: String? = nil,
        modifyVolumeStatus: ModifyVolumeStatus? = nil,
        healthStatus: VolumeHealthStatus? = nil
    ) {
        self.phase = phase
        self.accessModes = accessModes
        self.capacity = capacity
        self.conditions = conditions
        self.allocatedResources = allocatedResources
        self.allocatedResourceStatuses = allocatedResourceStatuses
        self.currentVolumeAttributesClassName = currentVolumeAttributesClassName
        self.modifyVolumeStatus = modifyVolumeStatus
        self.healthStatus = healthStatus
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "phase": self.phase = PersistentVolumeClaimPhase(from: value, at: path, reporting: &problems)
        case "accessModes": self.accessModes = [PersistentVolumeAccessMode](from: value, at: path, reporting: &problems)
        case "capacity": self.capacity = ResourceList(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [PersistentVolumeClaimCondition](from: value, at: path, reporting: &problems)
        case "allocatedResources": self.allocatedResources = ResourceList(from: value, at: path, reporting: &problems)
        case "allocatedResourceStatuses": self.allocatedResourceStatuses = [ResourceName: ClaimResourceStatus](from: value, at: path, reporting: &problems)
        case "currentVolumeAttributesClassName": self.currentVolumeAttributesClassName = Optional<String>(from: value, at: path, reporting: &problems)
        case "modifyVolumeStatus": self.modifyVolumeStatus = Optional<ModifyVolumeStatus>(from: value, at: path, reporting: &problems)
        case "healthStatus": self.healthStatus = Optional<VolumeHealthStatus>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("phase", self.phase)
        object.putUnlessEmpty("accessModes", self.accessModes)
        object.putUnlessEmpty("capacity", self.capacity)
        object.putUnlessEmpty("conditions", self.conditions)
        object.putUnlessEmpty("allocatedResources", self.allocatedResources)
        object.putUnlessEmpty("allocatedResourceStatuses", self.allocatedResourceStatuses)
        object.putUnlessEmpty("currentVolumeAttributesClassName", self.currentVolumeAttributesClassName)
        object.putUnlessEmpty("modifyVolumeStatus", self.modifyVolumeStatus)
        object.putUnlessEmpty("healthStatus", self.healthStatus)
    }
}

package struct PersistentVolumeClaimTemplate: APIStructure {
    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    ) {
        self.metadata = metadata
        self.spec = spec
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = PersistentVolumeClaimSpec(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("spec", self.spec)
    }
}

package struct PersistentVolumeClaimVolumeSource: APIStructure {
    package var claimName: String = ""
    package var readOnly: Bool = false

    package init(
        claimName: String = "",
        readOnly: Bool = false
    ) {
        self.claimName = claimName
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "claimName": self.claimName = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("claimName", self.claimName)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct PersistentVolumeList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "PersistentVolumeList"

    package var metadata: ListMeta = ListMeta()
    package var items: [PersistentVolume] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [PersistentVolume] = []
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
        case "items": self.items = [PersistentVolume](from: value, at: path, reporting: &problems)
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

package struct PersistentVolumeMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let block = Self(rawValue: "Block")
    package static let filesystem = Self(rawValue: "Filesystem")

    /// Those that the API names.
    package static let known: [Self] = [.block, .filesystem]
}

package struct PersistentVolumePhase: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let pending = Self(rawValue: "Pending")
    package static let available = Self(rawValue: "Available")
    package static let bound = Self(rawValue: "Bound")
    package static let released = Self(rawValue: "Released")
    package static let failed = Self(rawValue: "Failed")

    /// Those that the API names.
    package static let known: [Self] = [.pending, .available, .bound, .released, .failed]
}

package struct PersistentVolumeReclaimPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let recycle = Self(rawValue: "Recycle")
    package static let delete = Self(rawValue: "Delete")
    package static let retain = Self(rawValue: "Retain")

    /// Those that the API names.
    package static let known: [Self] = [.recycle, .delete, .retain]
}

package struct PersistentVolumeSpec: APIStructure {
    package var capacity: ResourceList = [:]
    @Boxed package var gcePersistentDisk: GCEPersistentDiskVolumeSource? = nil
    @Boxed package var awsElasticBlockStore: AWSElasticBlockStoreVolumeSource? = nil
    @Boxed package var hostPath: HostPathVolumeSource? = nil
    @Boxed package var glusterfs: GlusterfsPersistentVolumeSource? = nil
    @Boxed package var nfs: NFSVolumeSource? = nil
    @Boxed package var rbd: RBDPersistentVolumeSource? = nil
    @Boxed package var iscsi: ISCSIPersistentVolumeSource? = nil
    @Boxed package var cinder: CinderPersistentVolumeSource? = nil
    @Boxed package var cephfs: CephFSPersistentVolumeSource? = nil
    @Boxed package var fc: FCVolumeSource? = nil
    @Boxed package var flocker: FlockerVolumeSource? = nil
    @Boxed package var flexVolume: FlexPersistentVolumeSource? = nil
    @Boxed package var azureFile: AzureFilePersistentVolumeSource? = nil
    @Boxed package var vsphereVolume: VsphereVirtualDiskVolumeSource? = nil
    @Boxed package var quobyte: QuobyteVolumeSource? = nil
    @Boxed package var azureDisk: AzureDiskVolumeSource? = nil
    @Boxed package var photonPersistentDisk: PhotonPersistentDiskVolumeSource? = nil
    @Boxed package var portworxVolume: PortworxVolumeSource? = nil
    @Boxed package var scaleIO: ScaleIOPersistentVolumeSource? = nil
    @Boxed package var local: LocalVolumeSource? = nil
    @Boxed package var storageos: StorageOSPersistentVolumeSource? = nil
    @Boxed package var csi: CSIPersistentVolumeSource? = nil
    package var accessModes: [PersistentVolumeAccessMode] = []
    @Boxed package var claimRef: ObjectReference? = nil
    package var persistentVolumeReclaimPolicy: PersistentVolumeReclaimPolicy = PersistentVolumeReclaimPolicy()
    package var storageClassName: String = ""
    package var mountOptions: [String] = []
    package var volumeMode: PersistentVolumeMode? = nil
    @Boxed package var nodeAffinity: VolumeNodeAffinity? = nil
    package var volumeAttributesClassName: String? = nil

    package init(
        capacity: ResourceList = [:],
        gcePersistentDisk: GCEPersistentDiskVolumeSource? = nil,
        awsElasticBlockStore: AWSElasticBlockStoreVolumeSource? = nil,
        hostPath: HostPathVolumeSource? = nil,
        glusterfs: GlusterfsPersistentVolumeSource? = nil,
        nfs: NFSVolumeSource? = nil,
        rbd: RBDPersistentVolumeSource? = nil,
        iscsi: ISCSIPersistentVolumeSource? = nil,
        cinder: CinderPersistentVolumeSource? = nil,
        cephfs: CephFSPersistentVolumeSource? = nil,
        fc: FCVolumeSource? = nil,
        flocker: FlockerVolumeSource? = nil,
        flexVolume: FlexPersistentVolumeSource? = nil,
        azureFile: AzureFilePersistentVolumeSource? = nil,
        vsphereVolume: VsphereVirtualDiskVolumeSource? = nil,
        quobyte: QuobyteVolumeSource? = nil,
        azureDisk: AzureDiskVolumeSource? = nil,
        photonPersistentDisk: PhotonPersistentDiskVolumeSource? = nil,
        portworxVolume: PortworxVolumeSource? = nil,
        scaleIO: ScaleIOPersistentVolumeSource? = nil,
        local: LocalVolumeSource? = nil,
        storageos: StorageOSPersistentVolumeSource? = nil,
        csi: CSIPersistentVolumeSource? = nil,
        accessModes: [PersistentVolumeAccessMode] = [],
        claimRef: ObjectReference? = nil,
        persistentVolumeReclaimPolicy: PersistentVolumeReclaimPolicy = PersistentVolumeReclaimPolicy(),
        storageClassName: String = "",
        mountOptions: [String] = [],
        volumeMode: PersistentVolumeMode? = nil,
        nodeAffinity: VolumeNodeAffinity? = nil,
        volumeAttributesClassName: String? = nil
    ) {
        self.capacity = capacity
        self.gcePersistentDisk = gcePersistentDisk
        self.awsElasticBlockStore = awsElasticBlockStore
        self.hostPath = hostPath
        self.glusterfs = glusterfs
        self.nfs = nfs
        self.rbd = rbd
        self.iscsi = iscsi
        self.cinder = cinder
        self.cephfs = cephfs
        self.fc = fc
        self.flocker = flocker
        self.flexVolume = flexVolume
        self.azureFile = azureFile
        self.vsphereVolume = vsphereVolume
        self.quobyte = quobyte
        self.azureDisk = azureDisk
        self.photonPersistentDisk = photonPersistentDisk
        self.portworxVolume = portworxVolume
        self.scaleIO = scaleIO
        self.local = local
        self.storageos = storageos
        self.csi = csi
        self.accessModes = accessModes
        self.claimRef = claimRef
        self.persistentVolumeReclaimPolicy = persistentVolumeReclaimPolicy
        self.storageClassName = storageClassName
        self.mountOptions = mountOptions
        self.volumeMode = volumeMode
        self.nodeAffinity = nodeAffinity
        self.volumeAttributesClassName = volumeAttributesClassName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "capacity": self.capacity = ResourceList(from: value, at: path, reporting: &problems)
        case "gcePersistentDisk": self.gcePersistentDisk = Optional<GCEPersistentDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "awsElasticBlockStore": self.awsElasticBlockStore = Optional<AWSElasticBlockStoreVolumeSource>(from: value, at: path, reporting: &problems)
        case "hostPath": self.hostPath = Optional<HostPathVolumeSource>(from: value, at: path, reporting: &problems)
        case "glusterfs": self.glusterfs = Optional<GlusterfsPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "nfs": self.nfs = Optional<NFSVolumeSource>(from: value, at: path, reporting: &problems)
        case "rbd": self.rbd = Optional<RBDPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "iscsi": self.iscsi = Optional<ISCSIPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "cinder": self.cinder = Optional<CinderPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "cephfs": self.cephfs = Optional<CephFSPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "fc": self.fc = Optional<FCVolumeSource>(from: value, at: path, reporting: &problems)
        case "flocker": self.flocker = Optional<FlockerVolumeSource>(from: value, at: path, reporting: &problems)
        case "flexVolume": self.flexVolume = Optional<FlexPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "azureFile": self.azureFile = Optional<AzureFilePersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "vsphereVolume": self.vsphereVolume = Optional<VsphereVirtualDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "quobyte": self.quobyte = Optional<QuobyteVolumeSource>(from: value, at: path, reporting: &problems)
        case "azureDisk": self.azureDisk = Optional<AzureDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "photonPersistentDisk": self.photonPersistentDisk = Optional<PhotonPersistentDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "portworxVolume": self.portworxVolume = Optional<PortworxVolumeSource>(from: value, at: path, reporting: &problems)
        case "scaleIO": self.scaleIO = Optional<ScaleIOPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "local": self.local = Optional<LocalVolumeSource>(from: value, at: path, reporting: &problems)
        case "storageos": self.storageos = Optional<StorageOSPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "csi": self.csi = Optional<CSIPersistentVolumeSource>(from: value, at: path, reporting: &problems)
        case "accessModes": self.accessModes = [PersistentVolumeAccessMode](from: value, at: path, reporting: &problems)
        case "claimRef": self.claimRef = Optional<ObjectReference>(from: value, at: path, reporting: &problems)
        case "persistentVolumeReclaimPolicy": self.persistentVolumeReclaimPolicy = PersistentVolumeReclaimPolicy(from: value, at: path, reporting: &problems)
        case "storageClassName": self.storageClassName = String(from: value, at: path, reporting: &problems)
        case "mountOptions": self.mountOptions = [String](from: value, at: path, reporting: &problems)
        case "volumeMode": self.volumeMode = Optional<PersistentVolumeMode>(from: value, at: path, reporting: &problems)
        case "nodeAffinity": self.nodeAffinity = Optional<VolumeNodeAffinity>(from: value, at: path, reporting: &problems)
        case "volumeAttributesClassName": self.volumeAttributesClassName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("capacity", self.capacity)
        object.putUnlessEmpty("gcePersistentDisk", self.gcePersistentDisk)
        object.putUnlessEmpty("awsElasticBlockStore", self.awsElasticBlockStore)
        object.putUnlessEmpty("hostPath", self.hostPath)
        object.putUnlessEmpty("glusterfs", self.glusterfs)
        object.putUnlessEmpty("nfs", self.nfs)
        object.putUnlessEmpty("rbd", self.rbd)
        object.putUnlessEmpty("iscsi", self.iscsi)
        object.putUnlessEmpty("cinder", self.cinder)
        object.putUnlessEmpty("cephfs", self.cephfs)
        object.putUnlessEmpty("fc", self.fc)
        object.putUnlessEmpty("flocker", self.flocker)
        object.putUnlessEmpty("flexVolume", self.flexVolume)
        object.putUnlessEmpty("azureFile", self.azureFile)
        object.putUnlessEmpty("vsphereVolume", self.vsphereVolume)
        object.putUnlessEmpty("quobyte", self.quobyte)
        object.putUnlessEmpty("azureDisk", self.azureDisk)
        object.putUnlessEmpty("photonPersistentDisk", self.photonPersistentDisk)
        object.putUnlessEmpty("portworxVolume", self.portworxVolume)
        object.putUnlessEmpty("scaleIO", self.scaleIO)
        object.putUnlessEmpty("local", self.local)
        object.putUnlessEmpty("storageos", self.storageos)
        object.putUnlessEmpty("csi", self.csi)
        object.putUnlessEmpty("accessModes", self.accessModes)
        object.putUnlessEmpty("claimRef", self.claimRef)
        object.putUnlessEmpty("persistentVolumeReclaimPolicy", self.persistentVolumeReclaimPolicy)
        object.putUnlessEmpty("storageClassName", self.storageClassName)
        object.putUnlessEmpty("mountOptions", self.mountOptions)
        object.putUnlessEmpty("volumeMode", self.volumeMode)
        object.putUnlessEmpty("nodeAffinity", self.nodeAffinity)
        object.putUnlessEmpty("volumeAttributesClassName", self.volumeAttributesClassName)
    }
}

package struct PersistentVolumeStatus: APIStructure {
    package var phase: PersistentVolumePhase = PersistentVolumePhase()
    package var message: String = ""
    package var reason: String = ""
    package var lastPhaseTransitionTime: Time? = nil

    package init(
        phase: PersistentVolumePhase = PersistentVolumePhase(),
        message: String = "",
        reason: String = "",
        lastPhaseTransitionTime: Time? = nil
    ) {
        self.phase = phase
        self.message = message
        self.reason = reason
        self.lastPhaseTransitionTime = lastPhaseTransitionTime
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "phase": self.phase = PersistentVolumePhase(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "lastPhaseTransitionTime": self.lastPhaseTransitionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("phase", self.phase)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("lastPhaseTransitionTime", self.lastPhaseTransitionTime)
    }
}

package struct PhotonPersistentDiskVolumeSource: APIStructure {
    package var pdID: String = ""
    package var fsType: String = ""

    package init(
        pdID: String = "",
        fsType: String = ""
    ) {
        self.pdID = pdID
        self.fsType = fsType
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "pdID": self.pdID = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("pdID", self.pdID)
        object.putUnlessEmpty("fsType", self.fsType)
    }
}

package struct Pod: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Pod"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: PodSpec = PodSpec()
    package var status: PodStatus = PodStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PodSpec = PodSpec(),
        status: PodStatus = PodStatus()
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = PodSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = PodStatus(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("spec", self.spec)
        object.putUnlessEmpty("status", self.status)
    }
}

package struct PodAffinity: APIStructure {
    package var requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = []
    package var preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []

    package init(
        requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = [],
        preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "requiredDuringSchedulingIgnoredDuringExecution": self.requiredDuringSchedulingIgnoredDuringExecution = [PodAffinityTerm](from: value, at: path, reporting: &problems)
        case "preferredDuringSchedulingIgnoredDuringExecution": self.preferredDuringSchedulingIgnoredDuringExecution = [WeightedPodAffinityTerm](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("requiredDuringSchedulingIgnoredDuringExecution", self.requiredDuringSchedulingIgnoredDuringExecution)
        object.putUnlessEmpty("preferredDuringSchedulingIgnoredDuringExecution", self.preferredDuringSchedulingIgnoredDuringExecution)
    }
}

package struct PodAffinityTerm: APIStructure {
    @Boxed package var labelSelector: LabelSelector? = nil
    package var namespaces: [String] = []
    package var topologyKey: String = ""
    @Boxed package var namespaceSelector: LabelSelector? = nil
    package var matchLabelKeys: [String] = []
    package var mismatchLabelKeys: [String] = []

    package init(
        labelSelector: LabelSelector? = nil,
        namespaces: [String] = [],
        topologyKey: String = "",
        namespaceSelector: LabelSelector? = nil,
        matchLabelKeys: [String] = [],
        mismatchLabelKeys: [String] = []
    ) {
        self.labelSelector = labelSelector
        self.namespaces = namespaces
        self.topologyKey = topologyKey
        self.namespaceSelector = namespaceSelector
        self.matchLabelKeys = matchLabelKeys
        self.mismatchLabelKeys = mismatchLabelKeys
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "labelSelector": self.labelSelector = Optional<LabelSelector>(from: value, at: path, reporting: &problems)
        case "namespaces": self.namespaces = [String](from: value, at: path, reporting: &problems)
        case "topologyKey": self.topologyKey = String(from: value, at: path, reporting: &problems)
        case "namespaceSelector": self.namespaceSelector = Optional<LabelSelector>(from: value, at: path, reporting: &problems)
        case "matchLabelKeys": self.matchLabelKeys = [String](from: value, at: path, reporting: &problems)
        case "mismatchLabelKeys": self.mismatchLabelKeys = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("labelSelector", self.labelSelector)
        object.putUnlessEmpty("namespaces", self.namespaces)
        object.put("topologyKey", self.topologyKey)
        object.putUnlessEmpty("namespaceSelector", self.namespaceSelector)
        object.putUnlessEmpty("matchLabelKeys", self.matchLabelKeys)
        object.putUnlessEmpty("mismatchLabelKeys", self.mismatchLabelKeys)
    }
}

package struct PodAntiAffinity: APIStructure {
    package var requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = []
    package var preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []

    package init(
        requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = [],
        preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "requiredDuringSchedulingIgnoredDuringExecution": self.requiredDuringSchedulingIgnoredDuringExecution = [PodAffinityTerm](from: value, at: path, reporting: &problems)
        case "preferredDuringSchedulingIgnoredDuringExecution": self.preferredDuringSchedulingIgnoredDuringExecution = [WeightedPodAffinityTerm](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("requiredDuringSchedulingIgnoredDuringExecution", self.requiredDuringSchedulingIgnoredDuringExecution)
        object.putUnlessEmpty("preferredDuringSchedulingIgnoredDuringExecution", self.preferredDuringSchedulingIgnoredDuringExecution)
    }
}

package struct PodAttachOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "PodAttachOptions"

    package var stdin: Bool = false
    package var stdout: Bool = false
    package var stderr: Bool = false
    package var tty: Bool = false
    package var container: String = ""

    package init(
        stdin: Bool = false,
        stdout: Bool = false,
        stderr: Bool = false,
        tty: Bool = false,
        container: String = ""
    ) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty
        self.container = container
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "stdin": self.stdin = Bool(from: value, at: path, reporting: &problems)
        case "stdout": self.stdout = Bool(from: value, at: path, reporting: &problems)
        case "stderr": self.stderr = Bool(from: value, at: path, reporting: &problems)
        case "tty": self.tty = Bool(from: value, at: path, reporting: &problems)
        case "container": self.container = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("stdin", self.stdin)
        object.putUnlessEmpty("stdout", self.stdout)
        object.putUnlessEmpty("stderr", self.stderr)
        object.putUnlessEmpty("tty", self.tty)
        object.putUnlessEmpty("container", self.container)
    }
}

package struct PodCertificateProjection: APIStructure {
    package var signerName: String = ""
    package var keyType: String = ""
    package var maxExpirationSeconds: Int32? = nil
    package var credentialBundlePath: String = ""
    package var keyPath: String = ""
    package var certificateChainPath: String = ""
    package var userAnnotations: [String: String] = [:]
    package var user: Int64? = nil

    package init(
        signerName: String = "",
        keyType: String = "",
        maxExpirationSeconds: Int32? = nil,
        credentialBundlePath: String = "",
        keyPath: String = "",
        certificateChainPath: String = "",
        userAnnotations: [String: String] = [:],
        user: Int64? = nil
    ) {
        self.signerName = signerName
        self.keyType = keyType
        self.maxExpirationSeconds = maxExpirationSeconds
        self.credentialBundlePath = credentialBundlePath
        self.keyPath = keyPath
        self.certificateChainPath = certificateChainPath
        self.userAnnotations = userAnnotations
        self.user = user
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "signerName": self.signerName = String(from: value, at: path, reporting: &problems)
        case "keyType": self.keyType = String(from: value, at: path, reporting: &problems)
        case "maxExpirationSeconds": self.maxExpirationSeconds = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "credentialBundlePath": self.credentialBundlePath = String(from: value, at: path, reporting: &problems)
        case "keyPath": self.keyPath = String(from: value, at: path, reporting: &problems)
        case "certificateChainPath": self.certificateChainPath = String(from: value, at: path, reporting: &problems)
        case "userAnnotations": self.userAnnotations = [String: String](from: value, at: path, reporting: &problems)
        case "user": self.user = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("signerName", self.signerName)
        object.putUnlessEmpty("keyType", self.keyType)
        object.putUnlessEmpty("maxExpirationSeconds", self.maxExpirationSeconds)
        object.putUnlessEmpty("credentialBundlePath", self.credentialBundlePath)
        object.putUnlessEmpty("keyPath", self.keyPath)
        object.putUnlessEmpty("certificateChainPath", self.certificateChainPath)
        object.putUnlessEmpty("userAnnotations", self.userAnnotations)
        object.putUnlessEmpty("user", self.user)
    }
}

package struct PodCondition: APIStructure {
    package var type: PodConditionType = PodConditionType()
    package var observedGeneration: Int64 = 0
    package var status: ConditionStatus = ConditionStatus()
    package var lastProbeTime: Time? = nil
    package var lastTransitionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: PodConditionType = PodConditionType(),
        observedGeneration: Int64 = 0,
        status: ConditionStatus = ConditionStatus(),
        lastProbeTime: Time? = nil,
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.observedGeneration = observedGeneration
        self.status = status
        self.lastProbeTime = lastProbeTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = PodConditionType(from: value, at: path, reporting: &problems)
        case "observedGeneration": self.observedGeneration = Int64(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "lastProbeTime": self.lastProbeTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "lastTransitionTime": self.lastTransitionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.putUnlessEmpty("observedGeneration", self.observedGeneration)
        object.put("status", self.status)
        object.putUnlessEmpty("lastProbeTime", self.lastProbeTime)
        object.putUnlessEmpty("lastTransitionTime", self.lastTransitionTime)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct PodConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let containersReady = Self(rawValue: "ContainersReady")
    package static let initialized = Self(rawValue: "Initialized")
    package static let ready = Self(rawValue: "Ready")
    package static let podScheduled = Self(rawValue: "PodScheduled")
    package static let disruptionTarget = Self(rawValue: "DisruptionTarget")
    package static let podReadyToStartContainers = Self(rawValue: "PodReadyToStartContainers")
    package static let podResizePending = Self(rawValue: "PodResizePending")
    package static let podResizeInProgress = Self(rawValue: "PodResizeInProgress")
    package static let allContainersRestarting = Self(rawValue: "AllContainersRestarting")

    /// Those that the API names.
    package static let known: [Self] = [.containersReady, .initialized, .ready, .podScheduled, .disruptionTarget, .podReadyToStartContainers, .podResizePending, .podResizeInProgress, .allContainersRestarting]
}

package struct PodDNSConfig: APIStructure {
    package var nameservers: [String] = []
    package var searches: [String] = []
    package var options: [PodDNSConfigOption] = []

    package init(
        nameservers: [String] = [],
        searches: [String] = [],
        options: [PodDNSConfigOption] = []
    ) {
        self.nameservers = nameservers
        self.searches = searches
        self.options = options
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "nameservers": self.nameservers = [String](from: value, at: path, reporting: &problems)
        case "searches": self.searches = [String](from: value, at: path, reporting: &problems)
        case "options": self.options = [PodDNSConfigOption](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("nameservers", self.nameservers)
        object.putUnlessEmpty("searches", self.searches)
        object.putUnlessEmpty("options", self.options)
    }
}

package struct PodDNSConfigOption: APIStructure {
    package var name: String = ""
    package var value: String? = nil

    package init(
        name: String = "",
        value: String? = nil
    ) {
        self.name = name
        self.value = value
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "value": self.value = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("value", self.value)
    }
}

package struct PodExecOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "PodExecOptions"

    package var stdin: Bool = false
    package var stdout: Bool = false
    package var stderr: Bool = false
    package var tty: Bool = false
    package var container: String = ""
    package var command: [String] = []

    package init(
        stdin: Bool = false,
        stdout: Bool = false,
        stderr: Bool = false,
        tty: Bool = false,
        container: String = "",
        command: [String] = []
    ) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty
        self.container = container
        self.command = command
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "stdin": self.stdin = Bool(from: value, at: path, reporting: &problems)
        case "stdout": self.stdout = Bool(from: value, at: path, reporting: &problems)
        case "stderr": self.stderr = Bool(from: value, at: path, reporting: &problems)
        case "tty": self.tty = Bool(from: value, at: path, reporting: &problems)
        case "container": self.container = String(from: value, at: path, reporting: &problems)
        case "command": self.command = [String](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("stdin", self.stdin)
        object.putUnlessEmpty("stdout", self.stdout)
        object.putUnlessEmpty("stderr", self.stderr)
        object.putUnlessEmpty("tty", self.tty)
        object.putUnlessEmpty("container", self.container)
        object.put("command", self.command)
    }
}

package struct PodExtendedResourceClaimStatus: APIStructure {
    package var requestMappings: [ContainerExtendedResourceRequest] = []
    package var resourceClaimName: String = ""

    package init(
        requestMappings: [ContainerExtendedResourceRequest] = [],
        resourceClaimName: String = ""
    ) {
        self.requestMappings = requestMappings
        self.resourceClaimName = resourceClaimName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "requestMappings": self.requestMappings = [ContainerExtendedResourceRequest](from: value, at: path, reporting: &problems)
        case "resourceClaimName": self.resourceClaimName = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("requestMappings", self.requestMappings)
        object.put("resourceClaimName", self.resourceClaimName)
    }
}

package struct PodFSGroupChangePolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let onRootMismatch = Self(rawValue: "OnRootMismatch")
    package static let always = Self(rawValue: "Always")

    /// Those that the API names.
    package static let known: [Self] = [.onRootMismatch, .always]
}

package struct PodIP: APIStructure {
    package var ip: String = ""

    package init(
        ip: String = ""
    ) {
        self.ip = ip
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ip": self.ip = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("ip", self.ip)
    }
}

package struct PodList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "PodList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Pod] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Pod] = []
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
        case "items": self.items = [Pod](from: value, at: path, reporting: &problems)
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

package struct PodLogOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "PodLogOptions"

    package var container: String = ""
    package var follow: Bool = false
    package var previous: Bool = false
    package var sinceSeconds: Int64? = nil
    package var sinceTime: Time? = nil
    package var timestamps: Bool = false
    package var tailLines: Int64? = nil
    package var limitBytes: Int64? = nil
    package var insecureSkipTLSVerifyBackend: Bool = false
    package var stream: String? = nil

    package init(
        container: String = "",
        follow: Bool = false,
        previous: Bool = false,
        sinceSeconds: Int64? = nil,
        sinceTime: Time? = nil,
        timestamps: Bool = false,
        tailLines: Int64? = nil,
        limitBytes: Int64? = nil,
        insecureSkipTLSVerifyBackend: Bool = false,
        stream: String? = nil
    ) {
        self.container = container
        self.follow = follow
        self.previous = previous
        self.sinceSeconds = sinceSeconds
        self.sinceTime = sinceTime
        self.timestamps = timestamps
        self.tailLines = tailLines
        self.limitBytes = limitBytes
        self.insecureSkipTLSVerifyBackend = insecureSkipTLSVerifyBackend
        self.stream = stream
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "container": self.container = String(from: value, at: path, reporting: &problems)
        case "follow": self.follow = Bool(from: value, at: path, reporting: &problems)
        case "previous": self.previous = Bool(from: value, at: path, reporting: &problems)
        case "sinceSeconds": self.sinceSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "sinceTime": self.sinceTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "timestamps": self.timestamps = Bool(from: value, at: path, reporting: &problems)
        case "tailLines": self.tailLines = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "limitBytes": self.limitBytes = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "insecureSkipTLSVerifyBackend": self.insecureSkipTLSVerifyBackend = Bool(from: value, at: path, reporting: &problems)
        case "stream": self.stream = Optional<String>(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("container", self.container)
        object.putUnlessEmpty("follow", self.follow)
        object.putUnlessEmpty("previous", self.previous)
        object.putUnlessEmpty("sinceSeconds", self.sinceSeconds)
        object.putUnlessEmpty("sinceTime", self.sinceTime)
        object.putUnlessEmpty("timestamps", self.timestamps)
        object.putUnlessEmpty("tailLines", self.tailLines)
        object.putUnlessEmpty("limitBytes", self.limitBytes)
        object.putUnlessEmpty("insecureSkipTLSVerifyBackend", self.insecureSkipTLSVerifyBackend)
        object.putUnlessEmpty("stream", self.stream)
    }
}

package struct PodOS: APIStructure {
    package var name: OSName = OSName()

    package init(
        name: OSName = OSName()
    ) {
        self.name = name
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = OSName(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
    }
}

package struct PodPhase: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let pending = Self(rawValue: "Pending")
    package static let running = Self(rawValue: "Running")
    package static let succeeded = Self(rawValue: "Succeeded")
    package static let failed = Self(rawValue: "Failed")
    package static let unknown = Self(rawValue: "Unknown")

    /// Those that the API names.
    package static let known: [Self] = [.pending, .running, .succeeded, .failed, .unknown]
}

package struct PodPortForwardOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "PodPortForwardOptions"

    package var ports: [Int32] = []

    package init(
        ports: [Int32] = []
    ) {
        self.ports = ports
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ports": self.ports = [Int32](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("ports", self.ports)
    }
}

package struct PodProxyOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "PodProxyOptions"

    package var path: String = ""

    package init(
        path: String = ""
    ) {
        self.path = path
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("path", self.path)
    }
}

package struct PodQOSClass: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let guaranteed = Self(rawValue: "Guaranteed")
    package static let burstable = Self(rawValue: "Burstable")
    package static let bestEffort = Self(rawValue: "BestEffort")

    /// Those that the API names.
    package static let known: [Self] = [.guaranteed, .burstable, .bestEffort]
}

package struct PodReadinessGate: APIStructure {
    package var conditionType: PodConditionType = PodConditionType()

    package init(
        conditionType: PodConditionType = PodConditionType()
    ) {
        self.conditionType = conditionType
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "conditionType": self.conditionType = PodConditionType(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("conditionType", self.conditionType)
    }
}

package struct PodResizeStatus: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let inProgress = Self(rawValue: "InProgress")
    package static let deferred = Self(rawValue: "Deferred")
    package static let infeasible = Self(rawValue: "Infeasible")

    /// Those that the API names.
    package static let known: [Self] = [.inProgress, .deferred, .infeasible]
}

package struct PodResourceClaim: APIStructure {
    package var name: String = ""
    package var resourceClaimName: String? = nil
    package var resourceClaimTemplateName: String? = nil

    package init(
        name: String = "",
        resourceClaimName: String? = nil,
        resourceClaimTemplateName: String? = nil
    ) {
        self.name = name
        self.resourceClaimName = resourceClaimName
        self.resourceClaimTemplateName = resourceClaimTemplateName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "resourceClaimName": self.resourceClaimName = Optional<String>(from: value, at: path, reporting: &problems)
        case "resourceClaimTemplateName": self.resourceClaimTemplateName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("resourceClaimName", self.resourceClaimName)
        object.putUnlessEmpty("resourceClaimTemplateName", self.resourceClaimTemplateName)
    }
}

package struct PodResourceClaimStatus: APIStructure {
    package var name: String = ""
    package var resourceClaimName: String? = nil

    package init(
        name: String = "",
        resourceClaimName: String? = nil
    ) {
        self.name = name
        self.resourceClaimName = resourceClaimName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "resourceClaimName": self.resourceClaimName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("resourceClaimName", self.resourceClaimName)
    }
}

package struct PodSELinuxChangePolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let recursive = Self(rawValue: "Recursive")
    package static let mountOption = Self(rawValue: "MountOption")

    /// Those that the API names.
    package static let known: [Self] = [.recursive, .mountOption]
}

package struct PodSchedulingGate: APIStructure {
    package var name: String = ""

    package init(
        name: String = ""
    ) {
        self.name = name
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
    }
}

package struct PodSchedulingGroup: APIStructure {
    package var podGroupName: String? = nil

    package init(
        podGroupName: String? = nil
    ) {
        self.podGroupName = podGroupName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "podGroupName": self.podGroupName = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("podGroupName", self.podGroupName)
    }
}

package struct PodSecurityContext: APIStructure {
    @Boxed package var seLinuxOptions: SELinuxOptions? = nil
    @Boxed package var windowsOptions: WindowsSecurityContextOptions? = nil
    package var runAsUser: Int64? = nil
    package var runAsGroup: Int64? = nil
    package var runAsNonRoot: Bool? = nil
    package var supplementalGroups: [Int64] = []
    package var supplementalGroupsPolicy: SupplementalGroupsPolicy? = nil
    package var fsGroup: Int64? = nil
    package var sysctls: [Sysctl] = []
    package var fsGroupChangePolicy: PodFSGroupChangePolicy? = nil
    @Boxed package var seccompProfile: SeccompProfile? = nil
    @Boxed package var appArmorProfile: AppArmorProfile? = nil
    package var seLinuxChangePolicy: PodSELinuxChangePolicy? = nil

    package init(
        seLinuxOptions: SELinuxOptions? = nil,
        windowsOptions: WindowsSecurityContextOptions? = nil,
        runAsUser: Int64? = nil,
        runAsGroup: Int64? = nil,
        runAsNonRoot: Bool? = nil,
        supplementalGroups: [Int64] = [],
        supplementalGroupsPolicy: SupplementalGroupsPolicy? = nil,
        fsGroup: Int64? = nil,
        sysctls: [Sysctl] = [],
        fsGroupChangePolicy: PodFSGroupChangePolicy? = nil,
        seccompProfile: SeccompProfile? = nil,
        appArmorProfile: AppArmorProfile? = nil,
        seLinuxChangePolicy: PodSELinuxChangePolicy? = nil
    ) {
        self.seLinuxOptions = seLinuxOptions
        self.windowsOptions = windowsOptions
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
        self.supplementalGroups = supplementalGroups
        self.supplementalGroupsPolicy = supplementalGroupsPolicy
        self.fsGroup = fsGroup
        self.sysctls = sysctls
        self.fsGroupChangePolicy = fsGroupChangePolicy
        self.seccompProfile = seccompProfile
        self.appArmorProfile = appArmorProfile
        self.seLinuxChangePolicy = seLinuxChangePolicy
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "seLinuxOptions": self.seLinuxOptions = Optional<SELinuxOptions>(from: value, at: path, reporting: &problems)
        case "windowsOptions": self.windowsOptions = Optional<WindowsSecurityContextOptions>(from: value, at: path, reporting: &problems)
        case "runAsUser": self.runAsUser = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "runAsGroup": self.runAsGroup = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "runAsNonRoot": self.runAsNonRoot = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "supplementalGroups": self.supplementalGroups = [Int64](from: value, at: path, reporting: &problems)
        case "supplementalGroupsPolicy": self.supplementalGroupsPolicy = Optional<SupplementalGroupsPolicy>(from: value, at: path, reporting: &problems)
        case "fsGroup": self.fsGroup = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "sysctls": self.sysctls = [Sysctl](from: value, at: path, reporting: &problems)
        case "fsGroupChangePolicy": self.fsGroupChangePolicy = Optional<PodFSGroupChangePolicy>(from: value, at: path, reporting: &problems)
        case "seccompProfile": self.seccompProfile = Optional<SeccompProfile>(from: value, at: path, reporting: &problems)
        case "appArmorProfile": self.appArmorProfile = Optional<AppArmorProfile>(from: value, at: path, reporting: &problems)
        case "seLinuxChangePolicy": self.seLinuxChangePolicy = Optional<PodSELinuxChangePolicy>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("seLinuxOptions", self.seLinuxOptions)
        object.putUnlessEmpty("windowsOptions", self.windowsOptions)
        object.putUnlessEmpty("runAsUser", self.runAsUser)
        object.putUnlessEmpty("runAsGroup", self.runAsGroup)
        object.putUnlessEmpty("runAsNonRoot", self.runAsNonRoot)
        object.putUnlessEmpty("supplementalGroups", self.supplementalGroups)
        object.putUnlessEmpty("supplementalGroupsPolicy", self.supplementalGroupsPolicy)
        object.putUnlessEmpty("fsGroup", self.fsGroup)
        object.putUnlessEmpty("sysctls", self.sysctls)
        object.putUnlessEmpty("fsGroupChangePolicy", self.fsGroupChangePolicy)
        object.putUnlessEmpty("seccompProfile", self.seccompProfile)
        object.putUnlessEmpty("appArmorProfile", self.appArmorProfile)
        object.putUnlessEmpty("seLinuxChangePolicy", self.seLinuxChangePolicy)
    }
}

package struct PodSignature: APIStructure {
    @Boxed package var podController: OwnerReference? = nil

    package init(
        podController: OwnerReference? = nil
    ) {
        self.podController = podController
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "podController": self.podController = Optional<OwnerReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("podController", self.podController)
    }
}

package struct PodSpec: APIStructure {
    package var volumes: [Volume] = []
    package var initContainers: [Container] = []
    package var containers: [Container] = []
    package var ephemeralContainers: [EphemeralContainer] = []
    package var restartPolicy: RestartPolicy = RestartPolicy()
    package var terminationGracePeriodSeconds: Int64? = nil
    package var activeDeadlineSeconds: Int64? = nil
    package var dnsPolicy: DNSPolicy = DNSPolicy()
    package var nodeSelector: [String: String] = [:]
    package var serviceAccountName: String = ""
    package var serviceAccount: String = ""
    package var automountServiceAccountToken: Bool? = nil
    package var nodeName: String = ""
    package var hostNetwork: Bool = false
    package var hostPID: Bool = false
    package var hostIPC: Bool = false
    package var shareProcessNamespace: Bool? = nil
    @Boxed package var securityContext: PodSecurityContext? = nil
    package var imagePullSecrets: [LocalObjectReference] = []
    package var hostname: String = ""
    package var subdomain: String = ""
    @Boxed package var affinity: Affinity? = nil
    package var schedulerName: String = ""
    package var tolerations: [Toleration] = []
    package var hostAliases: [HostAlias] = []
    package var priorityClassName: String = ""
    package var priority: Int32? = nil
    @Boxed package var dnsConfig: PodDNSConfig? = nil
    package var readinessGates: [PodReadinessGate] = []
    package var runtimeClassName: String? = nil
    package var enableServiceLinks: Bool? = nil
    package var preemptionPolicy: PreemptionPolicy? = nil
    package var overhead: ResourceList = [:]
    package var topologySpreadConstraints: [TopologySpreadConstraint] = []
    package var setHostnameAsFQDN: Bool? = nil
    @Boxed package var os: PodOS? = nil
    package var hostUsers: Bool? = nil
    package var schedulingGates: [PodSchedulingGate] = []
    package var resourceClaims: [PodResourceClaim] = []
    @Boxed package var resources: ResourceRequirements? = nil
    package var hostnameOverride: String? = nil
    @Boxed package var schedulingGroup: PodSchedulingGroup? = nil
    package var evictionResponders: [EvictionResponder] = []

    package init(
        volumes: [Volume] = [],
        initContainers: [Container] = [],
        containers: [Container] = [],
        ephemeralContainers: [EphemeralContainer] = [],
        restartPolicy: RestartPolicy = RestartPolicy(),
        terminationGracePeriodSeconds: Int64? = nil,
        activeDeadlineSeconds: Int64? = nil,
        dnsPolicy: DNSPolicy = DNSPolicy(),
        nodeSelector: [String: String] = [:],
        serviceAccountName: String = "",
        serviceAccount: String = "",
        automountServiceAccountToken: Bool? = nil,
        nodeName: String = "",
        hostNetwork: Bool = false,
        hostPID: Bool = false,
        hostIPC: Bool = false,
        shareProcessNamespace: Bool? = nil,
        securityContext: PodSecurityContext? = nil,
        imagePullSecrets: [LocalObjectReference] = [],
        hostname: String = "",
        subdomain: String = "",
        affinity: Affinity? = nil,
        schedulerName: String = "",
        tolerations: [Toleration] = [],
        hostAliases: [HostAlias] = [],
        priorityClassName: String = "",
        priority: Int32? = nil,
        dnsConfig: PodDNSConfig? = nil,
        readinessGates: [PodReadinessGate] = [],
        runtimeClassName: String? = nil,
        enableServiceLinks: Bool? = nil,
        preemptionPolicy: PreemptionPolicy? = nil,
        overhead: ResourceList = [:],
        topologySpreadConstraints: [TopologySpreadConstraint] = [],
        setHostnameAsFQDN: Bool? = nil,
        os: PodOS? = nil,
        hostUsers: Bool? = nil,
        schedulingGates: [PodSchedulingGate] = [],
        resourceClaims: [PodResourceClaim] = [],
        resources: ResourceRequirements? = nil,
        hostnameOverride: String? = nil,
        schedulingGroup: PodSchedulingGroup? = nil,
        evictionResponders: [EvictionResponder] = []
    ) {
        self.volumes = volumes
        self.initContainers = initContainers
        self.containers = containers
        self.ephemeralContainers = ephemeralContainers
        self.restartPolicy = restartPolicy
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.dnsPolicy = dnsPolicy
        self.nodeSelector = nodeSelector
        self.serviceAccountName = serviceAccountName
        self.serviceAccount = serviceAccount
        self.automountServiceAccountToken = automountServiceAccountToken
        self.nodeName = nodeName
        self.hostNetwork = hostNetwork
        self.hostPID = hostPID
        self.hostIPC = hostIPC
        self.shareProcessNamespace = shareProcessNamespace
        self.securityContext = securityContext
        self.imagePullSecrets = imagePullSecrets
        self.hostname = hostname
        self.subdomain = subdomain
        self.affinity = affinity
        self.schedulerName = schedulerName
        self.tolerations = tolerations
        self.hostAliases = hostAliases
        self.priorityClassName = priorityClassName
        self.priority = priority
        self.dnsConfig = dnsConfig
        self.readinessGates = readinessGates
        self.runtimeClassName = runtimeClassName
        self.enableServiceLinks = enableServiceLinks
        self.preemptionPolicy = preemptionPolicy
        self.overhead = overhead
        self.topologySpreadConstraints = topologySpreadConstraints
        self.setHostnameAsFQDN = setHostnameAsFQDN
        self.os = os
        self.hostUsers = hostUsers
        self.schedulingGates = schedulingGates
        self.resourceClaims = resourceClaims
        self.resources = resources
        self.hostnameOverride = hostnameOverride
        self.schedulingGroup = schedulingGroup
        self.evictionResponders = evictionResponders
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumes": self.volumes = [Volume](from: value, at: path, reporting: &problems)
        case "initContainers": self.initContainers = [Container](from: value, at: path, reporting: &problems)
        case "containers": self.containers = [Container](from: value, at: path, reporting: &problems)
        case "ephemeralContainers": self.ephemeralContainers = [EphemeralContainer](from: value, at: path, reporting: &problems)
        case "restartPolicy": self.restartPolicy = RestartPolicy(from: value, at: path, reporting: &problems)
        case "terminationGracePeriodSeconds": self.terminationGracePeriodSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "activeDeadlineSeconds": self.activeDeadlineSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "dnsPolicy": self.dnsPolicy = DNSPolicy(from: value, at: path, reporting: &problems)
        case "nodeSelector": self.nodeSelector = [String: String](from: value, at: path, reporting: &problems)
        case "serviceAccountName": self.serviceAccountName = String(from: value, at: path, reporting: &problems)
        case "serviceAccount": self.serviceAccount = String(from: value, at: path, reporting: &problems)
        case "automountServiceAccountToken": self.automountServiceAccountToken = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "nodeName": self.nodeName = String(from: value, at: path, reporting: &problems)
        case "hostNetwork": self.hostNetwork = Bool(from: value, at: path, reporting: &problems)
        case "hostPID": self.hostPID = Bool(from: value, at: path, reporting: &problems)
        case "hostIPC": self.hostIPC = Bool(from: value, at: path, reporting: &problems)
        case "shareProcessNamespace": self.shareProcessNamespace = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "securityContext": self.securityContext = Optional<PodSecurityContext>(from: value, at: path, reporting: &problems)
        case "imagePullSecrets": self.imagePullSecrets = [LocalObjectReference](from: value, at: path, reporting: &problems)
        case "hostname": self.hostname = String(from: value, at: path, reporting: &problems)
        case "subdomain": self.subdomain = String(from: value, at: path, reporting: &problems)
        case "affinity": self.affinity = Optional<Affinity>(from: value, at: path, reporting: &problems)
        case "schedulerName": self.schedulerName = String(from: value, at: path, reporting: &problems)
        case "tolerations": self.tolerations = [Toleration](from: value, at: path, reporting: &problems)
        case "hostAliases": self.hostAliases = [HostAlias](from: value, at: path, reporting: &problems)
        case "priorityClassName": self.priorityClassName = String(from: value, at: path, reporting: &problems)
        case "priority": self.priority = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "dnsConfig": self.dnsConfig = Optional<PodDNSConfig>(from: value, at: path, reporting: &problems)
        case "readinessGates": self.readinessGates = [PodReadinessGate](from: value, at: path, reporting: &problems)
        case "runtimeClassName": self.runtimeClassName = Optional<String>(from: value, at: path, reporting: &problems)
        case "enableServiceLinks": self.enableServiceLinks = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "preemptionPolicy": self.preemptionPolicy = Optional<PreemptionPolicy>(from: value, at: path, reporting: &problems)
        case "overhead": self.overhead = ResourceList(from: value, at: path, reporting: &problems)
        case "topologySpreadConstraints": self.topologySpreadConstraints = [TopologySpreadConstraint](from: value, at: path, reporting: &problems)
        case "setHostnameAsFQDN": self.setHostnameAsFQDN = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "os": self.os = Optional<PodOS>(from: value, at: path, reporting: &problems)
        case "hostUsers": self.hostUsers = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "schedulingGates": self.schedulingGates = [PodSchedulingGate](from: value, at: path, reporting: &problems)
        case "resourceClaims": self.resourceClaims = [PodResourceClaim](from: value, at: path, reporting: &problems)
        case "resources": self.resources = Optional<ResourceRequirements>(from: value, at: path, reporting: &problems)
        case "hostnameOverride": self.hostnameOverride = Optional<String>(from: value, at: path, reporting: &problems)
        case "schedulingGroup": self.schedulingGroup = Optional<PodSchedulingGroup>(from: value, at: path, reporting: &problems)
        case "evictionResponders": self.evictionResponders = [EvictionResponder](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("volumes", self.volumes)
        object.putUnlessEmpty("initContainers", self.initContainers)
        object.put("containers", self.containers)
        object.putUnlessEmpty("ephemeralContainers", self.ephemeralContainers)
        object.putUnlessEmpty("restartPolicy", self.restartPolicy)
        object.putUnlessEmpty("terminationGracePeriodSeconds", self.terminationGracePeriodSeconds)
        object.putUnlessEmpty("activeDeadlineSeconds", self.activeDeadlineSeconds)
        object.putUnlessEmpty("dnsPolicy", self.dnsPolicy)
        object.putUnlessEmpty("nodeSelector", self.nodeSelector)
        object.putUnlessEmpty("serviceAccountName", self.serviceAccountName)
        object.putUnlessEmpty("serviceAccount", self.serviceAccount)
        object.putUnlessEmpty("automountServiceAccountToken", self.automountServiceAccountToken)
        object.putUnlessEmpty("nodeName", self.nodeName)
        object.putUnlessEmpty("hostNetwork", self.hostNetwork)
        object.putUnlessEmpty("hostPID", self.hostPID)
        object.putUnlessEmpty("hostIPC", self.hostIPC)
        object.putUnlessEmpty("shareProcessNamespace", self.shareProcessNamespace)
        object.putUnlessEmpty("securityContext", self.securityContext)
        object.putUnlessEmpty("imagePullSecrets", self.imagePullSecrets)
        object.putUnlessEmpty("hostname", self.hostname)
        object.putUnlessEmpty("subdomain", self.subdomain)
        object.putUnlessEmpty("affinity", self.affinity)
        object.putUnlessEmpty("schedulerName", self.schedulerName)
        object.putUnlessEmpty("tolerations", self.tolerations)
        object.putUnlessEmpty("hostAliases", self.hostAliases)
        object.putUnlessEmpty("priorityClassName", self.priorityClassName)
        object.putUnlessEmpty("priority", self.priority)
        object.putUnlessEmpty("dnsConfig", self.dnsConfig)
        object.putUnlessEmpty("readinessGates", self.readinessGates)
        object.putUnlessEmpty("runtimeClassName", self.runtimeClassName)
        object.putUnlessEmpty("enableServiceLinks", self.enableServiceLinks)
        object.putUnlessEmpty("preemptionPolicy", self.preemptionPolicy)
        object.putUnlessEmpty("overhead", self.overhead)
        object.putUnlessEmpty("topologySpreadConstraints", self.topologySpreadConstraints)
        object.putUnlessEmpty("setHostnameAsFQDN", self.setHostnameAsFQDN)
        object.putUnlessEmpty("os", self.os)
        object.putUnlessEmpty("hostUsers", self.hostUsers)
        object.putUnlessEmpty("schedulingGates", self.schedulingGates)
        object.putUnlessEmpty("resourceClaims", self.resourceClaims)
        object.putUnlessEmpty("resources", self.resources)
        object.putUnlessEmpty("hostnameOverride", self.hostnameOverride)
        object.putUnlessEmpty("schedulingGroup", self.schedulingGroup)
        object.putUnlessEmpty("evictionResponders", self.evictionResponders)
    }
}

package struct PodStatus: APIStructure {
    package var observedGeneration: Int64 = 0
    package var phase: PodPhase = PodPhase()
    package var conditions: [PodCondition] = []
    package var message: String = ""
    package var reason: String = ""
    package var nominatedNodeName: String = ""
    package var hostIP: String = ""
    package var hostIPs: [HostIP] = []
    package var podIP: String = ""
    package var podIPs: [PodIP] = []
    package var startTime: Time? = nil
    package var initContainerStatuses: [ContainerStatus] = []
    package var containerStatuses: [ContainerStatus] = []
    package var qosClass: PodQOSClass = PodQOSClass()
    package var ephemeralContainerStatuses: [ContainerStatus] = []
    package var resize: PodResizeStatus = PodResizeStatus()
    package var resourceClaimStatuses: [PodResourceClaimStatus] = []
    @Boxed package var extendedResourceClaimStatus: PodExtendedResourceClaimStatus? = nil
    package var allocatedResources: ResourceList = [:]
    @Boxed package var resources: ResourceRequirements? = nil
    package var nodeAllocatableResourceClaimStatuses: [NodeAllocatableResourceClaimStatus] = []
    package var volumeHealth: [PodVolumeHealth] = []

    package init(
        observedGeneration: Int64 = 0,
        phase: PodPhase = PodPhase(),
        conditions: [PodCondition] = [],
        message: String = "",
        reason: String = "",
        nominatedNodeName: String = "",
        hostIP: String = "",
        hostIPs: [HostIP] = [],
        podIP: String = "",
        podIPs: [PodIP] = [],
        startTime: Time? = nil,
        initContainerStatuses: [ContainerStatus] = [],
        containerStatuses: [ContainerStatus] = [],
        qosClass: PodQOSClass = PodQOSClass(),
        ephemeralContainerStatuses: [ContainerStatus] = [],
        resize: PodResizeStatus = PodResizeStatus(),
        resourceClaimStatuses: [PodResourceClaimStatus] = [],
        extendedResourceClaimStatus: PodExtendedResourceClaimStatus? = nil,
        allocatedResources: ResourceList = [:],
        resources: ResourceRequirements? = nil,
        nodeAllocatableResourceClaimStatuses: [NodeAllocatableResourceClaimStatus] = [],
        volumeHealth: [PodVolumeHealth] = []
    ) {
        self.observedGeneration = observedGeneration
        self.phase = phase
        self.conditions = conditions
        self.message = message
        self.reason = reason
        self.nominatedNodeName = nominatedNodeName
        self.hostIP = hostIP
        self.hostIPs = hostIPs
        self.podIP = podIP
        self.podIPs = podIPs
        self.startTime = startTime
        self.initContainerStatuses = initContainerStatuses
        self.containerStatuses = containerStatuses
        self.qosClass = qosClass
        self.ephemeralContainerStatuses = ephemeralContainerStatuses
        self.resize = resize
        self.resourceClaimStatuses = resourceClaimStatuses
        self.extendedResourceClaimStatus = extendedResourceClaimStatus
        self.allocatedResources = allocatedResources
        self.resources = resources
        self.nodeAllocatableResourceClaimStatuses = nodeAllocatableResourceClaimStatuses
        self.volumeHealth = volumeHealth
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "observedGeneration": self.observedGeneration = Int64(from: value, at: path, reporting: &problems)
        case "phase": self.phase = PodPhase(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [PodCondition](from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "nominatedNodeName": self.nominatedNodeName = String(from: value, at: path, reporting: &problems)
        case "hostIP": self.hostIP = String(from: value, at: path, reporting: &problems)
        case "hostIPs": self.hostIPs = [HostIP](from: value, at: path, reporting: &problems)
        case "podIP": self.podIP = String(from: value, at: path, reporting: &problems)
        case "podIPs": self.podIPs = [PodIP](from: value, at: path, reporting: &problems)
        case "startTime": self.startTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "initContainerStatuses": self.initContainerStatuses = [ContainerStatus](from: value, at: path, reporting: &problems)
        case "containerStatuses": self.containerStatuses = [ContainerStatus](from: value, at: path, reporting: &problems)
        case "qosClass": self.qosClass = PodQOSClass(from: value, at: path, reporting: &problems)
        case "ephemeralContainerStatuses": self.ephemeralContainerStatuses = [ContainerStatus](from: value, at: path, reporting: &problems)
        case "resize": self.resize = PodResizeStatus(from: value, at: path, reporting: &problems)
        case "resourceClaimStatuses": self.resourceClaimStatuses = [PodResourceClaimStatus](from: value, at: path, reporting: &problems)
        case "extendedResourceClaimStatus": self.extendedResourceClaimStatus = Optional<PodExtendedResourceClaimStatus>(from: value, at: path, reporting: &problems)
        case "allocatedResources": self.allocatedResources = ResourceList(from: value, at: path, reporting: &problems)
        case "resources": self.resources = Optional<ResourceRequirements>(from: value, at: path, reporting: &problems)
        case "nodeAllocatableResourceClaimStatuses": self.nodeAllocatableResourceClaimStatuses = [NodeAllocatableResourceClaimStatus](from: value, at: path, reporting: &problems)
        case "volumeHealth": self.volumeHealth = [PodVolumeHealth](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("observedGeneration", self.observedGeneration)
        object.putUnlessEmpty("phase", self.phase)
        object.putUnlessEmpty("conditions", self.conditions)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("nominatedNodeName", self.nominatedNodeName)
        object.putUnlessEmpty("hostIP", self.hostIP)
        object.putUnlessEmpty("hostIPs", self.hostIPs)
        object.putUnlessEmpty("podIP", self.podIP)
        object.putUnlessEmpty("podIPs", self.podIPs)
        object.putUnlessEmpty("startTime", self.startTime)
        object.putUnlessEmpty("initContainerStatuses", self.initContainerStatuses)
        object.putUnlessEmpty("containerStatuses", self.containerStatuses)
        object.putUnlessEmpty("qosClass", self.qosClass)
        object.putUnlessEmpty("ephemeralContainerStatuses", self.ephemeralContainerStatuses)
        object.putUnlessEmpty("resize", self.resize)
        object.putUnlessEmpty("resourceClaimStatuses", self.resourceClaimStatuses)
        object.putUnlessEmpty("extendedResourceClaimStatus", self.extendedResourceClaimStatus)
        object.putUnlessEmpty("allocatedResources", self.allocatedResources)
        object.putUnlessEmpty("resources", self.resources)
        object.putUnlessEmpty("nodeAllocatableResourceClaimStatuses", self.nodeAllocatableResourceClaimStatuses)
        object.putUnlessEmpty("volumeHealth", self.volumeHealth)
    }
}

package struct PodTemplate: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "PodTemplate"

    package var metadata: ObjectMeta = ObjectMeta()
    package var template: PodTemplateSpec = PodTemplateSpec()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        template: PodTemplateSpec = PodTemplateSpec()
    ) {
        self.metadata = metadata
        self.template = template
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "template": self.template = PodTemplateSpec(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("template", self.template)
    }
}

package struct PodTemplateList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "PodTemplateList"

    package var metadata: ListMeta = ListMeta()
    package var items: [PodTemplate] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [PodTemplate] = []
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
        case "items": self.items = [PodTemplate](from: value, at: path, reporting: &problems)
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

package struct PodTemplateSpec: APIStructure {
    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: PodSpec = PodSpec()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PodSpec = PodSpec()
    ) {
        self.metadata = metadata
        self.spec = spec
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = PodSpec(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("spec", self.spec)
    }
}

package struct PodVolumeHealth: APIStructure {
    package var name: String = ""
    package var healthConditions: [VolumeHealthCondition] = []
    package var lastTransitionTime: Time? = nil

    package init(
        name: String = "",
        healthConditions: [VolumeHealthCondition] = [],
        lastTransitionTime: Time? = nil
    ) {
        self.name = name
        self.healthConditions = healthConditions
        self.lastTransitionTime = lastTransitionTime
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "healthConditions": self.healthConditions = [VolumeHealthCondition](from: value, at: path, reporting: &problems)
        case "lastTransitionTime": self.lastTransitionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("healthConditions", self.healthConditions)
        object.putUnlessEmpty("lastTransitionTime", self.lastTransitionTime)
    }
}

package struct PortStatus: APIStructure {
    package var port: Int32 = 0
    package var `protocol`: Protocol = Protocol()
    package var error: String? = nil

    package init(
        port: Int32 = 0,
        `protocol`: Protocol = Protocol(),
        error: String? = nil
    ) {
        self.port = port
        self.`protocol` = `protocol`
        self.error = error
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "port": self.port = Int32(from: value, at: path, reporting: &problems)
        case "protocol": self.`protocol` = Protocol(from: value, at: path, reporting: &problems)
        case "error": self.error = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("port", self.port)
        object.put("protocol", self.`protocol`)
        object.putUnlessEmpty("error", self.error)
    }
}

package struct PortworxVolumeSource: APIStructure {
    package var volumeID: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false

    package init(
        volumeID: String = "",
        fsType: String = "",
        readOnly: Bool = false
    ) {
        self.volumeID = volumeID
        self.fsType = fsType
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeID": self.volumeID = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("volumeID", self.volumeID)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct PreemptionPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let preemptLowerPriority = Self(rawValue: "PreemptLowerPriority")
    package static let never = Self(rawValue: "Never")

    /// Those that the API names.
    package static let known: [Self] = [.preemptLowerPriority, .never]
}

package struct PreferAvoidPodsEntry: APIStructure {
    package var podSignature: PodSignature = PodSignature()
    package var evictionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        podSignature: PodSignature = PodSignature(),
        evictionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.podSignature = podSignature
        self.evictionTime = evictionTime
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "podSignature": self.podSignature = PodSignature(from: value, at: path, reporting: &problems)
        case "evictionTime": self.evictionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("podSignature", self.podSignature)
        object.putUnlessEmpty("evictionTime", self.evictionTime)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct PreferredSchedulingTerm: APIStructure {
    package var weight: Int32 = 0
    package var preference: NodeSelectorTerm = NodeSelectorTerm()

    package init(
        weight: Int32 = 0,
        preference: NodeSelectorTerm = NodeSelectorTerm()
    ) {
        self.weight = weight
        self.preference = preference
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "weight": self.weight = Int32(from: value, at: path, reporting: &problems)
        case "preference": self.preference = NodeSelectorTerm(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("weight", self.weight)
        object.put("preference", self.preference)
    }
}

package struct Probe: APIStructure {
    @Boxed package var exec: ExecAction? = nil
    @Boxed package var httpGet: HTTPGetAction? = nil
    @Boxed package var tcpSocket: TCPSocketAction? = nil
    @Boxed package var grpc: GRPCAction? = nil
    package var initialDelaySeconds: Int32 = 0
    package var timeoutSeconds: Int32 = 0
    package var periodSeconds: Int32 = 0
    package var successThreshold: Int32 = 0
    package var failureThreshold: Int32 = 0
    package var terminationGracePeriodSeconds: Int64? = nil

    package init(
        exec: ExecAction? = nil,
        httpGet: HTTPGetAction? = nil,
        tcpSocket: TCPSocketAction? = nil,
        grpc: GRPCAction? = nil,
        initialDelaySeconds: Int32 = 0,
        timeoutSeconds: Int32 = 0,
        periodSeconds: Int32 = 0,
        successThreshold: Int32 = 0,
        failureThreshold: Int32 = 0,
        terminationGracePeriodSeconds: Int64? = nil
    ) {
        self.exec = exec
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.grpc = grpc
        self.initialDelaySeconds = initialDelaySeconds
        self.timeoutSeconds = timeoutSeconds
        self.periodSeconds = periodSeconds
        self.successThreshold = successThreshold
        self.failureThreshold = failureThreshold
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "exec": self.exec = Optional<ExecAction>(from: value, at: path, reporting: &problems)
        case "httpGet": self.httpGet = Optional<HTTPGetAction>(from: value, at: path, reporting: &problems)
        case "tcpSocket": self.tcpSocket = Optional<TCPSocketAction>(from: value, at: path, reporting: &problems)
        case "grpc": self.grpc = Optional<GRPCAction>(from: value, at: path, reporting: &problems)
        case "initialDelaySeconds": self.initialDelaySeconds = Int32(from: value, at: path, reporting: &problems)
        case "timeoutSeconds": self.timeoutSeconds = Int32(from: value, at: path, reporting: &problems)
        case "periodSeconds": self.periodSeconds = Int32(from: value, at: path, reporting: &problems)
        case "successThreshold": self.successThreshold = Int32(from: value, at: path, reporting: &problems)
        case "failureThreshold": self.failureThreshold = Int32(from: value, at: path, reporting: &problems)
        case "terminationGracePeriodSeconds": self.terminationGracePeriodSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("exec", self.exec)
        object.putUnlessEmpty("httpGet", self.httpGet)
        object.putUnlessEmpty("tcpSocket", self.tcpSocket)
        object.putUnlessEmpty("grpc", self.grpc)
        object.putUnlessEmpty("initialDelaySeconds", self.initialDelaySeconds)
        object.putUnlessEmpty("timeoutSeconds", self.timeoutSeconds)
        object.putUnlessEmpty("periodSeconds", self.periodSeconds)
        object.putUnlessEmpty("successThreshold", self.successThreshold)
        object.putUnlessEmpty("failureThreshold", self.failureThreshold)
        object.putUnlessEmpty("terminationGracePeriodSeconds", self.terminationGracePeriodSeconds)
    }
}

package struct ProcMountType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `default` = Self(rawValue: "Default")
    package static let unmasked = Self(rawValue: "Unmasked")

    /// Those that the API names.
    package static let known: [Self] = [.default, .unmasked]
}

package struct ProjectedVolumeSource: APIStructure {
    package var sources: [VolumeProjection] = []
    package var defaultMode: Int32? = nil
    package var defaultUser: Int64? = nil

    package init(
        sources: [VolumeProjection] = [],
        defaultMode: Int32? = nil,
        defaultUser: Int64? = nil
    ) {
        self.sources = sources
        self.defaultMode = defaultMode
        self.defaultUser = defaultUser
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "sources": self.sources = [VolumeProjection](from: value, at: path, reporting: &problems)
        case "defaultMode": self.defaultMode = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "defaultUser": self.defaultUser = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("sources", self.sources)
        object.putUnlessEmpty("defaultMode", self.defaultMode)
        object.putUnlessEmpty("defaultUser", self.defaultUser)
    }
}

package struct Protocol: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let tcp = Self(rawValue: "TCP")
    package static let udp = Self(rawValue: "UDP")
    package static let sctp = Self(rawValue: "SCTP")

    /// Those that the API names.
    package static let known: [Self] = [.tcp, .udp, .sctp]
}

package struct PullPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let always = Self(rawValue: "Always")
    package static let never = Self(rawValue: "Never")
    package static let ifNotPresent = Self(rawValue: "IfNotPresent")

    /// Those that the API names.
    package static let known: [Self] = [.always, .never, .ifNotPresent]
}
