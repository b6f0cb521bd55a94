import Foundation
import GRDB
import Glibc
import LinuxKernel

/// A database whose file is damaged: what can still be read of it goes into a new one, and the file is kept beside that
/// for people.
struct DatabaseSalvage {
    let path: String

    /// Where the damaged file is kept, its log beside it. An earlier one is replaced.
    static func kept(_ path: String) -> String { path + ".damaged" }

    /// SQLite says so of what is no database, and of pages that are not what they should be.
    static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    fileprivate struct Content {
        /// By id.
        var sandboxes: [String: Data] = [:]
        var containers: [String: (sandbox: String, record: Data)] = [:]
        var unreadableTables: [String] = []
    }

    struct Outcome {
        /// How many records.
        let kept: Int
        /// Tables of which not even that they are empty is known.
        let unreadableTables: [String]
    }

    /// - Parameter prepare: makes the tables of a new database.
    func run(prepare: @Sendable (Database) throws -> Void) throws -> Outcome {
        let content = read()
        let new = path + ".new"
        for name in [new, new + "-journal"] { try remove(name) }
        do {
            // SQLite would let others read it.
            _ = try FileDescriptor.open(new, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            // Whole in one file, so that it comes to its place by one rename.
            let queue = try DatabaseQueue(path: new)
            try queue.write { database in
                try prepare(database)
                try content.write(to: database)
            }
            try queue.close()
        }
        let kept = Self.kept(path)
        for name in [kept, kept + "-wal"] { try remove(name) }
        _ = try check("link", kept) { link(path, kept) }
        // The log would be taken for the new file's.
        if rename(path + "-wal", kept + "-wal") != 0, Errno.current != .noEntry {
            throw KernelError("rename", path + "-wal")
        }
        try remove(path + "-shm")
        _ = try check("rename", path) { rename(new, path) }
        return Outcome(
            kept: content.sandboxes.count + content.containers.count,
            unreadableTables: content.unreadableTables)
    }

    /// After a run that was killed before its last step: the file is in its place still and has its second name, and the
    /// log, without which it says something older or nothing, may be away. All is as before, for another run if need be.
    func undoHalf() throws {
        let kept = Self.kept(path)
        var (own, other) = (stat(), stat())
        guard stat(path, &own) == 0, stat(kept, &other) == 0, own.st_dev == other.st_dev,
            own.st_ino == other.st_ino
        else { return }
        if access(path + "-wal", F_OK) != 0, rename(kept + "-wal", path + "-wal") != 0,
            Errno.current != .noEntry
        {
            throw KernelError("rename", kept + "-wal")
        }
        try remove(kept)
    }

    private func remove(_ name: String) throws(KernelError) {
        if unlink(name) != 0, Errno.current != .noEntry { throw KernelError("remove", name) }
    }

    /// Each table from its beginning to the damage, and from its end. Of what is no database that is nothing.
    private func read() -> Content {
        var content = Content()
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try? DatabaseQueue(path: path, configuration: configuration)
        let hasSandboxes = rows(of: queue, "sandbox") { id, row in
            content.sandboxes[id] = Data.fromDatabaseValue(row["record"])
        }
        let hasContainers = rows(of: queue, "container") { id, row in
            guard let record = Data.fromDatabaseValue(row["record"]) else { return }
            content.containers[id] = (String.fromDatabaseValue(row["sandbox"]) ?? "", record)
        }
        if !hasSandboxes { content.unreadableTables.append("sandbox") }
        if !hasContainers { content.unreadableTables.append("container") }
        return content
    }

    /// - Returns: whether anything of the table could be read: a row, or that there is none.
    private func rows(
        of queue: DatabaseQueue?, _ table: String, _ body: (_ id: String, Row) -> Void
    ) -> Bool {
        guard let queue else { return false }
        var isRead = false
        for order in ["ASC", "DESC"] {
            do {
                try queue.read { database in
                    let sql = "SELECT * FROM \(table) ORDER BY id \(order)"
                    let cursor = try Row.fetchCursor(database, sql: sql)
                    while let row = try cursor.next() {
                        isRead = true
                        if let id = String.fromDatabaseValue(row["id"]) { body(id, row) }
                    }
                }
                isRead = true
            } catch {
                // The first page that cannot be read ends it.
            }
        }
        return isRead
    }
}

extension DatabaseSalvage.Content {
    fileprivate func write(to database: Database) throws {
        for (id, record) in sandboxes {
            try database.execute(
                sql: "INSERT INTO sandbox (id, record) VALUES (?, ?)", arguments: [id, record])
        }
        for (id, container) in containers {
            try database.execute(
                sql: "INSERT INTO container (id, sandbox, record) VALUES (?, ?, ?)",
                arguments: [id, container.sandbox, container.record])
        }
    }
}
