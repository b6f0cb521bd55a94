import ContainerCLI
import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

extension PodEngine {
    /// Runs a container's program.
    /// - Throws: `wrongState` for one that runs or has run; `refused` with the reason when it cannot be executed. Then
    ///   the container has ended, and its status says why.
    public func startContainer(_ word: String) async throws {
        let container = try registry.container(word)
        let sandbox = try registry.sandbox(container.record.sandboxID)
        let connection = try connection(of: sandbox)
        try await container.lock.withLock {
            // It was removed meanwhile, or its pod is being stopped.
            _ = try registry.container(container.id)
            guard sandbox.record.phase == .ready else {
                throw EngineError(.wrongState, "sandbox \(sandbox.id) is not ready")
            }
            let live = try container.live()
            guard live.phase == .created, live.process == nil else {
                throw EngineError(
                    .wrongState, "container \(container.id) is \(live.phase.rawValue), not created")
            }
            try await start(container, of: sandbox, connection)
        }
    }

    private func start(
        _ container: ContainerEntry, of sandbox: SandboxEntry, _ connection: ShimConnection
    ) async throws {
        do {
            defer { container.noteChange() }
            _ = try await connection.call(
                .start(container: container.id, folder: container.folder),
                milliseconds: ShimPatience.work)
        } catch let error as ShimError {
            let failure = explained(error, container, "start")
            guard sandbox.record.phase != .ready else { throw failure }
            throw EngineError(
                .wrongState, "sandbox \(sandbox.id) was stopped meanwhile: \(failure.message)")
        }
        container.setHeard(true)
        // Whoever listens after the answer is not told any more.
        if container.isFirstStart() { events.tell(.started, container.id, sandbox: sandbox.id) }
    }

    /// Ends a container: its stop signal, and after the time SIGKILL. One that does not run, or is gone, is no error.
    /// - Parameter timeout: seconds.
    /// - Throws: `timedOut` when it does not end even after SIGKILL; it can be tried again.
    public func stopContainer(_ word: String, timeout: Int64) async throws {
        guard let container = try registry.containerIfThere(word) else { return }
        let live = try container.live()
        guard [.running, .paused].contains(live.phase) || live.isDamaged else { return }
        if let connection = try await connectionToEnd(container),
            try await stop(container, connection, timeout: timeout)
        {
            return
        }
        // Its pod is being stopped, which has ended it; else the shim is lost.
        try await container.lock.withLock { try await finishAlone(container) }
    }

    /// - Returns: false when the shim is gone.
    private func stop(
        _ container: ContainerEntry, _ connection: ShimConnection, timeout: Int64
    ) async throws -> Bool {
        let seconds = Int(clamping: max(0, timeout))
        do {
            _ = try await connection.call(
                .stop(
                    container: container.id, signal: seconds == 0 ? SIGKILL : nil,
                    timeout: min(seconds, 1 << 30)),
                milliseconds: Int(clamping: Int64(min(seconds, 1 << 30)) * 1000) + settings.killTime)
        } catch ShimError.failed(let failure)
            where failure.kind == .notFound || failure.kind == .wrongState
        {
            // It has ended by itself.
        } catch ShimError.gone {
            return false
        } catch ShimError.timedOut {
            throw EngineError(
                .timedOut,
                "container \(container.id) does not end: a process of it hangs in the kernel, or its shim does"
            )
        } catch let error as ShimError {
            throw explained(error, container, "stop")
        }
        container.noteChange()
        return true
    }

    /// Removes a container; one that runs is killed first, one that is gone is no error.
    public func removeContainer(_ word: String) async throws {
        guard let container = try registry.containerIfThere(word) else { return }
        // One that has ended goes without its shim, which may not answer. Others' before the container's lock, which
        // those wait for who have the pod's.
        if try container.isUnfinished && !container.hasEnded { _ = try await connectionToEnd(container) }
        try await removeIfThere(container)
    }

    /// Somebody else may remove it meanwhile.
    func removeIfThere(_ container: ContainerEntry) async throws {
        try await container.lock.withLock {
            guard registry.has(container: container.id) else { return }
            let sandbox = try registry.sandboxIfThere(container.record.sandboxID)
            try await remove(container, connection: sandbox?.connection)
        }
    }

    /// - Parameter connection: nil where there is no shim, or one that does not answer.
    func remove(_ container: ContainerEntry, connection: ShimConnection?) async throws {
        // Nothing is removed from under a process.
        if try container.isUnfinished {
            if let connection {
                do {
                    try await end(container, connection)
                } catch let error as EngineError where error.kind == .timedOut {
                    guard try container.hasEnded else { throw error }
                    try await cleanUpAlone(container)
                }
            } else {
                try await cleanUpAlone(container)
            }
        }
        try await removeFiles(of: container)
    }

    /// And its record with them. Nothing of it runs.
    private func removeFiles(of container: ContainerEntry) async throws {
        // Nobody's time is limited here: who asks again waits for the same lock, and its files are on our own disk. Nor
        // does it wait for what hangs at the making of the pod's other containers.
        try await guardedThreads.run(for: "removal of " + container.record.sandboxID, milliseconds: nil) {
            [layout, database] in
            let folder = container.folder
            let store = ContainerStore(layout.state)
            if let definition = try store.definition(container.id) { try store.forget(definition) }
            try Self.unmount(folder, container.record.mounts)
            // The record goes last: a start after our end finds what is left by it.
            try removeTree(folder)
            try database.removeContainer(container.id)
        }
        registry.removeContainer(container.id)
        registry.free(Self.reservedName(container.record), of: container.id)
        events.tell(.deleted, container.id, sandbox: container.record.sandboxID)
    }

    /// Takes away what is mounted in a container's folder.
    static func unmount(_ folder: String, _ mounts: [String]) throws(KernelError) {
        for path in mounts + [folder + "/rootfs"] {
            while umount2(path, Int32(MNT_DETACH)) == 0 {}
            if ![.invalidArgument, .noEntry].contains(Errno.current) { throw KernelError("unmount", path) }
        }
    }

    /// Changes a container's limits.
    public func update(_ word: String, resources: RuntimeSpec.Resources) async throws {
        let container = try registry.container(word)
        let connection = try connection(of: try registry.sandbox(container.record.sandboxID))
        do {
            _ = try await connection.call(
                .update(container: container.id, resources), milliseconds: ShimPatience.work)
        } catch let error as ShimError {
            throw explained(error, container, "update")
        }
    }

    /// Goes on in a new file of the log's name, after somebody has moved the old one.
    public func reopenLog(_ word: String) async throws {
        let container = try registry.container(word)
        guard try container.live().phase == .running else {
            throw EngineError(.wrongState, "container \(container.id) is not running")
        }
        let connection = try connection(of: try registry.sandbox(container.record.sandboxID))
        do {
            _ = try await connection.call(.reopenLog(container: container.id))
        } catch let error as ShimError {
            throw explained(error, container, "reopen the log of")
        }
    }

    func explained(_ error: ShimError, _ container: ContainerEntry, _ what: String) -> EngineError {
        switch error {
        case .failed(let failure):
            let kind: EngineError.Kind =
                switch failure.kind {
                case .notFound: .notFound
                case .wrongState: .wrongState
                case .timedOut: .timedOut
                case .badRequest: .invalid
                case .commandNotFound, .commandNotExecutable, .refused: .refused
                }
            return EngineError(kind, failure.message)
        case .timedOut:
            container.state.withLock { $0.isUnresponsive = true }
            return EngineError(.timedOut, "\(what) container \(container.id): \(error)")
        case .gone where (try? registry.sandbox(container.record.sandboxID))?.record.phase != .ready:
            return EngineError(
                .wrongState, "\(what) container \(container.id): its sandbox was stopped")
        default:
            return EngineError(.unavailable, "\(what) container \(container.id): \(error)")
        }
    }
}
