import KubernetesAPI
import PodVolumes

/// The variables by which programs in a pod find services: `WEB_SERVICE_HOST`, `WEB_SERVICE_PORT`, and those that
/// Docker's links had (Kubernetes, "Discovering services").
enum ServiceVariables {
    /// - Parameter services: those of the pod's namespace, and `kubernetes` of the default one.
    static func make(_ services: [Service], for pod: Pod) -> [String: String] {
        var chosen: [String: Service] = [:]
        for service in services where hasAddress(service) {
            let isOwn = service.metadata.namespace == pod.metadata.namespace
            let isMaster = service.metadata.namespace == "default" && service.metadata.name == "kubernetes"
            // The API's own service is told of always, and a service of its name in the pod's namespace instead of it.
            let isWanted = isOwn && pod.spec.enableServiceLinks != false
            if isWanted || isMaster && chosen[service.metadata.name] == nil {
                chosen[service.metadata.name] = service
            }
        }
        var result: [String: String] = [:]
        for service in chosen.values { add(service, to: &result) }
        return result
    }

    /// Neither headless nor one that an address was never given.
    private static func hasAddress(_ service: Service) -> Bool {
        !service.spec.clusterIP.isEmpty && service.spec.clusterIP != "None"
    }

    private static func add(_ service: Service, to result: inout [String: String]) {
        let name = upper(service.metadata.name)
        let address = service.spec.clusterIP
        result["\(name)_SERVICE_HOST"] = address
        guard let first = service.spec.ports.first else { return }
        result["\(name)_SERVICE_PORT"] = "\(first.port)"
        for port in service.spec.ports where !port.name.isEmpty {
            result["\(name)_SERVICE_PORT_\(upper(port.name))"] = "\(port.port)"
        }
        let host = address.contains(":") ? "[\(address)]" : address
        for (index, port) in service.spec.ports.enumerated() {
            let word = port.protocol.isEmpty ? "TCP" : port.protocol.rawValue
            let url = "\(word.lowercased())://\(host):\(port.port)"
            if index == 0 { result["\(name)_PORT"] = url }
            let prefix = "\(name)_PORT_\(port.port)_\(word.uppercased())"
            result[prefix] = url
            result["\(prefix)_PROTO"] = word.lowercased()
            result["\(prefix)_PORT"] = "\(port.port)"
            result["\(prefix)_ADDR"] = address
        }
    }

    private static func upper(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }
}

extension ServiceSource {
    func variables(for pod: Pod) async throws -> [String: String] {
        var found = try await services(in: pod.metadata.namespace)
        if pod.metadata.namespace != "default" { found += try await services(in: "default") }
        return ServiceVariables.make(found, for: pod)
    }
}
