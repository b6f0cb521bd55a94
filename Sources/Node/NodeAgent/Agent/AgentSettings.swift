import KubernetesAPI

/// What the agent was told at its start.
package struct AgentSettings: Sendable {
    package var nodeName: String
    /// Of the node's pods: volumes, files, records. The kubelet's `--root-dir`.
    package var root = "/var/lib/swiftlet/agent"
    /// Where the containers' logs are.
    package var logs = "/var/log/pods"
    package var seccompFolder = "/var/lib/swiftlet/agent/seccomp"
    package var isSeccompDefault = false
    package var dns = NameServers()
    package var hostIPs: [String] = []
    /// Between two looks at the sources without a change.
    package var sourceInterval: Duration = .seconds(20)
    /// The longest wait before a container that keeps ending is started again.
    package var longestBackoff: Duration = .seconds(300)
    /// How many pulls run at once; 1: one after the other.
    package var parallelPulls = 5
    /// Bytes of a container's log before it is rotated.
    package var containerLogMaxSize: Int64 = 10 << 20
    package var containerLogMaxFiles = 5
    /// `--max-pods`.
    package var maxPods = 110
    package var server = Server()

    /// Where the agent's HTTP API listens.
    package struct Server: Sendable {
        package var address = "0.0.0.0"
        /// 0: any that is free.
        package var port = 10250
        /// Nil: none.
        package var healthPort: Int? = 10248
        package var clientCAFile: String?
        /// Nil: a certificate of its own making.
        package var tls: AgentServerConfiguration.TLSFiles?
    }

    package init(nodeName: String) {
        self.nodeName = nodeName
    }

    /// The folder with a pod's logs, as the kubelet names it.
    func logFolder(of pod: Pod) -> String {
        "\(logs)/\(pod.metadata.namespace)_\(pod.metadata.name)_\(pod.metadata.uid)"
    }

    func folder(ofPod uid: String) -> String { "\(root)/pods/\(uid)" }
}
