import LinuxKernel

/// The ranges that a cluster gave this node for its pods, kept for plugins that take them (`ipRanges`).
public struct PodRangesFile: Sendable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// - Returns: none where nobody has written any.
    public func read() throws -> [IPPrefix] {
        try StateFiles.read(path, as: NetworkSettings.self)?.ranges ?? []
    }

    /// - Parameter ranges: one of each family at most.
    public func write(_ ranges: [IPPrefix]) throws {
        let settings = NetworkSettings(ranges)
        try StateFiles.write(path, settings.json(.spaces(2)), isDurable: true)
    }
}
