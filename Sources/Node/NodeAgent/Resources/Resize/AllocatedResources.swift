import KubernetesAPI

/// What a pod was given of the node: what its source asks for may have changed since (KEP-1287).
package struct AllocatedResources: Equatable, Sendable {
    /// Of the pod as a whole.
    package var pod: ResourceRequirements?
    /// By container.
    package var containers: [String: ResourceRequirements]

    package init(_ pod: Pod) {
        self.pod = pod.spec.resources
        containers = Dictionary(
            (pod.spec.initContainers + pod.spec.containers).map { ($0.name, $0.resources) },
            uniquingKeysWith: { $1 })
    }

    /// The pod with what it was given in the place of what it asks for.
    package func applied(to pod: Pod) -> Pod {
        var pod = pod
        pod.spec.resources = self.pod
        for index in pod.spec.containers.indices {
            if let given = containers[pod.spec.containers[index].name] {
                pod.spec.containers[index].resources = given
            }
        }
        for index in pod.spec.initContainers.indices {
            if let given = containers[pod.spec.initContainers[index].name] {
                pod.spec.initContainers[index].resources = given
            }
        }
        return pod
    }
}

extension AllocatedResources {
    init?(_ json: APIValue) {
        guard let list = json["containers"]?.object else { return nil }
        var problems = Problems()
        containers = [:]
        for member in list.members {
            containers[member.name] = ResourceRequirements(
                from: member.value, at: FieldPath(member.name), reporting: &problems)
        }
        pod = json["pod"].map { ResourceRequirements(from: $0, at: FieldPath("pod"), reporting: &problems) }
        if !problems.isEmpty { return nil }
    }

    var json: APIValue {
        var list = APIObject()
        for (name, resources) in containers.sorted(by: { $0.key < $1.key }) {
            list[name] = resources.apiValue
        }
        var object = APIObject()
        object["containers"] = .object(list)
        if let pod { object["pod"] = pod.apiValue }
        return .object(object)
    }
}

/// What a container that runs was made with, or changed to.
package struct ActualResources: Equatable, Sendable {
    package var container: ResourceRequirements
    /// Of its pod as a whole, which bound a container without limits of its own.
    package var pod: ResourceRequirements?

    package init(container: ResourceRequirements, pod: ResourceRequirements?) {
        self.container = container
        self.pod = pod
    }

    init(_ container: Container, in pod: Pod) {
        self.init(container: container.resources, pod: pod.spec.resources)
    }

    init?(_ json: APIValue) {
        var problems = Problems()
        guard let own = json["container"] else { return nil }
        container = ResourceRequirements(from: own, at: FieldPath("container"), reporting: &problems)
        pod = json["pod"].map { ResourceRequirements(from: $0, at: FieldPath("pod"), reporting: &problems) }
        if !problems.isEmpty { return nil }
    }

    var json: APIValue {
        var object = APIObject()
        object["container"] = container.apiValue
        if let pod { object["pod"] = pod.apiValue }
        return .object(object)
    }
}
