import GRDB
import OCISpec

extension ImageStore {
    /// Gives an image one more name; another image that had the name loses it.
    /// - Parameters:
    ///   - source: as for `resolve`.
    ///   - target: a name with or without a tag (then `latest`), without a digest.
    public func tag(_ source: String, as target: String) throws {
        let name = try ImageReference(target)
        if name.digest != nil {
            throw ImageError.invalid("'\(target)': a name cannot be given with a digest")
        }
        try catalog.write { database in
            let image = try Self.resolve(database, source)
            try Catalog.setName(
                database, name.withDefaultTag, manifest: image.manifest,
                target: try Catalog.target(database, of: image))
        }
    }

    /// Pins an image's names, or unpins them: one by its name, all by the image's id. Another image that gets the name
    /// later, by a newer pull say, is pinned by it.
    /// - Throws: `ImageError`: `.notFound`, `.ambiguous`; `.invalid` for an image without a name.
    public func setPinned(_ text: String, _ isPinned: Bool) throws {
        try catalog.write { database in
            let text = try Self.meaning(database, text)
            let image = try Self.resolve(database, text)
            let names = try Self.names(of: image, meantBy: text)
            if names.isEmpty {
                throw ImageError.invalid("image \(image.id.short) has no name to pin: give it one first")
            }
            for name in names {
                try database.execute(
                    sql: "UPDATE name SET pinned = ? WHERE name = ?",
                    arguments: [isPinned, name.description])
            }
        }
    }

    /// What the image's other names were given for, so that a digest of an index goes with all of them.
}
