import LinuxKernel
import NIOCore
import TOMLKit

/// `hosts.toml` of containerd: which servers answer for a registry, in the order in which they are asked.
///
/// The hosts come in the order in which they stand in the file; the members outside of them describe the
/// registry itself, which is asked last (containerd, docs/hosts.md).
package struct HostsFile {
    package let hosts: [RegistryEndpoint]
    /// The registry itself.
    package let server: RegistryEndpoint

    /// - Parameters:
    ///   - folder: what relative paths in it are relative to.
    ///   - own: what the registry itself is where the file does not say; the file's other members count for it, too.
    /// - Throws: `RegistryError` (`.configuration`).
    package init(_ text: String, path: String, folder: String, own: RegistryEndpoint) throws {
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw RegistryError(
                .configuration, "\(path): line \(error.source.begin.line): \(oneLine(error.description))")
        }
        do {
            let hosts = try Self.hosts(table)
            self.hosts = try Self.order(of: hosts.keys, in: text).map { name in
                guard let host = hosts[name]?.table else { throw Problem("host \"\(name)\" is not a table") }
                var endpoint = try Self.endpoint(name, host, folder)
                endpoint.isMirror = true
                return endpoint
            }
            let name = try Self.server(table)
            server =
                try name.isEmpty
                ? Self.configured(own, table, folder) : Self.endpoint(name, table, folder)
        } catch let problem as Problem {
            throw RegistryError(.configuration, "\(path): \(problem.text)")
        }
    }

    private struct Problem: Error {
        let text: String

        init(_ text: String) { self.text = oneLine(text) }
    }

    // MARK: Order

    private static func hosts(_ table: TOMLTable) throws -> TOMLTable {
        guard let hosts = table["host"] else { return TOMLTable() }
        guard let hosts = hosts.table else { throw Problem("host is not a table") }
        return hosts
    }

    /// The parser sorts tables by name, and the order is what the file is about. It is found by reading ever
    /// longer beginnings of the file: a host belongs behind those that were there before it.
    private static func order(of names: [String], in text: String) -> [String] {
        if names.count < 2 { return names }
        var found: [String] = []
        var beginning = ""
        // "\r\n" is one character, and another one than "\n".
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for line in lines {
            beginning += line + "\n"
            // The middle of a list over several lines, say, is no document.
            guard let table = try? TOMLTable(string: beginning), let hosts = table["host"]?.table else {
                continue
            }
            found += hosts.keys.filter { !found.contains($0) }
            if found.count == names.count { break }
        }
        return found
    }

    // MARK: One server

    /// - Returns: empty: the name's own.
    private static func server(_ table: TOMLTable) throws -> String {
        guard let value = table["server"] else { return "" }
        guard let name = value.string else { throw Problem("server is not a string") }
        return name
    }

    private static func endpoint(
        _ name: String, _ table: TOMLTable, _ folder: String
    ) throws -> RegistryEndpoint {
        let hasScheme = name.hasPrefix("http://") || name.hasPrefix("https://")
        let text = hasScheme ? name : "https://" + name
        guard let address = WebAddress(text), address.query == nil else {
            throw Problem("\"\(name)\" is not the address of a server")
        }
        var endpoint =
            hasScheme
            ? RegistryEndpoint(origin: address.origin)
            : RegistryEndpoint(ofUnknownScheme: address.origin)
        endpoint.root = root(of: address.path, isComplete: try bool("override_path", table))
        endpoint = try configured(endpoint, table, folder)
        // Who says something of TLS is taken at his word first, as with containerd.
        let wantsTLS = ["ca", "client", "skip_verify"].contains { table[$0] != nil }
        if wantsTLS, address.origin.scheme == .http, address.origin.port != 80 {
            endpoint.origin = WebOrigin(
                scheme: .https, host: address.origin.host, port: address.origin.port)
            endpoint.mayBePlain = true
        }
        return endpoint
    }

    /// How a server is spoken to, whatever its address.
    private static func configured(
        _ server: RegistryEndpoint, _ table: TOMLTable, _ folder: String
    ) throws -> RegistryEndpoint {
        var endpoint = server
        endpoint.capabilities = try capabilities(table)
        endpoint.tls.authorities = try strings("ca", table).map { absolute($0, folder) }
        if table["skip_verify"] != nil || !endpoint.tls.authorities.isEmpty {
            endpoint.tls.skipVerify = try bool("skip_verify", table)
            endpoint.tls.skipsOnOwnMachineOnly = false
        }
        endpoint.tls.clientPairs = try clientPairs(table, folder)
        endpoint.headers = try headers(table)
        endpoint.connectTimeout = try connectTimeout(table)
        return endpoint
    }

    private static func root(of path: String, isComplete: Bool) -> String {
        let names = path.split(separator: "/")
        let clean = names.map { "/" + $0 }.joined()
        return isComplete || names.last == "v2" ? clean : clean + "/v2"
    }

    private static func capabilities(_ table: TOMLTable) throws -> RegistryEndpoint.Capabilities {
        let words = try strings("capabilities", table)
        if words.isEmpty { return .all }
        return try words.reduce(into: []) { all, word in
            switch word.lowercased() {
            case "pull": all.insert(.pull)
            case "resolve": all.insert(.resolve)
            case "push": all.insert(.push)
            case "referrers": all.insert(.referrers)
            default:
                throw Problem("unknown capability \"\(word)\": there are pull, resolve, push and referrers")
            }
        }
    }

    /// One file, a list of files, or a list of files and pairs of certificate and key.
    private static func clientPairs(_ table: TOMLTable, _ folder: String) throws -> [TLSSettings.Pair] {
        guard let value = table["client"] else { return [] }
        if let file = value.string { return [.init(certificate: absolute(file, folder), key: nil)] }
        guard let list = value.array else { throw Problem("client is neither a file nor a list") }
        return try list.map { entry in
            if let file = entry.string { return .init(certificate: absolute(file, folder), key: nil) }
            let files = entry.array?.compactMap(\.string) ?? []
            guard files.count == 2, entry.array?.count == 2 else {
                throw Problem("client has an entry that is neither a file nor a certificate with its key")
            }
            let key = files[1].isEmpty ? nil : absolute(files[1], folder)
            return .init(certificate: absolute(files[0], folder), key: key)
        }
    }

    private static func headers(_ table: TOMLTable) throws -> [RegistryEndpoint.Header] {
        guard let value = table["header"] else { return [] }
        guard let header = value.table else { throw Problem("header is not a table") }
        return try header.keys.flatMap { name in
            try strings(name, header).map { value in
                guard isHeader(name, value) else { throw Problem("header \"\(name)\" is malformed") }
                return RegistryEndpoint.Header(name: name, value: value)
            }
        }
    }

    /// A mirror on each node, which may be down at any time, is given up sooner than a registry far away.
    private static func connectTimeout(_ table: TOMLTable) throws -> TimeAmount? {
        guard let value = table["dial_timeout"] else { return nil }
        guard let text = value.string, let nanoseconds = GoDuration.nanoseconds(text) else {
            throw Problem("dial_timeout is not a time like \"200ms\" or \"3s\"")
        }
        return nanoseconds > 0 ? .nanoseconds(nanoseconds) : nil
    }

    private static func isHeader(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }

    // MARK: Values

    private static func bool(_ name: String, _ table: TOMLTable) throws -> Bool {
        guard let value = table[name] else { return false }
        guard let flag = value.bool else { throw Problem("\(name) is neither true nor false") }
        return flag
    }

    /// A string or a list of strings.
    private static func strings(_ name: String, _ table: TOMLTable) throws -> [String] {
        guard let value = table[name] else { return [] }
        if let text = value.string { return [text] }
        guard let list = value.array else { throw Problem("\(name) is neither a string nor a list") }
        return try list.map { entry in
            guard let text = entry.string else { throw Problem("\(name) has an entry that is no string") }
            return text
        }
    }

    private static func absolute(_ path: String, _ folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }
}
