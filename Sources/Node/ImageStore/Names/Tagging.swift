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

    /// What the image's other names were given for, so that a digest of an index goes with all of them.
}
