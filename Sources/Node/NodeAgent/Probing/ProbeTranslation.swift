import KubernetesAPI
import PodProbes

/// What a manifest says about probes and hooks, with hosts and ports found out.
struct ProbeTranslation {
    let container: Container
    /// The pod's address; the node's for pods in the node's network.
    let address: String

    /// Probes of a container that runs.
    func probes() -> [ProbeKind: PodProbes.Probe] {
        var result: [ProbeKind: PodProbes.Probe] = [:]
        for (kind, probe) in [
            (ProbeKind.startup, container.startupProbe), (.liveness, container.livenessProbe),
            (.readiness, container.readinessProbe),
        ] {
            guard let probe, let handler = handler(probe) else { continue }
            var translated = PodProbes.Probe(handler)
            translated.initialDelay = .seconds(Int64(probe.initialDelaySeconds))
            translated.period = .seconds(Int64(max(1, probe.periodSeconds == 0 ? 10 : probe.periodSeconds)))
            translated.timeout = .seconds(Int64(max(1, probe.timeoutSeconds)))
            translated.successThreshold = Int(max(1, probe.successThreshold))
            translated.failureThreshold = Int(
                probe.failureThreshold == 0 ? 3 : max(1, probe.failureThreshold))
            translated.terminationGracePeriodSeconds = probe.terminationGracePeriodSeconds
            result[kind] = translated
        }
        return result
    }

    private func handler(_ probe: KubernetesAPI.Probe) -> PodProbes.ProbeHandler? {
        if let exec = probe.exec { return .exec(command: exec.command) }
        if let get = probe.httpGet { return self.get(get) }
        if let socket = probe.tcpSocket {
            guard let port = port(socket.port) else { return nil }
            return .tcpSocket(host: socket.host.isEmpty ? address : socket.host, port: port)
        }
        if let grpc = probe.grpc {
            return .grpc(host: address, port: Int(grpc.port), service: grpc.service ?? "")
        }
        return nil
    }

    /// - Returns: nil for a hook that asks nothing.
    func hook(_ hook: LifecycleHandler) -> PodProbes.ProbeHandler? {
        if let exec = hook.exec { return .exec(command: exec.command) }
        if let get = hook.httpGet { return self.get(get) }
        if let sleep = hook.sleep { return .sleep(.seconds(sleep.seconds)) }
        if let socket = hook.tcpSocket {
            guard let port = port(socket.port) else { return nil }
            return .tcpSocket(host: socket.host.isEmpty ? address : socket.host, port: port)
        }
        return nil
    }

    private func get(_ action: HTTPGetAction) -> PodProbes.ProbeHandler? {
        guard let port = port(action.port) else { return nil }
        var get = HTTPGet(host: action.host.isEmpty ? address : action.host, port: port)
        get.scheme = action.scheme.rawValue.uppercased() == "HTTPS" ? .https : .http
        get.path = action.path.hasPrefix("/") ? action.path : "/" + action.path
        get.headers = action.httpHeaders.map { .init($0.name, $0.value) }
        return .httpGet(get)
    }

    /// - Returns: nil for a name that no port of the container has.
    private func port(_ port: IntOrString) -> Int? {
        switch port {
        case .int(let number): return Int(number)
        case .string(let name):
            return container.ports.first { $0.name == name }.map { Int($0.containerPort) } ?? Int(name)
        }
    }
}
