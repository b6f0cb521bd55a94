extension Volume {
    /// The mode of files made from config maps, secrets and fields: readable by all.
    static let defaultFileMode: Int32 = 0o644

    mutating func setDefaults() {
        // A volume that names no source is an empty folder.
        if self == Volume(name: name) { emptyDir = EmptyDirVolumeSource() }
        hostPath?.type.fill(with: .unset)
        secret?.defaultMode.fill(with: Self.defaultFileMode)
        configMap?.defaultMode.fill(with: Self.defaultFileMode)
        if var source = downwardAPI {
            source.defaultMode.fill(with: Self.defaultFileMode)
            for index in source.items.indices { source.items[index].setDefaults() }
            downwardAPI = source
        }
        if var source = projected {
            source.defaultMode.fill(with: Self.defaultFileMode)
            for index in source.sources.indices { source.sources[index].setDefaults() }
            projected = source
        }
        if var source = image, source.pullPolicy.isEmpty {
            source.pullPolicy = PullPolicy(forImage: source.reference)
            image = source
        }
        ephemeral?.volumeClaimTemplate?.spec.volumeMode.fill(with: .filesystem)
        setStorageDefaults()
    }

    /// Defaults of storage that other drivers bring.
    private mutating func setStorageDefaults() {
        if var source = iscsi, source.iscsiInterface.isEmpty {
            source.iscsiInterface = "default"
            iscsi = source
        }
        if var source = rbd {
            if source.pool.isEmpty { source.pool = "rbd" }
            if source.user.isEmpty { source.user = "admin" }
            if source.keyring.isEmpty { source.keyring = "/etc/ceph/keyring" }
            rbd = source
        }
        if var source = azureDisk {
            source.cachingMode.fill(with: .readWrite)
            source.kind.fill(with: .shared)
            source.fsType.fill(with: "ext4")
            source.readOnly.fill(with: false)
            azureDisk = source
        }
        if var source = scaleIO {
            if source.storageMode.isEmpty { source.storageMode = "ThinProvisioned" }
            if source.fsType.isEmpty { source.fsType = "xfs" }
            scaleIO = source
        }
    }
}

extension VolumeProjection {
    mutating func setDefaults() {
        serviceAccountToken?.expirationSeconds.fill(with: 3600)
        if var source = downwardAPI {
            for index in source.items.indices { source.items[index].setDefaults() }
            downwardAPI = source
        }
    }
}

extension DownwardAPIVolumeFile {
    mutating func setDefaults() {
        if fieldRef?.apiVersion.isEmpty == true { fieldRef?.apiVersion = "v1" }
    }
}
