/// A version of the CNI specification.
public struct CNIVersion: Comparable, Sendable, CustomStringConvertible {
    private let parts: [Int]

    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard parts.count == 3, parts.allSatisfy({ $0 >= 0 }) else { return nil }
        self.parts = parts
    }

    public var description: String { parts.map { "\($0)" }.joined(separator: ".") }

    public static func < (left: CNIVersion, right: CNIVersion) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }

    /// Results since then have interfaces, and there is CHECK.
    static let withCheck = CNIVersion("0.4.0")!
    /// STATUS and GC.
    static let withGarbageCollection = CNIVersion("1.1.0")!

    /// Those that this client speaks, the oldest first.
    public static let supported = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"].compactMap { CNIVersion($0) }
}
