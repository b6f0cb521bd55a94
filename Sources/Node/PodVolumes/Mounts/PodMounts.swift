import Glibc
import KubernetesAPI
import LinuxKernel

/// The volumes of a pod that are there, and how its containers see them.
package struct PodMounts: Equatable, Sendable {
    package let folder: PodFolder
    /// By their names in the pod. Volumes that no container mounts are not made.
    package let volumes: [String: MountedVolume]

    /// The mounts of a container, in the order of its `volumeMounts`. For subPaths bind mounts are made below the pod's
    /// folder: a blocking call, to be made again whenever the container is started.
    /// - Parameters:
    ///   - environment: the container's, for `subPathExpr`.
    ///   - runtimeMountsRecursivelyReadOnly: as the runtime says of the pod's handler.
    /// - Throws: `VolumeFailure`, one line.
    package func mounts(
        for container: Container, environment: [String: String] = [:],
        runtimeMountsRecursivelyReadOnly: Bool = false
    ) throws(VolumeFailure) -> [ContainerMount] {
        var mounts: [ContainerMount] = []
        for (index, mount) in container.volumeMounts.enumerated() {
            guard let volume = volumes[mount.name] else {
                throw VolumeFailure(
                    "cannot find volume \"\(mount.name)\" to mount into container \"\(container.name)\"")
            }
            let subPath = try Self.subPath(of: mount, environment)
            let isReadOnly = mount.readOnly || volume.isReadOnly
            mounts.append(
                ContainerMount(
                    volume: mount.name,
                    containerPath: mount.mountPath.hasPrefix("/") ? mount.mountPath : "/" + mount.mountPath,
                    source: try source(
                        of: volume, mount, subPath, container: container.name, index: index),
                    isReadOnly: isReadOnly,
                    isRecursivelyReadOnly: try Self.isRecursivelyReadOnly(
                        mount, runtime: runtimeMountsRecursivelyReadOnly),
                    propagation: mount.mountPropagation ?? .none, options: mount.bindMountOptions))
        }
        return mounts
    }

    /// The devices of a container, in the order of its `volumeDevices`.
    package func devices(for container: Container) throws(VolumeFailure) -> [ContainerDevice] {
        var devices: [ContainerDevice] = []
        for device in container.volumeDevices {
            guard let volume = volumes[device.name], case .device(let path) = volume.source else {
                throw VolumeFailure(
                    "cannot find volume \"\(device.name)\" to pass into container \"\(container.name)\"")
            }
            devices.append(
                ContainerDevice(
                    hostPath: path, containerPath: device.devicePath, isReadOnly: volume.isReadOnly))
        }
        return devices
    }

    private func source(
        of volume: MountedVolume, _ mount: VolumeMount, _ subPath: String, container: String, index: Int
    ) throws(VolumeFailure) -> ContainerMount.Source {
        switch volume.source {
        case .image(let reference, let policy):
            return .image(reference: reference, pullPolicy: policy, subPath: subPath)
        case .device:
            throw VolumeFailure("volume \(mount.name) has volumeMode Block, but is specified in volumeMounts")
        case .path(let path):
            if subPath.isEmpty { return .path(path) }
            do {
                let target =
                    folder.subPaths + "/" + (try PodFolder.checked(mount.name, "volume name")) + "/"
                    + (try PodFolder.checked(container, "container name")) + "/\(index)"
                try SubPath(volume: path, path: subPath).bind(at: target)
                return .path(target)
            } catch {
                throw VolumeFailure(
                    "failed to prepare subPath for volumeMount \"\(mount.name)\" of container \"\(container)\": \(error)"
                )
            }
        }
    }

    /// Empty where the whole volume is mounted.
    private static func subPath(
        of mount: VolumeMount, _ environment: [String: String]
    ) throws(VolumeFailure) -> String {
        var path = mount.subPath
        if !mount.subPathExpr.isEmpty {
            do {
                path = try VariableExpansion.expand(mount.subPathExpr) { name in
                    // An empty one would show another part of the volume, or all of it.
                    guard let value = environment[name], !value.isEmpty else {
                        throw VolumeFailure("missing value for \"\(name)\"")
                    }
                    return value
                }
            } catch {
                throw VolumeFailure("cannot expand subPathExpr of volumeMount \"\(mount.name)\": \(error)")
            }
        }
        if path.hasPrefix("/") { throw VolumeFailure("error SubPath `\(path)` must not be an absolute path") }
        if path.leadsUp {
            throw VolumeFailure("unable to provision SubPath `\(path)`: must not contain '..'")
        }
        if path.utf8.contains(0) {
            throw VolumeFailure("unable to provision SubPath `\(path)`: contains a NUL")
        }
        return path
    }

    private static func isRecursivelyReadOnly(
        _ mount: VolumeMount, runtime: Bool
    ) throws(VolumeFailure) -> Bool {
        guard let mode = mount.recursiveReadOnly, mode != .disabled else { return false }
        let subject =
            "failed to resolve recursive read-only mode: volume \"\(mount.name)\" requested recursive read-only mode, "
            + "but it is"
        if !mount.readOnly { throw VolumeFailure("\(subject) not read-only") }
        if let propagation = mount.mountPropagation, propagation != .none {
            throw VolumeFailure("\(subject) not compatible with propagation \"\(propagation)\"")
        }
        switch mode {
        case .ifPossible: return runtime
        case .enabled where runtime: return true
        case .enabled: throw VolumeFailure("\(subject) not supported by the runtime")
        default: throw VolumeFailure("unknown recursive read-only mode \"\(mode)\"")
        }
    }
}
