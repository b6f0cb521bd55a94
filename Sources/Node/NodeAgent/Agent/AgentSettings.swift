import KubernetesAPI

/// What the agent was told at its start.
package struct AgentSettings: Sendable {
    package var nodeName: String
    /// Of the node's pods: volumes, files, records. The kubelet's `--root-dir`.
    package var root = "/var/lib/swiftlet/agent"
    package var addresses = NodeAddresses { [] }
    /// Beside those that every node has, and over them.
    package var labels: [String: String] = [:]
    /// The folder with links to all containers' logs.
    package var containerLogs = "/var/log/containers"
    /// Programs that know passwords of registries.
    package var credentialPlugins: CredentialPluginFile?
    /// The configuration in force, with every default (KubeletConfiguration, kubelet.config.k8s.io/v1beta1).
    package var kubelet: KubeletConfiguration

    package init(nodeName: String, kubelet: KubeletConfiguration = KubeletConfiguration()) {
        self.nodeName = nodeName
        self.kubelet = kubelet.withDefaults()
    }

    // MARK: What follows from it

    var hostIPs: [String] { addresses.all }

    /// Where profiles named by `localhostProfile` are.
    var seccompFolder: String { root + "/seccomp" }

    var dns: NameServers {
        var dns = NameServers()
        dns.cluster = kubelet.clusterDNS
        dns.clusterDomain = kubelet.clusterDomain
        dns.resolverFile = kubelet.resolvConf ?? ""
        dns.hostIPs = hostIPs
        return dns
    }

    /// How many pulls run at once; 1: one after the other.
    var parallelPulls: Int {
        kubelet.serializeImagePulls == true ? 1 : Int(kubelet.maxParallelImagePulls ?? Int32.max)
    }

    /// The longest wait before a container that keeps ending is started again.
    var longestBackoff: Duration { kubelet.crashLoopBackOff.maxContainerRestartPeriod ?? .seconds(300) }

    /// Bytes of a container's log before it is rotated; what cannot be read was refused before.
    var containerLogMaxSize: Int64 { Quantity(kubelet.containerLogMaxSize)?.value ?? 10 << 20 }

    /// The folder with a pod's logs, as the kubelet names it.
    /// - Throws: where namespace, name and uid together are too long for one.
    package func logFolder(of pod: Pod) throws(FolderNameError) -> String {
        let metadata = pod.metadata
        return kubelet.podLogsDir + "/"
            + (try FolderName.checked("\(metadata.namespace)_\(metadata.name)_\(metadata.uid)"))
    }

    func logLink(of record: ContainerRecord, _ pod: Pod) -> String {
        let name = LogLinks.name(
            pod: pod.metadata.name, namespace: pod.metadata.namespace, container: record.name, id: record.id)
        return "\(containerLogs)/\(name)"
    }

    package func folder(ofPod uid: String) throws(FolderNameError) -> String {
        "\(root)/pods/\(try FolderName.checked(uid))"
    }
}
