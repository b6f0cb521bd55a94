// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct SerializedNodeConfigSource: KubernetesObject {
    package static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    package static let kind = "SerializedNodeConfigSource"

    package var source: NodeConfigSource = NodeConfigSource()

    package init(
        source: NodeConfigSource = NodeConfigSource()
    ) {
        self.source = source
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "source": self.source = NodeConfigSource(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("source", self.source)
    }
}

package struct ShutdownGracePeriodByPodPriority: APIStructure {
    package var priority: Int32 = 0
    package var shutdownGracePeriodSeconds: Int64 = 0

    package init(
        priority: Int32 = 0,
        shutdownGracePeriodSeconds: Int64 = 0
    ) {
        self.priority = priority
        self.shutdownGracePeriodSeconds = shutdownGracePeriodSeconds
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "priority": self.priority = Int32(from: value, at: path, reporting: &problems)
        case "shutdownGracePeriodSeconds": self.shutdownGracePeriodSeconds = Int64(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("priority", self.priority)
        object.put("shutdownGracePeriodSeconds", self.shutdownGracePeriodSeconds)
    }
}
