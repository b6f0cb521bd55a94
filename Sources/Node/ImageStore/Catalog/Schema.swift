import GRDB

/// The tables of the store's database.
///
/// A program that knows an older schema refuses the database; a newer one migrates it when it opens it.
enum Schema {
    static let version = 2

    static func prepare(_ database: Database, path: String) throws {
        // Read without a lock first: nearly always there is nothing to do.
        if try currentVersion(database) == version { return }
        try database.inTransaction(.immediate) {
            let found = try currentVersion(database)
            if found > version {
                throw ImageError(
                    .store,
                    "image store \(path) was written by a newer swiftlet"
                        + " (schema \(found), this one knows \(version)): use that version or newer")
            }
            if found < 1 { try database.execute(sql: first) }
            if found < 2 { try database.execute(sql: second) }
            try database.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    private static func currentVersion(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    private static let first = """
        -- Blobs that are there, verified. Digests as text, algorithm:hex.
        CREATE TABLE content (
            digest TEXT PRIMARY KEY NOT NULL,
            size INTEGER NOT NULL,
            added INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        -- What a document needs: an index its chosen manifest, a manifest its configuration and layers.
        CREATE TABLE content_link (
            parent TEXT NOT NULL,
            child TEXT NOT NULL,
            PRIMARY KEY (parent, child)
        ) STRICT, WITHOUT ROWID;
        -- Unpacked layers; the folder is named by the number, which is never used again.
        CREATE TABLE snapshot (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            chain TEXT NOT NULL UNIQUE,
            parent TEXT,
            bytes INTEGER NOT NULL,
            entries INTEGER NOT NULL,
            added INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE image (
            manifest TEXT PRIMARY KEY NOT NULL,
            config TEXT NOT NULL,
            chain TEXT,
            os TEXT NOT NULL,
            architecture TEXT NOT NULL,
            variant TEXT,
            created TEXT,
            added INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_config ON image (config);
        -- Complete names with tags. The target is what the name was given for: an index or a manifest.
        CREATE TABLE name (
            name TEXT PRIMARY KEY NOT NULL,
            manifest TEXT NOT NULL REFERENCES image (manifest),
            target TEXT NOT NULL,
            updated INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX name_manifest ON name (manifest);
        -- Who is working on something, and what must stay for as long.
        CREATE TABLE lease (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            purpose TEXT NOT NULL,
            pid INTEGER NOT NULL,
            start INTEGER NOT NULL,
            boot TEXT NOT NULL,
            added INTEGER NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE lease_pin (
            lease INTEGER NOT NULL REFERENCES lease (number) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('content', 'snapshot')),
            key TEXT NOT NULL,
            PRIMARY KEY (lease, kind, key)
        ) STRICT, WITHOUT ROWID;
        """

    private static let second = """
        -- No collection takes an image away that has such a name.
        ALTER TABLE name ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
        -- Files whose record is gone, until they are deleted: digests of content, numbers of snapshots.
        CREATE TABLE garbage (
            kind TEXT NOT NULL CHECK (kind IN ('content', 'snapshot')),
            key TEXT NOT NULL,
            PRIMARY KEY (kind, key)
        ) STRICT, WITHOUT ROWID;
        """

    /// Made by who has something for it, so that programs without it go on: a node's daemon can be replaced by the one
    /// before.
    static let pinnedImages = """
        -- The node's configuration of images that stay (pinned_images), as it was when its daemon read it last.
        CREATE TABLE IF NOT EXISTS pinned_image (
            text TEXT PRIMARY KEY NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
