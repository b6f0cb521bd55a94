import CRIProtocol
import ContainerCLI
import OCISpec

/// What stands in the files of /etc that all containers of a pod share.
public struct PodFiles: Equatable, Sendable {
    /// resolv.conf(5)
    public var resolver: String
    /// hosts(5). The pod's own addresses come into it when they are known.
    public var hosts: String
    /// hostname(5)
    public var hostname: String

    static func of(
        _ config: CRIPodSandboxConfig, hostname: String, ownNetwork: Bool
    ) throws -> PodFiles {
        PodFiles(
            resolver: try resolver(config, ownNetwork: ownNetwork),
            hosts: ownNetwork ? HostFiles.ownHosts : try HostFiles.hostFile("/etc/hosts"),
            hostname: hostname + "\n")
    }

    /// An empty configuration is none: the node's file.
    private static func resolver(_ config: CRIPodSandboxConfig, ownNetwork: Bool) throws -> String {
        let dns = config.dnsConfig
        for (name, list) in [
            ("servers", dns.servers), ("searches", dns.searches), ("options", dns.options),
        ] {
            for (index, word) in list.enumerated()
            where word.isEmpty || word.utf8.contains(where: { $0 <= 32 || $0 == 127 }) {
                throw TranslationError.invalid(
                    "config.dns_config.\(name)[\(index)]", "\(JSONError.quoted(word)) is not one word")
            }
        }
        var lines: [String] = []
        if !dns.searches.isEmpty { lines.append("search " + dns.searches.joined(separator: " ")) }
        lines += dns.servers.map { "nameserver " + $0 }
        if !dns.options.isEmpty { lines.append("options " + dns.options.joined(separator: " ")) }
        if lines.isEmpty { return try ResolverFile.ofHost(reachableFromContainers: ownNetwork).text }
        return lines.map { $0 + "\n" }.joined()
    }
}
