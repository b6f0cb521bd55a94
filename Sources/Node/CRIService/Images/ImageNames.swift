import ImageStore

/// What a container's status calls its image.
struct ImageNames {
    /// With a tag; nil where it has none.
    let tag: String?
    /// `REPOSITORY@DIGEST`; nil where it came from no registry.
    let digest: String?

    /// - Parameters:
    ///   - names: all with tags that the image has.
    ///   - digests: all that it has in registries.
    ///   - asked: what a person called it: that tag goes first, and its repository.
    init(_ names: [String], digests: [String], asked: String) {
        // An id is no name.
        let wanted = try? ImageReference(asked).withDefaultTag
        let known = names.compactMap { try? ImageReference($0) }
        let name = known.first { $0 == wanted } ?? known.first
        tag = name?.description
        let own = name.map { "\($0.domain)/\($0.path)@" }
        digest = digests.first { digest in own.map(digest.hasPrefix) ?? false } ?? digests.first
    }
}
