import GRDB
import OCISpec

/// One step of how an image came about.
public struct HistoryItem: Sendable, Equatable {
    /// The image's id for its newest step; nil for the others, whose images do not exist.
    public let id: Digest?
    /// RFC 3339.
    public let created: String?
    public let createdBy: String
    /// Bytes of the files that the step's layer holds; 0 for a step without a layer.
    public let size: Int64
    public let comment: String
    public let isEmptyLayer: Bool
}

extension ImageStore {
    /// The steps of an image's configuration, the newest first; layers that no step speaks of come below
    /// them.
    public func history(_ image: ImageRecord) throws -> [HistoryItem] {
        let config = try configuration(image)
        let chains = ChainID.chains(of: config.diffIDs)
        let sizes = try catalog.read { database in
            try chains.map { chain in
                try Int64.fetchOne(
                    database, sql: "SELECT bytes FROM snapshot WHERE chain = ?",
                    arguments: [chain.description]) ?? 0
            }
        }
        var rest = sizes[...]
        var items = config.history.map { step in
            HistoryItem(
                id: nil, created: step.created, createdBy: step.createdBy ?? "",
                size: step.emptyLayer ? 0 : rest.popFirst() ?? 0, comment: step.comment ?? "",
                isEmptyLayer: step.emptyLayer)
        }
        let unspoken = rest.map {
            HistoryItem(
                id: nil, created: config.created, createdBy: "", size: $0, comment: "", isEmptyLayer: false)
        }
        items += unspoken
        items.reverse()
        if let newest = items.first {
            items[0] = HistoryItem(
                id: image.id, created: newest.created, createdBy: newest.createdBy, size: newest.size,
                comment: newest.comment, isEmptyLayer: newest.isEmptyLayer)
        }
        return items
    }
}
