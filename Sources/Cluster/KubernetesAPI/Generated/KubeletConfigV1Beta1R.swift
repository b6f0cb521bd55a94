// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct ResourceChangeDetectionStrategy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let get = Self(rawValue: "Get")
    package static let cache = Self(rawValue: "Cache")
    package static let watch = Self(rawValue: "Watch")

    /// Those that the API names.
    package static let known: [Self] = [.get, .cache, .watch]
}
