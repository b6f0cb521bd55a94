/// What an image may ask of this machine. Each limit ends an import with one line that names it.
public struct ImportLimits: Sendable, Equatable {
    /// Bytes that one layer may hold once decompressed.
    public var layerBytes: Int64 = 64 << 30

    /// How many times larger than its compressed form data may become; see `ratioGrace`.
    /// Real layers stay below 20; deflate ends at 1032.
    public var expansionRatio: Int64 = 200

    /// Decompressed bytes up to which the ratio is not looked at: small files of zeros are harmless.
    public var ratioGrace: Int64 = 256 << 20

    /// Files, folders, links and devices in one layer.
    public var layerEntries = 5_000_000

    /// Bytes of a whole archive (`docker save | gzip`) once decompressed.
    public var archiveBytes: Int64 = 256 << 30

    /// Bytes of one JSON document: index, manifest or configuration.
    public var documentBytes = 8 << 20

    /// Layers of an image. The kernel stacks 500 at most.
    public var layers = 499

    public init() {}

    /// Whether `unpacked` bytes are too many for the `packed` bytes they came from.
    func isBomb(unpacked: Int64, packed: Int64) -> Bool {
        unpacked > ratioGrace && unpacked / expansionRatio > packed
    }
}
