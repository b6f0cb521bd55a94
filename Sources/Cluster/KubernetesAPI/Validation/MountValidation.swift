extension FieldErrors {
    mutating func volumeMounts(_ container: Container, _ context: ContainerContext, at path: FieldPath) {
        let devices = container.volumeDevices
        var mountPaths = Set<String>()
        for (index, mount) in container.volumeMounts.enumerated() {
            let place = path.index(index)
            if mount.name.isEmpty { required(place.field("name")) }
            if context.volumes[mount.name] == nil { notFound(place.field("name"), mount.name) }
            if mount.mountPath.isEmpty { required(place.field("mountPath")) }
            if !mountPaths.insert(mount.mountPath).inserted {
                invalid(place.field("mountPath"), mount.mountPath, "must be unique")
            }
            if devices.contains(where: { $0.name == mount.name }) {
                invalid(place.field("name"), mount.name, "must not already exist in volumeDevices")
            }
            if devices.contains(where: { $0.devicePath == mount.mountPath }) {
                invalid(
                    place.field("mountPath"), mount.mountPath,
                    "must not already exist as a path in volumeDevices")
            }
            subPaths(mount, at: place)
            if let propagation = mount.mountPropagation {
                word(place.field("mountPropagation"), propagation, of: MountPropagationMode.known)
                if propagation == .bidirectional, container.securityContext?.privileged != true {
                    forbidden(
                        place.field("mountPropagation"),
                        "Bidirectional mount propagation is available only to privileged containers")
                }
            }
            recursiveReadOnly(mount, at: place.field("recursiveReadOnly"))
        }
    }

    private mutating func subPaths(_ mount: VolumeMount, at path: FieldPath) {
        if !mount.subPath.isEmpty {
            localPath(mount.subPath, mayStartWithDots: true, at: path.field("subPath"))
        }
        if mount.subPathExpr.isEmpty { return }
        if !mount.subPath.isEmpty {
            invalid(
                path.field("subPathExpr"), mount.subPathExpr,
                "subPathExpr and subPath are mutually exclusive")
        }
        localPath(mount.subPathExpr, mayStartWithDots: true, at: path.field("subPathExpr"))
    }

    private mutating func recursiveReadOnly(_ mount: VolumeMount, at path: FieldPath) {
        guard let mode = mount.recursiveReadOnly, mode != .disabled else { return }
        guard mode == .enabled || mode == .ifPossible else {
            word(path, mode, of: RecursiveReadOnlyMode.known)
            return
        }
        if !mount.readOnly { forbidden(path, "may only be specified when readOnly is true") }
        if let propagation = mount.mountPropagation, propagation.rawValue != "None" {
            forbidden(path, "may only be specified when mountPropagation is None or not specified")
        }
    }

    mutating func volumeDevices(_ container: Container, _ context: ContainerContext, at path: FieldPath) {
        var names = Set<String>()
        var devicePaths = Set<String>()
        for (index, device) in container.volumeDevices.enumerated() {
            let place = path.index(index)
            if device.name.isEmpty {
                required(place.field("name"))
            } else if !names.insert(device.name).inserted {
                invalid(place.field("name"), device.name, "must be unique")
            }
            if let volume = context.volumes[device.name] {
                if volume.persistentVolumeClaim == nil, volume.ephemeral == nil {
                    invalid(
                        place.field("name"), device.name,
                        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
                    )
                }
            } else {
                notFound(place.field("name"), device.name)
            }
            let devicePath = place.field("devicePath")
            if device.devicePath.isEmpty { required(devicePath) }
            if !devicePaths.insert(device.devicePath).inserted {
                invalid(devicePath, device.devicePath, "must be unique")
            }
            if device.devicePath.hasBackstep {
                invalid(devicePath, device.devicePath, "can not contain backsteps ('..')")
            }
            if container.volumeMounts.contains(where: { $0.name == device.name }) {
                invalid(place.field("name"), device.name, "must not already exist in volumeMounts")
            }
            if container.volumeMounts.contains(where: { $0.mountPath == device.devicePath }) {
                invalid(devicePath, device.devicePath, "must not already exist as a path in volumeMounts")
            }
        }
    }

    /// A path that stays below where it begins. Names that begin with two dots are kept for the volumes' own files.
    mutating func localPath(_ text: String, mayStartWithDots: Bool, at path: FieldPath) {
        if text.hasPrefix("/") { invalid(path, text, "must be a relative path") }
        noBacksteps(text, at: path)
        if !mayStartWithDots, text.hasPrefix(".."), !text.hasPrefix("../"), text != ".." {
            invalid(path, text, "must not start with '..'")
        }
    }

    mutating func noBacksteps(_ text: String, at path: FieldPath) {
        if text.hasBackstep { invalid(path, text, "must not contain '..'") }
    }
}

extension String {
    var hasBackstep: Bool { split(separator: "/").contains("..") }
}
