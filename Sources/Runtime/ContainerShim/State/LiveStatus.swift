import Glibc
import LinuxKernel
import OCISpec

/// The live state of a container: `status.json` in its folder. Its one writer is the container's shim; while
/// there is none, whoever holds the container's lock.
public struct LiveStatus: Equatable, Sendable {
    public enum Phase: String, JSONWord {
        public static let noun: StaticString = "status"
        /// Defined, or made and waiting for its start.
        case created
        case running
        case paused
        /// Exited, and about to be started again by its restart policy.
        case restarting
        case exited
    }

    public var phase: Phase
    /// The first process, while there is one; with `processStart` so that no recycled number is trusted.
    public var process: ProcessIdentity?
    /// Of the last run.
    public var exitCode: Int32?
    public var oomKilled: Bool
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// Why the last start failed, or `Unknown` when nobody saw the end.
    public var error: String?
    /// Why lines of the log are missing: the last answer of the disk, say.
    public var logError: String?
    /// How many bytes of log records the disk has refused in this run.
    public var logBytesLost: Int
    public var restartCount: Int
    /// The last run was ended by a user, so that `unless-stopped` keeps it stopped.
    public var stoppedByUser: Bool
    /// The boot in which this was written.
    public var bootID: String
    /// Who wrote it and supervises the container, or nil.
    public var shim: ProcessIdentity?
    /// The file cannot be read: this says the least that is true. Never written.
    public private(set) var isDamaged = false

    /// A container that was never started.
    public init(bootID: String) {
        phase = .created
        oomKilled = false
        logBytesLost = 0
        restartCount = 0
        stoppedByUser = false
        self.bootID = bootID
    }

    /// In place of a file that cannot be read, as a machine that was cut off leaves it: for all that is known the
    /// container has ended. Its shim, should one live, knows better, and has to be asked before anything is removed.
    static func damaged(bootID: String) -> LiveStatus {
        var status = LiveStatus(bootID: bootID)
        status.isDamaged = true
        status.phase = .exited
        status.exitCode = unknownExitCode
        status.error = "Unknown"
        return status
    }

    /// What exit code a container gets whose end nobody saw.
    public static let unknownExitCode: Int32 = 255
    public static let fileName = "status.json"
}

// MARK: On disk

extension LiveStatus {
    /// What the shim last wrote, unchecked; nil where there is no status. Most callers want `current(in:)`.
    /// - Throws: `StateFileError` for what is no status.
    public static func written(in folder: String) throws -> LiveStatus? {
        let path = folder + "/" + fileName
        guard let bytes = try FileDescriptor.readFileIfThere(path, limit: ShimProtocol.maxMessage) else {
            return nil
        }
        do throws(JSONError) {
            return try LiveStatus(json: bytes)
        } catch {
            throw StateFileError(path: path, reason: error)
        }
    }

    /// As `written`; a file that cannot be read counts as the end of the container (`isDamaged`).
    public static func found(in folder: String) throws -> LiveStatus? {
        do {
            return try written(in: folder)
        } catch is StateFileError {
            return damaged(bootID: try BootID.current())
        }
    }

    /// What is true now: what was written, unless the shim that wrote it is gone or the file is damaged. One damaged
    /// file must not hide all containers from whoever lists them.
    public static func current(in folder: String) throws -> LiveStatus? {
        guard let status = try found(in: folder) else { return nil }
        return try status.reconciled(bootID: try BootID.current())
    }

    /// Without its shim nobody knows how a container ended: it has exited with code 255 and error `Unknown`,
    /// even if a process of it should still run (`ContainerCleanup` ends and removes what is left).
    public func reconciled(bootID: String) throws(KernelError) -> LiveStatus {
        switch phase {
        case .exited: return self
        case .created where process == nil: return self
        default: break
        }
        if self.bootID == bootID, let shim, try shim.isAlive { return self }
        var lost = self
        lost.phase = .exited
        lost.process = nil
        lost.shim = nil
        // Between two runs the end of the last one is known.
        if phase == .restarting { return lost }
        lost.exitCode = Self.unknownExitCode
        lost.error = "Unknown"
        return lost
    }

    /// Whether nobody saw the end, and nobody has noted yet when it was found out.
    public var endIsUnknown: Bool {
        phase == .exited && error == "Unknown" && finishedAt == nil && !isDamaged
    }

    /// Writes down when it was found out that a container has ended whose shim is gone. All else stays as the shim left
    /// it: from that is known what has to be cleared.
    /// - Returns: the status as it is now; nil where somebody else works with the container.
    /// - Throws: also where there is no lock: no file may come into a folder that is just being removed.
    public static func noteEnd(in folder: String) throws -> LiveStatus? {
        guard let lock = try ContainerLock.tryTake(folder: folder, creates: false) else { return nil }
        guard var written = try written(in: folder) else { return nil }
        let bootID = try BootID.current()
        if try written.reconciled(bootID: bootID).endIsUnknown {
            written.finishedAt = .now
            try written.write(in: folder)
        }
        _ = consume lock
        return try written.reconciled(bootID: bootID)
    }

    /// Whether a shim supervises the container now.
    public var isSupervised: Bool {
        get throws(KernelError) {
            guard try bootID == BootID.current(), let shim else { return false }
            return try shim.isAlive
        }
    }

    /// Replaces the file in one step. Not synced: after a crash of the machine nothing in it is true anyway.
    public func write(in folder: String) throws(KernelError) {
        try replaceFile(folder + "/" + Self.fileName, with: json())
    }
}

/// A file of ours that is not what it should be.
public struct StateFileError: Error, CustomStringConvertible, Sendable {
    public let path: String
    public let reason: JSONError

    public init(path: String, reason: JSONError) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "read \(path): \(reason)" }
}

/// Writes a file beside `path` and renames it over it; on a full disk, into what is there.
package func replaceFile(_ path: String, with bytes: [UInt8]) throws(KernelError) {
    do throws(KernelError) {
        try writeBeside(path, bytes)
    } catch {
        // What is known now is worth more than that the file changes as a whole.
        if error.errno != .noSpace || !overwrite(path, bytes) { throw error }
    }
}

private func writeBeside(_ path: String, _ bytes: [UInt8]) throws(KernelError) {
    let temporary = path + ".new"
    let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
    do throws(KernelError) {
        try file.writeAll(bytes)
    } catch {
        unlink(temporary)
        throw KernelError("write", temporary, error.errno)
    }
    if rename(temporary, path) != 0 { throw KernelError("rename \(temporary) to", path) }
}

/// In the blocks that a file has already, which takes no space of a full disk. Blanks fill what it had more: they mean
/// nothing in JSON.
/// - Returns: whether it was possible.
private func overwrite(_ path: String, _ bytes: [UInt8]) -> Bool {
    let raw = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
    if raw < 0 { return false }
    let file = FileDescriptor(owning: raw)
    var status = stat()
    guard fstat(file.raw, &status) == 0, bytes.count <= Int(status.st_blocks) * 512 else { return false }
    let blanks = max(0, Int(status.st_size) - bytes.count)
    let text = bytes + [UInt8](repeating: UInt8(ascii: " "), count: blanks)
    return pwrite(file.raw, text, text.count, 0) == text.count
}

// MARK: JSON

extension LiveStatus: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        phase = try object.required("status")
        process = try object.identity("pid", "pidStart")
        exitCode = try object.optional("exitCode")
        oomKilled = try object.flag("oomKilled")
        startedAt = try object.optional("startedAt")
        finishedAt = try object.optional("finishedAt")
        error = try object.text("error")
        logError = try object.text("logError")
        logBytesLost = try object.optional("logBytesLost") ?? 0
        restartCount = try object.optional("restartCount") ?? 0
        stoppedByUser = try object.flag("stoppedByUser")
        bootID = try object.required("bootId")
        shim = try object.identity("shimPid", "shimStart")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("status", phase)
            json.optional("pid", process?.pid)
            json.optional("pidStart", process?.start)
            json.optional("exitCode", exitCode)
            json.flag("oomKilled", oomKilled)
            json.optional("startedAt", startedAt)
            json.optional("finishedAt", finishedAt)
            json.optional("error", error)
            json.optional("logError", logError)
            if logBytesLost > 0 { json.member("logBytesLost", logBytesLost) }
            json.member("restartCount", restartCount)
            json.flag("stoppedByUser", stoppedByUser)
            json.member("bootId", bootID)
            json.optional("shimPid", shim?.pid)
            json.optional("shimStart", shim?.start)
        }
    }
}

extension JSONObject {
    fileprivate func identity(_ pid: StaticString, _ start: StaticString) throws(JSONError)
        -> ProcessIdentity?
    {
        guard let number: Int32 = try optional(pid) else { return nil }
        return ProcessIdentity(pid: number, start: try required(start))
    }
}
