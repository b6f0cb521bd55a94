import CRIProtocol
import Glibc
import KubernetesAPI
import LinuxKernel

/// The files of a pod that are not volumes: `/etc/hosts`, and where each container leaves its last words.
struct PodFiles {
    let pod: Pod
    let settings: AgentSettings

    private var folder: String { settings.folder(ofPod: pod.metadata.uid) }

    func mounts(
        for container: Container, attempt: UInt32, ips: [String], users: UserRange?
    ) throws(KernelError) -> [CRIMount] {
        var result: [CRIMount] = []
        let own = container.volumeMounts.map(\.mountPath)
        if !own.contains("/etc/hosts") {
            let path = "\(folder)/etc-hosts"
            try AgentFiles.replace(path, hosts(ips))
            try give(path, to: users)
            result.append(mount(path, at: "/etc/hosts", users))
        }
        let words = container.terminationMessagePath.isEmpty ? "/dev/termination-log" : container.terminationMessagePath
        if !own.contains(words) {
            // One for each attempt: the words of the one before stay its own.
            try AgentFiles.makeFolder("\(folder)/containers/\(container.name)", mode: 0o755)
            let path = "\(folder)/containers/\(container.name)/\(attempt)"
            try AgentFiles.replace(path, "", mode: 0o666)
            _ = try check("chmod", path) { chmod(path, 0o666) }
            try give(path, to: users)
            result.append(mount(path, at: words, users))
        }
        return result
    }

    private func mount(_ path: String, at place: String, _ users: UserRange?) -> CRIMount {
        .with {
            $0.hostPath = path
            $0.containerPath = place
            $0.selinuxRelabel = true
            $0.map(users)
        }
    }

    private func give(_ path: String, to users: UserRange?) throws(KernelError) {
        guard users != nil else { return }
        // The mount maps its users; on the host it stays root's.
        _ = try check("chown", path) { chown(path, 0, 0) }
    }

    /// As the kubelet writes it; a pod in the node's network gets the node's own.
    func hosts(_ ips: [String]) -> String {
        var text: String
        if pod.spec.hostNetwork {
            let own = (try? AgentFiles.text(of: "/etc/hosts")) ?? nil
            text = "# Kubernetes-managed hosts file (host network).\n" + (own ?? "")
        } else {
            text = """
                # Kubernetes-managed hosts file.
                127.0.0.1\tlocalhost
                ::1\tlocalhost ip6-localhost ip6-loopback
                fe00::0\tip6-localnet
                fe00::0\tip6-mcastprefix
                fe00::1\tip6-allnodes
                fe00::2\tip6-allrouters

                """
            for ip in ips { text += "\(ip)\t\(pod.hostname)\n" }
        }
        if !pod.spec.hostAliases.isEmpty {
            text += "\n# Entries added by HostAliases.\n"
            for alias in pod.spec.hostAliases {
                text += "\(alias.ip)\t\(alias.hostnames.joined(separator: "\t"))\n"
            }
        }
        return text
    }
}

extension CRIMount {
    /// Shows the files of the host's users as those of the pod's.
    mutating func map(_ users: UserRange?) {
        guard let users else { return }
        let mapping = CRIIDMapping.with {
            $0.hostID = users.first
            $0.containerID = 0
            $0.length = users.count
        }
        uidMappings = [mapping]
        gidMappings = [mapping]
    }
}
