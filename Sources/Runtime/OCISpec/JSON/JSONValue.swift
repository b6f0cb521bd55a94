/// Reading a document.
public enum JSON {
    /// Parses `bytes` completely, then hands the outermost value to `body`. Values are views of the
    /// text and of the parser's tokens: they must not leave `body`.
    ///
    /// - Parameter allowsMore: only the first value of the text counts, as for Go's stream decoder, with which runc
    ///   reads its documents.
    /// - Throws: a `JSONError` with line and column when the text is not JSON; what `body` throws.
    public static func read<Result>(
        _ bytes: UnsafeRawBufferPointer, allowsMore: Bool = false,
        _ body: (JSONValue) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        let tape = try JSONParser.parse(bytes, allowsMore: allowsMore)
        let text = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
        let result = try body(JSONValue(text: text, tokens: UnsafePointer(tape.tokens), index: 0))
        extendLifetime(tape)
        return result
    }

    /// As above, for text in an array.
    public static func read<Result>(
        _ bytes: [UInt8], allowsMore: Bool = false, _ body: (JSONValue) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        // The array's own method throws without a type.
        let result = bytes.withUnsafeBytes { raw -> Swift.Result<Result, JSONError> in
            do throws(JSONError) {
                return .success(try read(raw, allowsMore: allowsMore, body))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// What a value is.
public enum JSONKind: Equatable, Sendable {
    case null, boolean, number, string, array, object

    /// With its article, for messages.
    public var noun: StaticString {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// A number as exact as it was written.
public enum JSONNumber: Equatable, Sendable {
    case integer(Int64)
    /// Above `Int64.max`.
    case unsigned(UInt64)
    /// With a fraction or an exponent, or an integer beyond 64 bits.
    case double(Double)
}

/// One value of a document: a view of three words, valid inside `JSON.read`.
public struct JSONValue {
    let text: UnsafePointer<UInt8>
    let tokens: UnsafePointer<JSONToken>
    let index: Int

    @inline(__always)
    var token: JSONToken { tokens[index] }

    /// Index of the first token after this value.
    @inline(__always)
    var next: Int {
        switch token.kind {
        case .array, .object: token.payload
        default: index + 1
        }
    }

    @inline(__always)
    func at(_ index: Int) -> JSONValue { JSONValue(text: text, tokens: tokens, index: index) }

    /// The bytes as they stand in the text; of strings without the quotes.
    var rawBytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text + Int(token.offset), count: token.payload)
    }

    public var kind: JSONKind {
        switch token.kind {
        case .null: .null
        case .true, .false: .boolean
        case .integer, .decimal: .number
        case .string, .escapedString: .string
        case .array: .array
        case .object: .object
        }
    }

    public var isNull: Bool { token.kind == .null }

    // MARK: Scalars

    public func bool() throws(JSONError) -> Bool {
        switch token.kind {
        case .true: return true
        case .false: return false
        default: throw mismatch("a boolean")
        }
    }

    /// The text, with escapes resolved.
    public func string() throws(JSONError) -> String {
        switch token.kind {
        case .string: return String(decoding: rawBytes, as: UTF8.self)
        case .escapedString: return unescaped()
        default: throw mismatch("a string")
        }
    }

    /// An integer of the wanted width. `1.0` and `1e3` are no integers, as for Go.
    @inline(__always)
    public func integer<Integer: FixedWidthInteger>(as type: Integer.Type = Integer.self) throws(JSONError)
        -> Integer
    {
        switch token.kind {
        case .integer:
            if let exact: Integer = exactInteger() { return exact }
            throw error("\(shownNumber) is out of range, \(Integer.min) to \(Integer.max)")
        case .decimal:
            throw error("expected an integer, found \(shownNumber)")
        default:
            throw mismatch("an integer")
        }
    }

    public func number() throws(JSONError) -> JSONNumber {
        switch token.kind {
        case .integer:
            if let exact: Int64 = exactInteger() { return .integer(exact) }
            if let exact: UInt64 = exactInteger() { return .unsigned(exact) }
        case .decimal:
            break
        default:
            throw mismatch("a number")
        }
        // The grammar of JSON's numbers is a part of what Double reads.
        return .double(Double(String(decoding: rawBytes, as: UTF8.self)).unsafelyUnwrapped)
    }

    @inline(__always)
    private func exactInteger<Integer: FixedWidthInteger>() -> Integer? {
        let bytes = rawBytes
        let negative = bytes[0] == UInt8(ascii: "-")
        var value: Integer = 0
        for index in (negative ? 1 : 0)..<bytes.count {
            let digit = Integer(truncatingIfNeeded: bytes[index] &- UInt8(ascii: "0"))
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                negative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    private var shownNumber: String {
        let bytes = rawBytes
        let shown = String(decoding: UnsafeBufferPointer(rebasing: bytes.prefix(40)), as: UTF8.self)
        return bytes.count > 40 ? shown + "…" : shown
    }

    // MARK: Containers

    /// Elements of an array, in order.
    public func elements() throws(JSONError) -> JSONElements {
        guard token.kind == .array else { throw mismatch("an array") }
        return JSONElements(array: self)
    }

    /// The object's members, by name.
    public func object() throws(JSONError) -> JSONObject {
        guard token.kind == .object else { throw mismatch("an object") }
        return JSONObject(value: self)
    }

    // MARK: Errors

    /// An error at this value's place.
    public func error(_ reason: String) -> JSONError {
        error(reason, member: nil)
    }

    func error(_ reason: String, member: StaticString?) -> JSONError {
        var path = JSONPath(of: self)
        if let member { path.append(key: member.description) }
        let offset = Int(token.offset) - (kind == .string ? 1 : 0)
        let place = JSONPosition(of: offset, in: text)
        return JSONError(path: path.text, line: place.line, column: place.column, reason: reason)
    }

    func mismatch(_ wanted: StaticString) -> JSONError {
        error("expected \(wanted), found \(kind.noun)")
    }
}

/// The elements of an array.
public struct JSONElements: Sequence, IteratorProtocol {
    private let array: JSONValue
    private var index: Int
    private let end: Int

    init(array: JSONValue) {
        self.array = array
        index = array.index + 1
        end = array.next
    }

    public mutating func next() -> JSONValue? {
        guard index < end else { return nil }
        let element = array.at(index)
        index = element.next
        return element
    }
}

/// Where a value stands in its document. Found by walking down from the root, only when an error is
/// reported, so that reading keeps no account of paths.
struct JSONPath {
    private(set) var text: String

    init(_ text: String) { self.text = text }

    init(of target: JSONValue) {
        text = ""
        var value = target.at(0)
        while value.index != target.index {
            var index = value.index + 1
            var position = 0
            let isObject = value.token.kind == .object
            while true {
                let child = value.at(isObject ? index + 1 : index)
                if target.index < child.next {
                    if isObject {
                        append(key: value.at(index).unescaped())
                    } else {
                        text += "[\(position)]"
                    }
                    // The target is the key itself: its member is the best place to name.
                    if target.index < child.index { return }
                    value = child
                    break
                }
                index = child.next
                position += 1
            }
        }
    }

    mutating func append(key: String) {
        let plain =
            !key.isEmpty
            && key.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10
                    || (byte | 0x20) &- UInt8(ascii: "a") < 26
            }
        if plain {
            text += text.isEmpty ? key : "." + key
        } else {
            text += "[" + JSONError.quoted(key) + "]"
        }
    }
}
