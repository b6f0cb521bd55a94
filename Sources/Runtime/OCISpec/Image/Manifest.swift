/// An image for one platform: its configuration and its layers, the lowest first (image-spec,
/// manifest.md; Docker image manifest version 2, schema 2, which has the same members).
public struct ImageManifest: Equatable, Sendable {
    /// Optional for OCI, where the descriptor that led here says it.
    public var mediaType: MediaType?
    public var artifactType: MediaType?
    public var config: Descriptor
    public var layers: [Descriptor]
    /// The manifest that this one is about, as a signature has it.
    public var subject: Descriptor?
    public var annotations: SortedMap<String> = [:]

    public init(mediaType: MediaType? = .ociManifest, config: Descriptor, layers: [Descriptor]) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
    }
}

extension ImageManifest {
    /// Whether it is an image's, and no artifact's, as far as the type of its configuration tells. Of Docker's manifests
    /// that may say nothing: then the configuration tells (`ImageConfig.isOne`).
    /// - Parameter type: what the manifest was found as.
    public func mayBeImage(as type: MediaType) -> Bool {
        config.mediaType.isConfig || (mediaType ?? type) == .dockerManifest && config.mediaType.saysNothing
    }

    /// The same image under the names of OCI's types. Its bytes, and so its digest, are other ones than Docker's.
    public var inOCI: ImageManifest {
        func renamed(_ descriptor: Descriptor) -> Descriptor {
            var copy = descriptor
            copy.mediaType = descriptor.mediaType.inOCI
            return copy
        }
        var copy = self
        copy.mediaType = .ociManifest
        copy.config = renamed(config)
        if config.mediaType.saysNothing { copy.config.mediaType = .ociConfig }
        copy.layers = layers.map(renamed)
        return copy
    }
}

/// Manifests for several platforms (image-spec, image-index.md; Docker manifest list), also the
/// `index.json` of an image layout.
public struct ImageIndex: Equatable, Sendable {
    public var mediaType: MediaType?
    public var artifactType: MediaType?
    public var manifests: [Descriptor]
    public var subject: Descriptor?
    public var annotations: SortedMap<String> = [:]

    public init(mediaType: MediaType? = .ociIndex, manifests: [Descriptor]) {
        self.mediaType = mediaType
        self.manifests = manifests
    }
}

/// The file `oci-layout` (image-spec, image-layout.md).
public struct ImageLayout: Equatable, Sendable {
    public static let version = "1.0.0"

    public var imageLayoutVersion: String

    public init(imageLayoutVersion: String = ImageLayout.version) {
        self.imageLayoutVersion = imageLayoutVersion
    }
}

/// One image in the `manifest.json` of an archive that `docker save` wrote. Paths are relative to
/// the archive's root.
public struct DockerArchiveEntry: Equatable, Sendable {
    public var config: String
    public var repoTags: [String]
    /// Lowest first.
    public var layers: [String]

    public init(config: String, repoTags: [String], layers: [String]) {
        self.config = config
        self.repoTags = repoTags
        self.layers = layers
    }
}

// MARK: - JSON

extension ImageManifest: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        try json.checkSchemaVersion()
        mediaType = try json.mediaType(is: { $0.isManifest }, "an image manifest")
        // A document that is both reads differently to different tools (CVE-2021-41190).
        if let manifests = json["manifests"] { throw manifests.error("an image manifest has none") }
        artifactType = try json.text("artifactType").map(MediaType.init)
        config = try json.required("config")
        layers = try json.required("layers")
        subject = try json.optional("subject")
        annotations = try json.map("annotations")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("schemaVersion", 2)
            json.optional("mediaType", mediaType)
            json.optional("artifactType", artifactType)
            json.member("config", config)
            json.member("layers", layers)
            json.optional("subject", subject)
            json.nonEmpty("annotations", annotations)
        }
    }
}

extension ImageIndex: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        try json.checkSchemaVersion()
        mediaType = try json.mediaType(is: { $0.isIndex }, "an image index")
        for name: StaticString in ["config", "layers"] {
            if let member = json[name] { throw member.error("an image index has none") }
        }
        artifactType = try json.text("artifactType").map(MediaType.init)
        manifests = try json.required("manifests")
        subject = try json.optional("subject")
        annotations = try json.map("annotations")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("schemaVersion", 2)
            json.optional("mediaType", mediaType)
            json.optional("artifactType", artifactType)
            json.member("manifests", manifests)
            json.optional("subject", subject)
            json.nonEmpty("annotations", annotations)
        }
    }
}

extension JSONObject {
    fileprivate func checkSchemaVersion() throws(JSONError) {
        guard let member = self["schemaVersion"] else { throw missing("schemaVersion") }
        let version: Int = try member.integer()
        if version == 1 { throw member.error("Docker's manifests of version 1 are not supported") }
        if version != 2 { throw member.error("expected 2, found \(version)") }
    }

    fileprivate func mediaType(
        is wanted: (MediaType) -> Bool, _ noun: StaticString
    ) throws(JSONError) -> MediaType? {
        guard let member = self["mediaType"] else { return nil }
        let type = try MediaType(from: member)
        guard wanted(type) else { throw member.error("\(JSONError.quoted(type.name)) is not \(noun)") }
        return type
    }
}

extension ImageLayout: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        imageLayoutVersion = try json.object().required("imageLayoutVersion")
        if SemanticVersion(imageLayoutVersion)?.major != 1 {
            throw json.error(
                "version \(JSONError.quoted(imageLayoutVersion)) of image layouts is not supported")
        }
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in json.member("imageLayoutVersion", imageLayoutVersion) }
    }
}

extension DockerArchiveEntry: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        config = try json.required("Config")
        repoTags = try json.list("RepoTags")
        layers = try json.list("Layers")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("Config", config)
            json.member("RepoTags", repoTags)
            json.member("Layers", layers)
        }
    }
}
