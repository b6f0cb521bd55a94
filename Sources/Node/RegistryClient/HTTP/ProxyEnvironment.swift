import Glibc

/// Which proxy leads to a host, by the variables that everybody uses: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`,
/// in upper or lower case. Go's rules (golang.org/x/net/http/httpproxy), because they are what the registries'
/// other clients follow: this machine itself is never reached through a proxy, a name in `NO_PROXY` means its
/// subdomains too, one that begins with a dot means them only; addresses and networks count for hosts that
/// are given by address; `*` means all.
public struct ProxyEnvironment: Sendable {
    private let http: String?
    private let https: String?
    private let exceptions: [Exception]

    private enum Exception: Sendable {
        case all
        case name(String, subdomainsOnly: Bool, port: Int?)
        case network([UInt8], bits: Int, port: Int?)
    }

    public init(_ environment: [String: String] = [:]) {
        func variable(_ name: String) -> String? {
            [name, name.lowercased()].compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        http = variable("HTTP_PROXY")
        https = variable("HTTPS_PROXY")
        exceptions = (variable("NO_PROXY") ?? "").split(separator: ",").compactMap {
            Self.exception($0.trimmingSpaces.lowercased())
        }
    }

    /// A proxy server.
    package struct Proxy: Hashable, Sendable {
        package enum Kind {
            case http
            /// The way to the proxy is by TLS, too.
            case https
            case socks5

            var defaultPort: Int {
                switch self {
                case .http: 80
                case .https: 443
                case .socks5: 1080
                }
            }
        }

        package let kind: Kind
        package let host: String
        package let port: Int
        /// `user:password`
        package let userInfo: String?
    }

    /// - Returns: nil: the origin is reached directly.
    /// - Throws: `RegistryError` (`.configuration`) for a variable that names no proxy we can use.
    package func proxy(for origin: WebOrigin) throws -> Proxy? {
        let (name, value) =
            switch origin.scheme {
            case .http: ("HTTP_PROXY", http)
            case .https: ("HTTPS_PROXY", https)
            }
        guard let value, !origin.isLoopback, !exceptions.contains(where: { Self.fits(origin, $0) }) else {
            return nil
        }
        guard let proxy = try Self.parse(value) else {
            throw RegistryError(
                .configuration,
                "\(name) names no proxy: expected http://HOST:PORT, https://HOST:PORT"
                    + " or socks5://HOST:PORT")
        }
        return proxy
    }

    // MARK: Parsing

    private static func parse(_ text: String) throws -> Proxy? {
        var rest = text[...]
        var kind = Proxy.Kind.http
        if let end = rest.firstRange(of: "://") {
            switch rest[..<end.lowerBound].lowercased() {
            case "http": kind = .http
            case "https": kind = .https
            case "socks5", "socks5h": kind = .socks5
            case let other:
                throw RegistryError(
                    .configuration, "proxies that are spoken to by \(oneLine(other)) are not supported")
            }
            rest = rest[end.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var userInfo: String?
        if let at = rest.lastIndex(of: "@") {
            userInfo = unescaped(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        let hasPort = rest.lastIndex(of: ":").map { !rest[$0...].contains("]") } ?? false
        guard let origin = WebOrigin(.http, authority: rest) else { return nil }
        let port = hasPort ? origin.port : kind.defaultPort
        return Proxy(kind: kind, host: origin.host, port: port, userInfo: userInfo)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func exception(_ text: String) -> Exception? {
        if text.isEmpty { return nil }
        if text == "*" { return .all }
        if let slash = text.firstIndex(of: "/") {
            guard let address = address(String(text[..<slash])),
                let bits = Int(text[text.index(after: slash)...]), 0...address.count * 8 ~= bits
            else { return nil }
            return .network(address, bits: bits, port: nil)
        }
        if let address = address(text) { return .network(address, bits: address.count * 8, port: nil) }
        var name = text[...]
        var port: Int?
        if let colon = name.lastIndex(of: ":") {
            port = Int(name[name.index(after: colon)...])
            name = name[..<colon]
        }
        if let address = address(String(name)) {
            return .network(address, bits: address.count * 8, port: port)
        }
        if name.hasPrefix("*.") { name.removeFirst() }
        let subdomainsOnly = name.hasPrefix(".")
        if subdomainsOnly { name.removeFirst() }
        return name.isEmpty ? nil : .name(String(name), subdomainsOnly: subdomainsOnly, port: port)
    }

    // MARK: Matching

    static func isAddress(_ host: String) -> Bool { address(host) != nil }

    private static func fits(_ origin: WebOrigin, _ exception: Exception) -> Bool {
        switch exception {
        case .all: return true
        case .name(let name, let subdomainsOnly, let port):
            if let port, port != origin.port { return false }
            return origin.host.hasSuffix("." + name) || (!subdomainsOnly && origin.host == name)
        case .network(let network, let bits, let port):
            if let port, port != origin.port { return false }
            guard let address = address(origin.host), address.count == network.count else { return false }
            return (0..<bits).allSatisfy { bit in
                let mask = UInt8(0x80) >> (bit % 8)
                return address[bit / 8] & mask == network[bit / 8] & mask
            }
        }
    }

    /// The bytes of an IPv4 or IPv6 address, the latter with or without brackets.
    private static func address(_ text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var v6 = in6_addr()
        if inet_pton(AF_INET6, bare, &v6) == 1 { return withUnsafeBytes(of: v6) { Array($0) } }
        return nil
    }
}
