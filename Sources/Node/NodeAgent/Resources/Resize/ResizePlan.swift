import KubernetesAPI

/// What is to be changed in containers that run, from what they have and what their pod was given.
package struct ResizePlan: Equatable, Sendable {
    package struct Change: Equatable, Sendable {
        package var container: PodContainer
        package var record: ContainerRecord
        package var before: ActualResources
    }

    /// Their `resizePolicy` wants a restart.
    package var restarts: [Change] = []
    /// Those that give something back before those that get more.
    package var updates: [Change] = []

    package var isEmpty: Bool { restarts.isEmpty && updates.isEmpty }

    /// - Parameter actual: what a container has; nil: as much as is known, what the pod was given.
    package static func make(
        _ pod: Pod, _ runtime: RuntimePod, actual: (ContainerRecord) -> ActualResources?
    ) -> ResizePlan {
        var plan = ResizePlan()
        for container in pod.initContainers.filter({ $0.role == .sidecar }) + pod.mainContainers {
            guard let record = runtime.latest(container.name), record.state == .running,
                let before = actual(record), before != ActualResources(container.container, in: pod)
            else { continue }
            let change = Change(container: container, record: record, before: before)
            if pod.spec.restartPolicy != .never, change.needsRestart {
                plan.restarts.append(change)
            } else {
                plan.updates.append(change)
            }
        }
        plan.updates.sort { !$0.grows && $1.grows }
        return plan
    }
}

extension ResizePlan.Change {
    fileprivate var needsRestart: Bool {
        container.container.resizePolicy.contains { policy in
            policy.restartPolicy == .restartContainer && changes(policy.resourceName)
        }
    }

    private func changes(_ name: ResourceName) -> Bool {
        let after = container.container.resources
        return before.container.limits[name] != after.limits[name]
            || before.container.requests[name] != after.requests[name]
    }

    fileprivate var grows: Bool {
        [ResourceName.cpu, .memory].contains { name in
            let after = container.container.resources
            guard let old = before.container.limits[name] else { return false }
            return after.limits[name].map { $0 > old } ?? true
        }
    }

    /// The new memory limit in bytes, if it is less than what the container has.
    var smallerMemory: Int64? {
        guard let new = container.container.resources.limits[.memory] else { return nil }
        guard let old = before.container.limits[.memory] else { return new.value }
        return new < old ? new.value : nil
    }
}
