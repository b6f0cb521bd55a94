import GRDB
import LinuxKernel
import OCISpec

/// Says that this process works with some content and snapshots: they stay as long as the lease does. It ends
/// with `end()`, with the last use of this object, or when the process is gone; and it expires, so that a
/// process that hangs for ever holds nothing for ever.
public final class Lease: Sendable {
    let number: Int64
    private let catalog: Catalog

    /// Seconds after which a lease that nobody renews ends.
    static let lifetime: Int64 = 24 * 3600

    init(_ number: Int64, _ catalog: Catalog) {
        self.number = number
        self.catalog = catalog
    }

    deinit {
        // Whatever fails here: the lease ends with the process.
        try? end()
    }

    /// Ends it now. Ending twice is no error.
    public func end() throws {
        try catalog.writeVolatile { try Catalog.end($0, number) }
    }

    func renew() throws {
        try catalog.writeVolatile { database in
            try database.execute(
                sql: "UPDATE lease SET expires = ? WHERE number = ?",
                arguments: [now() + Self.lifetime, number])
            if database.changesCount == 0 {
                throw ImageError(.store, "the lease on the image store has expired")
            }
        }
    }
}

enum PinKind: String {
    case content, snapshot
}

extension Catalog {
    func makeLease(_ purpose: String) throws -> Lease {
        let process = try ProcessIdentity.current()
        let boot = try BootID.current()
        let number = try writeVolatile { database in
            try database.execute(
                sql: """
                    INSERT INTO lease (purpose, pid, start, boot, added, expires) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    purpose, process.pid, Int64(process.start), boot, now(), now() + Lease.lifetime,
                ])
            return database.lastInsertedRowID
        }
        return Lease(number, self)
    }

    /// Forgets the leases of processes that are gone, of former boots and those that expired.
    func endDeadLeases(_ database: Database) throws {
        let boot = try BootID.current()
        for row in try Row.fetchAll(database, sql: "SELECT number, pid, start, boot, expires FROM lease") {
            let process = ProcessIdentity(pid: row["pid"], start: UInt64(row["start"] as Int64))
            if row["boot"] == boot, row["expires"] > now(), try process.isAlive { continue }
            try Self.end(database, row["number"])
        }
    }

    static func end(_ database: Database, _ lease: Int64) throws {
        try database.execute(sql: "DELETE FROM lease WHERE number = ?", arguments: [lease])
    }

    static func pin(_ database: Database, _ lease: Lease, _ kind: PinKind, _ keys: [String]) throws {
        for key in keys {
            try database.execute(
                sql: "INSERT OR IGNORE INTO lease_pin (lease, kind, key) VALUES (?, ?, ?)",
                arguments: [lease.number, kind.rawValue, key])
        }
    }
}
