import CLinux
import ContainerShim
import Glibc
import LinuxKernel

/// One end of `cp`: `CONTAINER:PATH`, a path here, or `-` for a tar archive on a standard stream.
public enum CopyEnd: Equatable, Sendable {
    case container(String, path: String)
    case host(path: String)
    case stream

    public init(parsing text: String) throws(UsageError) {
        if text == "-" {
            self = .stream
        } else if let colon = text.firstIndex(of: ":"), !text.hasPrefix("/"), !text.hasPrefix(".") {
            let name = String(text[..<colon])
            let path = String(text[colon...].dropFirst())
            if name.isEmpty || path.isEmpty {
                throw UsageError("invalid place '\(text)': wanted is CONTAINER:PATH")
            }
            self = .container(name, path: path.hasPrefix("/") ? path : "/" + path)
        } else if text.isEmpty {
            throw UsageError("a place to copy from or to is empty")
        } else {
            self = .host(path: text)
        }
    }
}

/// How `cp` copies.
public struct CopyOptions: Equatable, Sendable {
    /// Owners are kept; else everything belongs to whoever copies, and in a container to root.
    public var keepsOwners = false
    /// A link as the source stands for what it leads to.
    public var followsLink = false

    public init() {}
}

/// A folder as somebody sees it as his root, and a path in it.
struct RootedPlace: ~Copyable {
    let root: FileDescriptor
    /// From the root. A slash at its end wants a folder, `/.` its contents.
    let path: String

    var wantsContents: Bool { path.hasSuffix("/.") || path == "." }
    var wantsFolder: Bool { path.hasSuffix("/") || wantsContents }

    /// The path without what its end only says about it.
    var plain: String { normalizedPath(path) }

    /// Opens what is there with O_PATH; nil where nothing is.
    func open(following: Bool) throws(KernelError) -> FileDescriptor? {
        do throws(KernelError) {
            return try root.openInRoot(plain, O_PATH | (following ? 0 : O_NOFOLLOW))
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }
}

extension Engine {
    /// Copies files between a container, running or not, and the host.
    public func copy(from source: CopyEnd, to target: CopyEnd, _ options: CopyOptions) throws {
        OpenFiles.allowMany()
        switch (source, target) {
        case (.container(let name, let path), .host(let hostPath)):
            let owner = options.keepsOwners ? TreeCopy.Ownership.kept : .given(uid: geteuid(), gid: getegid())
            try withRoot(of: name, path) { place in
                let host = try Self.hostPlace(hostPath)
                try Self.copy(place, to: host, options, owner)
            }
        case (.host(let hostPath), .container(let name, let path)):
            let maps = try store.find(name).userMaps
            let root = maps?.root ?? (uid: 0, gid: 0)
            let kept = maps.map { TreeCopy.Ownership.mapped($0) } ?? .kept
            let owner = options.keepsOwners ? kept : .given(uid: root.uid, gid: root.gid)
            try withRoot(of: name, path) { place in
                let host = try Self.hostPlace(hostPath)
                try Self.copy(host, to: place, options, owner)
            }
        case (.container(let name, let path), .stream):
            if Standard.outputIsTerminal { throw UsageError("cp: an archive is not written to a terminal") }
            try withRoot(of: name, path) { place in
                guard let file = try place.open(following: options.followsLink || place.wantsFolder) else {
                    throw KernelError("copy from the container", place.path, .noEntry)
                }
                let output = try TarOutput(STDOUT_FILENO)
                let (_, base) = place.plain.splitAtLastComponent
                try output.add(file, as: place.wantsContents || base.isEmpty ? [46] : Array(base.utf8))
                try output.finish()
            }
        case (.stream, .container(let name, let path)):
            let maps = try store.find(name).userMaps
            try withRoot(of: name, path) { place in
                guard let folder = try place.open(following: true),
                    try folder.status().st_mode & S_IFMT == S_IFDIR
                else { throw KernelError("unpack in the container", place.path, .notDirectory) }
                try TarInput(STDIN_FILENO, owners: maps).unpack(in: place.root, below: place.plain)
            }
        default:
            throw UsageError("one of the two places must be in a container, and only one: CONTAINER:PATH")
        }
    }

    private static func hostPlace(_ path: String) throws(KernelError) -> RootedPlace {
        var absolute = absolutePath(path)
        // What the end of the path says is kept.
        if path.hasSuffix("/.") || path == "." {
            absolute += "/."
        } else if path.hasSuffix("/") {
            absolute += "/"
        }
        return RootedPlace(root: try FileDescriptor.open("/", O_PATH | O_DIRECTORY), path: absolute)
    }

    private static func copy(
        _ source: borrowing RootedPlace, to target: borrowing RootedPlace, _ options: CopyOptions,
        _ ownership: TreeCopy.Ownership
    ) throws {
        guard let file = try source.open(following: options.followsLink || source.wantsFolder) else {
            throw KernelError("copy", source.path, .noEntry)
        }
        let isFolder = try file.status().st_mode & S_IFMT == S_IFDIR
        if source.wantsFolder, !isFolder { throw KernelError("copy", source.path, .notDirectory) }
        let copy = TreeCopy(ownership: ownership)
        if let present = try target.open(following: true) {
            if try present.status().st_mode & S_IFMT == S_IFDIR {
                let folder = try present.openAt(".", O_RDONLY | O_DIRECTORY)
                let (_, name) = source.plain.splitAtLastComponent
                if source.wantsContents || name.isEmpty {
                    return try copy.copyEntries(
                        of: file.openAt(".", O_RDONLY | O_DIRECTORY), to: folder, name: source.path)
                }
                return try copy.copy(file, as: name, to: folder, path: source.path)
            }
            if isFolder {
                throw UsageError("cannot copy the folder \(source.path) over the file \(target.path)")
            }
            // A file in its place would be the machine's /dev/null.
            guard try present.status().st_mode & S_IFMT == S_IFREG else {
                throw UsageError("cannot copy over \(target.path): it is neither a file nor a folder")
            }
        } else if target.wantsFolder, !isFolder {
            throw KernelError("copy to", target.path, .noEntry)
        }
        // A link is not replaced: what it leads to inside the root is, or is made.
        let (parent, base) = try target.root.pathWithoutParents(target.plain).splitAtLastComponent
        let folder = try target.root.openInRoot(parent.isEmpty ? "/" : parent, O_RDONLY | O_DIRECTORY)
        try copy.copy(file, as: base, to: folder, path: source.path)
    }

    /// Calls `body` with the container's root: of a running one what its processes see, of another one its root
    /// file system, mounted for this.
    private func withRoot(
        of name: String, _ path: String, _ body: (borrowing RootedPlace) throws -> Void
    ) throws {
        let container = try store.find(name)
        let status = try status(of: container)
        if let process = status.process, try process.isAlive {
            let root = try FileDescriptor.open("/proc/\(process.pid)/root", O_PATH | O_DIRECTORY)
            guard try process.isAlive else { throw UsageError("container \(name) has just ended") }
            return try body(RootedPlace(root: root, path: path))
        }
        let folder = layout.container(container.id)
        let lock = try waitForLock(of: name, in: folder)
        // What was counted may be another number after this, also of its volumes.
        RecordedUsage.forget(in: folder)
        for mount in container.mounts {
            if let name = mount.name { RecordedUsage.forget(in: volumes.folder + "/" + name) }
        }
        let (source, inner) = place(of: path, in: container)
        if let source {
            return try body(RootedPlace(root: FileDescriptor.open(source, O_PATH | O_DIRECTORY), path: inner))
        }
        let supervision = try Supervision.read(in: folder)
        try withMountedRoot(of: name, supervision) { root in
            try body(RootedPlace(root: root.duplicate(), path: path))
        }
        _ = consume lock
    }

    /// Calls `body` with the root file system of a container that does not run, mounted for this. The caller holds the
    /// container's lock, and is a program of one thread, which has a mount namespace of its own from now on: whoever is
    /// ended in the middle (Ctrl-C, an output that somebody closes) leaves no mount on the host.
    func withMountedRoot(
        of name: String, _ supervision: Supervision, _ body: (borrowing FileDescriptor) throws -> Void
    ) throws {
        guard let rootfs = supervision.rootfs else {
            throw UsageError("container \(name) has no root file system of its own")
        }
        try unshare(NamespaceKind.mount.flag, what: "mount namespace")
        // The host's own mounts still come and go here, too, so that none is kept busy.
        try setPropagation("/", .slave, recursive: true)
        do {
            try supervision.namespaces?.make()
            try rootfs.mount()
            try body(try FileDescriptor.open(rootfs.target, O_PATH | O_DIRECTORY))
        } catch {
            try rootfs.unmount()
            try supervision.namespaces?.remove()
            throw error
        }
        try rootfs.unmount()
        try supervision.namespaces?.remove()
    }

    /// A container that has just ended is its shim's for a moment more.
    func waitForLock(of name: String, in folder: String) throws -> ContainerLock {
        let deadline = monotonicMilliseconds() + 3000
        while true {
            if let lock = try ContainerLock.tryTake(folder: folder) { return lock }
            if monotonicMilliseconds() > deadline {
                throw UsageError("container \(name) is just being started or removed")
            }
            usleep(2000)
        }
    }

    /// Where a path of a container that does not run lies: in one of its volumes or bound folders, or in its root.
    private func place(of path: String, in container: ContainerDefinition) -> (source: String?, path: String)
    {
        let plain = normalizedPath(path)
        let mounts = container.mounts.filter { mount in
            mount.kind != .tmpfs && (plain == mount.destination || plain.hasPrefix(mount.destination + "/"))
        }
        guard let mount = mounts.max(by: { $0.destination.utf8.count < $1.destination.utf8.count }) else {
            return (nil, path)
        }
        return (mount.source, "/" + path.dropFirst(mount.destination.utf8.count))
    }
}
