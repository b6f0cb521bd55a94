import GRDB
import Glibc
import LinuxKernel
import OCISpec
import Synchronization

/// The store's records. Transactions are short: no file is unpacked and nothing is waited for inside one.
///
/// Files and records agree because both change under the database's write lock: files come into place before
/// the transaction that records them commits, and leave after the one that forgets them did. A crash in
/// between leaves files without a record, which do not exist for anybody and are cleaned up later.
final class Catalog: Sendable {
    private let queue: DatabaseQueue
    private let folder: StoreFolder

    init(_ folder: StoreFolder) throws {
        self.folder = folder
        let path = folder.path + "/metadata.db"
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { database in
            // Readers never wait for a writer.
            try database.execute(sql: "PRAGMA journal_mode = WAL")
        }
        queue = try Self.translate(path) { [configuration] in
            // Even to read it, files are made beside it.
            try Self.makingRoom(folder) {
                let queue = try Self.locked(folder) {
                    try DatabaseQueue(path: path, configuration: configuration)
                }
                try queue.inDatabase { try Schema.prepare($0, path: folder.path) }
                return queue
            }
        }
    }

    /// Does something once more, with the room that is kept for this, when the disk is full.
    private static func makingRoom<Result>(_ folder: StoreFolder, _ body: () throws -> Result) throws
        -> Result
    {
        do {
            return try body()
        } catch let error as DatabaseError
            where [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN].contains(error.resultCode)
        {
            guard try folder.reserve.giveUp() else { throw error }
            return try body()
        }
    }

    /// Switching a new database to WAL does not wait for other processes that do the same at that moment, so
    /// they wait here. Later the database says itself that it is in that mode, and nobody waits for anybody.
    private static func locked<Result>(_ folder: StoreFolder, _ body: () throws -> Result) throws -> Result {
        if isKnown(folder) { return try body() }
        defer { know(folder) }
        if try isPrepared(folder) { return try body() }
        let lock = try folder.root.openAt(".", O_RDONLY | O_DIRECTORY)
        _ = try check("lock", folder.path) { flock(lock.raw, LOCK_EX) }
        defer { flock(lock.raw, LOCK_UN) }
        return try body()
    }

    /// Databases that this process has opened. A file's POSIX locks are gone with the first of its descriptors that the
    /// process closes (fcntl(2)), those of SQLite too: another process would take itself for the last user and remove the
    /// log that this one goes on writing. So a header is only looked at before SQLite has the file.
    private static let known = Mutex<Set<FileIdentity>>([])

    private struct FileIdentity: Hashable {
        var device: dev_t
        var inode: ino_t
    }

    private static func identity(_ folder: StoreFolder) -> FileIdentity? {
        var status = stat()
        guard fstatat(folder.root.raw, "metadata.db", &status, 0) == 0 else { return nil }
        return FileIdentity(device: status.st_dev, inode: status.st_ino)
    }

    private static func isKnown(_ folder: StoreFolder) -> Bool {
        identity(folder).map { identity in known.withLock { $0.contains(identity) } } ?? false
    }

    private static func know(_ folder: StoreFolder) {
        if let identity = identity(folder) { known.withLock { _ = $0.insert(identity) } }
    }

    /// Whether the file's header (sqlite.org/fileformat.html, 1.3) has the version of WAL.
    private static func isPrepared(_ folder: StoreFolder) throws -> Bool {
        do {
            let file = SharedFile(try folder.root.openAt("metadata.db", O_RDONLY), name: "metadata.db")
            let header = ByteBuffer(capacity: 100)
            return try header.fill(from: FileRangeSource(file, offset: 0, length: 100))
                && header.filled.dropFirst(18).prefix(2).elementsEqual([2, 2])
        } catch let error as KernelError {
            if error.errno == .noEntry { return false }
            throw error
        }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.translate(queue.path) { try queue.read(body) }
    }

    /// A transaction that changes names, images, content or snapshots: alone in the store's gate, so that no
    /// lookup works with what it is about to change. It holds the write lock from its start and is on the disk
    /// when it returns.
    /// - Parameter makesRoom: it removes something, and may take the room that is kept for this; `body` may be called
    ///   twice.
    func write<Result>(makesRoom: Bool = false, _ body: (Database) throws -> Result) throws -> Result {
        let gate = try StoreGate.forChange(folder.root, folder.path)
        try RememberedAnswers(folder.root).forgetAll()
        let result = try transaction(synchronous: "FULL", makesRoom, body)
        gate.leave()
        return result
    }

    /// A transaction for what need not survive a loss of power, since nothing that it speaks of does: leases.
    /// - Parameter makesRoom: as for `write`.
    func writeVolatile<Result>(makesRoom: Bool = false, _ body: (Database) throws -> Result) throws -> Result
    {
        try transaction(synchronous: "NORMAL", makesRoom, body)
    }

    private func transaction<Result>(
        synchronous: String, _ makesRoom: Bool, _ body: (Database) throws -> Result
    ) throws -> Result {
        func once() throws -> Result {
            try queue.inDatabase { database in
                try database.execute(sql: "PRAGMA synchronous = \(synchronous)")
                var result: Result?
                try database.inTransaction(.immediate) {
                    result = try body(database)
                    return .commit
                }
                return result!
            }
        }
        return try Self.translate(queue.path) {
            if !makesRoom { return try once() }
            return try Self.makingRoom(folder) { try once() }
        }
    }

    private static func translate<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                throw ImageError(.store, "\(path): another process has locked the image store for 30 seconds")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                throw ImageError(.store, "\(path) is damaged: \(error.message ?? "unknown error")")
            default:
                throw ImageError(.store, "\(path): \(error.message ?? "error \(error.resultCode)")")
            }
        }
    }
}

/// Seconds since 1970.
func now() -> Int64 { Int64(time(nil)) }
