import GRDB
import OCISpec

extension ImageStore {
    /// Removes a name, and the image with its last one. By id all names go at once.
    ///
    /// - Parameters:
    ///   - force: removes several names by id, and an image that a stopped container was made from (whose
    ///     layers stay for that container).
    ///   - inUse: the containers there are.
    /// - Throws: `ImageError`: `.notFound`, `.ambiguous`, `.inUse`.
    public func remove(
        _ text: String, force: Bool = false, inUse: [ContainerUse] = []
    ) throws -> [RemovalEvent] {
        try removeLeftovers()
        let events = try catalog.write { database in
            let image = try Self.resolve(database, text)
            let named = try Self.names(of: image, meantBy: text)
            if named.count < image.names.count + image.digestNames.count {
                return try Self.untag(database, named)
            }
            if image.names.count + image.digestNames.count > 1 && !force && !Self.isName(text, of: image) {
                throw ImageError(
                    .inUse, "image \(image.id.short) has several names: remove it by each of them or by force"
                )
            }
            try Self.checkUse(image, force: force, inUse)
            var events = try Self.untag(database, named)
            try database.execute(
                sql: "DELETE FROM image WHERE manifest = ?", arguments: [image.manifest.description])
            events.append(.deleted(image.id))
            return events
        }
        try collect(inUse: inUse)
        return events
    }

    /// Removes images without a name; with `all` every image that no container was made from.
    public func prune(all: Bool = false, inUse: [ContainerUse] = []) throws -> PruneResult {
        try removeLeftovers()
        let before = try diskUsage().total
        let events = try catalog.write { database in
            let used = Set(inUse.map(\.image))
            let unwanted = try Catalog.images(database).filter {
                (all || $0.isDangling) && !used.contains($0.id)
            }
            var events: [RemovalEvent] = []
            for image in unwanted {
                events += try Self.untag(database, image.names + image.digestNames)
                try database.execute(
                    sql: "DELETE FROM image WHERE manifest = ?", arguments: [image.manifest.description])
                events.append(.deleted(image.id))
            }
            return events
        }
        try collect(inUse: inUse)
        return PruneResult(events: events, reclaimed: before - (try diskUsage().total))
    }

    // MARK: Names

    private static func isName(_ text: String, of image: ImageRecord) -> Bool {
        guard let reference = try? ImageReference(text) else { return false }
        if reference.digest != nil { return true }
        return image.names.contains(reference.withDefaultTag)
    }

    /// A name with a tag means that name; a digest means all names in its repository; an id means all.
    private static func names(of image: ImageRecord, meantBy text: String) throws -> [ImageReference] {
        let all = image.names + image.digestNames
        guard isName(text, of: image) else { return all }
        let reference = try ImageReference(text)
        if reference.digest == nil { return [reference.withDefaultTag] }
        return all.filter { $0.repository == reference.repository }
    }

    private static func untag(_ database: Database, _ names: [ImageReference]) throws -> [RemovalEvent] {
        try names.map { name in
            try database.execute(sql: "DELETE FROM name WHERE name = ?", arguments: [name.description])
            return .untagged(name.familiar)
        }
    }

    private static func checkUse(_ image: ImageRecord, force: Bool, _ inUse: [ContainerUse]) throws {
        let users = inUse.filter { $0.image == image.id }
        if let running = users.first(where: \.isRunning) {
            throw ImageError(
                .inUse, "image \(image.shownName) is used by the running container \(running.container)")
        }
        if let user = users.first, !force {
            throw ImageError(
                .inUse,
                "image \(image.shownName) is used by the stopped container \(user.container):"
                    + " remove that first, or use force"
            )
        }
    }
}

/// What a pruning did.
public struct PruneResult: Sendable, Equatable {
    public let events: [RemovalEvent]
    /// Bytes of content and of unpacked files that are gone.
    public let reclaimed: Int64
}
