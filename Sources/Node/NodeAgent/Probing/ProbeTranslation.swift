import KubernetesAPI
import PodProbes
import PodVolumes

/// What a manifest says about probes and hooks, with hosts and ports found out.
package struct ProbeTranslation {
    private let container: Container
    private let address: String

    /// - Parameter address: the pod's; the node's for pods in the node's network.
    package init(container: Container, address: String) {
        self.container = container
        self.address = address
    }

    /// Probes of a container that runs.
    package func probes() -> [ProbeKind: PodProbes.Probe] {
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
        if let exec = probe.exec { return .exec(command: exec.command.map(expanded)) }
        if let get = probe.httpGet { return self.get(get) }
        if let socket = probe.tcpSocket { return knock(at: socket) }
        if let grpc = probe.grpc {
            return .grpc(host: address, port: Int(grpc.port), service: grpc.service ?? "")
        }
        return nil
    }

    /// With the variables that the manifest says, as far as it says their values: the kubelet knows no others here, and
    /// expands nothing in hooks.
    private func expanded(_ word: String) -> String {
        let values = Dictionary(container.env.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        return VariableExpansion.expand(word) { values[$0] }
    }

    /// Seconds: 34 years. A pod may name more than a clock can count.
    private static let longestSleep: Int64 = 1 << 30

    /// - Returns: nil for a hook that asks nothing.
    package func hook(_ hook: LifecycleHandler) -> PodProbes.ProbeHandler? {
        if let exec = hook.exec { return .exec(command: exec.command) }
        if let get = hook.httpGet { return self.get(get) }
        if let sleep = hook.sleep { return .sleep(.seconds(min(sleep.seconds, Self.longestSleep))) }
        if let socket = hook.tcpSocket { return knock(at: socket) }
        return nil
    }

    private func knock(at socket: TCPSocketAction) -> PodProbes.ProbeHandler {
        guard let port = port(socket.port) else { return unknown(socket.port) }
        return .tcpSocket(host: socket.host.isEmpty ? address : socket.host, port: port)
    }

    private func get(_ action: HTTPGetAction) -> PodProbes.ProbeHandler {
        guard let port = port(action.port) else { return unknown(action.port) }
        var get = HTTPGet(host: action.host.isEmpty ? address : action.host, port: port)
        get.scheme = action.scheme.rawValue.uppercased() == "HTTPS" ? .https : .http
        get.path = action.path.hasPrefix("/") ? action.path : "/" + action.path
        get.headers = action.httpHeaders.map { .init($0.name, $0.value) }
        return .httpGet(get)
    }

    /// In the kubelet's words: what is no port's name can only be a number.
    private func unknown(_ port: IntOrString) -> PodProbes.ProbeHandler {
        .impossible(reason: "strconv.Atoi: parsing \"\(port.apiValue.string ?? "")\": invalid syntax")
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
