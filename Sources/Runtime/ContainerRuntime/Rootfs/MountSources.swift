import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The detached copies of everything a container's mounts take from the host: its root and the sources of its
/// bind mounts. They are made by the runtime, before the container's process exists, because
///  - the runtime may reach what a process in a user namespace may not,
///  - no host path is looked up any more once the container's root covers the host's.
/// Where the runtime has no right to copy mounts, the container's process makes them first of all, with the
/// rights it has in its user namespace.
///
/// The descriptors are this object's; the container's process inherits copies of them.
final class MountSources {
    /// The root file system.
    let root: Int32
    /// By position in the configuration's mounts; -1 where a mount takes nothing from the host.
    private(set) var binds: [Int32] = []
    /// /dev/null, checked to be it, for masked files.
    private(set) var nullDevice: Int32 = -1
    /// Host device nodes for containers that may not make their own, by path in the container.
    private(set) var devices: [(path: String, descriptor: Int32)] = []

    /// - Parameter bindsDevices: the container's process may not make device nodes.
    init(
        spec: RuntimeSpec, bundle: String, rootfs: String, options: [MountOptions], bindsDevices: Bool
    ) throws {
        let linux = spec.linux
        let propagation = Self.inherited(linux?.rootfsPropagation)
        root = try context("rootfs") {
            let tree = try LinuxKernel.Mount.clone(rootfs, recursive: true)
            if try tree.descriptor.status().st_mode & S_IFMT != S_IFDIR {
                throw KernelError("open", rootfs, .notDirectory)
            }
            // Not shared until the container runs: pivot_root(2) refuses that of a new root. What the host
            // mounts in a slave goes on to reach it, and that can only be said while it is the host's peer.
            try tree.setAttributes(
                MountAttributes(), recursive: true, propagation: propagation == .slave ? .slave : .private)
            return tree
        }.release()
        binds = [Int32](repeating: -1, count: spec.mounts.count)
        for (index, mount) in spec.mounts.enumerated() where options[index].isBind {
            binds[index] = try context("mount \(mount.destination)") {
                try Self.clone(mount, options[index], linux, bundle: bundle, propagation: propagation)
            }.release()
        }
        if linux?.maskedPaths.isEmpty == false {
            nullDevice = try Self.device("/dev/null", major: 1, minor: 3).release()
        }
        if bindsDevices {
            var paths: Set<[Substring]> = []
            // Of several at one path the first counts.
            for device in DeviceNodes.all(of: spec)
            where paths.insert(device.path.split(separator: "/")).inserted {
                let clone = try Self.device(device.path, major: device.major, minor: device.minor)
                devices.append((device.path, clone.release()))
            }
        }
    }

    deinit {
        close(root)
        for descriptor in binds where descriptor >= 0 { close(descriptor) }
        if nullDevice >= 0 { close(nullDevice) }
        for device in devices { close(device.descriptor) }
    }

    /// How mounts of the host go on to reach the copies: `rslave` unless the configuration says otherwise.
    private static func inherited(_ wanted: RuntimeSpec.Propagation?) -> MountPropagation? {
        switch wanted {
        case .shared, .recursiveShared: nil
        case .private, .recursivePrivate, .unbindable, .recursiveUnbindable: .private
        case .slave, .recursiveSlave, nil: .slave
        }
    }

    private static func clone(
        _ mount: RuntimeSpec.Mount, _ options: MountOptions, _ linux: RuntimeSpec.Linux?, bundle: String,
        propagation: MountPropagation?
    ) throws -> LinuxKernel.Mount {
        guard let source = mount.source, !source.isEmpty else {
            throw RuntimeError("a bind mount needs a source")
        }
        let path = source.utf8.first == UInt8(ascii: "/") ? source : "\(bundle)/\(source)"
        let tree = try LinuxKernel.Mount.clone(path, recursive: options.isRecursiveBind)
        if let propagation {
            try tree.setAttributes(
                MountAttributes(), recursive: true, propagation: propagation, name: path)
        }
        if let idMap = options.idMap {
            try IDMapping.apply(mount, linux, to: tree, recursive: idMap == .recursive, name: path)
        } else if !mount.uidMappings.isEmpty {
            try IDMapping.apply(mount, linux, to: tree, recursive: options.isRecursiveBind, name: path)
        }
        if !options.attributes.isEmpty {
            try tree.setAttributes(options.attributes, recursive: false, name: path)
        }
        if !options.recursiveAttributes.isEmpty {
            try tree.setAttributes(options.recursiveAttributes, recursive: true, name: path)
        }
        return tree
    }

    /// A copy of one device node's mount, refused when something else lies there. Read-only: that keeps nobody from
    /// writing to the device, but from changing the host's node, whose owner the container's root may be.
    private static func device(_ path: String, major: Int64, minor: Int64) throws -> LinuxKernel.Mount {
        let node = try FileDescriptor.open(path, O_PATH)
        let status = try node.status()
        guard status.st_mode & S_IFMT == S_IFCHR || status.st_mode & S_IFMT == S_IFBLK,
            clinux_major(UInt64(status.st_rdev)) == UInt32(clamping: major),
            clinux_minor(UInt64(status.st_rdev)) == UInt32(clamping: minor)
        else { throw RuntimeError("\(path) is not the device \(major):\(minor)") }
        let mount = try LinuxKernel.Mount.clone(of: node, recursive: false, name: path)
        try mount.setAttributes(
            MountAttributes(setting: MountAttributes.readOnly), recursive: false, propagation: .private,
            name: path)
        return mount
    }
}

extension LinuxKernel.Mount {
    /// Gives up ownership of the descriptor.
    consuming func release() -> Int32 {
        descriptor.release()
    }
}
