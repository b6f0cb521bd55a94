// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct UserNamespaces: APIStructure {
    package var idsPerPod: Int64? = nil

    package init(
        idsPerPod: Int64? = nil
    ) {
        self.idsPerPod = idsPerPod
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "idsPerPod": self.idsPerPod = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("idsPerPod", self.idsPerPod)
    }
}
