import CRIProtocol
import Glibc
import KubernetesAPI
import LinuxKernel

/// What a pod's resolv.conf says, by its `dnsPolicy`.
package struct NameServers: Sendable {
    /// The cluster's; empty where there is none: then the node's are used for `ClusterFirst`, too.
    package var cluster: [String] = []
    package var clusterDomain = "cluster.local"
    /// The node's file; empty: pods resolve nothing but what they say themselves.
    package var resolverFile = "/etc/resolv.conf"
    package var hostIPs: [String] = []

    package init() {}

    /// Limits of resolv.conf(5) as Kubernetes has them: entries, characters of the line with the search paths, and of one
    /// path (glibc 2.28 ends a program for a longer one).
    private static let mostServers = 3
    private static let mostSearches = 32
    private static let longestSearchLine = 2048
    private static let longestSearch = 253

    /// - Returns: also what was left out, as the kubelet tells it.
    package func configuration(for pod: Pod) -> (config: CRIDNSConfig, problems: [String]) {
        var config = CRIDNSConfig()
        let isClusterFirst =
            pod.spec.dnsPolicy == .clusterFirstWithHostNet
            || (pod.spec.dnsPolicy == .clusterFirst && !pod.spec.hostNetwork)
        if pod.spec.dnsPolicy == .none {
            // Only what the pod says itself.
        } else if isClusterFirst && !cluster.isEmpty {
            config.servers = cluster
            config.searches = unique(clusterSearches(pod.metadata.namespace) + hostConfiguration.searches)
            config.options = ["ndots:5"]
        } else {
            config = resolverFile.isEmpty ? nothing : hostConfiguration
        }
        if let own = pod.spec.dnsConfig {
            config.servers = unique(config.servers + own.nameservers)
            config.searches = unique(config.searches + own.searches)
            for option in own.options {
                let name = option.name
                config.options.removeAll { $0 == name || $0.hasPrefix(name + ":") }
                config.options.append(option.value.map { "\(name):\($0)" } ?? name)
            }
        }
        let problems = limit(&config)
        return (config, problems)
    }

    private func clusterSearches(_ namespace: String) -> [String] {
        clusterDomain.isEmpty
            ? [] : ["\(namespace).svc.\(clusterDomain)", "svc.\(clusterDomain)", clusterDomain]
    }

    /// Said to the runtime, which would take the node's own file for a configuration that is empty.
    private var nothing: CRIDNSConfig {
        .with {
            $0.servers = unique(hostIPs.map { $0.contains(":") ? "::1" : "127.0.0.1" })
            if $0.servers.isEmpty { $0.servers = ["127.0.0.1"] }
            $0.searches = ["."]
        }
    }

    private func limit(_ config: inout CRIDNSConfig) -> [String] {
        var problems: [String] = []
        if config.servers.count > Self.mostServers {
            config.servers = Array(config.servers.prefix(Self.mostServers))
            problems.append(
                "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
                    + config.servers.joined(separator: " "))
        }
        var length = -1
        let searches = config.searches.prefix(Self.mostSearches).filter {
            $0.utf8.count <= Self.longestSearch
        }.prefix {
            length += $0.utf8.count + 1
            return length <= Self.longestSearchLine
        }
        if searches.count < config.searches.count {
            config.searches = Array(searches)
            problems.append(
                "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
                    + config.searches.joined(separator: " "))
        }
        return problems
    }

    private func unique(_ list: [String]) -> [String] {
        var seen: Set<String> = []
        return list.filter { seen.insert($0).inserted }
    }

    /// Why the node's file cannot be read; nil where it can, and where there is to be none.
    package var problem: String? {
        if resolverFile.isEmpty { return nil }
        do throws(KernelError) {
            _ = try FileDescriptor.readFile(resolverFile, limit: 1 << 20)
            return nil
        } catch {
            return "resolvConf: \(error): pods get no name servers of this node"
        }
    }

    private var hostConfiguration: CRIDNSConfig {
        var config = CRIDNSConfig()
        guard let bytes = try? FileDescriptor.readFile(resolverFile, limit: 1 << 20)
        else {
            // A node without the file resolves nothing, and neither do its pods; the agent has said so at its start.
            return config
        }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            switch words.first {
            case "nameserver": config.servers += words.dropFirst().prefix(1)
            case "search": config.searches = Array(words.dropFirst())
            case "options": config.options += words.dropFirst()
            default: break
            }
        }
        return config
    }
}
