/// What a blob is, its digest and its size (image-spec, descriptor.md).
public struct Descriptor: Equatable, Sendable {
    public var mediaType: MediaType
    public var digest: Digest
    /// Bytes, never negative.
    public var size: Int64
    public var urls: [String] = []
    public var annotations: SortedMap<String> = [:]
    /// The content itself in base64, when it is small.
    public var data: String?
    public var platform: Platform?
    public var artifactType: MediaType?

    public init(
        mediaType: MediaType, digest: Digest, size: Int64, platform: Platform? = nil,
        annotations: SortedMap<String> = [:]
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
    }
}

/// The system that an image is for, in the words of Go (image-spec, image-index.md). Builders that know nothing about
/// it leave words empty or out, which is the same to all tools.
public struct Platform: Hashable, Sendable, CustomStringConvertible {
    public var architecture: String
    public var os: String
    public var osVersion: String?
    public var osFeatures: [String] = []
    public var variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// `linux/arm/v7`
    public var description: String {
        variant.map { "\(os)/\(architecture)/\($0)" } ?? "\(os)/\(architecture)"
    }
}

// MARK: - JSON

extension Descriptor: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        mediaType = try json.required("mediaType")
        digest = try json.required("digest")
        size = try json.required("size")
        if size < 0, let member = json["size"] { throw member.error("\(size) is negative") }
        urls = try json.list("urls")
        annotations = try json.map("annotations")
        data = try json.text("data")
        platform = try json.optional("platform")
        artifactType = try json.text("artifactType").map(MediaType.init)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("mediaType", mediaType)
            json.member("digest", digest)
            json.member("size", size)
            json.nonEmpty("urls", urls)
            json.nonEmpty("annotations", annotations)
            json.optional("data", data)
            json.optional("platform", platform)
            json.optional("artifactType", artifactType)
        }
    }
}

extension Platform: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        architecture = try json.text("architecture") ?? ""
        os = try json.text("os") ?? ""
        osVersion = try json.text("os.version")
        osFeatures = try json.list("os.features")
        variant = try json.text("variant")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("architecture", architecture)
            json.member("os", os)
            json.optional("os.version", osVersion)
            json.nonEmpty("os.features", osFeatures)
            json.optional("variant", variant)
        }
    }
}
