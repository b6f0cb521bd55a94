extension Pod {
    /// The pod with the values that an API server gives to fields that were left out.
    package func withDefaults() -> Pod {
        var pod = self
        pod.setDefaults()
        return pod
    }

    package mutating func setDefaults() {
        spec.setDefaults()
        for index in spec.containers.indices { spec.containers[index].setRequestsFromLimits() }
        for index in spec.initContainers.indices { spec.initContainers[index].setRequestsFromLimits() }
        setPodResources()
        spec.enableServiceLinks.fill(with: true)
        if spec.hostNetwork {
            // On the host's network each port is the host's.
            for index in spec.containers.indices { spec.containers[index].setHostPorts() }
            for index in spec.initContainers.indices { spec.initContainers[index].setHostPorts() }
        }
    }

    /// Resources of the pod as a whole, where it names some of them (KEP 2837).
    private mutating func setPodResources() {
        guard var resources = spec.resources else { return }
        if !resources.limits.isEmpty || !resources.requests.isEmpty {
            for (name, quantity) in containerLimits
            where name.isHugePages && resources.requests[name] == nil && resources.limits[name] == nil {
                resources.limits[name] = quantity
            }
        }
        if !resources.limits.isEmpty {
            for (name, quantity) in containerRequests
            where name.isPodLevel && name.isOvercommitAllowed && resources.requests[name] == nil {
                resources.requests[name] = quantity
            }
            for (name, quantity) in resources.limits where name.isPodLevel && resources.requests[name] == nil
            {
                resources.requests[name] = quantity
            }
        } else if resources.requests.keys.contains(where: \.isPodLevel) {
            let running = spec.containers + spec.initContainers.filter(\.isRestartable)
            for (name, quantity) in containerLimits
            where name.isPodLevel && name.isOvercommitAllowed
                && running.allSatisfy({ $0.resources.limits[name] != nil })
            {
                resources.limits[name] = quantity
            }
        }
        spec.resources = resources
    }
}

extension PodSpec {
    /// Those defaults that a pod template has, too.
    package mutating func setDefaults() {
        if dnsPolicy.isEmpty { dnsPolicy = .clusterFirst }
        if restartPolicy.isEmpty { restartPolicy = .always }
        if schedulerName.isEmpty { schedulerName = "default-scheduler" }
        securityContext.fill(with: PodSecurityContext())
        terminationGracePeriodSeconds.fill(with: 30)
        // The old name of the field and the new one say the same.
        if serviceAccountName.isEmpty { serviceAccountName = serviceAccount }
        if serviceAccount.isEmpty { serviceAccount = serviceAccountName }
        for index in volumes.indices { volumes[index].setDefaults() }
        for index in containers.indices { containers[index].setDefaults() }
        for index in initContainers.indices { initContainers[index].setDefaults() }
        for index in ephemeralContainers.indices { ephemeralContainers[index].container.setDefaults() }
        resources?.roundUp()
        overhead.roundUp()
    }
}

extension ResourceRequirements {
    mutating func roundUp() {
        limits.roundUp()
        requests.roundUp()
    }
}

extension ResourceList {
    /// Amounts finer than a thousandth are rounded up to it.
    mutating func roundUp() {
        for (name, quantity) in self {
            let millis = Quantity.roundedAwayFromZero(quantity.nanos, by: 1_000_000)
            self[name] = Quantity(nanos: millis * 1_000_000, format: quantity.format)
        }
    }
}

extension Optional {
    /// Puts a value where there is none.
    mutating func fill(with value: Wrapped) {
        if self == nil { self = value }
    }
}
