import KubernetesAPI

/// What makes a manifest the pod of a node: its identity, and what the API server would have said.
enum StaticPod {
    /// - Parameter file: part of the identity, so that the same manifest in two files is two pods.
    static func make(_ pod: Pod, nodeName: String, source: String, file: String) -> Pod {
        var pod = pod
        let hash = StableHash.of(pod.apiValue.json() + Array("\(nodeName)\(source)\(file)".utf8))
        let second = StableHash.of(Array(hash.utf8))
        if pod.metadata.uid.isEmpty {
            let digits = Self.padded(hash) + Self.padded(second)
            pod.metadata.uid = digits
        }
        if pod.metadata.namespace.isEmpty { pod.metadata.namespace = "default" }
        if !pod.metadata.name.hasSuffix("-\(nodeName)") { pod.metadata.name += "-\(nodeName)" }
        pod.metadata.annotations[PodLabels.configSource] = source
        pod.metadata.annotations[PodLabels.configHash] = hash
        pod.spec.nodeName = nodeName
        return pod
    }

    private static func padded(_ hash: String) -> String {
        String(repeating: "0", count: max(0, 16 - hash.count)) + hash
    }

    static func problems(of pod: Pod) -> [String] { [] }

    /// What pods are made of, besides themselves.
    static func isUsed(_ object: any KubernetesResource) -> Bool {
        object is ConfigMap || object is Secret || object is PersistentVolume || object is PersistentVolumeClaim
    }
}
