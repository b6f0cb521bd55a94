import ContainerShim
import LinuxKernel

extension Engine {
    /// Starts a container unless it runs already.
    /// - Parameter held: what keeps it from being pruned already.
    public func startIfStopped(_ container: ContainerDefinition, held: KeptFolder? = nil) throws {
        let status = try status(of: container)
        if [.running, .paused, .restarting].contains(status.phase), try status.isSupervised { return }
        try start(container, held: held)
    }

    /// What the first start of this program after a boot is for: containers whose restart policy wants them to run
    /// are started, those that were to be removed at their end are removed, and what a crash left is cleared.
    /// - Parameter report: is told of each failure; the others go on.
    /// - Returns: 1 when something failed.
    public func startAfterBoot(_ report: (String) -> Int32) throws -> Int32 {
        let bootID = try BootID.current()
        var code: Int32 = 0
        try network.reconcile()
        var failures: [(id: String, error: any Error)] = []
        let removed = try store.sweepDrafts { failures.append(($0, $1)) }
        for (id, error) in failures {
            code = report("what is left of container \(id.prefix(12)) cannot be removed: \(error)")
        }
        for id in removed {
            _ = report("removed what was left of container \(id.prefix(12))")
        }
        for container in try store.all().reversed() {
            do {
                let folder = layout.container(container.id)
                guard let status = try LiveStatus.written(in: folder), status.bootID != bootID else {
                    continue
                }
                if container.removeAfterwards {
                    try remove(container, force: true, volumes: true)
                } else if try Supervision.read(in: folder).restart.startsAtBoot(
                    wasRunning: [.running, .paused, .restarting].contains(status.phase),
                    stoppedByUser: status.stoppedByUser)
                {
                    try start(container)
                }
            } catch {
                code = report("start \(container.name): \(error)")
            }
        }
        return code
    }
}
