/// A type that can be read from JSON.
public protocol JSONDecodable {
    init(from json: JSONValue) throws(JSONError)
}

extension JSONDecodable {
    /// Decodes a whole document.
    public init(json bytes: UnsafeRawBufferPointer) throws(JSONError) {
        self = try JSON.read(bytes) { (value) throws(JSONError) -> Self in try Self(from: value) }
    }

    /// Decodes a whole document.
    public init(json bytes: [UInt8]) throws(JSONError) {
        self = try JSON.read(bytes) { (value) throws(JSONError) -> Self in try Self(from: value) }
    }

    /// Decodes the first document of a text, as runc does.
    public init(firstJSON bytes: [UInt8]) throws(JSONError) {
        self = try JSON.read(bytes, allowsMore: true) { (value) throws(JSONError) -> Self in
            try Self(from: value)
        }
    }
}

/// A set of words, each an enumeration case. Unknown words are refused, with the word in the message.
public protocol JSONWord: RawRepresentable<String>, CaseIterable, JSONDecodable, JSONEncodable, Sendable {
    /// What the words name, `seccomp action`.
    static var noun: StaticString { get }
}

extension JSONWord {
    public init(from json: JSONValue) throws(JSONError) {
        let text = try json.string()
        // Not by `init(rawValue:)`, which costs three times as much: large profiles have a thousand words.
        for word in Self.allCases where word.rawValue == text {
            self = word
            return
        }
        throw json.error("unknown \(Self.noun) \(JSONError.quoted(text))")
    }

    public func encode(to json: inout JSONWriter) { json.string(rawValue) }

    /// All words, sorted, as lists of features have them.
    public static var words: [String] { allCases.map(\.rawValue).sorted() }
}

extension String: JSONDecodable {
    /// Refuses NUL: the strings of these documents become paths, names and arguments, which end at
    /// the first NUL, so the rest would silently be cut off.
    public init(from json: JSONValue) throws(JSONError) {
        self = try json.string()
        if json.token.kind == .escapedString, utf8.contains(0) {
            throw json.error("contains a NUL character")
        }
    }
}

extension Bool: JSONDecodable {
    public init(from json: JSONValue) throws(JSONError) { self = try json.bool() }
}

// Inlined, the code goes by no witness tables, which the library makes when they are first asked for.
extension FixedWidthInteger where Self: JSONDecodable {
    @inline(__always) public init(from json: JSONValue) throws(JSONError) { self = try json.integer() }
}

extension Int: JSONDecodable {}
extension Int32: JSONDecodable {}
extension Int64: JSONDecodable {}
extension UInt16: JSONDecodable {}
extension UInt32: JSONDecodable {}
extension UInt64: JSONDecodable {}

extension Array: JSONDecodable where Element: JSONDecodable {
    @inlinable public init(from json: JSONValue) throws(JSONError) {
        var count = 0
        for _ in try json.elements() { count += 1 }
        self = []
        reserveCapacity(count)
        for element in try json.elements() { append(try Element(from: element)) }
    }
}
