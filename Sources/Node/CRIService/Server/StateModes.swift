import ContainerCLI
import Glibc
import LinuxKernel

/// Takes from the daemon's own folders and files what others could do with them, whoever made them and however long ago
/// (CVE-2024-25621): an administrator, an older version, or a unit with a generous umask.
///
/// What belongs to images and containers is not looked at: its modes are theirs, and the folders above keep others out.
struct StateModes {
    /// Root's alone, but for passing through.
    private static let passing: mode_t = 0o711
    private static let closed: mode_t = 0o700
    private static let file: mode_t = 0o600

    /// NSFS_MAGIC (linux/magic.h).
    private static let namespaceFileSystem = 0x6e73_6673

    let layout: StateLayout

    /// To be called before anything listens.
    func tighten() throws(KernelError) {
        try limit(layout.root, to: Self.passing)
        for name in try folderEntries(layout.root) { try tightenRoot(layout.root + "/" + name) }
        try limit(layout.state, to: Self.closed)
        for name in try folderEntries(layout.state) { try tightenState(layout.state + "/" + name) }
    }

    /// Images, one folder per namespace, and files.
    private func tightenRoot(_ path: String) throws(KernelError) {
        let isStore = path == layout.images
        guard try limit(path, to: isStore ? Self.closed : Self.passing), !isStore else { return }
        for name in try folderEntries(path) {
            let inner = path + "/" + name
            guard try limit(inner, to: Self.passing), name == "containers" else { continue }
            for container in try folderEntries(inner) { try tightenContainer(inner + "/" + container) }
        }
    }

    private func tightenContainer(_ path: String) throws(KernelError) {
        // Its group is root's, or the pod's: see `letPass` of the engine.
        guard try limit(path, to: Self.closed | S_IXGRP) else { return }
        for name in try folderEntries(path) where name.hasSuffix(".json") || name.hasSuffix(".log") {
            try limit(path + "/" + name, to: Self.closed)
        }
    }

    /// The network's state, the lock of the socket, and the namespaces' run folders, with those of pods and of shims.
    private func tightenState(_ path: String) throws(KernelError) {
        guard try limit(path, to: Self.closed) else { return }
        for name in try folderEntries(path) {
            let inner = path + "/" + name
            guard try limit(inner, to: Self.passing) else { continue }
            for entry in try folderEntries(inner) {
                let last = inner + "/" + entry
                guard try limit(last, to: Self.passing), name == "sandboxes" else { continue }
                // Of the other files there everybody in the pod reads some.
                for file in try folderEntries(last) where file.hasSuffix(".json") || file.hasSuffix(".log") {
                    try limit(last + "/" + file, to: Self.closed)
                }
            }
        }
    }

    /// Takes bits away, of a folder or file that is root's; links, sockets and what is mounted there stay as they are.
    /// - Returns: whether it is a folder.
    @discardableResult
    private func limit(_ path: String, to most: mode_t) throws(KernelError) -> Bool {
        guard let item = try Self.open(path) else { return false }
        let status = try item.status()
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFDIR || kind == S_IFREG else { return false }
        let allowed = kind == S_IFDIR ? most : Self.file
        let mode = status.st_mode & 0o7777
        // A namespace that is pinned there looks like a file.
        if mode & ~allowed != 0, try item.fileSystemType() != Self.namespaceFileSystem {
            _ = try check("chmod", path) { fchmod(item.raw, mode & allowed) }
        }
        return kind == S_IFDIR
    }

    /// - Returns: nil for what is gone meanwhile, for a link and for a socket.
    private static func open(_ path: String) throws(KernelError) -> FileDescriptor? {
        do throws(KernelError) {
            return try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            if [.noEntry, .loop, Errno(rawValue: ENXIO)].contains(error.errno) { return nil }
            throw error
        }
    }
}
