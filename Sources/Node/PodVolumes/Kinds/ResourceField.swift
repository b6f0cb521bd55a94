import KubernetesAPI

/// Limits and requests of a container as numbers in text (resourceFieldRef), in files and environment variables.
package enum ResourceField {
    /// - Parameters:
    ///   - container: whose, where the reference does not name one.
    ///   - allocatable: the node's; a container without a limit has that.
    package static func value(
        _ reference: ResourceFieldSelector, in pod: Pod, container: String?, allocatable: ResourceList
    ) throws(VolumeFailure) -> String {
        let name = reference.containerName.isEmpty ? container ?? "" : reference.containerName
        guard let found = (pod.spec.containers + pod.spec.initContainers).first(where: { $0.name == name })
        else {
            throw VolumeFailure("container \(name) not found")
        }
        let parts = reference.resource.split(separator: ".", maxSplits: 1)
        let resource = ResourceName(rawValue: parts.count == 2 ? String(parts[1]) : "")
        let isOfNode = [.cpu, .memory, .ephemeralStorage].contains(resource)
        guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests",
            isOfNode || resource.rawValue.hasPrefix("hugepages-")
        else { throw VolumeFailure("unsupported container resource : \(reference.resource)") }
        var amount =
            (parts[0] == "limits" ? found.resources.limits : found.resources.requests)[resource] ?? .zero
        // Huge pages are the exception: a container without a limit gets none.
        if amount.isZero, isOfNode, parts[0] == "limits" { amount = allocatable[resource] ?? .zero }
        let divisor = reference.divisor.isZero ? Quantity(1) : reference.divisor
        guard divisor.sign > 0 else {
            throw VolumeFailure("divisor of \(reference.resource) must be greater than zero")
        }
        // Whole numbers, rounded up; of cores in thousandths, of all else in units.
        let isCores = resource == .cpu
        let (quotient, rest) = (isCores ? amount.milliValue : amount.value)
            .quotientAndRemainder(dividingBy: isCores ? divisor.milliValue : divisor.value)
        return "\(rest > 0 ? quotient + 1 : quotient)"
    }
}

extension Pod {
    /// Bytes that the pod's processes may have together; nil where one of its containers has no limit of its own.
    var memoryLimit: Int64? {
        let overhead = spec.overhead[.memory] ?? .zero
        if let limit = spec.resources?.limits[.memory], !limit.isZero { return (limit + overhead).value }
        func limit(of container: Container) -> Quantity? {
            container.resources.limits[.memory].flatMap { $0.isZero ? nil : $0 }
        }
        var together = Quantity.zero
        for container in spec.containers {
            guard let limit = limit(of: container) else { return nil }
            together += limit
        }
        // Sidecars run on beside everything that starts after them.
        var sidecars = Quantity.zero
        var starting = Quantity.zero
        for container in spec.initContainers {
            guard let limit = limit(of: container) else { return nil }
            if container.restartPolicy == .always {
                sidecars += limit
                starting = max(starting, sidecars)
            } else {
                starting = max(starting, sidecars + limit)
            }
        }
        let total = max(together + sidecars, starting) + overhead
        return total.isZero ? nil : total.value
    }
}
