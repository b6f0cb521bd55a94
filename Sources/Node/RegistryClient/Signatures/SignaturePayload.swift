import ImageStore
import OCISpec

/// What a sigstore signature says: "this digest is the image of that name" (cosign, SIGNATURE_SPEC; the form is
/// that of containers-signature(5)). Only read after its signature was found valid.
package struct SignaturePayload {
    package let digest: Digest
    /// Without a tag when cosign made it, with one when podman or skopeo did.
    package let reference: ImageReference

    var claim: SignedClaim { SignedClaim(digest: digest, reference: reference) }

    private static let type = "cosign container image signature"

    /// - Throws: `RegistryError` (`.corrupt`). What stands under `critical` and is unknown is refused: whoever
    ///   wrote it meant that it must not be passed over.
    package init(_ json: [UInt8]) throws {
        let name: String
        do throws(JSONError) {
            (digest, name) = try JSON.read(json) { (value) throws(JSONError) in
                let members = try value.object().strict(["critical", "optional"])
                guard let critical = members["critical"] else { throw value.error("critical is missing") }
                let parts = try critical.object().strict(["identity", "image", "type"])
                let type = try Self.member(critical, parts, "type").string()
                if type != Self.type { throw critical.error("unknown type \(JSONError.quoted(type))") }
                let image = try Self.member(critical, parts, "image")
                let identity = try Self.member(critical, parts, "identity")
                let digest = try Self.member(
                    image, try image.object().strict(["docker-manifest-digest"]), "docker-manifest-digest")
                let reference = try Self.member(
                    identity, try identity.object().strict(["docker-reference"]), "docker-reference")
                return (try Digest(from: digest), try String(from: reference))
            }
        } catch {
            throw RegistryError(.corrupt, "\(error)")
        }
        do {
            reference = try ImageReference(name)
        } catch {
            throw RegistryError(.corrupt, oneLine("\(error)", limit: 200))
        }
    }

    private static func member(
        _ object: JSONValue, _ members: [String: JSONValue], _ name: String
    ) throws(JSONError) -> JSONValue {
        guard let member = members[name] else { throw object.error("\(name) is missing") }
        return member
    }
}
