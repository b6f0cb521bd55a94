/// One way to authenticate that a server offers (RFC 9110, section 11.3).
package struct Challenge: Equatable {
    /// Lower case: `bearer`, `basic`.
    package let scheme: String
    /// Names in lower case.
    package let parameters: [String: String]

    package init(scheme: String, parameters: [String: String]) {
        self.scheme = scheme
        self.parameters = parameters
    }

    /// All challenges of one or several `WWW-Authenticate` headers, in their order (RFC 9110, section 11.6.1).
    /// What cannot be read ends its header and not those behind it.
    package static func parse(_ headers: [String]) -> [Challenge] {
        headers.flatMap { header in
            var parser = ChallengeParser(header)
            return parser.challenges()
        }
    }
}

private struct ChallengeParser {
    private var rest: Substring.UTF8View

    init(_ header: String) {
        rest = header[...].utf8
    }

    mutating func challenges() -> [Challenge] {
        var found: [Challenge] = []
        skipSeparators()
        while let scheme = token() {
            var parameters: [String: String] = [:]
            skipSpaces()
            if !skipToken68() {
                // A comma stands between parameters and between challenges: what follows it tells which.
                while let (name, value) = parameter() {
                    // A name that is there twice is somebody's trick; the first one counts.
                    if parameters[name] == nil { parameters[name] = value }
                    skipSeparators()
                }
            }
            found.append(Challenge(scheme: scheme.lowercased(), parameters: parameters))
            skipSeparators()
        }
        return found
    }

    /// `token BWS "=" BWS ( token / quoted-string )`; nothing is consumed when it is none.
    private mutating func parameter() -> (String, String)? {
        let start = rest
        guard let name = token() else { return nil }
        skipSpaces()
        guard skip(UInt8(ascii: "=")) else {
            rest = start
            return nil
        }
        skipSpaces()
        guard let value = quotedString() ?? token() else {
            rest = start
            return nil
        }
        return (name.lowercased(), value)
    }

    private mutating func token() -> String? {
        let text = rest.prefix(while: Self.isTokenByte)
        if text.isEmpty { return nil }
        rest = rest[text.endIndex...]
        return String(Substring(text))
    }

    /// The other form of what may follow a scheme: one word, ended by the end or by a comma.
    private mutating func skipToken68() -> Bool {
        let word = rest.prefix { Self.isTokenByte($0) || $0 == UInt8(ascii: "/") }
        if word.isEmpty { return false }
        var after = rest[word.endIndex...]
        while after.first == UInt8(ascii: "=") { after.removeFirst() }
        after = after.drop { $0 == 0x20 || $0 == 0x09 }
        guard after.isEmpty || after.first == UInt8(ascii: ",") else { return false }
        rest = after
        return true
    }

    private mutating func quotedString() -> String? {
        guard skip(UInt8(ascii: "\"")) else { return nil }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipSpaces() {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }

    private mutating func skipSeparators() {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
    }

    /// RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
