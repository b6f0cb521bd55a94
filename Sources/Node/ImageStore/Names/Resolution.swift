import GRDB
import OCISpec

extension ImageStore {
    /// See `resolve(_:)`.
    static func resolve(_ database: Database, _ text: String) throws -> ImageRecord {
        let text = try meaning(database, text)
        if let found = try byName(database, text) ?? byIdentifier(database, text) { return found }
        throw ImageError(.notFound, "no such image: \(shown(Array(text.utf8)))")
    }

    private static func byName(_ database: Database, _ text: String) throws -> ImageRecord? {
        // An id is no name and must not be refused as one.
        if text.hasPrefix("sha256:") || text.hasPrefix("sha512:") { return nil }
        if text.utf8.count == 64, text.utf8.allSatisfy(ImageReference.isHexDigit) { return nil }
        let reference = try ImageReference(text)
        if let digest = reference.digest {
            return try Catalog.image(database, repository: reference, digest: digest)
        }
        return try Catalog.image(database, name: reference.withDefaultTag)
    }

    private static func byIdentifier(_ database: Database, _ text: String) throws -> ImageRecord? {
        let digits = text.hasPrefix("sha256:") ? String(text.dropFirst("sha256:".count)) : text
        if digits.isEmpty || digits.utf8.count > 64 { return nil }
        if !digits.utf8.allSatisfy(ImageReference.isHexDigit) { return nil }
        let found = try Catalog.images(database, prefix: "sha256:" + digits)
        if found.count > 1 {
            throw ImageError(
                .ambiguous, "'\(text)' is the beginning of \(found.count) image ids: give more digits")
        }
        return found.first
    }
}
