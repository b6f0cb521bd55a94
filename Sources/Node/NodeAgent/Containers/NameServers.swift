import CRIProtocol
import Glibc
import KubernetesAPI
import LinuxKernel

/// What a pod's resolv.conf says, by its `dnsPolicy`.
package struct NameServers: Sendable {
    /// The cluster's; empty where there is none: then the node's are used for `ClusterFirst`, too.
    package var cluster: [String] = []
    package var clusterDomain = "cluster.local"
    /// The node's file.
    package var resolverFile = "/etc/resolv.conf"

    package init() {}

    /// Limits of resolv.conf(5) as Kubernetes has them.
    private static let mostServers = 3
    private static let mostSearches = 32

    func configuration(for pod: Pod) -> CRIDNSConfig {
        var config = CRIDNSConfig()
        let isClusterFirst =
            pod.spec.dnsPolicy == .clusterFirstWithHostNet
            || (pod.spec.dnsPolicy == .clusterFirst && !pod.spec.hostNetwork)
        if pod.spec.dnsPolicy == .none {
            // Only what the pod says itself.
        } else {
            config = hostConfiguration
            if isClusterFirst && !cluster.isEmpty {
                config.servers = cluster
                let namespace = pod.metadata.namespace
                config.searches =
                    ["\(namespace).svc.\(clusterDomain)", "svc.\(clusterDomain)", clusterDomain]
                    + config.searches
                config.options = ["ndots:5"]
            }
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
        config.servers = Array(config.servers.prefix(Self.mostServers))
        config.searches = Array(config.searches.prefix(Self.mostSearches))
        return config
    }

    private func unique(_ list: [String]) -> [String] {
        var seen: Set<String> = []
        return list.filter { seen.insert($0).inserted }
    }

    private var hostConfiguration: CRIDNSConfig {
        var config = CRIDNSConfig()
        guard !resolverFile.isEmpty, let bytes = try? FileDescriptor.readFile(resolverFile, limit: 1 << 20)
        else {
            // A node without the file resolves nothing, and neither do its pods.
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
