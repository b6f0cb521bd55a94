import GRDB
import OCISpec

extension ImageStore {
    /// Forgets and deletes content and snapshots that no image, container, lease or hold needs.
    ///
    /// First the records go, in a transaction that is on the disk before any file is touched; then the
    /// files, each checked once more under the write lock, because an import may have brought the same
    /// content again.
    func collect(inUse: [ContainerUse]) throws {
        let gone = try catalog.write { database in
            try catalog.endDeadLeases(database)
            return try forgetUnneeded(database, containers: inUse.compactMap(\.topChain))
        }
        if gone.digests.isEmpty && gone.snapshots.isEmpty { return }
        try catalog.writeVolatile { database in
            for digest in gone.digests where try Catalog.contentSize(database, digest) == nil {
                try folder.moveToTrash(StoreFolder.blobPath(digest))
            }
            // A snapshot's number is never given out again, so its folder is nobody else's.
            for number in gone.snapshots { try folder.moveToTrash(StoreFolder.snapshotPath(number)) }
        }
        try folder.emptyTrash()
    }

    private func forgetUnneeded(
        _ database: Database, containers: [ChainID]
    ) throws -> (digests: [Digest], snapshots: [Int64]) {
        // Held by those that are just making a container. Nobody takes one while this transaction has the gate.
        let held = try Row.fetchAll(database, sql: "SELECT number, chain FROM snapshot").filter {
            try SnapshotHold.isHeld(folder.root, $0["number"])
        }.map { $0["chain"] as String }
        let digests = try String.fetchAll(
            database,
            sql: """
                WITH RECURSIVE needed (digest) AS (
                    SELECT manifest FROM image
                    UNION SELECT target FROM name
                    UNION SELECT key FROM lease_pin WHERE kind = 'content'
                    UNION SELECT child FROM content_link, needed WHERE parent = digest
                ) DELETE FROM content WHERE digest NOT IN (SELECT digest FROM needed) RETURNING digest
                """)
        try database.execute(
            sql: "DELETE FROM content_link WHERE parent NOT IN (SELECT digest FROM content)")
        let snapshots = try Int64.fetchAll(
            database,
            sql: """
                WITH RECURSIVE needed (chain) AS (
                    SELECT chain FROM image WHERE chain IS NOT NULL
                    UNION SELECT key FROM lease_pin WHERE kind = 'snapshot'
                    UNION SELECT value FROM json_each(?)
                    UNION SELECT parent FROM snapshot, needed
                        WHERE snapshot.chain = needed.chain AND parent IS NOT NULL
                ) DELETE FROM snapshot WHERE chain NOT IN (SELECT chain FROM needed) RETURNING number
                """,
            arguments: [String(decoding: (containers.map(\.description) + held).json(), as: UTF8.self)])
        return (try digests.map { try Digest($0) }, snapshots)
    }
}
