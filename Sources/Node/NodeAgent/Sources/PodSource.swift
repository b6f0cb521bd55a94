import KubernetesAPI

/// Where pods come from: a folder of manifests, an address, an API server.
package protocol PodSource: Sendable {
    /// The name in `kubernetes.io/config.source`: `file`, `http`, `api`.
    var name: String { get }
    /// Hands over all pods that the source has, each time that one of them changes, until the task is cancelled.
    func run(_ changed: @escaping @Sendable (SourceState) async -> Void) async
}

/// Where in a source a pod stands: a file or an address, and its how manieth document.
package struct PodPlace: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// From 1.
    package var document: Int

    package init(file: String, document: Int) {
        self.file = file
        self.document = document
    }

    package var description: String { "\(file), document \(document)" }
}

/// All pods of one source at one time.
package struct SourceState: Sendable {
    package var source: String
    package var pods: [Pod]
    /// Of pods from manifests, by uid.
    package var places: [String: PodPlace]
    /// Config maps, secrets and claims that the source has beside its pods.
    package var objects: [any KubernetesResource]
    /// What the source has and is no pod, one line each: which file, which document, which field, why.
    package var problems: [String]
    /// Something could not be read from the first look on: whose pods it has nobody knows, and they may be running.
    package var mayHaveMore: Bool

    package init(
        source: String, pods: [Pod], places: [String: PodPlace] = [:],
        objects: [any KubernetesResource] = [], problems: [String] = [], mayHaveMore: Bool = false
    ) {
        self.source = source
        self.pods = pods
        self.places = places
        self.objects = objects
        self.problems = problems
        self.mayHaveMore = mayHaveMore
    }
}
