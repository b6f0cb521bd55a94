import Foundation
import GRDB
import Glibc
import LinuxKernel
import Logging

/// The engine's records (SQLite). One program writes: the daemon that has the lock.
///
/// Commits are not synced (`synchronous = NORMAL` with a write-ahead log): they survive the end of the program at any
/// instruction. After a crash of the machine the newest may be missing, and then nothing of what they name is there.
final class EngineDatabase: Sendable {
    private let queue: DatabaseQueue
    private let lock: EngineLock
    /// For what is written when something ends: the log of some hundred changes.
    private let reserve: DiskReserve

    private static let schemaVersion = 1

    /// A damaged file is replaced by what can be read of it.
    /// - Throws: `EngineError` when another daemon has it, or a newer program has written it.
    init(path: String, logger: Logger) throws {
        lock = try EngineLock(path + ".lock")
        // SQLite makes its other files with the mode of this one.
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        if fchmod(file.raw, 0o600) != 0 { throw KernelError("chmod", path) }
        try DatabaseSalvage(path: path).undoHalf()
        let reserve = DiskReserve(path: path + ".reserve", size: 4 << 20)
        self.reserve = reserve
        // Even to read it, files are made beside it.
        queue = try Self.saying(path) {
            do {
                return try Self.makingRoom(reserve) { try Self.open(path) }
            } catch let error as DatabaseError where DatabaseSalvage.isDamage(error) {
                let outcome = try Self.makingRoom(reserve) {
                    try DatabaseSalvage(path: path).run { try Self.prepare($0, path) }
                }
                let lost = outcome.unreadableTables
                logger.error(
                    "the records of pods were damaged: those that can be read are kept, and pods without one can only be removed",
                    metadata: [
                        "path": "\(path)", "error": "\(Self.text(error))", "kept": "\(outcome.kept)",
                        "unreadable_tables": "\(lost.isEmpty ? "none" : lost.joined(separator: ","))",
                        "damaged": "\(DatabaseSalvage.kept(path))",
                    ])
                return try Self.open(path)
            }
        }
        keepReserve()
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { try prepare($0, path) }
        // Damage shows where it is read: now, and not under pods.
        try queue.read { try StoredRecords.readAll($0) }
        return queue
    }

    /// SQLite's errors name no file.
    private static func saying<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DatabaseError {
            throw EngineError(.refused, "\(path): \(text(error))")
        }
    }

    private static func text(_ error: DatabaseError) -> String {
        "\(error.message ?? "error") (SQLite \(error.extendedResultCode.rawValue))"
    }

    /// Does something once more, with the room that is kept for this, when the disk is full.
    private static func makingRoom<Result>(_ reserve: DiskReserve, _ body: () throws -> Result) throws
        -> Result
    {
        do {
            return try body()
        } catch let error as DatabaseError where isFull(error) {
            guard try reserve.giveUp() else { throw error }
            return try body()
        }
    }

    private static func isFull(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN].contains(error.resultCode)
    }

    /// A change for something that ends, which makes room for itself when the disk is full.
    private func end(_ change: @Sendable (Database) throws -> Void) throws {
        do {
            try Self.makingRoom(reserve) { try queue.write(change) }
        } catch let error as DatabaseError where Self.isFull(error) {
            // What is in the log goes to its place, and the log begins anew in the room that it has already.
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA wal_checkpoint(RESTART)")
            }
            try queue.write(change)
        }
    }

    private func keepReserve() {
        // It can be done without: what is wrong with the disk, whoever writes next will say.
        try? reserve.take()
    }

    private static func prepare(_ database: Database, _ path: String) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= schemaVersion else {
            throw EngineError(
                .refused,
                "\(path) was written by a newer swiftlet (schema \(version), this one knows \(schemaVersion))"
            )
        }
        // Nothing is written then: the daemon starts on a full disk, too.
        if version == schemaVersion { return }
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS sandbox (id TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS container (
                    id TEXT PRIMARY KEY, sandbox TEXT NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
                PRAGMA user_version = \(schemaVersion)
                """)
    }

    // MARK: Records

    func load() throws -> StoredRecords { try queue.read { try StoredRecords($0) } }

    func save(_ record: SandboxRecord) throws {
        let data = try JSONEncoder().encode(record)
        let change = { @Sendable (database: Database) throws -> Void in
            try database.execute(
                sql: "INSERT OR REPLACE INTO sandbox (id, record) VALUES (?, ?)",
                arguments: [record.id, data])
        }
        // Only what ends may take the room that is kept for it.
        if record.phase == .stopped { try end(change) } else { try queue.write(change) }
    }

    func save(_ record: ContainerRecord) throws {
        let data = try JSONEncoder().encode(record)
        try queue.write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO container (id, sandbox, record) VALUES (?, ?, ?)",
                arguments: [record.id, record.sandboxID, data])
        }
    }

    func removeSandbox(_ id: String) throws {
        try remove(id, from: "sandbox")
        keepReserve()
    }

    func removeContainer(_ id: String) throws { try remove(id, from: "container") }

    private func remove(_ id: String, from table: String) throws {
        try end { try $0.execute(sql: "DELETE FROM \(table) WHERE id = ?", arguments: [id]) }
    }
}

/// Held for as long as the daemon lives.
private final class EngineLock: Sendable {
    private let file: FileDescriptor

    init(_ path: String) throws {
        file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
            throw EngineError(
                .refused, "another swiftlet daemon works with \(path): choose other --root and --state")
        }
    }
}
