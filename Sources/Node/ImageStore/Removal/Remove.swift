import GRDB
import OCISpec

extension ImageStore {
    /// Removes a name, and the image with its last one. By id all names go at once.
    ///
    /// - Parameters:
    ///   - force: removes several names by id, a pinned image, and an image that a stopped container was made from
    ///     (whose layers stay for that container).
    ///   - allNames: removes several names by id, and nothing else that wants force.
    ///   - pinned: the node's list, where its daemon asks: a full disk may have kept that from telling the store.
    ///   - inUse: lists the containers there are; asked when no new one can come.
    /// - Throws: `ImageError`: `.notFound`, `.ambiguous`, `.inUse`.
    package func remove(
        _ text: String, force: Bool = false, allNames: Bool = false, pinned: PinnedImages = PinnedImages([]),
        inUse: @autoclosure () throws -> [ContainerUse] = []
    ) throws -> [RemovalEvent] {
        try removeLeftovers()
        return try removing(inUse: inUse) { database, use in
            let text = try Self.meaning(database, text)
            let image = try Self.resolve(database, text)
            let images = try Self.images(database, meantBy: text, image)
            let all = images.flatMap { $0.names + $0.digestNames }
            let named = images.count > 1 ? all : try Self.names(of: image, meantBy: text)
            if !force, let pinned = named.first(where: images.flatMap(\.pinned).contains) {
                throw ImageError(
                    .inUse, "image \(pinned.familiar) is pinned: unpin it first, or use force")
            }
            if !force, let kept = named.first(where: { name in images.contains { $0.keeps(name, pinned) } }) {
                throw ImageError(
                    .inUse,
                    "image \(kept.familiar) is pinned by the node's configuration (pinned_images): only force"
                        + " removes it, which the command line has")
            }
            if named.count < all.count { return try Self.untag(database, named) }
            if all.count > 1 && !force && !allNames && !Self.isName(text, of: image) {
                throw ImageError(
                    .inUse, "image \(image.id.short) has several names: remove it by each of them or by force"
                )
            }
            try Self.checkUse(image, force: force, use.users(of: image))
            return try images.flatMap { try Self.remove(database, $0) }
        }.result
    }

    /// Removes images without a name; with `all` every image that is not pinned.
    /// - Parameters:
    ///   - inUse: lists the containers there are, whose images stay; asked when no new one can come.
    ///   - downloads: whether downloads go, too, that were interrupted and that nobody goes on with just now.
    ///   - condition: which of the images go.
    public func prune(
        all: Bool = false, downloads: Bool = false, inUse: @autoclosure () throws -> [ContainerUse] = [],
        where condition: (ImageRecord) throws -> Bool = { _ in true }
    ) throws -> PruneResult {
        try removeLeftovers()
        let done = try removing(inUse: inUse) { database, use in
            try Catalog.images(database).filter {
                try (all || $0.isDangling) && !$0.isPinned && !use.includes($0) && condition($0)
            }.flatMap { try Self.remove(database, $0) }
        }
        let freed = downloads ? try PartialBlob.removeAbandoned(in: folder, age: 0) : 0
        return PruneResult(events: done.result, reclaimed: done.freed + freed)
    }

    /// The image is gone with the last of the manifests that have its id.
    static func remove(_ database: Database, _ image: ImageRecord) throws -> [RemovalEvent] {
        let events = try untag(database, image.names + image.digestNames)
        try database.execute(
            sql: "DELETE FROM image WHERE manifest = ?", arguments: [image.manifest.description])
        return try events + (Catalog.images(database, id: image.id).isEmpty ? [.deleted(image.id)] : [])
    }

    // MARK: Names

    /// An id means all manifests that have it, as when images are listed.
    private static func images(
        _ database: Database, meantBy text: String, _ image: ImageRecord
    ) throws -> [ImageRecord] {
        let digits = text.hasPrefix("sha256:") ? text.dropFirst("sha256:".count) : text[...]
        guard !isName(text, of: image), image.id.hex.hasPrefix(digits) else { return [image] }
        return try Catalog.images(database, id: image.id)
    }

    private static func isName(_ text: String, of image: ImageRecord) -> Bool {
        guard let reference = try? ImageReference(text) else { return false }
        if reference.digest != nil { return true }
        return image.names.contains(reference.withDefaultTag)
    }

    /// A name with a tag means that name; a digest means all names in its repository; an id means all.
    static func names(of image: ImageRecord, meantBy text: String) throws -> [ImageReference] {
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

    private static func checkUse(_ image: ImageRecord, force: Bool, _ users: [ContainerUse]) throws {
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
