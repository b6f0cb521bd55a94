import GRDB
import Glibc
import LinuxKernel
import OCISpec

extension ImageStore {
    /// Reads all content again and compares it with its digest; looks whether every snapshot has its folder.
    /// - Parameters:
    ///   - isDeep: looks into the folders, too: unpacks each layer once more, which takes the room of the largest, and
    ///     compares.
    ///   - inUse: lists the containers there are, so that the layers of an image that is removed meanwhile can go at the
    ///     end; without it they go with the next removal.
    /// - Returns: what is wrong, one line each, with the images that need it; empty when all is well.
    public func verify(
        isDeep: Bool = false, progress: ProgressHandler? = nil, inUse: (() throws -> [ContainerUse])? = nil
    ) throws -> [String] {
        let lease = try catalog.makeLease("verify")
        defer { release(lease, inUse: inUse) }
        let (contents, snapshots) = try catalog.writeVolatile { database in
            // Pinned, so that a removal meanwhile is not taken for damage.
            for (kind, sql) in [
                ("content", "SELECT digest FROM content"), ("snapshot", "SELECT chain FROM snapshot"),
            ] {
                try database.execute(
                    sql: "INSERT INTO lease_pin (lease, kind, key) SELECT ?, ?, * FROM (\(sql))",
                    arguments: [lease.number, kind])
            }
            return (
                try Row.fetchAll(database, sql: "SELECT digest, size FROM content ORDER BY digest"),
                try Row.fetchAll(database, sql: "SELECT number, chain FROM snapshot ORDER BY number")
            )
        }
        var problems: [String] = []
        var damaged: Set<Digest> = []
        for row in contents {
            let digest = try Digest(row["digest"])
            if let problem = try verify(digest, size: row["size"], progress) {
                damaged.insert(digest)
                let users = try catalog.read { try Self.images($0, needing: row["digest"] as String) }
                problems.append(problem + users)
            }
        }
        var unpacked: [ChainID: Int64] = [:]
        for row in snapshots {
            let number: Int64 = row["number"]
            if folder.hasSnapshot(number) {
                unpacked[ChainID(try Digest(row["chain"]))] = number
            } else {
                let path = "\(folder.path)/\(StoreFolder.snapshotPath(number))"
                problems.append(try layer(row["chain"], "is not at \(path)"))
            }
        }
        if isDeep {
            let layers = LayerVerification(store: self, progress: progress, damaged: damaged)
            do {
                for problem in try layers.problems(unpacked) {
                    switch problem {
                    case .documents(let text): problems.append(text)
                    case .layer(let chain, let text):
                        problems.append(try layer(chain.description, text))
                    }
                }
            } catch let error where !problems.isEmpty && !(error is CancellationError) {
                // What was found is told.
                problems.append("the unpacked layers were not all compared: \(error)")
            }
        }
        return problems
    }

    private func layer(_ chain: String, _ what: String) throws -> String {
        "the unpacked layer \(chain) \(what)" + (try catalog.read { try Self.images($0, on: chain) })
    }

    private func verify(_ digest: Digest, size: Int64, _ progress: ProgressHandler?) throws -> String? {
        do {
            let source = VerifyingSource(
                try FileRangeSource(try folder.openBlob(digest)), digest: digest, size: size
            ) { done in
                progress?(.layer(digest, .unpacking, done: done, total: size))
            }
            try source.drain()
            return nil
        } catch let error as ImageError where error.kind == .corrupt {
            let text = "\(error)"
            return text.hasPrefix("\(digest) ") ? text : "\(digest): \(text)"
        } catch let error as KernelError {
            // The disk cannot read it: there is more to look at.
            return "\(digest): \(error)"
        }
    }

    // MARK: Whose it is

    private static func images(_ database: Database, needing digest: String) throws -> String {
        try names(
            database,
            """
            WITH RECURSIVE above (digest) AS (
                SELECT ? UNION SELECT parent FROM content_link, above WHERE child = digest
            ) SELECT manifest FROM image WHERE manifest IN above
            UNION SELECT manifest FROM name WHERE target IN above
            """, digest)
    }

    private static func images(_ database: Database, on chain: String) throws -> String {
        try names(
            database,
            """
            WITH RECURSIVE above (chain) AS (
                SELECT ? UNION SELECT snapshot.chain FROM snapshot, above WHERE snapshot.parent = above.chain
            ) SELECT manifest FROM image WHERE chain IN above
            """, chain)
    }

    /// ` (of busybox:latest, team/app:v1 and 3 more)`
    private static func names(_ database: Database, _ sql: String, _ key: String) throws -> String {
        let manifests = try String.fetchAll(database, sql: sql + " ORDER BY manifest", arguments: [key])
        if manifests.isEmpty { return "" }
        // A name that has lost its image is told by what it was given for.
        let names = try manifests.prefix(3).map {
            try Catalog.image(database, manifest: Digest($0))?.shownName ?? $0
        }
        let rest = manifests.count > 3 ? " and \(manifests.count - 3) more" : ""
        return " (of \(names.joined(separator: ", "))\(rest))"
    }
}
