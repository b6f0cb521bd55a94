import ImageStore
import OCISpec

/// Which name a signature must be for (containers-policy.json(5), `signedIdentity`).
package enum SignedIdentity: Sendable, JSONDecodable {
    /// The image's own name with its tag.
    case matchExact
    /// That too; for an image that is named by digest its repository, whatever the tag.
    case matchRepositoryDigestOrExact
    case matchRepository
    case exactReference(ImageReference)
    case exactRepository(ImageReference)
    /// Images below a prefix are signed as those below another one: for mirrors.
    case remap(prefix: String, signedPrefix: String)

    package init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        guard let type = try object.text("type") else { throw object.missing("type") }
        func members(_ names: Set<String>) throws(JSONError) {
            let found = try object.strict(names.union(["type"]))
            if let name = names.sorted().first(where: { found[$0] == nil }) {
                throw json.error("the member \(name) is missing")
            }
        }
        switch type {
        case "matchExact", "matchRepoDigestOrExact", "matchRepository":
            try members([])
            self =
                type == "matchExact"
                ? .matchExact : type == "matchRepository" ? .matchRepository : .matchRepositoryDigestOrExact
        case "exactReference":
            try members(["dockerReference"])
            let reference = try Self.reference(object, "dockerReference")
            if reference.tag == nil && reference.digest == nil {
                throw json.error("dockerReference has neither a tag nor a digest")
            }
            self = .exactReference(reference)
        case "exactRepository":
            try members(["dockerRepository"])
            self = .exactRepository(try Self.reference(object, "dockerRepository"))
        case "remapIdentity":
            try members(["prefix", "signedPrefix"])
            self = .remap(
                prefix: try object.required("prefix"), signedPrefix: try object.required("signedPrefix"))
        default: throw json.error("unknown type \(JSONError.quoted(type)) of an identity")
        }
    }

    private static func reference(
        _ object: JSONObject, _ name: StaticString
    ) throws(JSONError) -> ImageReference {
        let text: String = try object.required(name)
        do {
            return try ImageReference(text)
        } catch {
            throw object.value.error("\(name): \(oneLine("\(error)", limit: 200))")
        }
    }

    /// - Parameters:
    ///   - signed: the name in the signature; nil when it has none.
    ///   - image: the name that the user gave.
    ///   - scope: what the rule is for.
    /// - Returns: nil when the signature is for the image, else what it is for and what it should be for.
    package func problem(
        with signed: ImageReference?, for image: ImageReference, scope: String
    ) -> String? {
        let image = image.withDefaultTag
        let isRepository: Bool
        let wanted: ImageReference
        switch self {
        case .matchExact: (wanted, isRepository) = (image, false)
        case .matchRepositoryDigestOrExact: (wanted, isRepository) = (image, image.digest != nil)
        case .matchRepository: (wanted, isRepository) = (image, true)
        case .exactReference(let reference): (wanted, isRepository) = (reference, false)
        case .exactRepository(let reference): (wanted, isRepository) = (reference, true)
        case .remap(let prefix, let signedPrefix):
            guard let remapped = Self.remap(image, prefix, signedPrefix) else {
                return "\(image) cannot be named below \(oneLine(signedPrefix))"
            }
            (wanted, isRepository) = (remapped, image.digest != nil)
        }
        guard let signed else {
            if isRepository && Self.isScope(scope, of: image) { return nil }
            return "a signature is a bundle, which names no image: that needs a rule for"
                + " \(image.domain)/\(image.path) alone, with signedIdentity matchRepository"
        }
        let isSame =
            signed.domain == wanted.domain && signed.path == wanted.path
            && (isRepository || (signed.tag == wanted.tag && signed.digest == wanted.digest))
        if isSame { return nil }
        let name = isRepository ? "\(wanted.domain)/\(wanted.path)" : wanted.description
        return "a signature is for \(signed), not for \(name)"
    }

    /// Whether a rule is about the image's repository and no other. Then whoever wrote it has said what the key signs; under
    /// a wider one a signature without a name may be for something else by the same key, which whoever serves the image
    /// could give in its place.
    private static func isScope(_ scope: String, of image: ImageReference) -> Bool {
        let repository = "\(image.domain)/\(image.path)"
        return scope == repository || scope.hasPrefix(repository + ":") || scope.hasPrefix(repository + "@")
    }

    /// - Returns: nil when the new name is none; the same name when the prefix does not fit.
    private static func remap(
        _ image: ImageReference, _ prefix: String, _ signedPrefix: String
    ) -> ImageReference? {
        let name = "\(image.domain)/\(image.path)"
        guard name == prefix || name.hasPrefix(prefix + "/") else { return image }
        let rest = name.dropFirst(prefix.count) + (image.tag.map { ":\($0)" } ?? "")
        return try? ImageReference(signedPrefix + rest + (image.digest.map { "@\($0)" } ?? ""))
    }
}
