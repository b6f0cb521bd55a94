import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel

/// How a container is to be written down, and where.
public struct CheckpointOrder: Sendable {
    /// The archive, an absolute path in a folder that is there; what has its name is replaced.
    public var location: String
    /// For all of it; 0: ten minutes.
    public var seconds: Int64
    /// Documents that go into the archive beside what the engine knows, by their names.
    public var documents: [String: [UInt8]]

    public init(location: String, seconds: Int64, documents: [String: [UInt8]]) {
        self.location = location
        self.seconds = seconds
        self.documents = documents
    }
}

extension PodEngine {
    private static let longestCheckpoint: Int64 = 600

    /// Writes a running container into an archive: its processes, what it changed of its root, its configuration and
    /// its log. It stands still meanwhile, so that all of these are of one moment, and goes on afterwards.
    ///
    /// Whoever asked waits no longer than he wants to, but criu is never cut off: processes that it has its hands in
    /// would end. So the container may stand still somewhat longer than that, and another checkpoint waits for it.
    /// - Throws: `timedOut`, and what criu says; then the container goes on and there is no archive.
    public func checkpoint(_ word: String, _ order: CheckpointOrder) async throws {
        let container = try registry.container(word)
        let sandbox = try registry.sandbox(container.record.sandboxID)
        let connection = try connection(of: sandbox)
        let seconds =
            order.seconds > 0 ? min(order.seconds, Self.longestCheckpoint) : Self.longestCheckpoint
        let archive = CheckpointArchive(
            container: container.id, folder: container.folder, order: order,
            log: container.record.logPath, spec: sandbox.record.spec,
            deadline: monotonicMilliseconds() + Int(seconds) * 1000)
        let outcome = AsyncStream<Result<Void, any Error>>.makeStream()
        Task {
            do {
                try await container.lock.withLock { try await write(archive, of: container, connection) }
                outcome.continuation.yield(.success(()))
            } catch {
                outcome.continuation.yield(.failure(error))
            }
        }
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            outcome.continuation.yield(.failure(archive.lateness))
        }
        defer { timer.cancel() }
        for await result in outcome.stream { return try result.get() }
        throw CancellationError()
    }

    private func write(
        _ archive: CheckpointArchive, of container: ContainerEntry, _ connection: ShimConnection
    ) async throws {
        // Left standing still by a checkpoint that could not let it go on.
        if access(archive.work, F_OK) == 0 { try await resume(container, connection) }
        let phase = try container.live().phase
        guard phase == .running || phase == .paused else {
            throw EngineError(.wrongState, "container \(container.id) is not running")
        }
        do {
            try await threads.run { try archive.begin() }
            try await standingStill(container, connection, isPaused: phase == .paused) {
                try await dump(container, connection, archive)
                try await threads.runAlone { try archive.collect() }
            }
            try await threads.runAlone { try archive.write() }
        } catch {
            // One that could not be let go on is found by its folder, by the next engine.
            if try phase == .paused || container.live().phase != .paused { await discard(archive) }
            throw error
        }
        await discard(archive)
    }

    /// What cannot be removed now goes with the next checkpoint, or with the container.
    private func discard(_ archive: CheckpointArchive) async {
        do {
            try await threads.run { try archive.discard() }
        } catch {
            logger.warning(
                "what a checkpoint was made from is left",
                metadata: ["container": "\(archive.container)", "error": "\(error)"])
        }
    }

    private func dump(
        _ container: ContainerEntry, _ connection: ShimConnection, _ archive: CheckpointArchive
    ) async throws {
        try archive.checkTime()
        let request = CheckpointRequest(imagePath: archive.images, workPath: archive.work)
        do {
            // As long as the shim itself allows; the rest is for one that hangs.
            _ = try await connection.call(
                .checkpoint(container: container.id, request),
                milliseconds: Int(Self.longestCheckpoint) * 1000 + settings.killTime)
        } catch let error as ShimError {
            throw explained(error, container, "checkpoint")
        }
    }

    private func standingStill(
        _ container: ContainerEntry, _ connection: ShimConnection, isPaused: Bool,
        _ body: () async throws -> Void
    ) async throws {
        if isPaused { return try await body() }
        do {
            _ = try await connection.call(.pause(container: container.id))
            container.noteChange()
        } catch let error as ShimError {
            throw explained(error, container, "pause")
        }
        do {
            try await body()
        } catch {
            try await resume(container, connection)
            throw error
        }
        try await resume(container, connection)
    }

    private func resume(_ container: ContainerEntry, _ connection: ShimConnection) async throws {
        defer { container.noteChange() }
        do {
            _ = try await connection.call(.resume(container: container.id))
        } catch ShimError.failed(let failure) where failure.kind == .wrongState {
            // It has ended.
        } catch let error as ShimError {
            throw explained(error, container, "resume")
        }
    }

    /// After a start: lets a container go on that an engine left standing still when it ended, once criu is through
    /// with it. Nobody waits for that.
    func finishCheckpoint(of container: ContainerEntry, _ connection: ShimConnection) {
        guard access(CheckpointArchive.work(in: container.folder), F_OK) == 0 else { return }
        Task {
            await container.lock.withLock {
                let deadline = ContinuousClock.now + .seconds(Self.longestCheckpoint)
                while true {
                    do {
                        try await resume(container, connection)
                        return try await threads.run { try CheckpointArchive.discard(in: container.folder) }
                    } catch let error as EngineError where error.kind == .timedOut && .now < deadline {
                        // criu still has it.
                    } catch {
                        return logger.error(
                            "a container stands still that was written into a checkpoint",
                            metadata: container.about(error))
                    }
                }
            }
        }
    }
}
