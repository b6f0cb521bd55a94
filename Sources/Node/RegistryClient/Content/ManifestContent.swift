import ImageStore
import OCISpec

/// What a tag or a digest names: a manifest or an index, byte by byte as the registry has it.
public struct ManifestContent: Sendable {
    /// Its type, digest and size, all of them checked against the bytes.
    public let descriptor: Descriptor
    public let bytes: [UInt8]

    public init(descriptor: Descriptor, bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    /// A document that came before and was kept.
    /// - Parameters:
    ///   - bytes: what the digest says.
    ///   - type: what the registry calls it; nil: the document tells.
    /// - Throws: as `ManifestSniffer.type`.
    public init(kept bytes: [UInt8], _ digest: Digest, type: MediaType? = nil) throws {
        let media = try ManifestSniffer.type(contentType: type?.name, bytes)
        self.init(
            descriptor: Descriptor(mediaType: media, digest: digest, size: Int64(bytes.count)), bytes: bytes)
    }

    /// An image, or one of its platforms.
    public enum Kind: Sendable {
        case image(ImageManifest)
        case index(ImageIndex)
    }

    /// The document, of an image, as far as it tells: see `ImageManifest.mayBeImage`.
    /// - Throws: `RegistryError`: `.unsupported` for what is no image: artifacts, Docker's schema 1;
    ///   `.corrupt` for what cannot be read.
    public func image() throws -> Kind {
        switch try document() {
        case .image(let manifest):
            guard manifest.mayBeImage(as: descriptor.mediaType) else {
                let type = manifest.artifactType ?? manifest.config.mediaType
                throw RegistryError(
                    .unsupported,
                    "\(descriptor.digest) is an artifact of type \(oneLine(type.name)), not an image")
            }
            return .image(manifest)
        case .index(let index):
            return .index(index)
        }
    }

    /// The document, of whatever kind: artifacts have the form of images.
    public func document() throws -> Kind {
        do {
            if descriptor.mediaType.isIndex { return .index(try ImageIndex(json: bytes)) }
            return .image(try ImageManifest(json: bytes))
        } catch {
            throw RegistryError(.corrupt, "\(descriptor.digest): \(error)")
        }
    }
}

/// Finds out what a manifest is.
package enum ManifestSniffer {
    /// What we ask for. Whatever else there is comes too, so that it can be refused by its name.
    static let accept = [
        MediaType.ociManifest, .ociIndex, .dockerManifest, .dockerIndex, MediaType("*/*"),
    ].map(\.name).joined(separator: ", ")

    private static let schema1 = [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ]

    /// - Parameters:
    ///   - contentType: the header, if there is one. Servers of plain files have only general ones, then the
    ///     document itself has to tell.
    ///   - bytes: the document.
    /// - Throws: `RegistryError`: `.unsupported`, `.corrupt`. A document that calls itself something else than
    ///   its header does is refused: it would be read differently by different tools (CVE-2021-41190).
    package static func type(contentType: String?, _ bytes: [UInt8]) throws -> MediaType {
        let header = name(of: contentType)
        let shape: Shape
        do {
            shape = try Shape(json: bytes)
        } catch {
            throw RegistryError(.corrupt, "not a manifest: \(error)")
        }
        if schema1.contains(header ?? shape.mediaType ?? "") || shape.version == 1 {
            throw RegistryError(
                .unsupported,
                "Docker's manifests of version 1 are not supported: the image has to be pushed anew")
        }
        if let header, let own = shape.mediaType, header != own {
            throw RegistryError(
                .corrupt, "it is called \(oneLine(header)) and calls itself \(oneLine(own))")
        }
        guard let type = header ?? shape.mediaType ?? shape.guess else {
            throw RegistryError(.corrupt, "neither its type nor its members tell what it is")
        }
        let media = MediaType(type)
        guard media.isIndex || media.isManifest else {
            throw RegistryError(.unsupported, "it is not an image but \(oneLine(type))")
        }
        return media
    }

    /// The header's type without parameters, unless it says nothing.
    static func name(of contentType: String?) -> String? {
        guard let contentType else { return nil }
        let name = contentType.prefix { $0 != ";" }.trimmingSpaces.lowercased()
        let general = [
            "", "application/json", "text/plain", "application/octet-stream", "binary/octet-stream",
        ]
        return general.contains(name) ? nil : name
    }

    /// The members that make the kinds differ.
    private struct Shape: JSONDecodable {
        let mediaType: String?
        let version: Int?
        /// By its members, where it has no type: both are OCI's, Docker's always have one.
        let guess: String?

        init(from json: JSONValue) throws(JSONError) {
            let object = try json.object()
            mediaType = try object.text("mediaType")
            version = try object.optional("schemaVersion")
            guess =
                object["manifests"] != nil
                ? MediaType.ociIndex.name
                : object["config"] != nil && object["layers"] != nil ? MediaType.ociManifest.name : nil
        }
    }
}
