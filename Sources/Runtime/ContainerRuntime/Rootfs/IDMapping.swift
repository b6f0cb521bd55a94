import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// ID-mapped mounts (mount_setattr(2), MOUNT_ATTR_IDMAP). The kernel takes the mapping from a user namespace,
/// so a process that does nothing lives in one for as long as it takes to open it.
enum IDMapping {
    /// - Parameter linux: of the container, whose mappings are taken where the mount has none of its own.
    static func apply(
        _ mount: RuntimeSpec.Mount, _ linux: RuntimeSpec.Linux?, to tree: borrowing LinuxKernel.Mount,
        recursive: Bool, name: String
    ) throws {
        let namespace = try userNamespace(for: mount, linux, name: name)
        do throws(KernelError) {
            try tree.setAttributes(
                MountAttributes(setting: MountAttributes.idMap), recursive: recursive,
                userNamespace: namespace.raw, name: "\(name) (ID mapping)")
        } catch {
            // The kernel's one word for it (mount_setattr(2), ERRORS).
            guard error.errno == .invalidArgument else { throw error }
            throw RuntimeError(
                "\(name): its file system takes no ID mapping on this kernel, or is mapped already")
        }
    }

    private static func userNamespace(
        for mount: RuntimeSpec.Mount, _ linux: RuntimeSpec.Linux?, name: String
    ) throws -> FileDescriptor {
        if !mount.uidMappings.isEmpty, !mount.gidMappings.isEmpty {
            return try userNamespace(uids: mount.uidMappings, gids: mount.gidMappings)
        }
        guard let linux, let user = linux.namespace(.user) else {
            throw RuntimeError(
                "\(name): an ID-mapped mount needs uidMappings and gidMappings, or a container with a user namespace"
            )
        }
        // A namespace to join has its mappings already.
        if let path = user.path { return try FileDescriptor.open(path, O_RDONLY) }
        return try userNamespace(uids: linux.uidMappings, gids: linux.gidMappings)
    }

    static func userNamespace(
        uids: [RuntimeSpec.IDMapping], gids: [RuntimeSpec.IDMapping]
    ) throws -> FileDescriptor {
        let gate = try socketPair()
        var options = CloneOptions()
        options.namespaces = NamespaceKind.user.flag
        let childEnd = gate.read.raw
        let process = try spawnChild(options, gate: childEnd, peer: gate.write.raw) { 0 }
        defer {
            _ = try? process.send(signal: SIGKILL)
            _ = try? process.wait()
        }
        try write(uids, to: "/proc/\(process.pid)/uid_map")
        try write(gids, to: "/proc/\(process.pid)/gid_map")
        return try FileDescriptor.open("/proc/\(process.pid)/ns/user", O_RDONLY)
    }

    /// Writes a whole map in the one write(2) that the kernel accepts.
    static func write(_ mappings: [RuntimeSpec.IDMapping], to path: String) throws(KernelError) {
        var text = ""
        for mapping in mappings { text += "\(mapping.containerID) \(mapping.hostID) \(mapping.size)\n" }
        try FileDescriptor.writeFile(path, text)
    }
}
