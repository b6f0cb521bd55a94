/// The name of content by what it is: algorithm and hash (image-spec, descriptor.md, Digests).
///
/// Only made from text that is well-formed and whose algorithm can be checked, so a `Digest` is
/// always safe as a file name below its algorithm's folder.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    public enum Algorithm: String, CaseIterable, Sendable {
        case sha256, sha512

        /// Hexadecimal digits of a hash.
        public var hexLength: Int {
            switch self {
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    public let algorithm: Algorithm
    /// Lower-case hexadecimal digits.
    public let hex: String

    /// Nil when `hex` is not a hash of the algorithm in lower-case digits.
    public init?(_ algorithm: Algorithm, hex: String) {
        guard Self.problem(in: hex.utf8[...], algorithm) == nil else { return nil }
        self.algorithm = algorithm
        self.hex = hex
    }

    /// - Parameter text: as `sha256:e3b0c442…`.
    /// - Throws: `DigestError` that says what is wrong with it.
    public init(_ text: String) throws(DigestError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw DigestError(text: text, reason: "expected algorithm:hash")
        }
        guard let algorithm = Algorithm(rawValue: String(text[..<colon])) else {
            throw DigestError(text: text, reason: "only sha256 and sha512 are supported")
        }
        let hex = text[text.utf8.index(after: colon)...]
        if let problem = Self.problem(in: hex.utf8, algorithm) {
            throw DigestError(text: text, reason: problem)
        }
        self.algorithm = algorithm
        self.hex = String(hex)
    }

    private static func problem(in hex: Substring.UTF8View, _ algorithm: Algorithm) -> String? {
        let isHex = hex.allSatisfy { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
        }
        if isHex, hex.count == algorithm.hexLength { return nil }
        return "expected \(algorithm.hexLength) lower-case hexadecimal digits after the colon"
    }

    /// `sha256:e3b0c442…`
    public var description: String { "\(algorithm.rawValue):\(hex)" }

    /// The first digits, as lists show an image.
    public var short: String { String(hex.prefix(12)) }

    public static func < (left: Digest, right: Digest) -> Bool {
        (left.algorithm.rawValue, left.hex) < (right.algorithm.rawValue, right.hex)
    }
}

/// A text that is no digest.
public struct DigestError: Error, Equatable, Sendable, CustomStringConvertible {
    public let text: String
    public let reason: String

    public var description: String { "not a digest: \(JSONError.quoted(text)) (\(reason))" }
}

extension Digest: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let text = try json.string()
        do throws(DigestError) { try self.init(text) } catch { throw json.error(error.description) }
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }
}
