/// The kind of a blob: the OCI image specification's media types and those of Docker's registry
/// (image manifest version 2, schema 2). Others are carried along.
public struct MediaType: Hashable, Sendable, CustomStringConvertible {
    public let name: String

    public init(_ name: String) { self.name = name }

    public var description: String { name }

    public static var ociIndex: MediaType { MediaType("application/vnd.oci.image.index.v1+json") }
    public static var ociManifest: MediaType { MediaType("application/vnd.oci.image.manifest.v1+json") }
    public static var ociConfig: MediaType { MediaType("application/vnd.oci.image.config.v1+json") }
    public static var ociLayer: MediaType { MediaType("application/vnd.oci.image.layer.v1.tar") }
    public static var ociLayerGzip: MediaType { MediaType("application/vnd.oci.image.layer.v1.tar+gzip") }
    public static var ociLayerZstd: MediaType { MediaType("application/vnd.oci.image.layer.v1.tar+zstd") }
    /// The empty JSON object, where an artifact has nothing to say.
    public static var ociEmpty: MediaType { MediaType("application/vnd.oci.empty.v1+json") }

    public static var dockerIndex: MediaType {
        MediaType("application/vnd.docker.distribution.manifest.list.v2+json")
    }
    public static var dockerManifest: MediaType {
        MediaType("application/vnd.docker.distribution.manifest.v2+json")
    }
    public static var dockerConfig: MediaType { MediaType("application/vnd.docker.container.image.v1+json") }
    public static var dockerLayer: MediaType { MediaType("application/vnd.docker.image.rootfs.diff.tar") }
    public static var dockerLayerGzip: MediaType {
        MediaType("application/vnd.docker.image.rootfs.diff.tar.gzip")
    }
    public static var dockerLayerZstd: MediaType {
        MediaType("application/vnd.docker.image.rootfs.diff.tar.zstd")
    }

    /// A list of manifests, one for each platform.
    public var isIndex: Bool { self == .ociIndex || self == .dockerIndex }

    public var isManifest: Bool { self == .ociManifest || self == .dockerManifest }

    public var isConfig: Bool { self == .ociConfig || self == .dockerConfig }

    /// What old registries called blobs of which nobody had told them what they are, the configurations of Docker's
    /// images among them (distribution, issue 1621). Only the bytes tell.
    public var saysNothing: Bool {
        ["", "application/octet-stream", "application/json", "text/html", "text/plain"].contains(name)
    }

    /// How a layer's archive is packed, by what the name says.
    public enum Compression: Equatable, Sendable { case none, gzip, zstd }

    /// Nil: not a layer of a root filesystem.
    public var layerCompression: Compression? {
        switch name {
        case "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.foreign.diff.tar":
            .some(.none)
        case "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
            .gzip
        case "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar.zstd":
            .zstd
        default: nil
        }
    }

    /// OCI's name for what Docker calls otherwise; any other name as it is.
    public var inOCI: MediaType {
        switch name {
        case Self.dockerManifest.name: .ociManifest
        case Self.dockerIndex.name: .ociIndex
        case Self.dockerConfig.name: .ociConfig
        case Self.dockerLayer.name: .ociLayer
        case Self.dockerLayerGzip.name: .ociLayerGzip
        case Self.dockerLayerZstd.name: .ociLayerZstd
        case "application/vnd.docker.image.rootfs.foreign.diff.tar":
            MediaType("application/vnd.oci.image.layer.nondistributable.v1.tar")
        case "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
            MediaType("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
        default: self
        }
    }

    /// A layer that must not be uploaded to registries.
    public var isNondistributable: Bool {
        name.utf8.starts(with: "application/vnd.oci.image.layer.nondistributable.".utf8)
            || name.utf8.starts(with: "application/vnd.docker.image.rootfs.foreign.".utf8)
    }
}

extension MediaType: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) { name = try String(from: json) }

    public func encode(to json: inout JSONWriter) { json.string(name) }
}
