extension FieldErrors {
    /// Volumes of storage that the kubelet leaves to drivers: what has to be named is named.
    mutating func storage(_ volume: Volume, _ kind: String, at path: FieldPath) {
        func need(_ field: String, _ isMissing: Bool) {
            if isMissing { required(path.field(field)) }
        }
        switch kind {
        case "awsElasticBlockStore":
            need("volumeID", volume.awsElasticBlockStore?.volumeID.isEmpty == true)
            inRange(path.field("partition"), Int64(volume.awsElasticBlockStore?.partition ?? 0), 0...255)
        case "gcePersistentDisk":
            need("pdName", volume.gcePersistentDisk?.pdName.isEmpty == true)
            inRange(path.field("partition"), Int64(volume.gcePersistentDisk?.partition ?? 0), 0...255)
        case "azureDisk":
            need("diskName", volume.azureDisk?.diskName.isEmpty == true)
            need("diskURI", volume.azureDisk?.diskURI.isEmpty == true)
        case "azureFile":
            need("secretName", volume.azureFile?.secretName.isEmpty == true)
            need("shareName", volume.azureFile?.shareName.isEmpty == true)
        case "cephfs": need("monitors", volume.cephfs?.monitors.isEmpty == true)
        case "cinder":
            need("volumeID", volume.cinder?.volumeID.isEmpty == true)
            if volume.cinder?.secretRef?.name.isEmpty == true {
                required(path.field("secretRef").field("name"))
            }
        case "fc": fibreChannel(volume.fc, at: path)
        case "flexVolume": need("driver", volume.flexVolume?.driver.isEmpty == true)
        case "glusterfs":
            need("endpoints", volume.glusterfs?.endpoints.isEmpty == true)
            need("path", volume.glusterfs?.path.isEmpty == true)
        case "iscsi": iscsi(volume.iscsi, at: path)
        case "photonPersistentDisk": need("pdID", volume.photonPersistentDisk?.pdID.isEmpty == true)
        case "portworxVolume": need("volumeID", volume.portworxVolume?.volumeID.isEmpty == true)
        case "quobyte":
            need("registry", volume.quobyte?.registry.isEmpty == true)
            need("volume", volume.quobyte?.volume.isEmpty == true)
        case "rbd":
            need("monitors", volume.rbd?.monitors.isEmpty == true)
            need("image", volume.rbd?.image.isEmpty == true)
        case "scaleIO":
            need("gateway", volume.scaleIO?.gateway.isEmpty == true)
            need("system", volume.scaleIO?.system.isEmpty == true)
            need("volumeName", volume.scaleIO?.volumeName.isEmpty == true)
        case "storageos": need("volumeName", volume.storageos?.volumeName.isEmpty == true)
        case "vsphereVolume": need("volumePath", volume.vsphereVolume?.volumePath.isEmpty == true)
        default: break
        }
    }

    private mutating func iscsi(_ source: ISCSIVolumeSource?, at path: FieldPath) {
        guard let source else { return }
        if source.targetPortal.isEmpty { required(path.field("targetPortal")) }
        if source.iqn.isEmpty {
            required(path.field("iqn"))
        } else if !["iqn", "eui", "naa"].contains(where: source.iqn.hasPrefix) {
            invalid(path.field("iqn"), source.iqn, "must be valid format starting with iqn, eui, or naa")
        }
        inRange(path.field("lun"), Int64(source.lun), 0...255)
        if source.chapAuthDiscovery || source.chapAuthSession, source.secretRef == nil {
            required(path.field("secretRef"))
        }
    }

    private mutating func fibreChannel(_ source: FCVolumeSource?, at path: FieldPath) {
        guard let source else { return }
        if source.targetWWNs.isEmpty, source.wwids.isEmpty {
            required(path.field("targetWWNs"), "must specify either targetWWNs or wwids, but not both")
        }
        if !source.targetWWNs.isEmpty, !source.wwids.isEmpty {
            invalid(
                path.field("targetWWNs"), json: source.targetWWNs,
                "targetWWNs and wwids can not be specified simultaneously")
        }
        guard !source.targetWWNs.isEmpty else { return }
        if let lun = source.lun {
            inRange(path.field("lun"), Int64(lun), 0...255)
        } else {
            required(path.field("lun"), "lun is required if targetWWNs is specified")
        }
    }
}
