// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct Volume: APIStructure {
    package var name: String = ""
    @Boxed package var hostPath: HostPathVolumeSource? = nil
    @Boxed package var emptyDir: EmptyDirVolumeSource? = nil
    @Boxed package var gcePersistentDisk: GCEPersistentDiskVolumeSource? = nil
    @Boxed package var awsElasticBlockStore: AWSElasticBlockStoreVolumeSource? = nil
    @Boxed package var gitRepo: GitRepoVolumeSource? = nil
    @Boxed package var secret: SecretVolumeSource? = nil
    @Boxed package var nfs: NFSVolumeSource? = nil
    @Boxed package var iscsi: ISCSIVolumeSource? = nil
    @Boxed package var glusterfs: GlusterfsVolumeSource? = nil
    @Boxed package var persistentVolumeClaim: PersistentVolumeClaimVolumeSource? = nil
    @Boxed package var rbd: RBDVolumeSource? = nil
    @Boxed package var flexVolume: FlexVolumeSource? = nil
    @Boxed package var cinder: CinderVolumeSource? = nil
    @Boxed package var cephfs: CephFSVolumeSource? = nil
    @Boxed package var flocker: FlockerVolumeSource? = nil
    @Boxed package var downwardAPI: DownwardAPIVolumeSource? = nil
    @Boxed package var fc: FCVolumeSource? = nil
    @Boxed package var azureFile: AzureFileVolumeSource? = nil
    @Boxed package var configMap: ConfigMapVolumeSource? = nil
    @Boxed package var vsphereVolume: VsphereVirtualDiskVolumeSource? = nil
    @Boxed package var quobyte: QuobyteVolumeSource? = nil
    @Boxed package var azureDisk: AzureDiskVolumeSource? = nil
    @Boxed package var photonPersistentDisk: PhotonPersistentDiskVolumeSource? = nil
    @Boxed package var projected: ProjectedVolumeSource? = nil
    @Boxed package var portworxVolume: PortworxVolumeSource? = nil
    @Boxed package var scaleIO: ScaleIOVolumeSource? = nil
    @Boxed package var storageos: StorageOSVolumeSource? = nil
    @Boxed package var csi: CSIVolumeSource? = nil
    @Boxed package var ephemeral: EphemeralVolumeSource? = nil
    @Boxed package var image: ImageVolumeSource? = nil

    package init(
        name: String = "",
        hostPath: HostPathVolumeSource? = nil,
        emptyDir: EmptyDirVolumeSource? = nil,
        gcePersistentDisk: GCEPersistentDiskVolumeSource? = nil,
        awsElasticBlockStore: AWSElasticBlockStoreVolumeSource? = nil,
        gitRepo: GitRepoVolumeSource? = nil,
        secret: SecretVolumeSource? = nil,
        nfs: NFSVolumeSource? = nil,
        iscsi: ISCSIVolumeSource? = nil,
        glusterfs: GlusterfsVolumeSource? = nil,
        persistentVolumeClaim: PersistentVolumeClaimVolumeSource? = nil,
        rbd: RBDVolumeSource? = nil,
        flexVolume: FlexVolumeSource? = nil,
        cinder: CinderVolumeSource? = nil,
        cephfs: CephFSVolumeSource? = nil,
        flocker: FlockerVolumeSource? = nil,
        downwardAPI: DownwardAPIVolumeSource? = nil,
        fc: FCVolumeSource? = nil,
        azureFile: AzureFileVolumeSource? = nil,
        configMap: ConfigMapVolumeSource? = nil,
        vsphereVolume: VsphereVirtualDiskVolumeSource? = nil,
        quobyte: QuobyteVolumeSource? = nil,
        azureDisk: AzureDiskVolumeSource? = nil,
        photonPersistentDisk: PhotonPersistentDiskVolumeSource? = nil,
        projected: ProjectedVolumeSource? = nil,
        portworxVolume: PortworxVolumeSource? = nil,
        scaleIO: ScaleIOVolumeSource? = nil,
        storageos: StorageOSVolumeSource? = nil,
        csi: CSIVolumeSource? = nil,
        ephemeral: EphemeralVolumeSource? = nil,
        image: ImageVolumeSource? = nil
    ) {
        self.name = name
        self.hostPath = hostPath
        self.emptyDir = emptyDir
        self.gcePersistentDisk = gcePersistentDisk
        self.awsElasticBlockStore = awsElasticBlockStore
        self.gitRepo = gitRepo
        self.secret = secret
        self.nfs = nfs
        self.iscsi = iscsi
        self.glusterfs = glusterfs
        self.persistentVolumeClaim = persistentVolumeClaim
        self.rbd = rbd
        self.flexVolume = flexVolume
        self.cinder = cinder
        self.cephfs = cephfs
        self.flocker = flocker
        self.downwardAPI = downwardAPI
        self.fc = fc
        self.azureFile = azureFile
        self.configMap = configMap
        self.vsphereVolume = vsphereVolume
        self.quobyte = quobyte
        self.azureDisk = azureDisk
        self.photonPersistentDisk = photonPersistentDisk
        self.projected = projected
        self.portworxVolume = portworxVolume
        self.scaleIO = scaleIO
        self.storageos = storageos
        self.csi = csi
        self.ephemeral = ephemeral
        self.image = image
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "hostPath": self.hostPath = Optional<HostPathVolumeSource>(from: value, at: path, reporting: &problems)
        case "emptyDir": self.emptyDir = Optional<EmptyDirVolumeSource>(from: value, at: path, reporting: &problems)
        case "gcePersistentDisk": self.gcePersistentDisk = Optional<GCEPersistentDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "awsElasticBlockStore": self.awsElasticBlockStore = Optional<AWSElasticBlockStoreVolumeSource>(from: value, at: path, reporting: &problems)
        case "gitRepo": self.gitRepo = Optional<GitRepoVolumeSource>(from: value, at: path, reporting: &problems)
        case "secret": self.secret = Optional<SecretVolumeSource>(from: value, at: path, reporting: &problems)
        case "nfs": self.nfs = Optional<NFSVolumeSource>(from: value, at: path, reporting: &problems)
        case "iscsi": self.iscsi = Optional<ISCSIVolumeSource>(from: value, at: path, reporting: &problems)
        case "glusterfs": self.glusterfs = Optional<GlusterfsVolumeSource>(from: value, at: path, reporting: &problems)
        case "persistentVolumeClaim": self.persistentVolumeClaim = Optional<PersistentVolumeClaimVolumeSource>(from: value, at: path, reporting: &problems)
        case "rbd": self.rbd = Optional<RBDVolumeSource>(from: value, at: path, reporting: &problems)
        case "flexVolume": self.flexVolume = Optional<FlexVolumeSource>(from: value, at: path, reporting: &problems)
        case "cinder": self.cinder = Optional<CinderVolumeSource>(from: value, at: path, reporting: &problems)
        case "cephfs": self.cephfs = Optional<CephFSVolumeSource>(from: value, at: path, reporting: &problems)
        case "flocker": self.flocker = Optional<FlockerVolumeSource>(from: value, at: path, reporting: &problems)
        case "downwardAPI": self.downwardAPI = Optional<DownwardAPIVolumeSource>(from: value, at: path, reporting: &problems)
        case "fc": self.fc = Optional<FCVolumeSource>(from: value, at: path, reporting: &problems)
        case "azureFile": self.azureFile = Optional<AzureFileVolumeSource>(from: value, at: path, reporting: &problems)
        case "configMap": self.configMap = Optional<ConfigMapVolumeSource>(from: value, at: path, reporting: &problems)
        case "vsphereVolume": self.vsphereVolume = Optional<VsphereVirtualDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "quobyte": self.quobyte = Optional<QuobyteVolumeSource>(from: value, at: path, reporting: &problems)
        case "azureDisk": self.azureDisk = Optional<AzureDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "photonPersistentDisk": self.photonPersistentDisk = Optional<PhotonPersistentDiskVolumeSource>(from: value, at: path, reporting: &problems)
        case "projected": self.projected = Optional<ProjectedVolumeSource>(from: value, at: path, reporting: &problems)
        case "portworxVolume": self.portworxVolume = Optional<PortworxVolumeSource>(from: value, at: path, reporting: &problems)
        case "scaleIO": self.scaleIO = Optional<ScaleIOVolumeSource>(from: value, at: path, reporting: &problems)
        case "storageos": self.storageos = Optional<StorageOSVolumeSource>(from: value, at: path, reporting: &problems)
        case "csi": self.csi = Optional<CSIVolumeSource>(from: value, at: path, reporting: &problems)
        case "ephemeral": self.ephemeral = Optional<EphemeralVolumeSource>(from: value, at: path, reporting: &problems)
        case "image": self.image = Optional<ImageVolumeSource>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("hostPath", self.hostPath)
        object.putUnlessEmpty("emptyDir", self.emptyDir)
        object.putUnlessEmpty("gcePersistentDisk", self.gcePersistentDisk)
        object.putUnlessEmpty("awsElasticBlockStore", self.awsElasticBlockStore)
        object.putUnlessEmpty("gitRepo", self.gitRepo)
        object.putUnlessEmpty("secret", self.secret)
        object.putUnlessEmpty("nfs", self.nfs)
        object.putUnlessEmpty("iscsi", self.iscsi)
        object.putUnlessEmpty("glusterfs", self.glusterfs)
        object.putUnlessEmpty("persistentVolumeClaim", self.persistentVolumeClaim)
        object.putUnlessEmpty("rbd", self.rbd)
        object.putUnlessEmpty("flexVolume", self.flexVolume)
        object.putUnlessEmpty("cinder", self.cinder)
        object.putUnlessEmpty("cephfs", self.cephfs)
        object.putUnlessEmpty("flocker", self.flocker)
        object.putUnlessEmpty("downwardAPI", self.downwardAPI)
        object.putUnlessEmpty("fc", self.fc)
        object.putUnlessEmpty("azureFile", self.azureFile)
        object.putUnlessEmpty("configMap", self.configMap)
        object.putUnlessEmpty("vsphereVolume", self.vsphereVolume)
        object.putUnlessEmpty("quobyte", self.quobyte)
        object.putUnlessEmpty("azureDisk", self.azureDisk)
        object.putUnlessEmpty("photonPersistentDisk", self.photonPersistentDisk)
        object.putUnlessEmpty("projected", self.projected)
        object.putUnlessEmpty("portworxVolume", self.portworxVolume)
        object.putUnlessEmpty("scaleIO", self.scaleIO)
        object.putUnlessEmpty("storageos", self.storageos)
        object.putUnlessEmpty("csi", self.csi)
        object.putUnlessEmpty("ephemeral", self.ephemeral)
        object.putUnlessEmpty("image", self.image)
    }
}

package struct VolumeDevice: APIStructure {
    package var name: String = ""
    package var devicePath: String = ""

    package init(
        name: String = "",
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
        case "name": self.name = String(from: value, at: path, reporting: &problems)
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

package struct VolumeHealthCondition: APIStructure {
    package var status: VolumeHealthStatusType = VolumeHealthStatusType()
    package var reason: String = ""
    package var message: String = ""

    package init(
        status: VolumeHealthStatusType = VolumeHealthStatusType(),
        reason: String = "",
        message: String = ""
    ) {
        self.status = status
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "status": self.status = VolumeHealthStatusType(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("status", self.status)
        object.put("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct VolumeHealthStatus: APIStructure {
    package var healthConditions: [VolumeHealthCondition] = []
    package var lastTransitionTime: Time? = nil

    package init(
        healthConditions: [VolumeHealthCondition] = [],
        lastTransitionTime: Time? = nil
    ) {
        self.healthConditions = healthConditions
        self.lastTransitionTime = lastTransitionTime
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "healthConditions": self.healthConditions = [VolumeHealthCondition](from: value, at: path, reporting: &problems)
        case "lastTransitionTime": self.lastTransitionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("healthConditions", self.healthConditions)
        object.putUnlessEmpty("lastTransitionTime", self.lastTransitionTime)
    }
}

package struct VolumeHealthStatusType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let inaccessible = Self(rawValue: "Inaccessible")
    package static let dataLoss = Self(rawValue: "DataLoss")
    package static let degraded = Self(rawValue: "Degraded")

    /// Those that the API names.
    package static let known: [Self] = [.inaccessible, .dataLoss, .degraded]
}

package struct VolumeMount: APIStructure {
    package var name: String = ""
    package var readOnly: Bool = false
    package var recursiveReadOnly: RecursiveReadOnlyMode? = nil
    package var mountPath: String = ""
    package var subPath: String = ""
    package var mountPropagation: MountPropagationMode? = nil
    package var subPathExpr: String = ""
    package var bindMountOptions: [String] = []

    package init(
        name: String = "",
        readOnly: Bool = false,
        recursiveReadOnly: RecursiveReadOnlyMode? = nil,
        mountPath: String = "",
        subPath: String = "",
        mountPropagation: MountPropagationMode? = nil,
        subPathExpr: String = "",
        bindMountOptions: [String] = []
    ) {
        self.name = name
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
        self.mountPath = mountPath
        self.subPath = subPath
        self.mountPropagation = mountPropagation
        self.subPathExpr = subPathExpr
        self.bindMountOptions = bindMountOptions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "recursiveReadOnly": self.recursiveReadOnly = Optional<RecursiveReadOnlyMode>(from: value, at: path, reporting: &problems)
        case "mountPath": self.mountPath = String(from: value, at: path, reporting: &problems)
        case "subPath": self.subPath = String(from: value, at: path, reporting: &problems)
        case "mountPropagation": self.mountPropagation = Optional<MountPropagationMode>(from: value, at: path, reporting: &problems)
        case "subPathExpr": self.subPathExpr = String(from: value, at: path, reporting: &problems)
        case "bindMountOptions": self.bindMountOptions = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("recursiveReadOnly", self.recursiveReadOnly)
        object.put("mountPath", self.mountPath)
        object.putUnlessEmpty("subPath", self.subPath)
        object.putUnlessEmpty("mountPropagation", self.mountPropagation)
        object.putUnlessEmpty("subPathExpr", self.subPathExpr)
        object.putUnlessEmpty("bindMountOptions", self.bindMountOptions)
    }
}

package struct VolumeMountStatus: APIStructure {
    package var name: String = ""
    package var mountPath: String = ""
    package var readOnly: Bool = false
    package var recursiveReadOnly: RecursiveReadOnlyMode? = nil
    @Boxed package var volumeStatus: VolumeStatus? = nil

    package init(
        name: String = "",
        mountPath: String = "",
        readOnly: Bool = false,
        recursiveReadOnly: RecursiveReadOnlyMode? = nil,
        volumeStatus: VolumeStatus? = nil
    ) {
        self.name = name
        self.mountPath = mountPath
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
        self.volumeStatus = volumeStatus
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "mountPath": self.mountPath = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "recursiveReadOnly": self.recursiveReadOnly = Optional<RecursiveReadOnlyMode>(from: value, at: path, reporting: &problems)
        case "volumeStatus": self.volumeStatus = Optional<VolumeStatus>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("mountPath", self.mountPath)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("recursiveReadOnly", self.recursiveReadOnly)
        object.putUnlessEmpty("volumeStatus", self.volumeStatus)
    }
}

package struct VolumeNodeAffinity: APIStructure {
    @Boxed package var required: NodeSelector? = nil

    package init(
        required: NodeSelector? = nil
    ) {
        self.required = required
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "required": self.required = Optional<NodeSelector>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("required", self.required)
    }
}

package struct VolumeProjection: APIStructure {
    @Boxed package var secret: SecretProjection? = nil
    @Boxed package var downwardAPI: DownwardAPIProjection? = nil
    @Boxed package var configMap: ConfigMapProjection? = nil
    @Boxed package var serviceAccountToken: ServiceAccountTokenProjection? = nil
    @Boxed package var clusterTrustBundle: ClusterTrustBundleProjection? = nil
    @Boxed package var podCertificate: PodCertificateProjection? = nil

    package init(
        secret: SecretProjection? = nil,
        downwardAPI: DownwardAPIProjection? = nil,
        configMap: ConfigMapProjection? = nil,
        serviceAccountToken: ServiceAccountTokenProjection? = nil,
        clusterTrustBundle: ClusterTrustBundleProjection? = nil,
        podCertificate: PodCertificateProjection? = nil
    ) {
        self.secret = secret
        self.downwardAPI = downwardAPI
        self.configMap = configMap
        self.serviceAccountToken = serviceAccountToken
        self.clusterTrustBundle = clusterTrustBundle
        self.podCertificate = podCertificate
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "secret": self.secret = Optional<SecretProjection>(from: value, at: path, reporting: &problems)
        case "downwardAPI": self.downwardAPI = Optional<DownwardAPIProjection>(from: value, at: path, reporting: &problems)
        case "configMap": self.configMap = Optional<ConfigMapProjection>(from: value, at: path, reporting: &problems)
        case "serviceAccountToken": self.serviceAccountToken = Optional<ServiceAccountTokenProjection>(from: value, at: path, reporting: &problems)
        case "clusterTrustBundle": self.clusterTrustBundle = Optional<ClusterTrustBundleProjection>(from: value, at: path, reporting: &problems)
        case "podCertificate": self.podCertificate = Optional<PodCertificateProjection>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("secret", self.secret)
        object.putUnlessEmpty("downwardAPI", self.downwardAPI)
        object.putUnlessEmpty("configMap", self.configMap)
        object.putUnlessEmpty("serviceAccountToken", self.serviceAccountToken)
        object.putUnlessEmpty("clusterTrustBundle", self.clusterTrustBundle)
        object.putUnlessEmpty("podCertificate", self.podCertificate)
    }
}

package struct VolumeResourceRequirements: APIStructure {
    package var limits: ResourceList = [:]
    package var requests: ResourceList = [:]

    package init(
        limits: ResourceList = [:],
        requests: ResourceList = [:]
    ) {
        self.limits = limits
        self.requests = requests
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "limits": self.limits = ResourceList(from: value, at: path, reporting: &problems)
        case "requests": self.requests = ResourceList(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("limits", self.limits)
        object.putUnlessEmpty("requests", self.requests)
    }
}

package struct VolumeStatus: APIStructure {
    @Boxed package var image: ImageVolumeStatus? = nil

    package init(
        image: ImageVolumeStatus? = nil
    ) {
        self.image = image
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "image": self.image = Optional<ImageVolumeStatus>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("image", self.image)
    }
}

package struct VsphereVirtualDiskVolumeSource: APIStructure {
    package var volumePath: String = ""
    package var fsType: String = ""
    package var storagePolicyName: String = ""
    package var storagePolicyID: String = ""

    package init(
        volumePath: String = "",
        fsType: String = "",
        storagePolicyName: String = "",
        storagePolicyID: String = ""
    ) {
        self.volumePath = volumePath
        self.fsType = fsType
        self.storagePolicyName = storagePolicyName
        self.storagePolicyID = storagePolicyID
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumePath": self.volumePath = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "storagePolicyName": self.storagePolicyName = String(from: value, at: path, reporting: &problems)
        case "storagePolicyID": self.storagePolicyID = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("volumePath", self.volumePath)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("storagePolicyName", self.storagePolicyName)
        object.putUnlessEmpty("storagePolicyID", self.storagePolicyID)
    }
}
