import KubernetesAPI

/// How often all containers of a pod were started anew, for a rule with `RestartAllContainers` (KEP-5532).
///
/// A container belongs to the life that it was made in, and carries its number (`PodLabels.life`). One that ends as such a
/// rule says ends that life: what else is of it is ended and made anew, with the next number. So the runtime's containers
/// alone tell how far that has come, whatever happens to the agent meanwhile, and no clock does.
package struct PodLife: Equatable, Sendable {
    /// Of containers that are made now.
    package var number = 0
    /// The containers that have ended the one before.
    package var enders: Set<String> = []

    package init() {}

    /// - Parameter hasEnded: the pod has done what it was for, or has failed: no other life follows.
    init(_ pod: Pod, _ runtime: RuntimePod?, hasEnded: Bool) {
        let containers = pod.initContainers + pod.mainContainers
        let own = containers.flatMap { container in
            (runtime?.containers ?? []).filter { $0.name == container.name }.map { (container, $0) }
        }
        number = own.map(\.1.life).max() ?? 0
        if hasEnded { return }
        let enders = own.filter { Self.ends($0.0, $0.1, pod, runtime) }.map(\.1)
        if let last = enders.map(\.life).max() { number = max(number, last + 1) }
        self.enders = Set(enders.filter { $0.life == number - 1 }.map(\.name))
    }

    /// Of the pod's containers the newest ones, where these are of a life that is over.
    func outlived(_ pod: Pod, _ runtime: RuntimePod?) -> [ContainerRecord] {
        (pod.initContainers + pod.mainContainers).compactMap { runtime?.latest($0.name) }.filter(isOver)
    }

    func isOver(for record: ContainerRecord) -> Bool { record.life < number }

    private static func ends(
        _ container: PodContainer, _ record: ContainerRecord, _ pod: Pod, _ runtime: RuntimePod?
    ) -> Bool {
        guard record.state == .exited,
            container.container.restartRule(for: record.exitCode)?.action == .restartAllContainers
        else { return false }
        if container.role != .sidecar { return true }
        // Sidecars of a pod that is done are ended, and say nothing by that.
        return !pod.mainContainers.allSatisfy { main in
            guard
                let other = runtime?.containers.first(where: {
                    $0.name == main.name && $0.life == record.life
                }), other.state == .exited
            else { return false }
            return other.finishedAt < record.finishedAt && !pod.restarts(main, exitCode: other.exitCode)
        }
    }
}

extension ContainerRecord {
    /// The life of its pod that it was made in.
    package var life: Int { annotations[PodLabels.life].flatMap { Int($0) } ?? 0 }
}
