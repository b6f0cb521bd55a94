/// A URL as far as probes need one (RFC 3986): where to connect, and what to ask there.
package struct HTTPTarget: Equatable, CustomStringConvertible {
    package var scheme: HTTPGet.Scheme
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var port: Int
    /// Path and query, beginning with a slash, encoded.
    package var path: String
    /// Whether the port stands in the URL: it belongs to the `Host` header then.
    var hasPort = true

    package init(_ get: HTTPGet) {
        scheme = get.scheme
        host = get.host
        port = get.port
        path = Self.encoded(get.path)
    }

    private init(scheme: HTTPGet.Scheme, host: String, port: Int, path: String, hasPort: Bool) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.hasPort = hasPort
    }

    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return hasPort ? "\(name):\(port)" : name
    }

    package var description: String { "\(scheme.rawValue)://\(authority)\(path)" }

    /// Where a `Location` header leads to (section 5.2); nil where that is no URL that can be asked.
    package func resolving(_ location: String) -> HTTPTarget? {
        let reference = location.prefix { $0 != "#" }
        if let colon = Self.schemeEnd(of: reference) {
            guard let scheme = HTTPGet.Scheme(rawValue: reference[..<colon].lowercased()) else { return nil }
            let rest = reference[reference.index(after: colon)...]
            return rest.hasPrefix("//") ? Self(scheme, authorityAndPath: rest.dropFirst(2)) : nil
        }
        if reference.hasPrefix("//") { return Self(scheme, authorityAndPath: reference.dropFirst(2)) }

        var target = self
        let current = path.prefix { $0 != "?" }
        if reference.isEmpty {
            target.path = path
        } else if reference.hasPrefix("?") {
            target.path = Self.encoded(current + reference)
        } else if reference.hasPrefix("/") {
            target.path = Self.encoded(Self.withoutDots(reference))
        } else {
            let folder = current.prefix(through: current.lastIndex(of: "/") ?? current.startIndex)
            target.path = Self.encoded(Self.withoutDots(folder + reference))
        }
        return target
    }

    private init?(_ scheme: HTTPGet.Scheme, authorityAndPath: Substring) {
        let authority = authorityAndPath.prefix { $0 != "/" && $0 != "?" }
        // What comes before an at sign are credentials, which probes have none of.
        let server = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let (host, rest): (Substring, Substring)
        if server.hasPrefix("["), let end = server.firstIndex(of: "]") {
            host = server[server.index(after: server.startIndex)..<end]
            rest = server[server.index(after: end)...]
        } else {
            host = server.prefix { $0 != ":" }
            rest = server.dropFirst(host.count)
        }
        guard !host.isEmpty, rest.isEmpty || rest.hasPrefix(":") else { return nil }
        let standard = scheme == .http ? 80 : 443
        var port = standard
        if rest.count > 1 {
            guard let number = Int(rest.dropFirst()), (1...65535).contains(number) else { return nil }
            port = number
        }
        let path = authorityAndPath.dropFirst(authority.count)
        self.init(
            scheme: scheme, host: String(host), port: port,
            path: Self.encoded(Self.withoutDots(path.hasPrefix("/") ? path : "/" + path)),
            hasPort: rest.count > 1)
    }

    package static func isWithoutScheme(_ location: String) -> Bool {
        schemeEnd(of: location[...]) == nil
    }

    /// The colon after a scheme.
    private static func schemeEnd(of reference: Substring) -> Substring.Index? {
        guard let first = reference.first, first.isASCII, first.isLetter,
            let end = reference.firstIndex(where: {
                !($0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)))
            }), reference[end] == ":"
        else { return nil }
        return end
    }

    /// Takes `.` and `..` out of a path (section 5.2.4).
    private static func withoutDots(_ text: some StringProtocol) -> String {
        let path = text.prefix { $0 != "?" }
        var segments: [Substring.SubSequence] = []
        let given = Substring(path).split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for segment in given {
            switch segment {
            case ".": break
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        // A path that ends with a dot segment is a folder's.
        if let last = given.last, last == "." || last == ".." { segments.append("") }
        return "/" + segments.joined(separator: "/") + text.dropFirst(path.count)
    }

    /// A path with query as it can stand in a request: what may not is encoded, a fragment left out.
    private static func encoded(_ text: some StringProtocol) -> String {
        var result: [UInt8] = []
        if !text.hasPrefix("/") { result.append(UInt8(ascii: "/")) }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "#"): return String(decoding: result, as: UTF8.self)
            case 0...0x20, 0x7f..., UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"),
                UInt8(ascii: "|"), UInt8(ascii: "}"):
                let digits = Array("0123456789ABCDEF".utf8)
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
