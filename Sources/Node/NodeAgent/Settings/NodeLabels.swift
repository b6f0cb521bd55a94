import KubernetesAPI

/// Labels that the node is given (`--node-labels`), as a kubelet takes them.
package enum NodeLabels {
    package struct Invalid: Error, CustomStringConvertible {
        package let description: String

        fileprivate init(_ description: String) { self.description = "--node-labels: " + description }
    }

    /// Namespaces of Kubernetes' own in which a node may say of itself what it wants.
    private static let namespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"]
    /// And what it may say in the others.
    private static let known: Set = [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch", "beta.kubernetes.io/instance-type", "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
    ]

    /// - Parameter lists: each `KEY=VALUE,…`; of two values the later one counts.
    package static func read(_ lists: [String]) throws(Invalid) -> [String: String] {
        var labels: [String: String] = [:]
        for pair in lists.flatMap({ $0.split(separator: ",") }) {
            guard let mark = pair.firstIndex(of: "=") else {
                throw Invalid("\"\(pair)\": must be KEY=VALUE")
            }
            let key = String(pair[..<mark])
            let value = String(pair[pair.index(after: mark)...])
            if let reason = (NameFormat.qualifiedName(key) + NameFormat.labelValue(value)).first {
                throw Invalid("\"\(pair)\": \(reason)")
            }
            guard mayBeSaid(key) else {
                throw Invalid(
                    "\"\(key)\": in the namespaces kubernetes.io and k8s.io a node says only "
                        + (namespaces.map { $0 + "/…" } + known.sorted()).joined(separator: ", "))
            }
            labels[key] = value
        }
        return labels
    }

    private static func mayBeSaid(_ key: String) -> Bool {
        let parts = key.split(separator: "/")
        guard parts.count == 2 else { return true }
        func isIn(_ namespace: String) -> Bool {
            parts[0] == namespace || parts[0].hasSuffix("." + namespace)
        }
        guard ["kubernetes.io", "k8s.io"].contains(where: isIn) else { return true }
        return known.contains(key) || namespaces.contains(where: isIn)
    }
}
