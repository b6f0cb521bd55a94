import GRDB
import LinuxKernel
import OCISpec

/// Who needs images at one moment: asked for inside the store's gate, so that it stays true until the change that
/// asks is done.
struct StoreUse {
    /// Snapshots that somebody holds who is just making a container.
    let held: [ChainID]
    private let containers: ContainerNeeds

    /// - Parameter containers: lists the containers there are. Asked after the holds: whoever let go of one before
    ///   we looked has written his container down before that.
    init(
        _ database: Database, _ folder: StoreFolder, containers: () throws -> [ContainerUse]
    ) throws {
        held = try Row.fetchAll(database, sql: "SELECT number, chain FROM snapshot").filter {
            try SnapshotHold.isHeld(folder.root, $0["number"])
        }.map { ChainID(try Digest($0["chain"])) }
        self.containers = try ContainerNeeds(try containers(), database)
    }

    /// Whether a container was made from the image, or is being made.
    func includes(_ image: ImageRecord) -> Bool {
        containers.haveUser(of: image) || image.topChain.map(held.contains) == true
    }

    /// The containers that were, or may have been, made from an image.
    func users(of image: ImageRecord) -> [ContainerUse] { containers.users(of: image) }

    var chains: [ChainID] { held + containers.chains }
}

/// What containers need, as the store's records have it.
struct ContainerNeeds {
    /// With the topmost snapshot that each of them stands on.
    private let known: [(use: ContainerUse, topChain: ChainID?)]
    private let images: Set<Digest>
    private let topChainsAlone: Set<ChainID>

    init(_ containers: [ContainerUse], _ database: Database) throws {
        known = try containers.map { use in
            switch use.need {
            case .image(_, let topChain): (use, topChain)
            case .layers(let folders): (use, try Self.topChain(of: folders, database))
            }
        }
        images = Set(
            containers.compactMap { if case .image(let id, _) = $0.need { id } else { nil } })
        topChainsAlone = Set(
            known.compactMap { if case .layers = $0.use.need { $0.topChain } else { nil } })
    }

    var chains: [ChainID] { known.compactMap(\.topChain) }

    func haveUser(of image: ImageRecord) -> Bool {
        images.contains(image.id) || image.topChain.map(topChainsAlone.contains) == true
    }

    func users(of image: ImageRecord) -> [ContainerUse] {
        known.filter { use, topChain in
            switch use.need {
            case .image(let id, _): id == image.id
            case .layers: topChain != nil && topChain == image.topChain
            }
        }.map(\.use)
    }

    /// The topmost folder that is one of the store's snapshots: others may lie above it or below.
    private static func topChain(of folders: [String], _ database: Database) throws -> ChainID? {
        guard let number = folders.lazy.compactMap(StoreFolder.snapshotNumber).first else { return nil }
        let chain = try String.fetchOne(
            database, sql: "SELECT chain FROM snapshot WHERE number = ?", arguments: [number])
        return try chain.map { ChainID(try Digest($0)) }
    }
}

extension ImageStore {
    /// A change that takes something away, and with it everything that then nothing needs any more: no image, no
    /// container, no lease and no hold.
    ///
    /// First the records go, and what they named becomes garbage, in one transaction that is on the disk before any
    /// file is touched; then the files. Whoever dies in between leaves the list of garbage to the next.
    /// - Returns: what `body` answers, and the bytes of content and unpacked files that went.
    func removing<Result>(
        inUse: () throws -> [ContainerUse], _ body: (Database, StoreUse) throws -> Result
    ) throws -> (result: Result, freed: Int64) {
        let done = try catalog.write(makesRoom: true) { database in
            try catalog.endDeadLeases(database)
            let use = try StoreUse(database, folder, containers: inUse)
            let result = try body(database, use)
            return (result, try forgetUnneeded(database, use.chains))
        }
        try removeGarbage()
        folder.keepReserve()
        return done
    }

    /// Ends a lease on content, and takes away what was kept for it alone, since its image was removed meanwhile. What
    /// cannot be done, the next removal does.
    /// - Parameter inUse: as for `removing`, by whoever kept unpacked layers, too: only who knows the containers can tell
    ///   which of those are needed.
    func release(_ lease: Lease, inUse: (() throws -> [ContainerUse])? = nil) {
        do {
            let isAllNeeded = try catalog.writeVolatile { database in
                try Catalog.end(database, lease.number)
                let count = "SELECT count(*) FROM content WHERE digest NOT IN (SELECT digest FROM needed)"
                return try Int.fetchOne(database, sql: Self.neededContent + count) == 0
            }
            if isAllNeeded { return }
            if let inUse {
                _ = try removing(inUse: inUse) { _, _ in }
                return
            }
            try catalog.write(makesRoom: true) { _ = try forgetUnneededContent($0) }
            try removeGarbage()
            folder.keepReserve()
        } catch {
            return
        }
    }

    private static let neededContent = """
        WITH RECURSIVE needed (digest) AS (
            SELECT manifest FROM image
            UNION SELECT target FROM name
            UNION SELECT key FROM lease_pin WHERE kind = 'content'
            UNION SELECT child FROM content_link, needed WHERE parent = digest
        )\u{20}
        """

    /// - Returns: bytes.
    private func forgetUnneededContent(_ database: Database) throws -> Int64 {
        let delete = "DELETE FROM content WHERE digest NOT IN (SELECT digest FROM needed)"
        let contents = try Row.fetchAll(
            database, sql: Self.neededContent + delete + " RETURNING digest AS key, size")
        try database.execute(
            sql: "DELETE FROM content_link WHERE parent NOT IN (SELECT digest FROM content)")
        return try noteGarbage(database, .content, contents)
    }

    private func forgetUnneeded(_ database: Database, _ chains: [ChainID]) throws -> Int64 {
        let content = try forgetUnneededContent(database)
        let snapshots = try Row.fetchAll(
            database,
            sql: """
                WITH RECURSIVE needed (chain) AS (
                    SELECT chain FROM image WHERE chain IS NOT NULL
                    UNION SELECT key FROM lease_pin WHERE kind = 'snapshot'
                    UNION SELECT value FROM json_each(?)
                    UNION SELECT parent FROM snapshot, needed
                        WHERE snapshot.chain = needed.chain AND parent IS NOT NULL
                ) DELETE FROM snapshot WHERE chain NOT IN (SELECT chain FROM needed)
                RETURNING CAST(number AS TEXT) AS key, bytes AS size
                """,
            arguments: [String(decoding: chains.map(\.description).json(), as: UTF8.self)])
        return try content + noteGarbage(database, .snapshot, snapshots)
    }

    /// - Returns: bytes.
    private func noteGarbage(_ database: Database, _ kind: PinKind, _ rows: [Row]) throws -> Int64 {
        for row in rows {
            try database.execute(
                sql: "INSERT OR IGNORE INTO garbage (kind, key) VALUES (?, ?)",
                arguments: [kind.rawValue, row["key"] as String])
        }
        return rows.reduce(0) { $0 + ($1["size"] as Int64) }
    }

    /// Deletes the files of what has no record any more. They are moved away under the write lock, each after one more
    /// look: an import may have brought the same content again.
    func removeGarbage() throws {
        try catalog.writeVolatile(makesRoom: true) { database in
            for row in try Row.fetchAll(database, sql: "SELECT kind, key FROM garbage") {
                let key: String = row["key"]
                switch PinKind(rawValue: row["kind"]) {
                case .content:
                    let digest = try Digest(key)
                    if try Catalog.contentSize(database, digest) != nil { continue }
                    try folder.moveToTrash(StoreFolder.blobPath(digest))
                case .snapshot:
                    // A number is never given out again, so the folder is nobody else's.
                    guard let number = Int64(key) else { continue }
                    try folder.moveToTrash(StoreFolder.snapshotPath(number))
                case nil: continue
                }
            }
            try database.execute(sql: "DELETE FROM garbage")
        }
        try folder.emptyTrash()
    }
}
