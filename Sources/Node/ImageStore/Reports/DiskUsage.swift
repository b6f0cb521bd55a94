import GRDB
import OCISpec

/// What the store takes, from its records: no folder is walked.
public struct DiskUsage: Sendable, Equatable {
    public let images: Int
    /// Bytes of blobs as they came: compressed layers and documents.
    public let content: Int64
    /// Bytes of unpacked files.
    public let snapshots: Int64

    package init(images: Int, content: Int64, snapshots: Int64) {
        self.images = images
        self.content = content
        self.snapshots = snapshots
    }

    public var total: Int64 { content + snapshots }
}

extension ImageStore {
    public func diskUsage() throws -> DiskUsage {
        try catalog.read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT (SELECT count(*) FROM image) AS images,
                        (SELECT coalesce(sum(size), 0) FROM content) AS content,
                        (SELECT coalesce(sum(bytes), 0) FROM snapshot) AS snapshots
                    """)!
            return DiskUsage(images: row["images"], content: row["content"], snapshots: row["snapshots"])
        }
    }
}
