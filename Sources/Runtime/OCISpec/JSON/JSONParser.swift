/// Parses text into a tape of tokens in one pass and without recursion.
///
/// Complete RFC 8259. Stricter than it has to be in one point: a lone surrogate escape and malformed
/// UTF-8 are refused, because the strings become paths and arguments that must be what was written.
struct JSONParser: ~Copyable {
    /// Deepest nesting of arrays and objects. A limit, so that text cannot make readers recurse away.
    static let maxDepth = 128

    private let text: UnsafePointer<UInt8>
    private let end: Int
    private let allowsMore: Bool
    private var position = 0
    private var tape: JSONTape

    private init(_ bytes: UnsafeRawBufferPointer, allowsMore: Bool) {
        self.allowsMore = allowsMore
        text = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
        end = bytes.count
        // A token needs two bytes of text at least, ten in configurations.
        tape = JSONTape(capacity: bytes.count / 8 + 16)
    }

    /// - Parameter allowsMore: whatever follows the first value is not looked at.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, allowsMore: Bool = false
    ) throws(JSONError) -> JSONTape {
        guard bytes.count > 0 else {
            throw JSONError(
                path: "", line: 1, column: 1, reason: "expected a value, found the end of the text")
        }
        guard bytes.count <= Int(JSONToken.maxPayload) else {
            throw JSONError(path: "", reason: "the text is longer than 256 MiB")
        }
        var parser = JSONParser(bytes, allowsMore: allowsMore)
        try parser.run()
        return parser.finish()
    }

    private consuming func finish() -> JSONTape { tape }

    // MARK: Structure

    private mutating func run() throws(JSONError) {
        let none = Int(JSONToken.maxPayload)
        var open = none  // innermost unfinished container
        var openIsObject = false
        var depth = 0

        while true {
            skipSpace()
            switch byte {
            case UInt8(ascii: "\""):
                try string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = byte == UInt8(ascii: "{")
                guard depth < Self.maxDepth else {
                    throw error("nested deeper than \(Self.maxDepth) arrays and objects")
                }
                let index = tape.count
                tape.append(JSONToken(isObject ? .object : .array, offset: position, payload: open))
                position += 1
                skipSpace()
                if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    position += 1
                    tape.tokens[index].payload = tape.count
                    break
                }
                open = index
                openIsObject = isObject
                depth += 1
                if isObject { try key(orClose: true) }
                continue
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                try number()
            case UInt8(ascii: "t"):
                try literal("true", .true)
            case UInt8(ascii: "f"):
                try literal("false", .false)
            case UInt8(ascii: "n"):
                try literal("null", .null)
            default:
                throw error("expected a value, found \(found)")
            }

            // A value is complete: close what ends here, until a comma asks for the next value.
            while true {
                skipSpace()
                if open == none {
                    if allowsMore || position == end { return }
                    throw error("unexpected \(found) after the document")
                }
                if byte == UInt8(ascii: ",") {
                    position += 1
                    if openIsObject {
                        skipSpace()
                        try key(orClose: false)
                    }
                    break
                }
                guard byte == (openIsObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw error("expected ',' or '\(openIsObject ? "}" : "]")', found \(found)")
                }
                position += 1
                let parent = tape.tokens[open].payload
                tape.tokens[open].payload = tape.count
                open = parent
                depth -= 1
                openIsObject = open != none && tape.tokens[open].kind == .object
            }
        }
    }

    private mutating func key(orClose: Bool) throws(JSONError) {
        guard byte == UInt8(ascii: "\"") else {
            throw error("expected a key in quotes\(orClose ? " or '}'" : ""), found \(found)")
        }
        try string()
        skipSpace()
        guard byte == UInt8(ascii: ":") else { throw error("expected ':' after the key, found \(found)") }
        position += 1
    }

    // MARK: Scalars

    private mutating func literal(_ word: StaticString, _ kind: JSONToken.Kind) throws(JSONError) {
        let start = position
        for index in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[index] else {
                throw error("expected \(word), found \(found) in it")
            }
            position += 1
        }
        tape.append(JSONToken(kind, offset: start, payload: position - start))
    }

    private mutating func number() throws(JSONError) {
        let start = position
        var kind = JSONToken.Kind.integer
        if byte == UInt8(ascii: "-") { position += 1 }
        if byte == UInt8(ascii: "0") {
            position += 1
            if isDigit { throw error("a number must not start with 0") }
        } else {
            try digits()
        }
        if byte == UInt8(ascii: ".") {
            kind = .decimal
            position += 1
            try digits()
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            kind = .decimal
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        tape.append(JSONToken(kind, offset: start, payload: position - start))
    }

    private mutating func digits() throws(JSONError) {
        guard isDigit else { throw error("expected a digit, found \(found)") }
        repeat { position += 1 } while isDigit
    }

    private mutating func string() throws(JSONError) {
        position += 1
        let start = position
        var kind = JSONToken.Kind.string
        while true {
            skipPlainText()
            guard position < end else { throw error("the text ends inside a string") }
            switch text[position] {
            case UInt8(ascii: "\""):
                tape.append(JSONToken(kind, offset: start, payload: position - start))
                position += 1
                return
            case UInt8(ascii: "\\"):
                kind = .escapedString
                try escape()
            case 0x80...0xff:
                let length = UTF8Sequence.length(text + position, available: end - position)
                guard length > 0 else { throw error("invalid UTF-8 (\(hex(text[position])))") }
                position += length
            default:
                throw error("unescaped control character (\(hex(text[position]))) in a string")
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        let start = position
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            let first = try hexUnit()
            guard 0xd800...0xdfff ~= first else { return }
            if first < 0xdc00, byte == UInt8(ascii: "\\"), position + 1 < end,
                text[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                if 0xdc00...0xdfff ~= (try hexUnit()) { return }
            }
            position = start
            throw error("half of a surrogate pair in a string")
        default:
            throw error("unknown escape, found \(found) after '\\'")
        }
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(byte) else {
                throw error("expected a hexadecimal digit, found \(found)")
            }
            unit = unit << 4 | digit
            position += 1
        }
        return unit
    }

    // MARK: Bytes

    /// The byte at the position, 0 (which no grammar rule accepts) at the end.
    @inline(__always)
    private var byte: UInt8 { position < end ? text[position] : 0 }

    @inline(__always)
    private var isDigit: Bool { byte &- UInt8(ascii: "0") < 10 }

    @inline(__always)
    private mutating func skipSpace() {
        while position < end {
            switch text[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            default: return
            }
        }
    }

    /// Passes text that stands for itself: printable ASCII but for quote and backslash, eight bytes
    /// at a time.
    @inline(__always)
    private mutating func skipPlainText() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= end {
            let word = UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self)
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // A byte's high bit is set where the byte is zero, is below 0x20, or has its high bit set.
            // Borrows make false marks only above a true one, and the lowest mark is what is used.
            let marks =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash
                    | (word &- ones &* 0x20) & ~word | word) & highs
            if marks != 0 {
                position += UInt64(littleEndian: marks).trailingZeroBitCount >> 3
                return
            }
            position += 8
        }
        while position < end {
            let next = text[position]
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") || next < 0x20 || next >= 0x80 {
                return
            }
            position += 1
        }
    }

    // MARK: Errors

    private var found: String {
        guard position < end else { return "the end of the text" }
        let byte = text[position]
        return 0x20..<0x7f ~= byte ? "'\(Unicode.Scalar(byte))'" : "byte \(hex(byte))"
    }

    private func error(_ reason: String) -> JSONError {
        let place = JSONPosition(of: position, in: text)
        return JSONError(path: "", line: place.line, column: place.column, reason: reason)
    }
}

/// Line and column of an offset, counted only when an error needs them.
struct JSONPosition {
    private(set) var line = 1
    private(set) var column = 1

    init(of offset: Int, in text: UnsafePointer<UInt8>) {
        for index in 0..<offset {
            if text[index] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if text[index] & 0xc0 != 0x80 {
                column += 1
            }
        }
    }
}

func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}

private func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0x0" : "0x") + String(byte, radix: 16)
}

/// Well-formed UTF-8 as the table of Unicode chapter 3.9 has it: no overlong forms, no surrogates,
/// nothing above U+10FFFF.
enum UTF8Sequence {
    /// Length of the non-ASCII sequence at `start`, 0 when it is malformed.
    static func length(_ start: UnsafePointer<UInt8>, available: Int) -> Int {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch start[0] {
        case 0xc2...0xdf: length = 2
        case 0xe0:
            length = 3
            second = 0xa0...0xbf
        case 0xed:
            length = 3
            second = 0x80...0x9f
        case 0xe1...0xef: length = 3
        case 0xf0:
            length = 4
            second = 0x90...0xbf
        case 0xf1...0xf3: length = 4
        case 0xf4:
            length = 4
            second = 0x80...0x8f
        default: return 0
        }
        guard available >= length, second ~= start[1] else { return 0 }
        for index in 2..<max(length, 2) where start[index] & 0xc0 != 0x80 { return 0 }
        return length
    }
}
