import Glibc
import KubernetesAPI
import LinuxKernel

/// A pod's /etc/hosts, which all of its containers share.
package struct HostsFile: Equatable, Sendable {
    /// The pod's addresses; none yet for a pod without a network, which then gets no file.
    package var addresses: [String]
    package var hostname: String
    /// The pod's domain, `SUBDOMAIN.NAMESPACE.svc.CLUSTER`; empty for none.
    package var domain: String
    package var aliases: [HostAlias]
    /// The node's own file, for a pod in the node's network.
    package var nodeFile: [UInt8]?

    package init(
        addresses: [String], hostname: String, domain: String = "", aliases: [HostAlias] = [],
        nodeFile: [UInt8]? = nil
    ) {
        self.addresses = addresses
        self.hostname = hostname
        self.domain = domain
        self.aliases = aliases
        self.nodeFile = nodeFile
    }

    package var content: [UInt8] {
        var text: [UInt8]
        if let nodeFile {
            text = Array("# Kubernetes-managed hosts file (host network).\n".utf8) + nodeFile
        } else {
            var lines = [
                "# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost",
                "::1\tlocalhost ip6-localhost ip6-loopback", "fe00::0\tip6-localnet",
                "fe00::0\tip6-mcastprefix",
                "fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters",
            ]
            for address in addresses {
                lines.append(address + "\t" + (domain.isEmpty ? "" : "\(hostname).\(domain)\t") + hostname)
            }
            text = Array((lines.joined(separator: "\n") + "\n").utf8)
        }
        if !aliases.isEmpty {
            let lines = aliases.map { $0.ip + "\t" + $0.hostnames.joined(separator: "\t") + "\n" }
            text += Array(("\n# Entries added by HostAliases.\n" + lines.joined()).utf8)
        }
        return text
    }

    /// Writes the file into the pod's folder. Containers that run see it: the file stays the same one, and its content
    /// is only touched when it is another.
    /// - Returns: the mount; nil for a container that mounts something at /etc/hosts itself.
    package func mount(for container: Container, in folder: PodFolder) throws(KernelError) -> ContainerMount?
    {
        if container.volumeMounts.contains(where: { $0.mountPath == "/etc/hosts" }) { return nil }
        let content = content
        try Folders.make(folder.path)
        let file = try FileDescriptor.open(folder.hostsFile, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o644)
        try file.setMode(0o644, name: folder.hostsFile)
        if try file.readToEnd() != content {
            _ = try check("truncate", folder.hostsFile) { ftruncate(file.raw, 0) }
            _ = try check("seek", folder.hostsFile) { lseek(file.raw, 0, SEEK_SET) }
            try file.writeAll(content)
        }
        return ContainerMount(containerPath: "/etc/hosts", source: .path(folder.hostsFile))
    }
}
