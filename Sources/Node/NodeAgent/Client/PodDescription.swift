import KubernetesAPI

/// A pod at length, as `kubectl describe pod` shows it.
package struct PodDescription {
    private var lines: [String] = []

    package static func text(_ pod: Pod, events: [Event], now: Time = .now) -> String {
        var description = PodDescription()
        description.head(pod)
        if !pod.spec.initContainers.isEmpty {
            description.lines.append("Init Containers:")
            for (index, container) in pod.spec.initContainers.enumerated() {
                description.container(container, pod.status.initContainerStatuses.element(index))
            }
        }
        description.lines.append("Containers:")
        for (index, container) in pod.spec.containers.enumerated() {
            description.container(container, pod.status.containerStatuses.element(index))
        }
        description.conditions(pod)
        description.volumes(pod)
        description.field("QoS Class", pod.status.qosClass.rawValue)
        description.events(events, now)
        return description.lines.joined(separator: "\n") + "\n"
    }

    private mutating func field(_ name: String, _ value: String, indent: Int = 0) {
        let title = String(repeating: " ", count: indent) + name + ":"
        let width = max(18, title.count + 1)
        lines.append(title + String(repeating: " ", count: width - title.count) + value)
    }

    private mutating func list(_ name: String, _ values: [String], indent: Int = 0) {
        if values.isEmpty {
            field(name, "<none>", indent: indent)
            return
        }
        for (index, value) in values.enumerated() {
            let title = index == 0 ? String(repeating: " ", count: indent) + name + ":" : ""
            let width = max(18, title.count + 1)
            lines.append(title + String(repeating: " ", count: width - title.count) + value)
        }
    }

    private mutating func head(_ pod: Pod) {
        let status = pod.status
        field("Name", pod.metadata.name)
        field("Namespace", pod.metadata.namespace)
        field("Node", pod.spec.nodeName + (status.hostIP.isEmpty ? "" : "/" + status.hostIP))
        field("Start Time", status.startTime?.description ?? "")
        list("Labels", pod.metadata.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        list(
            "Annotations",
            pod.metadata.annotations.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
        if pod.isTerminating, !status.hasEnded {
            field("Status", "Terminating")
            if let seconds = pod.metadata.deletionGracePeriodSeconds {
                field("Termination Grace Period", "\(seconds)s")
            }
        } else {
            field("Status", status.phase.rawValue)
        }
        if !status.reason.isEmpty { field("Reason", status.reason) }
        if !status.message.isEmpty { field("Message", status.message) }
        field("IP", status.podIP)
        if status.podIPs.count > 1 { list("IPs", status.podIPs.map(\.ip)) }
    }

    private mutating func container(_ container: Container, _ status: ContainerStatus?) {
        lines.append("  \(container.name):")
        field("Container ID", status?.containerID ?? "", indent: 4)
        field("Image", container.image, indent: 4)
        field("Image ID", status?.imageID ?? "", indent: 4)
        list("Ports", container.ports.map { "\($0.containerPort)/\($0.protocol.rawValue)" }, indent: 4)
        list(
            "Host Ports",
            container.ports.filter { $0.hostPort > 0 }.map { "\($0.hostPort)/\($0.protocol.rawValue)" },
            indent: 4)
        if !container.command.isEmpty { list("Command", container.command, indent: 4) }
        if !container.args.isEmpty { list("Args", container.args, indent: 4) }
        state("State", status?.state ?? ContainerState())
        if status?.lastState != ContainerState(), let last = status?.lastState { state("Last State", last) }
        field("Ready", status?.ready == true ? "True" : "False", indent: 4)
        field("Restart Count", "\(status?.restartCount ?? 0)", indent: 4)
        quantities("Limits", container.resources.limits)
        quantities("Requests", container.resources.requests)
        for (name, probe) in [
            ("Liveness", container.livenessProbe), ("Readiness", container.readinessProbe),
            ("Startup", container.startupProbe),
        ] {
            if let probe { field(name, Self.text(probe), indent: 4) }
        }
        if !container.envFrom.isEmpty {
            list("Environment Variables from", container.envFrom.map(\.summary), indent: 4)
        }
        list("Environment", container.env.map { "\($0.name):  \($0.summary)" }, indent: 4)
        list(
            "Mounts",
            container.volumeMounts.map { "\($0.mountPath) from \($0.name) (\($0.readOnly ? "ro" : "rw"))" },
            indent: 4)
    }

    private mutating func state(_ name: String, _ state: ContainerState) {
        if let running = state.running {
            field(name, "Running", indent: 4)
            field("Started", running.startedAt?.description ?? "", indent: 6)
        } else if let end = state.terminated {
            field(name, "Terminated", indent: 4)
            field("Reason", end.reason, indent: 6)
            if !end.message.isEmpty {
                field("Message", end.message.split(separator: "\n").joined(separator: " "), indent: 6)
            }
            field("Exit Code", "\(end.exitCode)", indent: 6)
            field("Started", end.startedAt?.description ?? "", indent: 6)
            field("Finished", end.finishedAt?.description ?? "", indent: 6)
        } else {
            field(name, "Waiting", indent: 4)
            if let waiting = state.waiting {
                field("Reason", waiting.reason, indent: 6)
                if !waiting.message.isEmpty { field("Message", waiting.message, indent: 6) }
            }
        }
    }

    private mutating func quantities(_ name: String, _ list: ResourceList) {
        if list.isEmpty { return }
        lines.append("    \(name):")
        for (resource, quantity) in list.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            field(resource.rawValue, "\(quantity)", indent: 6)
        }
    }

    private static func text(_ probe: Probe) -> String {
        let how: String
        if let get = probe.httpGet {
            how = "http-get \(get.scheme.rawValue.lowercased())://\(get.host):\(get.port)\(get.path)"
        } else if let socket = probe.tcpSocket {
            how = "tcp-socket \(socket.host):\(socket.port)"
        } else if let grpc = probe.grpc {
            how = "grpc <pod>:\(grpc.port) \(grpc.service ?? "")"
        } else {
            how = "exec [\((probe.exec?.command ?? []).joined(separator: " "))]"
        }
        return how + " delay=\(probe.initialDelaySeconds)s timeout=\(probe.timeoutSeconds)s "
            + "period=\(probe.periodSeconds)s #success=\(probe.successThreshold) #failure=\(probe.failureThreshold)"
    }

    private mutating func conditions(_ pod: Pod) {
        lines.append("Conditions:")
        lines.append("  Type                        Status")
        for condition in pod.status.conditions {
            let name = condition.type.rawValue
            lines.append(
                "  \(name)\(String(repeating: " ", count: max(1, 28 - name.count)))\(condition.status.rawValue)"
            )
        }
    }

    private mutating func volumes(_ pod: Pod) {
        guard !pod.spec.volumes.isEmpty else { return }
        lines.append("Volumes:")
        for volume in pod.spec.volumes {
            field(volume.name, volume.sourceFields.joined(separator: ", "), indent: 2)
        }
    }

    private mutating func events(_ events: [Event], _ now: Time) {
        guard !events.isEmpty else {
            field("Events", "<none>")
            return
        }
        lines.append("Events:")
        lines.append("  Type     Reason                   Age                  Message")
        for event in events {
            var age = event.lastTimestamp.map { PodTable.age(since: $0, now) } ?? ""
            if event.count > 1, let first = event.firstTimestamp {
                age += " (x\(event.count) over \(PodTable.age(since: first, now)))"
            }
            lines.append(
                "  "
                    + [(event.type, 8), (event.reason, 24), (age, 20)].map { text, width in
                        text + String(repeating: " ", count: max(1, width + 1 - text.count))
                    }.joined() + event.message)
        }
    }
}

extension EnvVar {
    /// What it is, or where it comes from: nobody but the container gets a secret's content.
    fileprivate var summary: String {
        guard let source = valueFrom else { return value }
        if let field = source.fieldRef { return "<field \(field.fieldPath)>" }
        if let resource = source.resourceFieldRef {
            let other = resource.containerName.isEmpty ? "" : " of container \(resource.containerName)"
            return "<\(resource.resource)\(other)>"
        }
        if let key = source.configMapKeyRef {
            return "<key \(key.key) of config map \(key.name)>" + key.optional.summary
        }
        if let key = source.secretKeyRef {
            return "<key \(key.key) of secret \(key.name)>" + key.optional.summary
        }
        guard let key = source.fileKeyRef else { return "" }
        return "<key \(key.key) of file \(key.path) in volume \(key.volumeName)>" + key.optional.summary
    }
}

extension EnvFromSource {
    fileprivate var summary: String {
        var text = ""
        if let map = configMapRef { text = "config map \(map.name)" + map.optional.summary }
        if let secret = secretRef { text = "secret \(secret.name)" + secret.optional.summary }
        return prefix.isEmpty ? text : text + ", with the prefix \(prefix)"
    }
}

extension Bool? {
    /// Of a reference to what may not be there.
    fileprivate var summary: String { self == true ? ", optional" : "" }
}

extension Array {
    fileprivate func element(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
