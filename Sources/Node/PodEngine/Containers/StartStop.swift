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
        let connection = try connection(of: try registry.sandbox(container.record.sandboxID))
        try await container.lock.withLock {
            let live = try container.live()
            guard live.phase == .created, live.process == nil else {
                throw EngineError(
                    .wrongState, "container \(container.id) is \(live.phase.rawValue), not created")
            }
            defer { container.noteChange() }
            do {
                _ = try await connection.call(
                    .start(container: container.id, folder: container.folder),
                    milliseconds: ShimClient.patiently)
            } catch let error as ShimError {
                throw explained(error, container, "start")
            }
            container.setHeard(true)
        }
    }

    /// Ends a container: its stop signal, and after the time SIGKILL. One that does not run, or is gone, is no error.
    /// - Parameter timeout: seconds.
    /// - Throws: `timedOut` when it does not end even after SIGKILL; it can be tried again.
    public func stopContainer(_ word: String, timeout: Int64) async throws {
        guard let container = try registry.containerIfThere(word) else { return }
        let live = try container.live()
        guard [.running, .paused].contains(live.phase) else { return }
        let sandbox = try registry.sandbox(container.record.sandboxID)
        guard let connection = sandbox.connection else { return try await cleanUpAlone(container) }
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
        } catch ShimError.timedOut {
            throw EngineError(
                .timedOut,
                "container \(container.id) does not end: a process of it hangs in the kernel, or its shim does"
            )
        } catch let error as ShimError {
            throw explained(error, container, "stop")
        }
        container.noteChange()
    }

    /// Removes a container; one that runs is killed first, one that is gone is no error.
    public func removeContainer(_ word: String) async throws {
        guard let container = try registry.containerIfThere(word) else { return }
        let sandbox = try registry.sandbox(container.record.sandboxID)
        try await container.lock.withLock {
            try await remove(container, connection: sandbox.connection)
        }
    }

    /// - Parameter connection: nil where there is no shim.
    func remove(_ container: ContainerEntry, connection: ShimConnection?) async throws {
        if let connection, try container.isUnfinished {
            do {
                _ = try await connection.call(
                    .delete(container: container.id, force: true, removeFolder: false),
                    milliseconds: settings.killTime)
            } catch ShimError.failed(let failure) where failure.kind == .notFound {
                // The shim has never had it.
            } catch ShimError.timedOut {
                throw EngineError(
                    .timedOut, "container \(container.id) does not end within \(settings.killTime) ms")
            } catch let error as ShimError {
                throw explained(error, container, "remove")
            }
        }
        try await threads.run { [layout, database] in
            let folder = container.folder
            if let definition = try ContainerDefinition.read(in: folder) {
                try ContainerStore(layout.state).forget(definition)
            }
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
                .update(container: container.id, resources), milliseconds: ShimClient.patiently)
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
        default:
            return EngineError(.unavailable, "\(what) container \(container.id): \(error)")
        }
    }
}
