import GRDB
import OCISpec

/// What a crash can leave: folders of imports whose process is gone, and files that no record names. None of
/// it is visible to anybody; this removes it.
extension ImageStore {
    /// Removes everything that no record names. To be called when a daemon starts; imports and removals do
    /// the cheap part of it themselves.
    public func recover() throws {
        try removeLeftovers()
        try removeUnrecorded()
    }

    /// Ends the leases of dead processes, removes what their imports had begun, and what removals had not finished.
    package func removeLeftovers() throws {
        try PartialBlob.removeAbandoned(in: folder)
        let names = try TreeRemoval.names(in: folder.ingest).map { String(decoding: $0, as: UTF8.self) }
        let (leases, garbage) = try catalog.read { database in
            let counts =
                "SELECT (SELECT count(*) FROM lease) AS leases, (SELECT count(*) FROM garbage) AS garbage"
            let row = try Row.fetchOne(database, sql: counts)!
            return (row["leases"] as Int, row["garbage"] as Int)
        }
        if garbage > 0 { try removeGarbage() }
        if try names.isEmpty && leases == 0 && TreeRemoval.names(in: folder.trash).isEmpty { return }
        let crashed = try catalog.writeVolatile(makesRoom: true) { database in
            try endDeadLeases(database, names)
        }
        if crashed { try removeUnrecorded() } else { try folder.emptyTrash() }
    }

    private func endDeadLeases(_ database: Database, _ names: [String]) throws -> Bool {
        try catalog.endDeadLeases(database)
        let living = Set(try Int64.fetchAll(database, sql: "SELECT number FROM lease"))
        // A lease is recorded before its folder is made, so a folder without a lease has no process.
        let dead = names.filter { name in
            StoreFolder.lease(ofIngest: name).map { !living.contains($0) } ?? false
        }
        for name in dead { try folder.moveToTrash("ingest/" + name) }
        return !dead.isEmpty
    }

    /// Removes blobs and snapshots without a record. They are moved away under the write lock: an import
    /// moves its files into place and records them in one transaction.
    func removeUnrecorded() throws {
        try catalog.writeVolatile(makesRoom: true) { database in
            let numbers = Set(try Int64.fetchAll(database, sql: "SELECT number FROM snapshot"))
            for name in try TreeRemoval.names(in: folder.snapshots).map({
                String(decoding: $0, as: UTF8.self)
            }) {
                if Int64(name).map(numbers.contains) != true { try folder.moveToTrash("snapshots/\(name)") }
            }
            let digests = Set(try String.fetchAll(database, sql: "SELECT digest FROM content"))
            for algorithm in Digest.Algorithm.allCases {
                for name in try folder.names(in: "blobs/\(algorithm.rawValue)") {
                    if digests.contains("\(algorithm.rawValue):\(name)") { continue }
                    try folder.moveToTrash("blobs/\(algorithm.rawValue)/\(name)")
                }
            }
        }
        try folder.emptyTrash()
    }
}
