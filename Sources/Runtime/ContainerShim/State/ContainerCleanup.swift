import ContainerRuntime
import Glibc
import LinuxKernel

/// Ending and removing what a run of a container has left: processes, control groups, the runtime's record,
/// its network, its root's mount. Repeatable: what is gone is no error.
public enum ContainerCleanup {
    /// For the shim after each run, and for whoever holds the lock of a container whose shim is gone.
    /// - Parameters:
    ///   - folder: the container's folder.
    ///   - state: the run folder of the namespace.
    ///   - handler: the container's runtime, for a `supervision.json` that is damaged.
    public static func run(
        container: ContainerID, folder: String, state: String, network: ContainerNetwork = .none,
        handler: RuntimeHandler? = nil, log: Log
    ) throws {
        let supervision = try Supervision.forCleanup(in: folder, runtime: handler)
        let runtime = RunFolders(state: state).ociRuntime(supervision, log: log)
        try run(container: container, folder: folder, runtime: runtime, network: network)
    }

    static func run(
        container: ContainerID, folder: String, runtime: any OCIRuntime, network: ContainerNetwork
    ) throws {
        try runtime.delete(container)
        try network.detach(folder)
        let supervision = try Supervision.forCleanup(in: folder)
        try supervision.rootfs?.unmount()
        try supervision.namespaces?.remove()
        try supervision.joinedNetwork?.remove()
    }

    /// As `run`, for a container whose shim is gone: also removes the shim's run folder, and writes down
    /// that the container has ended. The caller holds the container's lock.
    /// - Parameters:
    ///   - handler: as of `run`.
    ///   - isRemoved: the folder is about to go: a full disk, which may be the reason, is none to stop.
    /// - Returns: the status as it is now.
    @discardableResult
    public static func afterLostShim(
        container: ContainerID, folder: String, state: String, network: ContainerNetwork = .none,
        handler: RuntimeHandler? = nil, log: Log, isRemoved: Bool = false
    ) throws -> LiveStatus {
        try run(
            container: container, folder: folder, state: state, network: network, handler: handler, log: log)
        RunFolders(state: state).removeShim(container.text)
        let bootID = try BootID.current()
        var status = try LiveStatus.current(in: folder) ?? LiveStatus(bootID: bootID)
        if status.phase == .exited { status.finishedAt = status.finishedAt ?? .now }
        status.process = nil
        status.shim = nil
        status.bootID = bootID
        do throws(KernelError) {
            try status.write(in: folder)
        } catch {
            if !isRemoved || error.errno != .noSpace { throw error }
        }
        return status
    }
}
