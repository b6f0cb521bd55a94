extension EphemeralContainer {
    /// The ephemeral container as a container: all its fields but the name of the container that it looks into.
    package var container: Container {
        get {
            var problems = Problems()
            var value = apiValue
            value["targetContainerName"] = nil
            // The fields have the same names and types: nothing can be reported.
            return Container(from: value, at: .root, reporting: &problems)
        }
        set {
            var problems = Problems()
            let target = targetContainerName
            self = EphemeralContainer(from: newValue.apiValue, at: .root, reporting: &problems)
            targetContainerName = target
        }
    }
}

extension Container {
    /// An init container that goes on running beside the others ("sidecar").
    package var isRestartable: Bool { restartPolicy == .always }
}

/// The lists of a pod's containers.
package enum ContainerList: String, Sendable, CaseIterable {
    case initContainers, containers, ephemeralContainers
}

extension PodSpec {
    /// All containers, init containers first, each with the path at which it stands below the spec's.
    package func allContainers(at spec: FieldPath = FieldPath("spec")) -> [(
        container: Container, path: FieldPath
    )] {
        var all: [(Container, FieldPath)] = []
        for (index, container) in initContainers.enumerated() {
            all.append((container, spec.field(ContainerList.initContainers.rawValue).index(index)))
        }
        for (index, container) in containers.enumerated() {
            all.append((container, spec.field(ContainerList.containers.rawValue).index(index)))
        }
        for (index, container) in ephemeralContainers.enumerated() {
            all.append(
                (container.container, spec.field(ContainerList.ephemeralContainers.rawValue).index(index)))
        }
        return all
    }
}
