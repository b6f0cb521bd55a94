import Glibc
import KubernetesAPI
import LinuxKernel
import Synchronization

/// A folder of the node's that a persistent volume stands for, or the file system on a device of the node's. Each pod has
/// a bind mount of it, which keeps it the same folder for all of the pod's containers.
struct LocalVolume: Equatable, Sendable {
    /// The persistent volume's.
    var name: String
    var path: String
    /// Where the path is that of a device; nil: ext4.
    private var fileSystem: String?
    private var options: VolumeMountOptions
    var isReadOnly: Bool
    /// ReadWriteOncePod.
    var isForOnePod: Bool

    init(
        name: String, source: LocalVolumeSource, options: VolumeMountOptions = VolumeMountOptions(),
        isReadOnly: Bool, isForOnePod: Bool
    ) throws(VolumeFailure) {
        self.name = try PodFolder.checked(name, "volume name")
        path = source.path
        if path.leadsUp || !path.hasPrefix("/") || path.utf8.contains(0) {
            throw VolumeFailure("invalid path: \(path): must be absolute and must not contain '..'")
        }
        fileSystem = source.fsType
        self.options = options
        self.isReadOnly = isReadOnly || options.isReadOnly
        self.isForOnePod = isForOnePod
    }

    /// Who else uses a volume is looked up and decided by one pod at a time.
    private static let lock = Mutex(())

    /// - Parameters:
    ///   - target: the volume's folder of the pod.
    ///   - mark: a file that says that the volume was complete.
    ///   - root: where all pods' folders are.
    func setUp(
        at target: String, mark: String, folder: PodFolder, root: String, tools: DeviceTools,
        ownership: FileOwnership?
    ) throws {
        let source = try open(root: root, tools)
        let (parent, name) = target.splitAtLastComponent
        let holder = try Folders.open(making: parent)
        let isUsed = try Self.lock.withLock { _ in
            let isUsed = try Self.isUsed(name, besides: folder, root: root)
            if isUsed, isForOnePod {
                throw VolumeFailure(
                    "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
            }
            if try !isMounted(source, in: holder, name) {
                // After a reboot there is the mark of a mount that is not.
                unlink(mark)
                try bind(source, in: holder, name)
            }
            return isUsed
        }
        if Folders.exists(mark) { return }
        // The files of a volume that another pod uses stay as they are.
        if let ownership, !isReadOnly, !isUsed { try ownership.apply(to: source, path: path) }
        try Folders.make(mark.splitAtLastComponent.parent)
        try Folders.replace(mark, with: [], mode: 0o640)
    }

    private func open(root: String, _ tools: DeviceTools) throws -> FileDescriptor {
        let source: FileDescriptor
        do throws(KernelError) {
            source = try FileDescriptor.open(path, O_PATH)
        } catch {
            if error.errno == .noEntry { throw VolumeFailure("path \"\(path)\" does not exist") }
            throw error
        }
        switch try source.status().st_mode & S_IFMT {
        case S_IFDIR: return source
        case S_IFBLK:
            return try LocalDevice(
                name: name, path: path, type: fileSystem, options: options, isReadOnly: isReadOnly
            ).mount(root: root, tools: tools)
        default: throw VolumeFailure("local path \"\(path)\" is not a directory")
        }
    }

    private func isMounted(
        _ source: borrowing FileDescriptor, in holder: borrowing FileDescriptor, _ name: String
    ) throws -> Bool {
        guard try holder.isMountPoint(name) else { return false }
        let (wanted, there) = (try source.status(), try holder.openAt(name, O_PATH | O_NOFOLLOW).status())
        if wanted.st_dev == there.st_dev, wanted.st_ino == there.st_ino { return true }
        throw VolumeFailure(
            "local path \"\(path)\" is another folder now than the one that the pod has mounted")
    }

    private func bind(
        _ source: borrowing FileDescriptor, in holder: borrowing FileDescriptor, _ name: String
    ) throws(KernelError) {
        if mkdirat(holder.raw, name, 0o750) != 0, Errno.current != .exists {
            throw KernelError("mkdir", name)
        }
        let mount = try Mount.clone(of: source, recursive: false, name: path)
        var attributes = options.attributes
        if isReadOnly { attributes.setting |= MountAttributes.readOnly }
        if !attributes.isEmpty { try mount.setAttributes(attributes, recursive: false, name: path) }
        try mount.attach(on: try holder.openHere(name, O_PATH | O_DIRECTORY), name: name)
    }

    /// Whether a pod on this node has the volume.
    /// - Parameter folder: of one that does not count.
    static func isUsed(_ name: String, besides folder: PodFolder?, root: String) throws -> Bool {
        for entry in try FileDescriptor.listing(of: PodFolder.pods(in: root)) {
            let other = try PodFolder(root: root, uid: entry.name)
            if other == folder { continue }
            do throws(KernelError) {
                let volumes = try FileDescriptor.open(other.volumes(.local), O_PATH | O_DIRECTORY)
                if try volumes.isMountPoint(name) { return true }
            } catch {
                // Most pods have none.
                if error.errno != .noEntry, error.errno != .notDirectory { throw error }
            }
        }
        return false
    }
}
