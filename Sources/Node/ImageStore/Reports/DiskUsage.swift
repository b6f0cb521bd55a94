import GRDB
import OCISpec

/// What the store takes, from its records: no folder is walked.
public struct DiskUsage: Sendable, Equatable {
    public let images: Int
    /// Bytes of blobs as they came: compressed layers and documents.
    public let content: Int64
    /// Bytes of unpacked files.
    public let snapshots: Int64
    /// Files and folders, of both.
    public let inodes: Int64

    package init(images: Int, content: Int64, snapshots: Int64, inodes: Int64 = 0) {
        self.images = images
        self.content = content
        self.snapshots = snapshots
        self.inodes = inodes
    }

    public var total: Int64 { content + snapshots }
}

/// What the store takes, image by image and layer by layer, from its records.
public struct StoreUsage: Sendable, Equatable {
    public struct Image: Sendable, Equatable {
        public let image: ImageRecord
        /// Bytes that other images need, too.
        public let shared: Int64
        /// Bytes that would go with the image.
        public let unique: Int64
        /// How many containers were made from it.
        public let containers: Int

        public var size: Int64 { shared + unique }
    }

    public struct Snapshot: Sendable, Equatable {
        public let chain: ChainID
        public let parent: ChainID?
        /// Of its own files.
        public let bytes: Int64
        public let entries: Int64
        /// How many images stand on it.
        public let images: Int
    }

    /// A blob that was not fetched as a whole yet.
    public struct Download: Sendable, Equatable {
        public let digest: Digest
        /// Bytes that are there.
        public let bytes: Int64
        /// Somebody fetches it just now; else it waits for the next pull that needs it.
        public let isActive: Bool
    }

    public let total: DiskUsage
    public let images: [Image]
    public let snapshots: [Snapshot]
    public let downloads: [Download]
    /// Bytes that no container needs and no pin keeps.
    public let reclaimable: Int64
}

extension ImageStore {
    public func diskUsage() throws -> DiskUsage {
        try catalog.read { try Self.diskUsage($0) }
    }

    private static func diskUsage(_ database: Database) throws -> DiskUsage {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT (SELECT count(*) FROM image) AS images,
                    (SELECT coalesce(sum(size), 0) FROM content) AS content,
                    (SELECT coalesce(sum(bytes), 0) FROM snapshot) AS snapshots,
                    (SELECT count(*) FROM content)
                        + (SELECT coalesce(sum(entries), 0) FROM snapshot) AS inodes
                """)!
        return DiskUsage(
            images: row["images"], content: row["content"], snapshots: row["snapshots"], inodes: row["inodes"]
        )
    }

    /// - Parameter containers: those there are.
    public func usage(containers: [ContainerUse]) throws -> StoreUsage {
        let downloads = try PartialBlob.all(in: folder)
        return try catalog.read { database in
            let parts = try UsageParts(database)
            let images = try Catalog.images(database)
            let closures = try images.map { try parts.closure(of: $0, database) }
            var users: [UsageParts.Part: Int] = [:]
            for closure in closures { for part in closure { users[part, default: 0] += 1 } }

            var kept: Set<UsageParts.Part> = []
            let needs = try ContainerNeeds(containers, database)
            for chain in needs.chains { kept.formUnion(parts.chain(chain.description)) }
            var shown: [StoreUsage.Image] = []
            for (image, closure) in zip(images, closures) {
                let uses = needs.users(of: image).count
                if uses > 0 || image.isPinned { kept.formUnion(closure) }
                let unique = closure.filter { users[$0] == 1 }
                shown.append(
                    StoreUsage.Image(
                        image: image, shared: parts.bytes(of: closure.subtracting(unique)),
                        unique: parts.bytes(of: unique), containers: uses))
            }
            let total = try Self.diskUsage(database)
            return StoreUsage(
                total: total, images: shown,
                snapshots: try parts.snapshots.map { row in
                    StoreUsage.Snapshot(
                        chain: ChainID(try Digest(row["chain"])),
                        parent: try (row["parent"] as String?).map { ChainID(try Digest($0)) },
                        bytes: row["bytes"], entries: row["entries"],
                        images: users[.snapshot(row["chain"])] ?? 0)
                },
                downloads: downloads,
                reclaimable: total.total - parts.bytes(of: kept))
        }
    }
}

/// The store's parts, with their sizes and what each of them needs.
private struct UsageParts {
    enum Part: Hashable {
        case content(String)
        case snapshot(String)
    }

    let snapshots: [Row]
    private var sizes: [Part: Int64] = [:]
    private var parents: [String: String] = [:]
    private var children: [String: [String]] = [:]

    init(_ database: Database) throws {
        snapshots = try Row.fetchAll(
            database, sql: "SELECT chain, parent, bytes, entries FROM snapshot ORDER BY number")
        for row in snapshots {
            sizes[.snapshot(row["chain"])] = row["bytes"]
            parents[row["chain"]] = row["parent"] as String?
        }
        for row in try Row.fetchAll(database, sql: "SELECT digest, size FROM content") {
            sizes[.content(row["digest"])] = row["size"]
        }
        for row in try Row.fetchAll(database, sql: "SELECT parent, child FROM content_link") {
            children[row["parent"], default: []].append(row["child"])
        }
    }

    /// All that an image needs.
    func closure(of image: ImageRecord, _ database: Database) throws -> Set<Part> {
        var found = chain(image.topChain?.description)
        var open = try String.fetchAll(
            database, sql: "SELECT target FROM name WHERE manifest = ?",
            arguments: [image.manifest.description])
        open.append(image.manifest.description)
        while let digest = open.popLast() {
            guard sizes[.content(digest)] != nil, found.insert(.content(digest)).inserted else { continue }
            open += children[digest] ?? []
        }
        return found
    }

    /// A snapshot and those below it.
    func chain(_ top: String?) -> Set<Part> {
        var found: Set<Part> = []
        var next = top
        while let chain = next, sizes[.snapshot(chain)] != nil {
            found.insert(.snapshot(chain))
            next = parents[chain]
        }
        return found
    }

    func bytes(of parts: Set<Part>) -> Int64 { parts.reduce(0) { $0 + (sizes[$1] ?? 0) } }
}
