import Glibc
import KubernetesAPI
import LinuxKernel
import Synchronization

/// A block device of the node's that a persistent volume with `volumeMode: Block` stands for. The agent does nothing with
/// it: containers get it as a device. A link in the pod's folder says that the pod has it.
struct BlockDevice: Equatable, Sendable {
    /// The persistent volume's.
    var name: String
    var path: String
    var isReadOnly: Bool
    /// ReadWriteOncePod.
    var isForOnePod: Bool

    /// Who else uses a volume is looked up and decided by one pod at a time.
    private static let lock = Mutex(())

    /// - Parameter root: where all pods' folders are.
    /// - Returns: the device's own path, whatever links lead to it: runtimes look at the file itself.
    func setUp(in folder: PodFolder, root: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            if Errno.current == .noEntry { throw VolumeFailure("path \"\(path)\" does not exist") }
            throw KernelError("resolve", path)
        }
        defer { free(resolved) }
        let device = String(cString: resolved)
        guard try FileDescriptor.open(device, O_PATH).status().st_mode & S_IFMT == S_IFBLK else {
            throw VolumeFailure("local path \"\(path)\" is not a block device")
        }
        let link = try folder.device(.local, name)
        try Self.lock.withLock { _ in
            if isForOnePod, try isUsed(besides: folder, root: root) {
                throw VolumeFailure(
                    "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
            }
            try Folders.make(link.splitAtLastComponent.parent)
            // Of before a restart of the agent; the device may have another name since.
            unlink(link)
            _ = try check("link", link) { symlink(device, link) }
        }
        return device
    }

    private func isUsed(besides folder: PodFolder, root: String) throws -> Bool {
        for entry in try FileDescriptor.listing(of: PodFolder.pods(in: root)) {
            let other = try PodFolder(root: root, uid: entry.name)
            var status = stat()
            if other != folder, lstat(try other.device(.local, name), &status) == 0 { return true }
        }
        return false
    }
}
