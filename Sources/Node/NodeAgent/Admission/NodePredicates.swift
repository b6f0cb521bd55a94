import KubernetesAPI
import PodVolumes

/// Whether the node is one that a pod can run on: the kubelet's predicates, which hold for pods of manifests, too.
package struct NodePredicates: Sendable {
    private static let osLabel = "kubernetes.io/os"

    /// The node's own.
    package var labels: [String: String]
    package var name: String
    /// Whether its kernel has AppArmor.
    package var hasAppArmor: Bool

    package init(labels: [String: String], name: String, hasAppArmor: Bool) {
        self.labels = labels
        self.name = name
        self.hasAppArmor = hasAppArmor
    }

    /// - Parameter hasStrictGroups: whether the runtime can give containers just the groups that a pod names.
    /// - Returns: why the pod may not run; nil: it may.
    package func refusal(of pod: Pod, hasStrictGroups: Bool) -> PodFailure? {
        if let wanted = pod.metadata.labels[Self.osLabel], wanted != "linux" {
            return Self.failure(
                "PodOSSelectorNodeLabelDoesNotMatch",
                "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
        }
        if let os = pod.spec.os, os.name != .linux {
            return Self.failure(
                "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
        }
        if pod.spec.securityContext?.supplementalGroupsPolicy == .strict, !hasStrictGroups {
            return Self.failure(
                "SupplementalGroupsPolicyNotSupported",
                "SupplementalGroupsPolicy=Strict is not supported in this node")
        }
        if !isSelected(by: pod) {
            return Self.failure(
                "NodeAffinity",
                "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
        }
        if pod.needsAppArmor, !hasAppArmor {
            return Self.failure(
                "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
        }
        return nil
    }

    static func failure(_ reason: String, _ message: String) -> PodFailure {
        PodFailure(reason: reason, message: "Pod was rejected: " + message)
    }

    /// `nodeSelector`, and the node affinity that is required.
    private func isSelected(by pod: Pod) -> Bool {
        guard pod.spec.nodeSelector.allSatisfy({ labels[$0.key] == $0.value }) else { return false }
        let affinity = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        return affinity?.matches(labels: labels, name: name) ?? true
    }
}

extension Pod {
    /// Of the pod or of one of its containers; `Unconfined` needs nothing.
    fileprivate var needsAppArmor: Bool {
        let profiles =
            [spec.securityContext?.appArmorProfile] + everyContainer.map { appArmorProfile(of: $0.container) }
        return profiles.contains { $0 != nil && $0?.type != .unconfined }
    }
}
