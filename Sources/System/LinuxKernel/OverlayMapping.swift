import CLinux
import Glibc

/// Overlays for user namespaces: who owns a layer's file on the disk owns it, mapped, in the overlay, and no file is
/// copied or changed for it (kernel 5.19 and later; mount_setattr(2), MOUNT_ATTR_IDMAP).
extension OverlayMount {
    /// The mount with mapped layers, not attached anywhere yet. The upper folder is not mapped: what the namespace's
    /// root writes lies there with the id that it has on the host, so the folder itself should belong to that id.
    ///
    /// Overlayfs takes layers of attached mounts only (before 6.15). They are attached in a mount namespace of a
    /// process beside this one, on a file system that is made for it: nothing is ever seen on the host, nor left
    /// there when this program is killed.
    ///
    /// - Parameters:
    ///   - userNamespace: a user namespace whose maps are written; it says which id is which.
    ///   - scratch: an existing folder above no layer, which is covered in that mount namespace.
    /// - Throws: EINVAL, with what lacks: a file system that cannot be mapped, or a kernel before 5.19.
    public func make(
        mappedBy userNamespace: borrowing FileDescriptor, scratch: String
    ) throws(KernelError) -> Mount {
        try make(mappedBy: userNamespace, scratch: scratch, inOneCall: false)
    }

    /// - Parameter inOneCall: as for kernels before 6.8, on any.
    package func make(
        mappedBy userNamespace: borrowing FileDescriptor, scratch: String, inOneCall: Bool
    ) throws(KernelError) -> Mount {
        let namespace = userNamespace.raw
        if lowers.count == 1 && writable == nil {
            return try Self.mapped(lowers[0], namespace, alsoSetting: MountAttributes.readOnly)
        }
        let made = try runApart(namespaces: NamespaceKind.mount.flag) { () throws(KernelError) in
            try setPropagation("/", .private, recursive: true)
            try Self.attach(lowers, mappedBy: namespace, on: scratch)
            try changeFolder(scratch)
            let numbers = lowers.indices.map { "\($0)" }
            return inOneCall
                ? try Self.overNumberedInOneCall(numbers, writable, label, scratch: scratch)
                : try Self.overNumbered(numbers, writable, label, scratch: scratch)
        }
        return Mount(owning: FileDescriptor(owning: made))
    }

    /// Mounts the layers, mapped, as `0`, `1` … in an empty folder.
    private static func attach(
        _ lowers: [String], mappedBy namespace: Int32, on scratch: String
    ) throws(KernelError) {
        let folder = try FileDescriptor.open(scratch, O_PATH | O_DIRECTORY)
        let places = try Mount.new(type: "tmpfs", options: ["mode=0700"])
        // First: kernel 6.1 mounts nothing on what is not attached itself.
        try places.attach(on: folder, name: scratch)
        for (number, lower) in lowers.enumerated() {
            _ = try check("make folder", "\(number)") { mkdirat(places.descriptor.raw, "\(number)", 0o700) }
            let place = try places.descriptor.openAt("\(number)", O_PATH | O_DIRECTORY)
            let layer = try mapped(lower, namespace)
            try layer.attach(on: place, name: lower)
        }
    }

    private static func mapped(
        _ lower: String, _ namespace: Int32, alsoSetting others: UInt64 = 0
    ) throws(KernelError) -> Mount {
        let layer = try Mount.clone(lower, recursive: false)
        do throws(KernelError) {
            try layer.setAttributes(
                MountAttributes(setting: MountAttributes.idMap | others), recursive: false,
                userNamespace: namespace, name: lower)
        } catch {
            guard error.errno == .invalidArgument else { throw error }
            throw KernelError(
                "map the ids of", "\(lower) (its file system takes no ID mapping on this kernel)", error.errno
            )
        }
        return layer
    }

    /// - Returns: a descriptor of the mount.
    private static func overNumbered(
        _ numbers: [String], _ writable: Writable?, _ label: String?, scratch: String
    ) throws(KernelError) -> Int32 {
        do throws(KernelError) {
            let mount = try layerByLayer(numbers, writable, label)
            return mount.releaseDescriptor()
        } catch let refusal {
            guard refusal.errno == .invalidArgument else { throw refusal }
            do throws(KernelError) {
                return try overNumberedInOneCall(numbers, writable, label, scratch: scratch)
            } catch {
                throw KernelError(
                    "\(refusal.operation) \(refusal.object) with mapped layers (possible from kernel 5.19 on)",
                    "at \(scratch)", refusal.errno)
            }
        }
    }

    /// As `mountInOneCall`; then a copy of the mount leaves the namespace that ends.
    private static func overNumberedInOneCall(
        _ numbers: [String], _ writable: Writable?, _ label: String?, scratch: String
    ) throws(KernelError) -> Int32 {
        let held = try HeldFolders(paths(writable), longerThan: 0)
        guard let options = text(numbers, writable, label, names: numbers + held.names) else {
            throw KernelError("mount overlay of \(numbers.count) layers at", scratch, .nameTooLong)
        }
        try mount(at: scratch, options)
        let mount = try Mount.clone(scratch, recursive: false)
        return mount.releaseDescriptor()
    }
}

extension Mount {
    consuming func releaseDescriptor() -> Int32 { descriptor.release() }
}

/// A user namespace with maps, held by a descriptor only: what ID-mapped mounts take their mapping from.
/// - Parameters:
///   - uids: lines as in /proc/PID/uid_map (user_namespaces(7)).
///   - gids: the same for groups.
public func makeUserNamespace(uids: String, gids: String) throws(KernelError) -> FileDescriptor {
    let (readEnd, writeEnd) = try FileDescriptor.pipe().ends()
    let pid = clinux_clone3(UInt64(CLONE_NEWUSER), SIGCHLD, -1, nil)
    if pid == 0 {
        // Lives until the parent closes its end.
        close(writeEnd)
        var byte: UInt8 = 0
        _ = read(readEnd, &byte, 1)
        _exit(0)
    }
    close(readEnd)
    if pid < 0 {
        let errno = Errno.current
        close(writeEnd)
        throw KernelError("clone3", "user namespace", errno)
    }
    defer {
        close(writeEnd)
        waitpid(pid, nil, 0)
    }
    try FileDescriptor.writeFile("/proc/\(pid)/uid_map", uids)
    try FileDescriptor.writeFile("/proc/\(pid)/gid_map", gids)
    return try FileDescriptor.open("/proc/\(pid)/ns/user", O_RDONLY)
}
