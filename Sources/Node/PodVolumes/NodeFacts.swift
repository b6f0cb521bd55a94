import KubernetesAPI

/// What volumes have to know of the node.
package struct NodeFacts: Equatable, Sendable {
    /// What pods may take together.
    package var allocatable: ResourceList
    /// Nil where the node has no object with labels: local volumes are then taken to be where they should be.
    package var labels: [String: String]?

    package init(allocatable: ResourceList = [:], labels: [String: String]? = nil) {
        self.allocatable = allocatable
        self.labels = labels
    }
}
