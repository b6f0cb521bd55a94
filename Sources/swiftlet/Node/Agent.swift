import ArgumentParser
import ContainerCLI

struct AgentCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "agent", "Keep this node's pods running: a kubelet in function", usage: "[OPTIONS]",
        discussion: """
            Runs pods from manifests over the Container Runtime Interface, its own by default. Runs until SIGTERM; pods \
            run on without it, and the next agent takes them over.
            """)

    @Option(help: "A file with a KubeletConfiguration (kubelet.config.k8s.io/v1beta1); flags count more.")
    var kubeletConfig: String?
    @Option(help: "A folder of more such files (*.conf), each over those before it.")
    var kubeletConfigDir: String?
    @Option(help: "The folder with manifests of pods, instead of /etc/swiftlet/manifests.")
    var manifests: String?
    @Option(help: "An address with manifests, too.")
    var manifestUrl: String?
    @Option(help: "The node's name, instead of the hostname.")
    var nodeName: String?
    @Option(
        help:
            "The node's address, or one of each family and a comma, instead of that of the default route; '::': IPv6 first."
    )
    var nodeIp: String?
    @Option(help: "Labels of the node, KEY=VALUE,…; may be given several times.")
    var nodeLabels: [String] = []
    @Option(help: "The socket of another container runtime: containerd, CRI-O, a swiftlet cri.")
    var runtimeEndpoint: String?
    @Option(help: "The name server of the cluster; may be given several times.")
    var clusterDns: [String] = []
    @Option(help: "The domain of the cluster.")
    var clusterDomain: String?
    @Option(help: "The port of its HTTP API, instead of 10250; 0: any.")
    var port: Int?
    @Option(help: "The port of /healthz on the loopback address, instead of 10248; 0: none.")
    var healthzPort: Int?
    @Option(help: "The folder with the containers' logs, instead of /var/log/pods.")
    var podLogs: String?
    @Option(help: "The folder with links to them, instead of /var/log/containers.")
    var containerLogs: String?
    @Option(help: "The configuration file of its own runtime, instead of /etc/swiftlet/config.toml.")
    var config: String?
    @Flag(
        help:
            "SIGTERM means that the node goes down: pods end, in the time that the configuration gives them.")
    var shutdownOnSigterm = false
    @Option(help: "A CredentialProviderConfig: programs that know passwords of registries.")
    var imageCredentialProviderConfig: String?
    @Option(help: "The folder with those programs.")
    var imageCredentialProviderBinDir: String?
    @Flag(name: [.customShort("D"), .long], help: "Log every step.")
    var debug = false

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "agent")
        var order = AgentOrder()
        order.kubeletFile = kubeletConfig.map(absolutePath)
        order.kubeletFolder = kubeletConfigDir.map(absolutePath)
        order.manifestFolder = manifests.map(absolutePath)
        order.manifestURL = manifestUrl
        order.nodeName = nodeName
        order.nodeAddress = nodeIp
        order.nodeLabels = nodeLabels
        order.runtimeEndpoint = runtimeEndpoint
        order.clusterDNS = clusterDns
        order.clusterDomain = clusterDomain
        order.root = context.options.root + "/agent"
        order.port = port
        order.healthPort = healthzPort
        order.logs = podLogs.map(absolutePath)
        order.logLinks = containerLogs.map(absolutePath)
        order.credentialFile = imageCredentialProviderConfig.map(absolutePath)
        order.credentialPrograms = imageCredentialProviderBinDir.map(absolutePath)
        if (order.credentialFile == nil) != (order.credentialPrograms == nil) {
            throw UsageError(
                "--image-credential-provider-config and --image-credential-provider-bin-dir are given together"
            )
        }
        order.shutsDownPods = shutdownOnSigterm
        order.debug = debug || context.options.debug
        order.runtime.file = config
        order.runtime.root = context.options.givenRoot.map(absolutePath)
        order.runtime.state = context.options.givenState.map(absolutePath)
        order.runtime.debug = order.debug
        try work.runAgent(order)
        return 0
    }
}
