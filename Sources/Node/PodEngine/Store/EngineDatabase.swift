import Foundation
import GRDB
import Glibc
import LinuxKernel

/// The engine's records (SQLite). One program writes: the daemon that has the lock.
///
/// Commits are not synced (`synchronous = NORMAL` with a write-ahead log): they survive the end of the program at any
/// instruction. After a crash of the machine the newest may be missing, and then nothing of what they name is there.
final class EngineDatabase: Sendable {
    private let queue: DatabaseQueue
    private let lock: EngineLock

    private static let schemaVersion = 1

    /// - Throws: `EngineError` when another daemon has it, or a newer program has written it.
    init(path: String) throws {
        lock = try EngineLock(path + ".lock")
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        }
        // SQLite makes its other files with the mode of this one.
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        if fchmod(file.raw, 0o600) != 0 { throw KernelError("chmod", path) }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { try Self.prepare($0, path) }
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

    func load() throws -> (sandboxes: [SandboxRecord], containers: [ContainerRecord]) {
        try queue.read { database in
            let decoder = JSONDecoder()
            return (
                try Data.fetchAll(database, sql: "SELECT record FROM sandbox").map {
                    try decoder.decode(SandboxRecord.self, from: $0)
                },
                try Data.fetchAll(database, sql: "SELECT record FROM container").map {
                    try decoder.decode(ContainerRecord.self, from: $0)
                }
            )
        }
    }

    func save(_ record: SandboxRecord) throws {
        let data = try JSONEncoder().encode(record)
        try queue.write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO sandbox (id, record) VALUES (?, ?)",
                arguments: [record.id, data])
        }
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
        try queue.write { try $0.execute(sql: "DELETE FROM sandbox WHERE id = ?", arguments: [id]) }
    }

    func removeContainer(_ id: String) throws {
        try queue.write { try $0.execute(sql: "DELETE FROM container WHERE id = ?", arguments: [id]) }
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
