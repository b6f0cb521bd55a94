import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A container's folder in the runtime's root: its record, its configuration as it was at creation, and the
/// two FIFOs through which a created container is started.
///
/// The folder itself is the lock: every command that changes the container holds flock(2) on it.
struct ContainerFolder: ~Copyable {
    let path: String
    let descriptor: FileDescriptor

    static let stateName = "state.json"
    static let configName = "config.json"
    /// Read by the waiting container: a byte means go.
    static let startName = "start"
    /// Written by the container when it cannot become its program; closed when it did.
    static let resultName = "result"
    /// A `FailureFile`, until the start.
    static let failureName = "failure"

    /// The folder that the container sees as the one of its notification socket.
    static let notifyName = "notify"

    /// Makes the folder of a new container and locks it.
    static func make(root: String, id: ContainerID) throws -> ContainerFolder {
        let path = "\(root)/\(id)"
        if mkdir(path, 0o711) != 0 {
            if Errno.current == .noEntry {
                try makeRoot(root)
                if mkdir(path, 0o711) == 0 { return try lockNew(path) }
            }
            let errno = Errno.current
            if errno == .exists {
                throw RuntimeError("container with given ID already exists: \(id)", kind: .alreadyExists)
            }
            throw KernelError("mkdir", path, errno)
        }
        return try lockNew(path)
    }

    private static func lockNew(_ path: String) throws -> ContainerFolder {
        do {
            let folder = ContainerFolder(path: path, descriptor: try .open(path, O_RDONLY | O_DIRECTORY))
            try folder.lock()
            return folder
        } catch {
            // Nobody else knows of it yet.
            rmdir(path)
            throw error
        }
    }

    private static func makeRoot(_ root: String) throws {
        var walked = ""
        for component in root.split(separator: "/") {
            walked += "/" + component
            // Containers' states are for root only. A user's run-time folder is cleared of what is old and not
            // sticky (XDG Base Directory Specification).
            if mkdir(walked, walked == root ? 0o1700 : 0o755) != 0, Errno.current != .exists {
                throw KernelError("mkdir", walked)
            }
        }
    }

    static func open(root: String, id: ContainerID) throws -> ContainerFolder {
        let path = "\(root)/\(id)"
        do throws(KernelError) {
            return ContainerFolder(path: path, descriptor: try .open(path, O_RDONLY | O_DIRECTORY))
        } catch {
            if error.errno == .noEntry {
                throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
            }
            throw error
        }
    }

    /// Waits until no other command changes the container.
    /// - Throws: `noSuchContainer` when the one that held the lock has deleted the container.
    func lock() throws {
        _ = try check("lock", path) { flock(descriptor.raw, LOCK_EX) }
        if try descriptor.status().st_nlink == 0 {
            throw RuntimeError(
                "container does not exist: \(path.splitAtLastComponent.name)", kind: .noSuchContainer)
        }
    }

    func unlock() {
        flock(descriptor.raw, LOCK_UN)
    }

    // MARK: Records

    /// - Returns: nil when the command that made the container ended before it wrote one.
    func readRecord() throws -> ContainerRecord? {
        let bytes: [UInt8]
        do throws(KernelError) {
            bytes = try descriptor.openAt(Self.stateName, O_RDONLY).readToEnd()
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
        return try context("read \(path)/\(Self.stateName)") { try ContainerRecord(json: bytes) }
    }

    /// For commands that work on the container's control groups.
    func readRecordWithGroups() throws -> (record: ContainerRecord, place: CgroupRecord) {
        guard let record = try readRecord() else {
            throw RuntimeError(
                "container does not exist: \(path.splitAtLastComponent.name)", kind: .noSuchContainer)
        }
        guard let place = record.cgroup else {
            throw RuntimeError(
                "container \(record.id) has no control groups: who made it had no right to make any",
                kind: .wrongState)
        }
        return (record, place)
    }

    /// Replaces the record in one step.
    func write(_ record: ContainerRecord) throws {
        try write(record.json(), name: Self.stateName, temporary: ".state.json")
    }

    func writeConfiguration(_ bytes: [UInt8]) throws {
        try descriptor.openAt(Self.configName, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            .writeAll(bytes, named: "\(path)/\(Self.configName)")
    }

    func readConfiguration() throws -> Configuration {
        let bytes = try descriptor.openAt(Self.configName, O_RDONLY).readToEnd()
        return try Configuration(json: bytes, path: "\(path)/\(Self.configName)")
    }

    private func write(_ bytes: [UInt8], name: String, temporary: String) throws {
        try descriptor.openAt(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            .writeAll(bytes, named: "\(path)/\(temporary)")
        _ = try check("rename", "\(path)/\(name)") {
            renameat(descriptor.raw, temporary, descriptor.raw, name)
        }
    }

    // MARK: The start gate

    func makeGate() throws -> StartGate {
        for name in [Self.startName, Self.resultName] {
            _ = try check("mkfifo", "\(path)/\(name)") { mkfifoat(descriptor.raw, name, 0o600) }
        }
        // Opened for both directions: it does not wait for the other side, and never sees its end.
        let start = try descriptor.openAt(Self.startName, O_RDWR)
        let both = try descriptor.openAt(Self.resultName, O_RDWR)
        let result = try descriptor.openAt(Self.resultName, O_WRONLY)
        _ = consume both
        return StartGate(start: start.release(), result: result.release())
    }

    func makeFailureFile() throws(KernelError) -> FileDescriptor {
        try descriptor.openAt(Self.failureName, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }

    /// - Returns: -1 without one.
    func openFailureFile() -> FileDescriptor {
        FileDescriptor(owning: clinux_openat(descriptor.raw, Self.failureName, O_RDONLY | O_CLOEXEC, 0))
    }

    var hasNotifySocket: Bool {
        faccessat(descriptor.raw, Self.notifyName, F_OK, 0) == 0
    }

    var isWaitingForStart: Bool {
        faccessat(descriptor.raw, Self.startName, F_OK, 0) == 0
    }

    func removeGate() {
        unlinkat(descriptor.raw, Self.startName, 0)
        unlinkat(descriptor.raw, Self.resultName, 0)
        unlinkat(descriptor.raw, Self.failureName, 0)
    }

    /// Removes the folder with the files that are ours in it.
    func remove() throws {
        unlinkat(descriptor.raw, Self.stateName, 0)
        unlinkat(descriptor.raw, Self.configName, 0)
        if rmdir(path) == 0 { return }
        // Of a container that was never started, or was told when its program is ready, or whose maker was killed.
        unlinkat(descriptor.raw, ".state.json", 0)
        removeGate()
        unlinkat(descriptor.raw, "\(Self.notifyName)/\(NotifySocket.name)", 0)
        unlinkat(descriptor.raw, Self.notifyName, AT_REMOVEDIR)
        if rmdir(path) != 0, Errno.current != .noEntry { throw KernelError("remove", path) }
    }
}

/// The container's ends of its two FIFOs.
final class StartGate {
    let start: Int32
    let result: Int32

    init(start: Int32, result: Int32) {
        self.start = start
        self.result = result
    }

    deinit {
        close(start)
        close(result)
    }
}
