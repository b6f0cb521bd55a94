import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

// Starting, stopping and asking: what goes through a container's shim.

extension Engine {
    /// Starts the container's shim, or finds it, and connects to it.
    func launchShim(of container: ContainerDefinition) throws -> ShimClient {
        let folders = layout.runFolders
        let folder = layout.container(container.id)
        if try status(of: container).isSupervised, let shim = try shim(of: container) { return shim }
        if container.isDamaged {
            throw UsageError(
                "\(folder)/\(ContainerDefinition.fileName) is damaged: container \(container.name) can only be removed"
            )
        }
        try trace.step("launch shim") {
            try clearLostShim(of: container)
            _ = try ShimLauncher.launch(container: container.id, folder: folder, state: folders.state)
        }
        return try trace.step("connect to shim") { try ShimClient(state: folders.state, shim: container.id) }
    }

    /// Starts a container in the background.
    /// - Parameters:
    ///   - made: by this program just now.
    ///   - held: what keeps it from being pruned, and is released then.
    public func start(
        _ container: ContainerDefinition, made: MadeContainer? = nil, held: KeptFolder? = nil
    ) throws {
        let held = try made?.held ?? held ?? prepareStart(of: container)
        defer { held.release() }
        var shim = try launchShim(of: container)
        try trace.step("start container") { _ = try shim.start(container.id) }
    }

    /// Stops a container and starts it again. Nobody prunes it in between.
    public func restart(_ container: ContainerDefinition, signal: Int32?, timeout: Int?) throws {
        let held = try prepareStart(of: container)
        defer { held.release() }
        try stop(container, signal: signal, timeout: timeout)
        try startIfStopped(container, held: held)
    }

    /// One that was just made has the AppArmor profile that there is, and is held already.
    /// - Returns: what keeps it from being pruned until it runs.
    private func prepareStart(of container: ContainerDefinition) throws -> KeptFolder {
        try settleProfile(of: container)
        guard let held = try KeptFolder.hold(layout.container(container.id)) else {
            throw UsageError("no such container: \(container.name)")
        }
        return held
    }

    /// Starts a container and stays attached to it until it ends or the user detaches.
    /// - Parameter made: by this program just now.
    public func run(
        _ container: ContainerDefinition, _ options: SessionOptions, made: MadeContainer? = nil
    ) throws -> SessionEnd {
        let held = try made?.held ?? prepareStart(of: container)
        var shim = try launchShim(of: container)
        let streams = try trace.step("attach") {
            try shim.attach(container.id, AttachOptions(stdin: options.input, lossless: true))
        }
        try trace.step("start container") { _ = try shim.start(container.id) }
        held.release()
        return try AttachSession(container: container.id, shim: shim, streams: streams, options: options)
            .run()
    }

    /// Attaches to a running container.
    public func attach(_ container: ContainerDefinition, _ options: SessionOptions) throws -> SessionEnd {
        var shim = try runningShim(of: container)
        let streams = try shim.attach(container.id, AttachOptions(stdin: options.input))
        return try AttachSession(container: container.id, shim: shim, streams: streams, options: options)
            .run()
    }

    /// Sends a signal to the first process of a running container. After SIGKILL it has ended, as with docker: who
    /// kills a container wants to remove it next.
    public func kill(_ container: ContainerDefinition, signal: Int32) throws {
        let before = try status(of: container)
        guard [.running, .paused].contains(before.phase) else {
            throw UsageError("container \(container.name) is not running")
        }
        var shim = try runningShim(of: container)
        try shim.kill(container.id, signal: signal)
        if signal == SIGKILL { try waitForEnd(of: container, since: before) }
    }

    /// How long a killed process may take to end, in milliseconds: one that waits for a disk ends only after that.
    private static let killPatience = 10_000

    /// - Parameter before: how it ran; its restart policy may start it again at once.
    private func waitForEnd(of container: ContainerDefinition, since before: LiveStatus) throws {
        let deadline = monotonicMilliseconds() + Self.killPatience
        while true {
            let status = try status(of: container)
            if ![.running, .paused].contains(status.phase) || status.startedAt != before.startedAt { return }
            if monotonicMilliseconds() > deadline {
                throw UsageError(
                    "container \(container.name) was killed and has not ended within \(Self.killPatience / 1000) s"
                )
            }
            usleep(2000)
        }
    }

    /// Stops a container and waits for its end; one that does not run is left as it is.
    /// - Parameters:
    ///   - signal: nil for the container's own.
    ///   - timeout: seconds before SIGKILL; nil for the container's own, negative for no limit.
    public func stop(_ container: ContainerDefinition, signal: Int32? = nil, timeout: Int? = nil) throws {
        let status = try status(of: container)
        guard try status.isSupervised, var shim = try shim(of: container) else {
            return try clearLostShim(of: container)
        }
        do throws(ShimError) {
            _ = try shim.stop(container.id, signal: signal, timeout: timeout)
        } catch {
            // It ended by itself just now.
            if case .gone = error { return }
            if case .failed(let failure) = error, failure.kind == .wrongState { return }
            throw error
        }
    }

    /// Waits for the end of a container.
    /// - Returns: its exit code; at once for one that does not run.
    public func wait(_ container: ContainerDefinition) throws -> Int32 {
        guard try status(of: container).isSupervised, var shim = try shim(of: container) else {
            // Read after the shim's end.
            return try status(of: container).exitCode ?? 0
        }
        do throws(ShimError) {
            return try shim.wait(container.id).exitCode
        } catch {
            guard case .gone = error else { throw error }
            return try self.status(of: container).exitCode ?? LiveStatus.unknownExitCode
        }
    }

    public func pause(_ container: ContainerDefinition) throws {
        var shim = try runningShim(of: container)
        try shim.pause(container.id)
    }

    public func unpause(_ container: ContainerDefinition) throws {
        var shim = try runningShim(of: container)
        try shim.resume(container.id)
    }

    // MARK: Containers whose shim is gone

    /// Ends and removes what a run has left whose shim died. Nothing is done for a container whose shim lives.
    func clearLostShim(of container: ContainerDefinition) throws {
        let folder = layout.container(container.id)
        guard let found = try LiveStatus.found(in: folder), found.shim != nil || found.isDamaged else {
            return
        }
        let lock: ContainerLock?
        do throws(KernelError) {
            lock = try ContainerLock.take(folder: folder, milliseconds: ContainerLock.glance)
        } catch {
            // Its holder has removed the container.
            if error.errno == .noEntry { return }
            throw error
        }
        // Who has it longer than for a look is a new shim, or clears already.
        guard let lock else { return }
        try cleanUp(container)
        _ = consume lock
    }

    // MARK: Removing

    /// Removes a container that does not run, and that nobody is about to start.
    /// - Returns: the bytes that it had written; nil for one that stays.
    public func prune(_ container: ContainerDefinition) throws -> Int64? {
        guard case .free(let claim) = try KeptFolder.claim(layout.container(container.id)) else { return nil }
        defer { claim.release() }
        guard try store.definition(container.id) != nil, try !status(of: container).writes else { return nil }
        let bytes = try layerUsage(of: container)?.bytes ?? 0
        try remove(container, force: false, volumes: false)
        return bytes
    }

    /// Removes a container with what it wrote.
    /// - Parameters:
    ///   - force: a running one is killed.
    ///   - volumes: its anonymous volumes go, too.
    public func remove(_ container: ContainerDefinition, force: Bool, volumes removesVolumes: Bool) throws {
        let status = try status(of: container)
        let lives = [.running, .paused, .restarting].contains(status.phase)
        if lives, !force {
            throw UsageError(
                "container \(container.name) is \(status.phase.rawValue): stop it first, or remove it by force"
            )
        }
        if try status.isSupervised || status.isDamaged, var shim = try shim(of: container) {
            do throws(ShimError) {
                try shim.delete(container.id, force: force, removeFolder: true)
            } catch {
                guard case .gone = error else { throw error }
            }
        }
        try removeFolder(of: container)
        try store.forget(container)
        try container.storage?.forget(at: layout.containers)
        if removesVolumes {
            for name in container.anonymousVolumes {
                // One that others share goes with the last of them.
                _ = try volumes.remove(name) { try user(ofVolume: name) }
            }
        }
    }

    /// How long a shim that is ending, or whoever else works on the container, may keep the lock, in milliseconds.
    static let lockPatience = 10_000

    /// What the shim did not remove, because there is none or it has died.
    private func removeFolder(of container: ContainerDefinition) throws {
        let folder = layout.container(container.id)
        let deadline = monotonicMilliseconds() + Self.lockPatience
        while access(folder, F_OK) == 0 {
            let lock: ContainerLock?
            do throws(KernelError) {
                lock = try ContainerLock.tryTake(folder: folder)
            } catch {
                if error.errno == .noEntry { return }
                throw error
            }
            if let lock {
                try cleanUp(container, isRemoved: true)
                // First the definition: from here on the container is gone, whatever happens to us.
                unlink(folder + "/" + ContainerDefinition.fileName)
                try removeTree(folder)
                _ = consume lock
                return
            }
            if monotonicMilliseconds() > deadline {
                throw UsageError("container \(container.name) is being worked on by another program")
            }
            usleep(2000)
        }
    }
}
