/// A type that can be written as JSON.
public protocol JSONEncodable {
    func encode(to json: inout JSONWriter)
}

extension JSONEncodable {
    /// The value as a document, without a newline at its end.
    public func json(_ style: JSONWriter.Style = .compact) -> [UInt8] {
        var writer = JSONWriter(style)
        encode(to: &writer)
        return writer.bytes
    }
}

/// Writes JSON text. Members come out in the order in which they are written.
public struct JSONWriter {
    /// How the text is laid out.
    public enum Style: Equatable, Sendable {
        /// No space at all.
        case compact
        /// One member per line, indented by tabs, as `runc spec` prints.
        case tabs
        /// One member per line, indented by so many spaces a level.
        case spaces(Int)
    }

    public private(set) var bytes: [UInt8] = []
    private let style: Style
    private var depth = 0
    /// Nothing was written yet in the innermost container.
    private var isFirst = true
    private var isAfterKey = false

    public init(_ style: Style = .compact) { self.style = style }

    // MARK: Values

    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        container(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    public mutating func array(_ body: (inout JSONWriter) -> Void) {
        container(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    public mutating func null() { raw("null") }

    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// A value that is JSON already, as it is.
    public mutating func document(_ text: String) {
        beginValue()
        bytes += text.utf8
    }

    @inlinable public mutating func integer(_ value: some FixedWidthInteger) {
        // Every integer that these documents hold fits into 64 bits.
        integer(isNegative: value < 0, magnitude: UInt64(value.magnitude))
    }

    @usableFromInline mutating func integer(isNegative: Bool, magnitude: UInt64) {
        beginValue()
        appendDigits(isNegative: isNegative, magnitude)
    }

    /// The shortest text that reads back as the same number. JSON has no infinity and no NaN: they
    /// are written as null.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        beginValue()
        bytes.append(contentsOf: value.description.utf8)
    }

    public mutating func string(_ value: String) {
        beginValue()
        appendQuoted(value)
    }

    public mutating func value(_ value: some JSONEncodable) { value.encode(to: &self) }

    // MARK: Members of an object

    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        endKey()
    }

    public mutating func key(_ name: String) {
        separate()
        appendQuoted(name)
        bytes.removeLast()
        endKey()
    }

    public mutating func member(_ name: StaticString, _ value: some JSONEncodable) {
        key(name)
        value.encode(to: &self)
    }

    public mutating func member(_ name: String, _ value: some JSONEncodable) {
        key(name)
        value.encode(to: &self)
    }

    /// Left out when there is no value.
    public mutating func optional(_ name: StaticString, _ value: (some JSONEncodable)?) {
        if let value { member(name, value) }
    }

    /// Left out when empty.
    public mutating func nonEmpty(_ name: StaticString, _ value: some Collection & JSONEncodable) {
        if !value.isEmpty { member(name, value) }
    }

    /// Left out when false.
    public mutating func flag(_ name: StaticString, _ value: Bool) {
        if value { member(name, value) }
    }

    // MARK: Layout

    private mutating func container(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
        beginValue()
        bytes.append(open)
        depth += 1
        isFirst = true
        body(&self)
        depth -= 1
        if !isFirst { newline() }
        isFirst = false
        bytes.append(close)
    }

    private mutating func raw(_ word: StaticString) {
        beginValue()
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    private mutating func beginValue() {
        if isAfterKey { isAfterKey = false } else { separate() }
    }

    private mutating func separate() {
        if depth == 0 { return }
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        newline()
    }

    private mutating func endKey() {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        if style != .compact { bytes.append(UInt8(ascii: " ")) }
        isAfterKey = true
    }

    private mutating func newline() {
        switch style {
        case .compact: break
        case .tabs:
            bytes.append(UInt8(ascii: "\n"))
            for _ in 0..<depth { bytes.append(UInt8(ascii: "\t")) }
        case .spaces(let width):
            bytes.append(UInt8(ascii: "\n"))
            for _ in 0..<depth * width { bytes.append(UInt8(ascii: " ")) }
        }
    }

    // MARK: Text

    private mutating func appendDigits(isNegative: Bool, _ magnitude: UInt64) {
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        var rest = magnitude
        let start = bytes.count
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest != 0
        bytes[start...].reverse()
    }

    private mutating func appendQuoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): appendEscape(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): appendEscape(UInt8(ascii: "\\"))
            case 0x08: appendEscape(UInt8(ascii: "b"))
            case 0x09: appendEscape(UInt8(ascii: "t"))
            case 0x0a: appendEscape(UInt8(ascii: "n"))
            case 0x0c: appendEscape(UInt8(ascii: "f"))
            case 0x0d: appendEscape(UInt8(ascii: "r"))
            case 0..<0x20:
                appendEscape(UInt8(ascii: "u"))
                bytes.append(UInt8(ascii: "0"))
                bytes.append(UInt8(ascii: "0"))
                bytes.append(UInt8(ascii: "0") + byte >> 4)
                bytes.append(
                    byte & 15 < 10 ? UInt8(ascii: "0") + byte & 15 : UInt8(ascii: "a") + byte & 15 - 10)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ letter: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(letter)
    }
}

extension String: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.string(self) }
}

extension Bool: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.bool(self) }
}

extension FixedWidthInteger where Self: JSONEncodable {
    public func encode(to json: inout JSONWriter) { json.integer(self) }
}

extension Int: JSONEncodable {}
extension Int32: JSONEncodable {}
extension Int64: JSONEncodable {}
extension UInt16: JSONEncodable {}
extension UInt32: JSONEncodable {}
extension UInt64: JSONEncodable {}

extension Array: JSONEncodable where Element: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.array { json in
            for element in self { element.encode(to: &json) }
        }
    }
}

extension JSONValue: JSONEncodable {
    /// Writes the value again: numbers as they stood, members in their order.
    public func encode(to json: inout JSONWriter) {
        switch token.kind {
        case .null: json.null()
        case .true: json.bool(true)
        case .false: json.bool(false)
        case .integer, .decimal: json.number(rawBytes)
        case .string, .escapedString: json.string(unescaped())
        case .array:
            json.array { json in
                for element in JSONElements(array: self) { element.encode(to: &json) }
            }
        case .object:
            json.object { json in
                for (key, value) in JSONMembers(object: self) { json.member(key, value) }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func number(_ text: UnsafeBufferPointer<UInt8>) {
        beginValue()
        bytes.append(contentsOf: text)
    }
}
