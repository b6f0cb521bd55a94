import CRIProtocol
import KubernetesAPI

/// A pod as RunPodSandbox takes it.
struct SandboxConfiguration {
    let pod: Pod
    let attempt: UInt32
    let settings: AgentSettings
    let users: UserRange?
    /// Where the pod's containers' groups are to be; nil: where the runtime wants them.
    let cgroupParent: String?
    let overhead: CRILinuxContainerResources?
    let resources: CRILinuxContainerResources?

    /// - Throws: `HostnameTooLong`, `FolderNameError`.
    func make() throws -> CRIPodSandboxConfig {
        var config = CRIPodSandboxConfig()
        let metadata = pod.metadata
        config.metadata.name = metadata.name
        config.metadata.namespace = metadata.namespace
        config.metadata.uid = metadata.uid
        config.metadata.attempt = attempt
        if !pod.spec.hostNetwork {
            config.hostname = try PodHostname(pod, clusterDomain: settings.kubelet.clusterDomain).kernelName
        }
        config.logDirectory = try settings.logFolder(of: pod)
        config.dnsConfig = settings.dns.configuration(for: pod).config
        config.portMappings = pod.portMappings
        config.labels = metadata.labels
        config.labels[PodLabels.name] = metadata.name
        config.labels[PodLabels.namespace] = metadata.namespace
        config.labels[PodLabels.uid] = metadata.uid
        config.annotations = metadata.annotations
        if let cgroupParent { config.linux.cgroupParent = cgroupParent }
        for sysctl in pod.spec.securityContext?.sysctls ?? [] {
            config.linux.sysctls[sysctl.name] = sysctl.value
        }
        config.linux.securityContext = security
        if let overhead { config.linux.overhead = overhead }
        if let resources { config.linux.resources = resources }
        return config
    }

    private var security: CRILinuxSandboxSecurityContext {
        let context = pod.spec.securityContext ?? PodSecurityContext()
        var result = CRILinuxSandboxSecurityContext()
        result.namespaceOptions = NamespaceTranslation.options(pod, users: users)
        result.privileged = pod.everyContainer.contains { $0.container.securityContext?.privileged == true }
        if let options = context.seLinuxOptions { result.selinuxOptions = CRISELinuxOption(options) }
        if let user = context.runAsUser {
            result.runAsUser.value = user
            // containerd takes none without a user, and what holds the sandbox needs none.
            if let group = context.runAsGroup { result.runAsGroup.value = group }
        }
        result.supplementalGroups = context.supplementalGroups + (context.fsGroup.map { [$0] } ?? [])
        result.supplementalGroupsPolicy = context.supplementalGroupsPolicy == .strict ? .strict : .merge
        // The pod's own profile is for its containers: what holds the sandbox is no program of theirs.
        result.seccomp.profileType = .runtimeDefault
        return result
    }
}

extension Pod {
    /// What is to be reached at the node's address.
    var portMappings: [CRIPortMapping] {
        if spec.hostNetwork { return [] }
        return (initContainers.filter { $0.role == .sidecar } + mainContainers)
            .flatMap(\.container.ports).filter { $0.hostPort > 0 }
            .map { port in
                .with {
                    $0.hostPort = port.hostPort
                    $0.containerPort = port.containerPort
                    $0.hostIp = port.hostIP
                    $0.protocol =
                        switch port.protocol.rawValue {
                        case "UDP": .udp
                        case "SCTP": .sctp
                        default: .tcp
                        }
                }
            }
    }
}
