import LinuxKernel

/// A resolv.conf(5), line by line.
public struct ResolverFile: Equatable, Sendable {
    /// Without comments.
    private(set) var lines: [String]

    init(_ text: String) {
        lines = text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }).map(String.init)
            .filter { $0.first != "#" && $0.first != ";" }
    }

    private static func word(_ line: String) -> Substring { line.prefix { $0 != " " && $0 != "\t" } }

    var servers: [String] {
        lines.filter { Self.word($0) == "nameserver" }.map {
            String($0.dropFirst(10).drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" })
        }
    }

    /// systemd-resolved's list of the servers that it asks itself; the host's own file names only resolved's
    /// address, which is on the loopback.
    private static let resolvedFile = "/run/systemd/resolve/resolv.conf"

    /// The host's file.
    /// - Parameter reachableFromContainers: for containers with a network of their own: without the servers on the
    ///   host's loopback.
    public static func ofHost(reachableFromContainers: Bool) throws -> ResolverFile {
        var file = ResolverFile(try HostFiles.hostFile("/etc/resolv.conf"))
        guard reachableFromContainers else { return file }
        let had = !file.servers.isEmpty
        file.removeLoopback()
        if had, file.servers.isEmpty {
            var other = ResolverFile(try HostFiles.hostFile(resolvedFile))
            other.removeLoopback()
            if !other.servers.isEmpty { return other }
        }
        return file
    }

    private mutating func removeLoopback() {
        let unreachable = Set(servers.filter { IPAddress($0)?.isLoopback ?? false })
        lines.removeAll { line in
            Self.word(line) == "nameserver" && unreachable.contains { line.hasSuffix($0) }
        }
    }

    /// What the user says replaces the file's lines of that kind.
    mutating func replace(servers: [String], searchDomains: [String], options: [String]) {
        lines.removeAll { line in
            switch Self.word(line) {
            case "nameserver": !servers.isEmpty
            case "search", "domain": !searchDomains.isEmpty
            case "options": !options.isEmpty
            default: false
            }
        }
        lines += servers.map { "nameserver \($0)" }
        if !searchDomains.isEmpty, searchDomains != ["."] {
            lines.append("search " + searchDomains.joined(separator: " "))
        }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
    }

    public var text: String { lines.map { $0 + "\n" }.joined() }
}
