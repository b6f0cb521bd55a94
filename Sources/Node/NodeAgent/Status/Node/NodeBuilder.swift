import CRIProtocol
import KubernetesAPI

/// What the node is now, from what was found, and from nothing else but the node as it was said before.
package struct NodeBuilder: Sendable {
    package var settings: AgentSettings
    package var machine: MachineFacts
    package var capacity: ResourceList
    package var allocatable: ResourceList
    /// Of `MemoryPressure`, `DiskPressure`, `PIDPressure` those that are true; nil: nobody has looked yet, and what was
    /// said before holds.
    package var pressures: Set<NodeConditionType>? = []
    package var isShuttingDown = false
    /// Nil: it does not answer.
    package var runtime: CRIStatusResponse?
    package var runtimeVersion = ""
    package var images: [CRIImage] = []
    /// Of the HTTP API.
    package var port: Int32 = 0

    package init(
        settings: AgentSettings, machine: MachineFacts, capacity: ResourceList, allocatable: ResourceList
    ) {
        self.settings = settings
        self.machine = machine
        self.capacity = capacity
        self.allocatable = allocatable
    }

    package func make(before: Node?, now: Time) -> Node {
        var node = Node()
        let name = settings.nodeName
        node.metadata.name = name
        node.metadata.uid = before?.metadata.uid ?? ""
        node.metadata.creationTimestamp = before?.metadata.creationTimestamp ?? now
        node.metadata.labels = Self.labels(settings, machine)
        node.metadata.annotations = ["volumes.kubernetes.io/controller-managed-attach-detach": "true"]
        node.spec.providerID = settings.kubelet.providerID
        node.spec.taints = settings.kubelet.registerWithTaints
        let ranges = settings.kubelet.podCIDR.split(separator: ",").map(String.init)
        node.spec.podCIDR = ranges.first ?? ""
        node.spec.podCIDRs = ranges
        node.status.capacity = capacity
        node.status.allocatable = allocatable
        node.status.addresses =
            settings.hostIPs.map { NodeAddress(type: .internalIP, address: $0) }
            + [NodeAddress(type: .hostname, address: name)]
        node.status.daemonEndpoints.kubeletEndpoint.port = port
        node.status.nodeInfo = info
        node.status.images = imageList
        node.status.runtimeHandlers = handlers
        node.status.features = NodeFeatures(
            supplementalGroupsPolicy: runtime?.features.supplementalGroupsPolicy ?? false)
        node.status.conditions = conditions(before: before?.status.conditions ?? [], now: now)
        return node
    }

    /// As a kubelet registers its node.
    package static func labels(_ settings: AgentSettings, _ machine: MachineFacts) -> [String: String] {
        let standard = [
            "kubernetes.io/hostname": settings.nodeName, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": machine.architecture, "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": machine.architecture,
        ]
        return standard.merging(settings.labels) { _, said in said }
    }

    private var info: NodeSystemInfo {
        NodeSystemInfo(
            machineID: machine.machineID, systemUUID: machine.systemUUID, bootID: machine.bootID,
            kernelVersion: machine.kernel, osImage: machine.osImage,
            containerRuntimeVersion: runtimeVersion, kubeletVersion: kubernetesVersion,
            operatingSystem: "linux", architecture: machine.architecture,
            swap: machine.swap > 0 ? NodeSwapStatus(capacity: machine.swap) : nil)
    }

    /// The largest first, so many of them (`nodeStatusMaxImages`; -1: all), with five names at most.
    private var imageList: [ContainerImage] {
        let list = images.map { image in
            ContainerImage(
                names: Array((image.repoDigests + image.repoTags).prefix(5)), sizeBytes: Int64(image.size))
        }.sorted { ($1.sizeBytes, $0.names.first ?? "") < ($0.sizeBytes, $1.names.first ?? "") }
        let most = Int(settings.kubelet.nodeStatusMaxImages ?? 50)
        return most < 0 ? list : Array(list.prefix(most))
    }

    private var handlers: [NodeRuntimeHandler] {
        (runtime?.runtimeHandlers ?? []).map { handler in
            NodeRuntimeHandler(
                name: handler.name,
                features: NodeRuntimeHandlerFeatures(
                    recursiveReadOnlyMounts: handler.features.recursiveReadOnlyMounts,
                    userNamespaces: handler.features.userNamespaces))
        }.sorted { $0.name < $1.name }
    }

    // MARK: Conditions

    private func conditions(before: [NodeCondition], now: Time) -> [NodeCondition] {
        let lack: [(NodeConditionType, bad: (String, String), good: (String, String))] = [
            (
                .memoryPressure,
                ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
                ("KubeletHasSufficientMemory", "kubelet has sufficient memory available")
            ),
            (
                .diskPressure, ("KubeletHasDiskPressure", "kubelet has disk pressure"),
                ("KubeletHasNoDiskPressure", "kubelet has no disk pressure")
            ),
            (
                .pidPressure, ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
                ("KubeletHasSufficientPID", "kubelet has sufficient PID available")
            ),
        ]
        var result = lack.map { type, bad, good in
            let isThere =
                pressures?.contains(type)
                ?? before.contains { $0.type == type && $0.status == .true }
            return NodeCondition(
                type: type, status: isThere ? .true : .false, reason: isThere ? bad.0 : good.0,
                message: isThere ? bad.1 : good.1)
        }
        let problems = problems
        result.append(
            NodeCondition(
                type: .ready, status: problems.isEmpty ? .true : .false,
                reason: problems.isEmpty ? "KubeletReady" : "KubeletNotReady",
                message: Self.message(problems)))
        for index in result.indices {
            let old = before.first { $0.type == result[index].type }
            result[index].lastHeartbeatTime = now
            let isSame = old?.status == result[index].status
            result[index].lastTransitionTime = isSame ? old?.lastTransitionTime ?? now : now
        }
        return result
    }

    private static func message(_ problems: [String]) -> String {
        switch problems.count {
        case 0: "kubelet is posting ready status"
        case 1: problems[0]
        default: "[" + problems.joined(separator: ", ") + "]"
        }
    }

    /// Why the node is not ready, in the kubelet's words.
    private var problems: [String] {
        var problems: [String] = []
        if let runtime {
            for (type, words) in [
                ("RuntimeReady", "container runtime not ready"),
                ("NetworkReady", "container runtime network not ready"),
            ] {
                guard let condition = runtime.status.conditions.first(where: { $0.type == type }) else {
                    problems.append("\(words): \(type) is not known")
                    continue
                }
                if condition.status { continue }
                problems.append(
                    "\(words): \(type)=false reason:\(condition.reason) message:\(condition.message)")
            }
        } else {
            problems.append("container runtime is down")
        }
        let missing = [ResourceName.cpu, .memory, .pods].filter { capacity[$0] == nil }.map(\.rawValue)
        if !missing.isEmpty {
            problems.append("missing node capacity for resources: \(missing.joined(separator: ", "))")
        }
        if isShuttingDown { problems.append("node is shutting down") }
        return problems
    }
}
