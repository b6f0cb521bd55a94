import CInflate
import LinuxKernel
import OCISpec

/// Images on this machine: their content by digest, their layers unpacked for overlayfs, their names.
///
/// Many processes may use one store at once, and any of them may be killed at any moment: what is not
/// recorded does not exist, and what is recorded is complete, verified and on the disk. All calls block;
/// each may be made from any thread.
public final class ImageStore: Sendable {
    /// What imports may ask of this machine.
    public let limits: ImportLimits

    let folder: StoreFolder
    let catalog: Catalog

    /// Opens the store in a folder, which is made when it is missing.
    /// - Parameter root: absolute path.
    /// - Throws: `ImageError` (`.store`) for a database of a newer program, `KernelError`.
    public init(root: String, limits: ImportLimits = ImportLimits()) throws {
        self.limits = limits
        folder = try StoreFolder(root)
        catalog = try Catalog(folder)
    }

    /// Whether this program is linked with what imports need: without it, no archive with gzip can be loaded.
    public static var canImport: Bool { cinflate_is_linked() }

    // MARK: Looking up

    /// All images, the most recently built first.
    public func images() throws -> [ImageRecord] {
        try catalog.read { try Catalog.images($0) }
    }

    /// Finds an image by a name (`busybox`, `busybox:latest`, `busybox@sha256:…`), by its id, or by the
    /// beginning of its id. A name goes before an id, as for Docker.
    /// - Throws: `ImageError`: `.notFound`, `.ambiguous`.
    public func resolve(_ text: String) throws -> ImageRecord {
        try catalog.read { try Self.resolve($0, text) }
    }

    /// Everything that has the id of the image that `text` means: an image that came by several manifests, compressed
    /// otherwise say, has as many records. The newest first, never empty.
    /// - Throws: as `resolve`.
    public func resolveAll(_ text: String) throws -> [ImageRecord] {
        try catalog.read { try Catalog.images($0, id: try Self.resolve($0, text).id) }
    }

    /// The image's configuration: environment, command, user …
    /// - Throws: `ImageError` (`.notFound`) for an image that was removed since it was found.
    public func configuration(_ image: ImageRecord) throws -> ImageConfig {
        try whileThere(image) {
            try within("image \(image.shownName): configuration") {
                try ImageConfig(json: try content(image.id))
            }
        }
    }

    /// The image's manifest.
    /// - Throws: as `configuration`.
    public func manifest(_ image: ImageRecord) throws -> ImageManifest {
        try whileThere(image) {
            try within("image \(image.shownName): manifest") {
                try ImageManifest(json: try content(image.manifest))
            }
        }
    }

    /// Reads something of an image. What is not there since somebody has just removed the image is no damage.
    func whileThere<Result>(_ image: ImageRecord, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ImageError where error.kind == .corrupt || error.kind == .notFound {
            if try catalog.read({ try Catalog.image($0, manifest: image.manifest) }) != nil { throw error }
            throw ImageError(.notFound, "no such image: \(image.shownName)")
        }
    }

    /// A document of the store, byte by byte as it came.
    func content(_ digest: Digest) throws -> [UInt8] {
        try folder.openBlob(digest).descriptor.readToEnd(limit: limits.documentBytes)
    }

    // MARK: Using

    /// The unpacked layers of an image, for `OverlayMount`.
    /// - Throws: as `configuration`.
    public func rootFilesystem(of image: ImageRecord) throws -> RootFilesystem {
        try whileThere(image) { try rootFilesystem(chain: image.topChain) }
    }

    /// The unpacked layers of a chain that a container was made from: they are there even when the image
    /// itself was removed by force since.
    public func rootFilesystem(chain: ChainID?) throws -> RootFilesystem {
        guard let chain else {
            return RootFilesystem(numbers: [], topChain: nil, storePath: folder.path)
        }
        let numbers = try catalog.read { try Catalog.snapshotNumbers($0, chain: chain) }
        if numbers.isEmpty {
            throw ImageError(.notFound, "the unpacked layers \(chain) are not in the image store")
        }
        return RootFilesystem(numbers: numbers, topChain: chain, storePath: folder.path)
    }
}
