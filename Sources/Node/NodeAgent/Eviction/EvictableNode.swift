import KubernetesAPI

/// What eviction does to a node, and sees of it; tests have nodes with numbers of their own.
package protocol EvictableNode: Sendable {
    func reading() async -> NodeReading
    /// Those that may still be evicted.
    func pods() async -> [Pod]
    /// Of pods, by uid.
    /// - Parameter storageAge: how old numbers of what they have on the disk may be, which take long to find out; nil:
    ///   they are not wanted.
    func usage(of pods: [Pod], storageAge: Duration?) async -> [String: PodUsage]
    /// Frees what no pod uses and what counts for a signal.
    func reclaim(for signal: EvictionSignal, _ disks: NodeReading.Disks) async
    /// Returns when the pod's containers have ended, or after half a minute.
    /// - Parameters:
    ///   - signal: what was short, or the limit that the pod is beyond.
    ///   - grace: seconds.
    func evict(_ pod: Pod, _ failure: PodFailure, for signal: String, grace: Int64) async
    /// The node's conditions, at each look.
    func tell(_ conditions: Set<NodeConditionType>) async
    func record(_ kind: EventRecorder.Kind, _ reason: String, _ message: String)
}
