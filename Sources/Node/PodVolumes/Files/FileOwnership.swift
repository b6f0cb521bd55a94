import CLinux
import Glibc
import LinuxKernel

/// A pod's fsGroup, put onto the files of a volume: the group owns all of them, may do with them what their owner may
/// not be alone in doing, and what is made in a folder belongs to the group, too.
struct FileOwnership: Equatable, Sendable {
    var group: gid_t
    /// Containers see the volume read-only: the group gets no right to write.
    var isReadOnly: Bool
    /// Leaves the volume alone when its folder is already as it should be (OnRootMismatch). For volumes that live longer
    /// than a pod.
    var trustsRoot = false

    /// What a file's permission bits become.
    func mode(of mode: mode_t, isFolder: Bool = false) -> mode_t {
        mode | (isReadOnly ? 0o440 : 0o660) | (isFolder ? 0o2110 : 0)
    }

    /// - Parameters:
    ///   - root: the volume's folder, or the one file that it is; O_PATH is enough.
    ///   - path: for messages.
    func apply(to root: borrowing FileDescriptor, path: String) throws(KernelError) {
        let status = try root.status()
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if trustsRoot, isDone(status) { return }
        if isFolder {
            try TreeWalk.run(root, path: path) { folder, name throws(KernelError) in
                do throws(KernelError) {
                    // Held by descriptor, as a container could exchange it for a link to anything.
                    try change(try folder.openHere(name, O_PATH), path: path + "/…/" + FolderEntry.text(name))
                } catch {
                    // Gone meanwhile, or a mount, which is not of this volume.
                    if error.errno != .noEntry, error.errno != .crossDevice { throw error }
                }
            }
        }
        // Last: an interrupted walk is not taken for a complete one.
        try change(root, path: path)
    }

    private func isDone(_ status: stat) -> Bool {
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        // As the kubelet has it: also a file without the bit that only folders get is not done.
        let wanted = mode(of: 0, isFolder: isFolder) | 0o2000
        return status.st_gid == group && status.st_mode & wanted == wanted
    }

    private func change(_ file: borrowing FileDescriptor, path: String) throws(KernelError) {
        let status = try file.status()
        if status.st_gid != group { try file.setOwner(group: group, name: path) }
        let type = status.st_mode & S_IFMT
        // A link has no rights of its own.
        if type == S_IFLNK { return }
        let old = status.st_mode & 0o7777
        let new = mode(of: old, isFolder: type == S_IFDIR)
        // A change of owner takes the set-user-ID bit away: it is set again with the rest.
        if new != old || status.st_gid != group { try file.setMode(new, name: path) }
    }
}
