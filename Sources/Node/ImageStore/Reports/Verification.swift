import GRDB
import Glibc
import LinuxKernel
import OCISpec

extension ImageStore {
    /// Reads all content again and compares it with its digest; looks whether every snapshot has its folder.
    /// - Returns: what is wrong, one line each; empty when all is well.
    public func verify(progress: ProgressHandler? = nil) throws -> [String] {
        let lease = try catalog.makeLease("verify")
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
        for row in contents {
            if let problem = try verify(try Digest(row["digest"]), size: row["size"], progress) {
                problems.append(problem)
            }
        }
        for row in snapshots {
            let path = StoreFolder.snapshotPath(row["number"])
            var status = stat()
            if fstatat(folder.root.raw, path, &status, AT_SYMLINK_NOFOLLOW) != 0
                || status.st_mode & S_IFMT != S_IFDIR
            {
                problems.append(
                    "the unpacked layer \(row["chain"] as String) is not at \(folder.path)/\(path)")
            }
        }
        try lease.end()
        return problems
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
            return "\(digest): \(error)"
        }
    }
}
