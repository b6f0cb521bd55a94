// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct HairpinMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}
