import KubernetesAPI

/// A node at length, as `kubectl describe node` shows it.
package struct NodeDescription {
    private var lines: [String] = []

    package static func text(_ node: Node, pods: [Pod], events: [Event], now: Time = .now) -> String {
        var description = NodeDescription()
        description.head(node)
        description.conditions(node)
        description.status(node)
        let going = pods.filter { $0.status.phase != .succeeded && $0.status.phase != .failed }
        description.pods(going, of: node, now)
        description.sums(going, of: node)
        description.events(events, now)
        return description.lines.joined(separator: "\n") + "\n"
    }

    private mutating func field(_ name: String, _ value: String, indent: Int = 0) {
        let title = String(repeating: " ", count: indent) + name + ":"
        let width = indent > 0 ? 30 : 29
        lines.append(title + String(repeating: " ", count: max(1, width - title.count)) + value)
    }

    private mutating func list(_ name: String, _ values: [String]) {
        if values.isEmpty { return field(name, "<none>") }
        for (index, value) in values.enumerated() {
            if index == 0 {
                field(name, value)
            } else {
                lines.append(String(repeating: " ", count: 29) + value)
            }
        }
    }

    /// Columns as wide as what stands in them.
    private mutating func table(_ head: [String], _ rows: [[String]]) {
        let underlines = head.map { String(repeating: "-", count: $0.count) }
        let all = [head, underlines] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            var line = "  "
            for (index, text) in row.enumerated() {
                line += text
                if index < row.count - 1 {
                    line += String(repeating: " ", count: widths[index] - text.count + 2)
                }
            }
            lines.append(line)
        }
    }

    private mutating func head(_ node: Node) {
        field("Name", node.metadata.name)
        list("Labels", node.metadata.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        list(
            "Annotations",
            node.metadata.annotations.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
        field("CreationTimestamp", node.metadata.creationTimestamp?.description ?? "")
        list(
            "Taints",
            node.spec.taints.map { taint in
                taint.key + (taint.value.isEmpty ? "" : "=\(taint.value)") + ":\(taint.effect.rawValue)"
            })
        field("Unschedulable", "\(node.spec.unschedulable)")
    }

    private mutating func conditions(_ node: Node) {
        lines.append("Conditions:")
        table(
            ["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"],
            node.status.conditions.map { condition in
                [
                    condition.type.rawValue, condition.status.rawValue,
                    condition.lastHeartbeatTime?.description ?? "",
                    condition.lastTransitionTime?.description ?? "", condition.reason, condition.message,
                ]
            })
    }

    private mutating func status(_ node: Node) {
        lines.append("Addresses:")
        for address in node.status.addresses {
            lines.append("  \(address.type.rawValue):  \(address.address)")
        }
        for (name, list) in [("Capacity", node.status.capacity), ("Allocatable", node.status.allocatable)] {
            lines.append("\(name):")
            for (resource, quantity) in list.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                field(resource.rawValue, "\(quantity)", indent: 2)
            }
        }
        let info = node.status.nodeInfo
        lines.append("System Info:")
        for (name, value) in [
            ("Machine ID", info.machineID), ("System UUID", info.systemUUID), ("Boot ID", info.bootID),
            ("Kernel Version", info.kernelVersion), ("OS Image", info.osImage),
            ("Operating System", info.operatingSystem), ("Architecture", info.architecture),
            ("Container Runtime Version", info.containerRuntimeVersion),
            ("Kubelet Version", info.kubeletVersion),
        ] {
            field(name, value, indent: 2)
        }
        if !node.spec.podCIDR.isEmpty {
            field("PodCIDR", node.spec.podCIDR)
            field("PodCIDRs", node.spec.podCIDRs.joined(separator: ","))
        }
        if !node.spec.providerID.isEmpty { field("ProviderID", node.spec.providerID) }
    }

    // MARK: Pods

    private mutating func pods(_ pods: [Pod], of node: Node, _ now: Time) {
        field("Non-terminated Pods", "(\(pods.count) in total)")
        table(
            ["Namespace", "Name", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age"],
            pods.map { pod in
                let parts: [(ResourceList, ResourceName)] = [
                    (pod.requests, .cpu), (pod.containerLimits, .cpu), (pod.requests, .memory),
                    (pod.containerLimits, .memory),
                ]
                return [pod.metadata.namespace, pod.metadata.name]
                    + parts.map { Self.share($0[$1] ?? .zero, of: node.status.allocatable[$1]) }
                    + [pod.status.startTime.map { PodTable.age(since: $0, now) } ?? "<unknown>"]
            })
    }

    /// `100m (5%)`
    private static func share(_ part: Quantity, of whole: Quantity?) -> String {
        guard let whole, whole > .zero else { return "\(part) (0%)" }
        // Thousandths of bytes are more than memory has of them, and fit nevertheless.
        let percent = Double(part.milliValue) / Double(whole.milliValue) * 100
        return "\(part) (\(Int64(percent))%)"
    }

    private mutating func sums(_ pods: [Pod], of node: Node) {
        lines.append("Allocated resources:")
        lines.append("  (Total limits may be over 100 percent, i.e., overcommitted.)")
        var (requests, limits) = (ResourceList(), ResourceList())
        for pod in pods {
            requests.add(pod.requests)
            limits.add(pod.containerLimits)
        }
        let names = node.status.allocatable.keys.filter { $0 != .pods }.sorted { $0.rawValue < $1.rawValue }
        table(
            ["Resource", "Requests", "Limits"],
            names.map { name in
                let whole = node.status.allocatable[name]
                return [
                    name.rawValue, Self.share(requests[name] ?? .zero, of: whole),
                    Self.share(limits[name] ?? .zero, of: whole),
                ]
            })
    }

    private mutating func events(_ events: [Event], _ now: Time) {
        if events.isEmpty { return field("Events", "<none>") }
        lines.append("Events:")
        table(
            ["Type", "Reason", "Age", "From", "Message"],
            events.map { event in
                [
                    event.type, event.reason, event.lastTimestamp.map { PodTable.age(since: $0, now) } ?? "",
                    event.source.component, event.message,
                ]
            })
    }
}
