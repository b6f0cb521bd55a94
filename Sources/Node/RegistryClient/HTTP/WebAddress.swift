import Glibc

/// How a registry is spoken to.
public enum WebScheme: String, Sendable {
    case http, https

    package var defaultPort: Int {
        switch self {
        case .http: 80
        case .https: 443
        }
    }
}

/// Who answers: scheme, host and port (RFC 6454, section 4). Credentials for one are for no other.
public struct WebOrigin: Hashable, Sendable, CustomStringConvertible {
    public let scheme: WebScheme
    /// Lower case; IPv6 addresses in brackets.
    public let host: String
    public let port: Int

    /// Host, with the port where it is not the scheme's own: `registry.example`, `localhost:5000`.
    public var authority: String { port == scheme.defaultPort ? host : "\(host):\(port)" }

    public var description: String { "\(scheme)://\(authority)" }

    /// Whether only this machine is reached, so that nobody on the way can listen.
    public var isLoopback: Bool { Self.isLoopback(host: host) }

    /// By the address itself and not by how it begins: `127.evil.example` is somebody else's name.
    package static func isLoopback(host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 { return UInt32(bigEndian: v4.s_addr) >> 24 == 127 }
        guard host.hasPrefix("["), host.hasSuffix("]") else { return false }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &v6) == 1 else { return false }
        return withUnsafeBytes(of: v6) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }
}

/// An http or https address: an origin, and what is asked of it. The path and the query stay as they were
/// written, byte by byte: a signed address with other escapes is another address.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    package let origin: WebOrigin
    /// Begins with `/`; has no query.
    package let path: String
    package let query: String?

    package init(origin: WebOrigin, path: String, query: String? = nil) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    /// - Parameter text: an absolute address (RFC 3986, section 4.3); its fragment is left out. Names and
    ///   passwords before the host are refused: they would end up in logs.
    /// - Returns: nil for what is no http or https address.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"),
            let scheme = WebScheme(rawValue: text[..<colon].lowercased()),
            text[colon...].hasPrefix("://")
        else { return nil }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let origin = WebOrigin(scheme, authority: rest[..<end]) else { return nil }
        self.init(origin: origin, target: rest[end...])
    }

    private init?(origin: WebOrigin, target: Substring) {
        let target = target.prefix { $0 != "#" }
        // A space or a control character would end the request line, or begin another header.
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let path = target.prefix { $0 != "?" }
        let query = target[path.endIndex...]
        self.init(
            origin: origin, path: path.isEmpty ? "/" : String(path),
            query: query.isEmpty ? nil : String(query.dropFirst()))
        guard self.path.hasPrefix("/") else { return nil }
    }

    /// What `reference`, of a Location or Link header, means here (RFC 3986, section 5.2).
    package func resolve(_ reference: String) -> WebAddress? {
        if let address = WebAddress(reference) { return address }
        if reference.hasPrefix("//") { return WebAddress("\(origin.scheme):\(reference)") }
        if reference.hasPrefix("/") { return WebAddress(origin: origin, target: reference[...]) }
        if reference.hasPrefix("?") { return WebAddress(origin: origin, target: (path + reference)[...]) }
        if reference.isEmpty || reference.prefix(while: { !"/?#".contains($0) }).contains(":") { return nil }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return WebAddress(origin: origin, target: (folder + reference)[...])
    }

    /// Adds to the query.
    /// - Parameter items: names and values, not yet escaped.
    package func adding(query items: [(name: String, value: String)]) -> WebAddress {
        if items.isEmpty { return self }
        let added = items.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
        let all = query.map { $0.isEmpty ? added : "\($0)&\(added)" } ?? added
        return WebAddress(origin: origin, path: path, query: all)
    }

    /// Everything but RFC 3986's unreserved characters as %XX.
    package static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                out += "%" + (digits.count == 1 ? "0" + digits : digits)
            }
        }
        return out
    }

    /// What goes over the wire.
    package var text: String { "\(origin)\(path)" + (query.map { "?\($0)" } ?? "") }

    /// Without the query, which of signed addresses is a secret.
    package var description: String { "\(origin)\(path)" }
}

extension WebOrigin {
    /// - Parameter authority: `host` or `host:port`.
    package init?(_ scheme: WebScheme, authority: some StringProtocol) {
        var host = String(authority).lowercased()
        var port = scheme.defaultPort
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            guard let number = UInt16(host[host.index(after: colon)...]), number > 0 else { return nil }
            port = Int(number)
            host = String(host[..<colon])
        }
        guard Self.isHost(host) else { return nil }
        self.init(scheme: scheme, host: host, port: port)
    }

    private static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("[") {
            return host.hasSuffix("]") && host.count > 2
                && host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return !host.isEmpty
            && host.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || "-._".utf8.contains(byte)
            }
    }
}
