import Glibc
import LinuxKernel

/// A file or folder inside of a volume, mounted alone. Containers write in the volume while it is looked up.
///
/// The kernel looks the path up with the volume as its root, so that no link leads out of it (CVE-2017-1002101), and
/// what was found is mounted by its descriptor, so that nobody can exchange it between the look and the mount
/// (CVE-2021-25741). The runtime then gets a path that only root can change.
struct SubPath: Equatable, Sendable {
    /// The volume's folder.
    var volume: String
    /// Relative, without `..`.
    var path: String

    /// Mounts it at `target`, a path of the agent's own. What is mounted there stays when it is the same still.
    func bind(at target: String) throws(KernelError) {
        let root = try FileDescriptor.open(volume, O_PATH)
        let file = try find(in: root)
        let status = try file.status()
        let isFolder = status.st_mode & S_IFMT == S_IFDIR

        let (parent, name) = target.splitAtLastComponent
        let holder = try Folders.open(making: parent)
        if try holder.isMountPoint(name) {
            let there = try holder.openAt(name, O_PATH | O_NOFOLLOW).status()
            if there.st_dev == status.st_dev, there.st_ino == status.st_ino { return }
            // Another file has that name now: a container that starts again is to see it.
            try unmountAll(below: target)
        }
        try Self.makePlace(name, in: holder, isFolder: isFolder, target)
        let mount = try Mount.clone(of: file, recursive: false, name: path)
        try mount.attach(on: try holder.openHere(name, O_PATH), name: target)
    }

    private func find(in root: borrowing FileDescriptor) throws(KernelError) -> FileDescriptor {
        if let there = try root.openInRootIfThere(path, O_PATH) { return there }
        try makeFolders(in: root)
        return try root.openInRoot(path, O_PATH)
    }

    /// Makes what is missing on the way, with the volume's own mode: what may write in the volume may write here.
    private func makeFolders(in root: borrowing FileDescriptor) throws(KernelError) {
        let mode = try root.status().st_mode & 0o7777
        var walked = ""
        var current = try root.openInRoot(".", O_PATH | O_DIRECTORY)
        for component in path.split(separator: "/") where component != "." {
            walked += "/" + component
            if let next = try root.openInRootIfThere(walked, O_PATH | O_DIRECTORY) {
                current = next
                continue
            }
            // In the folder that is held, whatever has its name by now.
            if mkdirat(current.raw, String(component), 0o700) != 0 {
                throw KernelError("mkdir", volume + walked)
            }
            current = try current.openHere(String(component), O_PATH | O_DIRECTORY)
            try current.setMode(mode, name: volume + walked)
        }
    }

    /// Something of the right kind to mount on.
    private static func makePlace(
        _ name: String, in holder: borrowing FileDescriptor, isFolder: Bool, _ target: String
    ) throws(KernelError) {
        // What is left of the last time may be of the other kind. Neither call removes anything with content.
        unlinkat(holder.raw, name, isFolder ? 0 : AT_REMOVEDIR)
        if isFolder {
            if mkdirat(holder.raw, name, 0o750) != 0, Errno.current != .exists {
                throw KernelError("mkdir", target)
            }
        } else {
            _ = try holder.openAt(name, O_CREAT | O_WRONLY | O_NOFOLLOW, mode: 0o640)
        }
    }
}
