/// One token of a parsed document: 8 bytes, so that a 70 KB configuration needs a few pages of tape.
///
/// Containers and their contents follow each other in document order: an object token, then key and
/// value tokens by turns, an array token, then its elements.
struct JSONToken {
    enum Kind: UInt32 {
        case null, `true`, `false`
        /// Digits only, with an optional minus: exact.
        case integer
        /// With a fraction or an exponent.
        case decimal
        /// Text without escapes: the bytes are the value.
        case string
        /// Text with at least one escape.
        case escapedString
        case array, object
    }

    static let payloadBits: UInt32 = 28
    static let maxPayload: UInt32 = (1 << payloadBits) - 1

    /// Where the token starts in the text; for strings the first byte after the quote.
    let offset: UInt32
    private var bits: UInt32

    init(_ kind: Kind, offset: Int, payload: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.bits = kind.rawValue << Self.payloadBits | UInt32(truncatingIfNeeded: payload)
    }

    @inline(__always)
    var kind: Kind { Kind(rawValue: bits >> Self.payloadBits).unsafelyUnwrapped }

    /// Strings and numbers: length in bytes. Containers: index of the first token after them (while
    /// still open, the index of the container around them).
    @inline(__always)
    var payload: Int {
        get { Int(bits & Self.maxPayload) }
        set { bits = bits & ~Self.maxPayload | UInt32(truncatingIfNeeded: newValue) }
    }
}

/// The growing list of tokens. A bare allocation and not an array: its pages are touched only as far
/// as tokens are written, and reading it costs no retain.
struct JSONTape: ~Copyable {
    private(set) var tokens: UnsafeMutablePointer<JSONToken>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        tokens = .allocate(capacity: capacity)
    }

    deinit { tokens.deallocate() }

    @inline(__always)
    mutating func append(_ token: JSONToken) {
        if count == capacity { grow() }
        tokens[count] = token
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<JSONToken>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: tokens, count: count)
        tokens.deallocate()
        tokens = larger
        capacity *= 2
    }
}
