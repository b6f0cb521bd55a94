import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A container's root file system: an overlay of an image's layers and a writable folder. Mounted in the
/// host's mount namespace for as long as the container runs, so that `cp` and `exec` find it.
public struct RootfsMount: Equatable, Sendable {
    /// Read-only folders, topmost first.
    public var lower: [String]
    /// Where changes go. Survives unmounting.
    public var upper: String
    /// Overlay's own folder, empty, on the file system of `upper`.
    public var work: String
    /// Where it is mounted.
    public var target: String
    /// Nothing is synced: for containers that do not outlive their end.
    public var volatile: Bool
    /// Path of the user namespace by whose maps the layers are owned; nil: as they lie on the disk.
    public var userNamespace: String?
    /// The SELinux context of its files; nil: as they lie on the disk.
    public var label: String?

    public init(
        lower: [String], upper: String, work: String, target: String, volatile: Bool = false,
        userNamespace: String? = nil
    ) {
        self.lower = lower
        self.upper = upper
        self.work = work
        self.target = target
        self.volatile = volatile
        self.userNamespace = userNamespace
    }

    /// Mounts it, unless something is mounted at the target already.
    public func mount() throws(KernelError) {
        if try isMounted { return }
        if volatile { try forgetVolatileMark() }
        let layers = OverlayMount(
            lowers: lower, writable: OverlayMount.Writable(upper: upper, work: work, isVolatile: volatile),
            label: label)
        guard let userNamespace else { return try layers.mount(at: target) }
        let namespace = try FileDescriptor.open(userNamespace, O_RDONLY)
        let mapped = try layers.make(mappedBy: namespace, scratch: target)
        try mapped.attach(on: try FileDescriptor.open(target, O_PATH | O_DIRECTORY), name: target)
    }

    /// Unmounts it, with whatever is mounted below; nothing mounted is no error.
    public func unmount() throws(KernelError) {
        guard try isMounted else { return }
        // Detached: a process outside of the container that stands in it cannot keep the mount.
        if umount2(target, Int32(MNT_DETACH)) != 0, Errno.current != .invalidArgument {
            throw KernelError("unmount", target)
        }
    }

    /// Whether an overlay is mounted at the target.
    public var isMounted: Bool {
        get throws(KernelError) {
            let folder: FileDescriptor
            do throws(KernelError) {
                folder = try FileDescriptor.open(target, O_PATH | O_DIRECTORY)
            } catch {
                if error.errno == .noEntry { return false }
                throw error
            }
            guard try folder.fileSystemType() == Int(OVERLAYFS_SUPER_MAGIC) else { return false }
            // The folder itself may lie on an overlay: only a mount of its own differs from its parent.
            return try folder.status().st_dev != folder.openAt("..", O_PATH).status().st_dev
        }
    }

    /// A volatile overlay leaves a mark that refuses the next mount, because a crash could have left upper
    /// incomplete. Here it is mounted again within one life of the machine only.
    private func forgetVolatileMark() throws(KernelError) {
        // Overlayfs has a folder of its own, of this name, in the one that it is given.
        let mark = [work, "work", "incompat", "volatile"].joined(separator: "/")
        // Newer kernels keep a file in it.
        if unlink(mark + "/dirty") != 0, Errno.current != .noEntry { throw KernelError("remove", mark) }
        if rmdir(mark) != 0, Errno.current != .noEntry { throw KernelError("remove", mark) }
    }
}

extension RootfsMount: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        lower = try object.required("lower")
        upper = try object.required("upper")
        work = try object.required("work")
        target = try object.required("target")
        volatile = try object.flag("volatile")
        userNamespace = try object.text("userNamespace")
        label = try object.text("label")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("lower", lower)
            json.member("upper", upper)
            json.member("work", work)
            json.member("target", target)
            json.flag("volatile", volatile)
            json.optional("userNamespace", userNamespace)
            json.optional("label", label)
        }
    }
}
