import GRDB
import OCISpec

/// Reading and changing the records of images and names.
extension Catalog {
    private static let imageColumns = """
        SELECT image.*, (
            WITH RECURSIVE below (chain, parent, bytes) AS (
                SELECT chain, parent, bytes FROM snapshot WHERE chain = image.chain
                UNION ALL
                SELECT snapshot.chain, snapshot.parent, snapshot.bytes FROM snapshot, below
                WHERE snapshot.chain = below.parent
            ) SELECT coalesce(sum(bytes), 0) FROM below
        ) AS bytes FROM image
        """

    static func images(_ database: Database) throws -> [ImageRecord] {
        try records(database, Self.imageColumns + " ORDER BY image.created DESC, image.manifest")
    }

    static func image(_ database: Database, manifest: Digest) throws -> ImageRecord? {
        try records(database, Self.imageColumns + " WHERE image.manifest = ?", [manifest.description]).first
    }

    /// Several manifests may have one configuration.
    static func images(_ database: Database, id: Digest) throws -> [ImageRecord] {
        try records(
            database, Self.imageColumns + " WHERE image.config = ? ORDER BY image.added DESC, image.manifest",
            [id.description])
    }

    static func image(_ database: Database, name: ImageReference) throws -> ImageRecord? {
        try records(
            database,
            Self.imageColumns + " WHERE image.manifest = (SELECT manifest FROM name WHERE name = ?)",
            [name.description]
        ).first
    }

    /// By what a name was given for: `busybox@sha256:…` with the digest of an index or of a manifest.
    static func image(
        _ database: Database, repository: ImageReference, digest: Digest
    ) throws -> ImageRecord? {
        let start = "\(repository.domain)/\(repository.path)"
        return try records(
            database,
            Self.imageColumns + """
                 WHERE image.manifest IN (
                    SELECT manifest FROM name WHERE (target = ?1 OR manifest = ?1)
                    AND substr(name, 1, length(?2)) = ?2
                    AND substr(name, length(?2) + 1, 1) IN (':', '@')
                    AND instr(substr(name, length(?2) + 1), '/') = 0)
                """,
            [digest.description, start]
        ).first
    }

    /// Images whose id, or whose manifest's digest, begins with `prefix`; several manifests of one id count
    /// as one image, the newest.
    static func images(_ database: Database, prefix: String) throws -> [ImageRecord] {
        let end = prefix + "\u{7f}"
        let found = try records(
            database,
            Self.imageColumns + """
                 WHERE (config >= ?1 AND config < ?2) OR (manifest >= ?1 AND manifest < ?2)
                ORDER BY image.added DESC, image.manifest
                """, [prefix, end])
        var seen: Set<Digest> = []
        return found.filter { seen.insert($0.id).inserted }
    }

    private static func records(
        _ database: Database, _ sql: String, _ arguments: StatementArguments = []
    ) throws -> [ImageRecord] {
        let rows = try Row.fetchAll(database, sql: sql, arguments: arguments)
        if rows.isEmpty { return [] }
        let allNames = try names(database, of: rows.map { $0["manifest"] })
        let kept = PinnedImages(try pinnedTexts(database))
        return try rows.map { row in
            let manifest: String = row["manifest"]
            let names = allNames[manifest] ?? []
            let references = try names.map { try ImageReference($0["name"]) }
            let digests = try zip(references, names).map { reference, row in
                reference.with(digest: try Digest(row["target"]))
            }
            return ImageRecord(
                id: try Digest(row["config"]),
                manifest: try Digest(manifest),
                names: references.filter { $0.digest == nil },
                digestNames: references.filter { $0.digest != nil },
                pinned: zip(references, names).filter { ($1["pinned"] as Int) != 0 }.map(\.0),
                kept: zip(references, digests).filter { kept.contain($0) || kept.contain(digest: $1) }.map(
                    \.0),
                digests: Set(digests).sorted { $0.description < $1.description },
                platform: Platform(os: row["os"], architecture: row["architecture"], variant: row["variant"]),
                size: row["bytes"],
                created: row["created"],
                imported: row["added"],
                topChain: try (row["chain"] as String?).map { ChainID(try Digest($0)) })
        }
    }

    /// By manifest, sorted. A few are asked for one by one, many all at once: a question costs more than a row.
    private static func names(_ database: Database, of manifests: [String]) throws -> [String: [Row]] {
        let columns = "SELECT manifest, name, target, pinned FROM name"
        if manifests.count > 8 {
            let rows = try Row.fetchAll(database, sql: columns + " ORDER BY name")
            return Dictionary(grouping: rows) { $0["manifest"] }
        }
        return try manifests.reduce(into: [:]) { found, manifest in
            found[manifest] = try Row.fetchAll(
                database, sql: columns + " WHERE manifest = ? ORDER BY name", arguments: [manifest])
        }
    }

    /// Gives `name`, which has a tag or a digest, to an image; another image that had it loses it. A pinned name stays
    /// pinned.
    static func setName(
        _ database: Database, _ name: ImageReference, manifest: Digest, target: Digest
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO name (name, manifest, target, updated) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (name) DO UPDATE SET manifest = ?2, target = ?3, updated = ?4
                """,
            arguments: [name.description, manifest.description, target.description, now()])
    }

    // MARK: Content and snapshots

    static func contentSize(_ database: Database, _ digest: Digest) throws -> Int64? {
        try Int64.fetchOne(
            database, sql: "SELECT size FROM content WHERE digest = ?", arguments: [digest.description])
    }

    static func snapshotNumber(_ database: Database, _ chain: ChainID) throws -> Int64? {
        try Int64.fetchOne(
            database, sql: "SELECT number FROM snapshot WHERE chain = ?", arguments: [chain.description])
    }

    /// Folders of a chain's layers, the topmost first.
    static func snapshotNumbers(_ database: Database, chain: ChainID) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                WITH RECURSIVE below (number, parent, depth) AS (
                    SELECT number, parent, 0 FROM snapshot WHERE chain = ?
                    UNION ALL
                    SELECT snapshot.number, snapshot.parent, depth + 1 FROM snapshot, below
                    WHERE snapshot.chain = below.parent
                ) SELECT number FROM below ORDER BY depth
                """, arguments: [chain.description])
    }
}
