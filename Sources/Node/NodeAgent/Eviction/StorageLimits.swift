import KubernetesAPI

/// The limits of what a pod may have on the node's disk: `sizeLimit` of its emptyDirs, and `ephemeral-storage` of its
/// containers, each one's and all of them (Local ephemeral storage). A pod beyond one is evicted at once.
package enum StorageLimits {
    package static func areSet(for pod: Pod) -> Bool {
        pod.spec.volumes.contains { $0.sizeLimit != nil }
            || (pod.initContainers + pod.mainContainers).contains {
                $0.container.resources.limits[.ephemeralStorage] != nil
            }
    }

    /// Which limit a pod is beyond, as metrics name it.
    package enum Limit: String, Sendable {
        case emptyDir = "emptydirfs.limit"
        case pod = "ephemeralpodfs.limit"
        case container = "ephemeralcontainerfs.limit"
    }

    /// - Returns: why the pod has to go; nil: it keeps to its limits.
    package static func violation(
        by pod: Pod, _ usage: PodUsage
    ) -> (limit: Limit, failure: PodFailure)? {
        message(pod, usage).map { limit, message in
            (limit, PodFailure(reason: PodFailure.evicted, message: message, isDisruption: true))
        }
    }

    private static func message(_ pod: Pod, _ usage: PodUsage) -> (Limit, String)? {
        for volume in pod.spec.volumes {
            guard let limit = volume.sizeLimit, let used = usage.emptyDirs[volume.name] else { continue }
            if Quantity(used) > limit {
                return (
                    .emptyDir,
                    "Usage of EmptyDir volume \"\(volume.name)\" exceeds the limit \"\(limit)\". "
                )
            }
        }
        if let limit = pod.limits[.ephemeralStorage], Quantity(usage.storage.bytes) > limit {
            return (
                .pod, "Pod ephemeral local storage usage exceeds the total limit of containers \(limit). "
            )
        }
        for container in (pod.initContainers + pod.mainContainers).map(\.container) {
            guard let limit = container.resources.limits[.ephemeralStorage],
                let used = usage.containers[container.name]
            else { continue }
            if Quantity((used.layer + used.logs).bytes) > limit {
                return (
                    .container,
                    "Container \(container.name) exceeded its local ephemeral storage limit \"\(limit)\". "
                )
            }
        }
        return nil
    }
}

extension Volume {
    fileprivate var sizeLimit: Quantity? { emptyDir?.sizeLimit.flatMap { $0.sign > 0 ? $0 : nil } }
}
