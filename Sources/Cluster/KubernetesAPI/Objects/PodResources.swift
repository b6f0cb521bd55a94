extension Pod {
    /// What the pod's containers ask for together: those that run beside each other summed up, and at least what any
    /// init container needs while it runs, beside the restartable ones before it.
    package var containerRequests: ResourceList { spec.aggregate(\.requests) }

    /// The containers' limits, put together in the same way; a resource that some container does not limit counts with
    /// the others' sum.
    package var containerLimits: ResourceList { spec.aggregate(\.limits) }

    /// What the pod asks for: its own requests before its containers', and its overhead.
    package var requests: ResourceList {
        var total = containerRequests
        for (name, quantity) in spec.resources?.requests ?? [:] where name.isPodLevel {
            total[name] = quantity
        }
        total.add(spec.overhead)
        return total
    }

    /// The pod's limits: its own before its containers'. Overhead is added to what is limited.
    package var limits: ResourceList {
        var total = containerLimits
        for (name, quantity) in spec.resources?.limits ?? [:] where name.isPodLevel { total[name] = quantity }
        for (name, quantity) in spec.overhead where total[name] != nil {
            total[name, default: .zero] += quantity
        }
        return total
    }
}

extension PodSpec {
    fileprivate func aggregate(_ part: (ResourceRequirements) -> ResourceList) -> ResourceList {
        var running = ResourceList()
        for container in containers { running.add(part(container.resources)) }
        var restartable = ResourceList()
        var starting = ResourceList()
        for container in initContainers {
            var needed = part(container.resources)
            if container.isRestartable {
                running.add(needed)
                restartable.add(needed)
                needed = restartable
            } else {
                needed.add(restartable)
            }
            starting.raise(to: needed)
        }
        running.raise(to: starting)
        return running
    }
}

extension ResourceList {
    package mutating func add(_ other: ResourceList) {
        for (name, quantity) in other { self[name] = self[name].map { $0 + quantity } ?? quantity }
    }

    package mutating func raise(to other: ResourceList) {
        for (name, quantity) in other where self[name].map({ $0 < quantity }) ?? true {
            self[name] = quantity
        }
    }
}
