import KubernetesAPI

/// Why a pod was evicted, in Kubernetes' words, which people and tools look for.
package enum EvictionMessage {
    /// - Parameter amount: what was measured of the signal.
    package static func text(
        _ threshold: EvictionThreshold, _ amount: NodeReading.Amount, _ pod: Pod, _ usage: PodUsage?
    ) -> String {
        let signal = threshold.signal
        let wanted = threshold.amount.quantity(of: amount.capacity)
        let left = Quantity(amount.available, format: signal.isBytes ? .binarySI : .decimalSI)
        var text = "The node was low on resource: \(signal.resource). "
        text += "Threshold quantity: \(wanted), available: \(left). "
        for container in (pod.initContainers + pod.mainContainers).map(\.container) {
            guard let taken = usage?.containers[container.name].flatMap({ used($0, signal) }) else {
                continue
            }
            let name = signal.isMemory ? ResourceName.memory : .ephemeralStorage
            let request = container.resources.requests[name] ?? .zero
            let quantity = Quantity(taken, format: .binarySI)
            guard quantity > request else { continue }
            text += "Container \(container.name) was using \(quantity), request is \(request), "
            text += "has larger consumption of \(signal.resource). "
        }
        return text
    }

    /// Nil for what a container cannot ask for.
    private static func used(_ usage: PodUsage.Container, _ signal: EvictionSignal) -> Int64? {
        switch signal {
        case .memory, .podMemory: usage.memory
        case .nodeDisk, .imageDisk: (usage.layer + usage.logs).bytes
        case .nodeInodes, .imageInodes, .processes: nil
        }
    }
}
