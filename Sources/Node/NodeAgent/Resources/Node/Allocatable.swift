import KubernetesAPI

/// What of the machine is for pods (Reserve compute resources).
struct Allocatable: Sendable {
    /// With `pods`.
    let capacity: ResourceList
    /// What a scheduler counts with, and pods are admitted by.
    let allocatable: ResourceList
    /// What all pods together are limited to: more by what is set aside for hard eviction, so that pods are evicted, by
    /// rank, before the kernel kills in their group.
    let limit: ResourceList

    struct TooMuchReserved: Error, CustomStringConvertible {
        let resource: ResourceName
        let reserved: Quantity
        let capacity: Quantity

        var description: String {
            "invalid Node Allocatable configuration: resource \"\(resource.rawValue)\" has a reservation of \(reserved) "
                + "but capacity of \(capacity); expected capacity >= reservation"
        }
    }

    init(_ machine: ResourceList, _ settings: ResourceSettings) throws(TooMuchReserved) {
        var capacity = machine
        var pods = Int64(settings.maxPods)
        if settings.podsPerCore > 0 {
            pods = min(pods, Int64(settings.podsPerCore) * (machine[.cpu]?.value ?? 1))
        }
        capacity[.pods] = Quantity(pods)
        var reserved = settings.kubeReserved
        reserved.add(settings.systemReserved)
        var eviction = ResourceList()
        if let amount = settings.hardEviction.memory, let memory = capacity[.memory] {
            eviction[.memory] = amount.of(memory)
        }
        if let amount = settings.hardEviction.storage, let storage = capacity[.ephemeralStorage] {
            eviction[.ephemeralStorage] = amount.of(storage)
        }
        var allocatable = capacity
        var limit = capacity
        for (name, whole) in capacity {
            let fixed = reserved[name] ?? .zero
            let set = fixed + (eviction[name] ?? .zero)
            guard set <= whole else {
                throw TooMuchReserved(resource: name, reserved: set, capacity: whole)
            }
            limit[name] = whole - fixed
            allocatable[name] = whole - set
        }
        // Pages that were set aside are memory that nobody else gets.
        for (name, pages) in allocatable where name.isHugePages {
            guard let memory = allocatable[.memory] else { continue }
            allocatable[.memory] = max(.zero, memory - pages)
        }
        self.capacity = capacity
        self.allocatable = allocatable
        self.limit = limit
    }
}
