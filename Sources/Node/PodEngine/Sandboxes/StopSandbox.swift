import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import Logging
import PodNetwork

// From a pod that is ready to nothing.
extension PodEngine {
    /// Ends all containers of a sandbox and gives its network and namespaces back. One that is stopped is left alone;
    /// one that is gone is no error.
    public func stopSandbox(_ word: String) async throws {
        guard let entry = try registry.sandboxIfThere(word) else { return }
        try await entry.lock.withLock {
            if entry.isTakenDown { return }
            try await takeDown(entry)
            events.tell(.stopped, entry.id, sandbox: entry.id)
        }
    }

    /// Removes a sandbox with its containers; a ready one is stopped first. One that is gone is no error.
    public func removeSandbox(_ word: String) async throws {
        guard let entry = try registry.sandboxIfThere(word) else { return }
        try await entry.lock.withLock {
            // Somebody else may have removed it meanwhile.
            guard registry.has(sandbox: entry.id) else { return }
            if !entry.isTakenDown { try await takeDown(entry) }
            for container in registry.containers(of: entry.id) { try await removeIfThere(container) }
            try await forget(entry)
            events.tell(.deleted, entry.id, sandbox: entry.id)
        }
    }

    /// Undoes what makes a sandbox ready. Each step can be repeated: what fails leaves it on record, to be tried again.
    func takeDown(_ entry: SandboxEntry) async throws {
        let stopped = try await endContainers(of: entry)
        if let network = stopped.network {
            let paths = SandboxFiles.namespaces(stopped.spec, layout.sandbox(entry.id))
            let work: @Sendable () throws -> Void = { [self] in
                try disconnect(entry.id, network, pod: (stopped.spec, paths.network ?? ""))
            }
            switch network.maker {
            case .builtin: try await threads.run(work)
            case .cni: try await threads.runAlone(work)
            }
        }
        try await endShim(of: entry)
        if stopped.network != nil {
            let done = entry.state.withLock { state in
                state.record.network = nil
                return state.record
            }
            try await threads.run { [database] in try database.save(done) }
        }
        entry.state.withLock { $0.isTakenDown = true }
    }

    /// Disconnects a pod; one that is not connected is no error.
    func disconnect(_ id: String, _ network: NetworkOfPod, pod: (SandboxSpec, namespace: String)?) throws {
        try networks.disconnect(id, network, pod: pod) { self.tell($0, ["pod": "\(id)"]) }
    }

    func tell(_ remark: PodNetworks.Remark, _ metadata: Logger.Metadata = [:]) {
        let (message, error): (Logger.Message, any Error) =
            switch remark {
            case .pluginIsGone(let error):
                (
                    "what a network plugin has given away stays so: it is gone, and the network does not name it any more",
                    error
                )
            case .otherConfiguration(let error):
                (
                    "disconnected by the network's present configuration: the one that it was connected by fails",
                    error
                )
            }
        logger.warning(message, metadata: metadata.merging(["error": "\(error)"]) { $1 })
    }

    /// The first part of it: it is not ready any more, and nothing runs in it.
    /// - Returns: its record.
    func endContainers(of entry: SandboxEntry) async throws -> SandboxRecord {
        let stopped = entry.state.withLock { state in
            state.record.phase = .stopped
            return state.record
        }
        try await threads.run { [self] in
            try database.save(stopped)
            // The shim, too, reads it once more at the pod's end.
            try mendPodFile(of: stopped)
        }
        if entry.connection == nil { try await findShim(of: entry) }
        if entry.connection == nil, hasLostPlace(stopped) {
            try await threads.runAlone { [self] in try endWithoutPlace(stopped) }
        }
        for container in registry.containers(of: entry.id) {
            try await endForGood(container, entry.connection)
        }
        return stopped
    }

    /// Kills what runs in a container, and leaves how it ended where it can be read.
    private func endForGood(_ container: ContainerEntry, _ connection: ShimConnection?) async throws {
        guard let connection else { return try await finishAlone(container) }
        // One that is just being started has written nothing of that yet: the shim knows, and waits for it.
        if try container.isUnfinished || container.live().phase == .created {
            try await end(container, connection)
        }
    }

    /// Has a container's shim kill it, clean up after it and forget it.
    func end(_ container: ContainerEntry, _ connection: ShimConnection) async throws {
        do {
            _ = try await connection.call(
                .delete(container: container.id, force: true, removeFolder: false),
                milliseconds: settings.killTime)
        } catch ShimError.failed(let failure) where failure.kind == .notFound {
            // It was never started, or is removed from the shim already.
        } catch ShimError.gone {
            // Its pod is being stopped, which has ended it; else the shim is lost.
            try await finishAlone(container)
        } catch ShimError.timedOut {
            throw EngineError(
                .timedOut, "container \(container.id) does not end within \(settings.killTime) ms")
        } catch let error as ShimError {
            throw explained(error, container, "end")
        }
        container.noteChange()
    }

    /// Sees to it that a container has ended whose shim is gone.
    func finishAlone(_ container: ContainerEntry) async throws {
        container.noteChange()
        if try container.isUnfinished { try await cleanUpAlone(container) }
    }

    /// For a container whose shim is gone: ends and removes what is left of it, and writes down and tells that it has
    /// ended. Of one that has ended already, the shim may be there: it does nothing with it any more but hold its lock,
    /// and may not even answer.
    func cleanUpAlone(_ container: ContainerEntry) async throws {
        let handler = handler(of: container)
        try await threads.runAlone { [layout] in
            let (id, folder, state) = (try ContainerID(container.id), container.folder, layout.run.state)
            if try container.hasEnded {
                return try ContainerCleanup.run(
                    container: id, folder: folder, state: state, handler: handler, log: Log())
            }
            guard let lock = try ContainerLock.take(folder: folder) else {
                throw EngineError(.wrongState, "container \(id) is in use by another process")
            }
            try ContainerCleanup.afterLostShim(
                container: id, folder: folder, state: state, handler: handler, log: Log())
            _ = consume lock
        }
        container.noteChange()
        tellEnd(of: container)
    }

    /// Tells listeners that a container has ended, if it has, as far as that can be read, and they do not know it.
    func tellEnd(of container: ContainerEntry) {
        guard (try? container.hasEnded) == true, container.isFirstEnd() else { return }
        events.tell(.stopped, container.id, sandbox: container.record.sandboxID)
    }

    /// Ends the shim and what it has pinned.
    private func endShim(of entry: SandboxEntry) async throws {
        let (connection, pid) = entry.state.withLock { ($0.connection, $0.shimPID) }
        if let connection {
            try await shutDown(connection, of: entry)
            connection.close()
        }
        let folder = layout.sandbox(entry.id)
        registry.containers(of: entry.id).forEach { $0.setHeard(false) }
        let handler = settings.knownRuntime(of: entry.record)
        try await threads.run { [layout] in
            if let pid { try Self.reap(pid) }
            try PodCleanup.run(folder: folder, state: layout.run.state, handler: handler)
            try SandboxFiles.unmount(folder)
        }
        entry.state.withLock {
            $0.connection = nil
            $0.shimPID = nil
        }
    }

    /// Tells a shim to end. It refuses as long as a container lives: one whose start was under way when the others were
    /// ended.
    private func shutDown(_ connection: ShimConnection, of entry: SandboxEntry) async throws {
        for attempt in 1... {
            do {
                _ = try await connection.call(.shutdown, milliseconds: settings.killTime)
                return
            } catch ShimError.gone {
                // It ended between the question and the answer.
                return
            } catch ShimError.timedOut {
                throw Self.noAnswer(of: entry)
            } catch ShimError.failed(let failure) where failure.kind == .wrongState && attempt < 4 {
                for container in registry.containers(of: entry.id) { try await end(container, connection) }
            }
        }
    }

    /// Connects to a shim that nobody has told to end: of an engine that was killed while it made the pod, say.
    /// - Throws: `timedOut` when it does not answer.
    private func findShim(of entry: SandboxEntry) async throws {
        let folder = layout.sandbox(entry.id)
        guard access(folder + "/" + PodSupervision.fileName, F_OK) == 0 else { return }
        // One that was just started may not listen yet.
        for _ in 0..<100 {
            // Who supervises the pod has its lock.
            if try ContainerLock.tryTake(folder: folder) != nil { return }
            do {
                return try await connect(entry)
            } catch ShimError.absent, ShimError.gone {
                try await Task.sleep(for: .milliseconds(50))
            } catch ShimError.timedOut {
                break
            }
        }
        throw Self.noAnswer(of: entry)
    }

    private static func noAnswer(of entry: SandboxEntry) -> EngineError {
        EngineError(.timedOut, "the shim of sandbox \(entry.id) does not answer")
    }

    /// For those who end a container: the connection to its pod's shim, also to one that did not answer at the start.
    /// - Returns: nil where there is no shim.
    func connectionToEnd(_ container: ContainerEntry) async throws -> ShimConnection? {
        guard let entry = try registry.sandboxIfThere(container.record.sandboxID) else { return nil }
        if entry.connection == nil, !entry.isTakenDown {
            try await entry.lock.withLock {
                guard entry.connection == nil, !entry.isTakenDown else { return }
                try await findShim(of: entry)
                noteAdoption(of: entry, isLate: true)
            }
        }
        return entry.connection
    }

    /// Waits for the end of a shim that was told to end, and has the lock until then. Shims that this program has
    /// started are its children, and those of an earlier one are not.
    private static func reap(_ pid: Int32) throws {
        do throws(KernelError) {
            _ = try ProcessHandle.open(pid).waitForEnd(milliseconds: ShimPatience.lastMoment)
        } catch {
            if error.errno != .noProcess { throw error }
        }
        waitpid(pid, nil, WNOHANG)
    }

    /// Removes the sandbox's folder, its group and its record.
    func forget(_ entry: SandboxEntry) async throws {
        let record = entry.record
        let isLast = registry.sandboxes.allSatisfy { $0.id == entry.id }
        try await threads.run { [self] in
            let folder = layout.sandbox(record.id)
            try mendPodFile(of: record)
            try PodCleanup.run(
                folder: folder, state: layout.run.state,
                handler: settings.knownRuntime(of: record))
            try SandboxFiles.unmount(folder)
            try removeTree(folder)
            if record.spec.cgroupParent.isEmpty {
                try PodCgroup(parent: record.cgroupParent).remove()
            }
            // The shim that has made it may have gone before others.
            if isLast { try leaveShimCgroup() }
            try database.removeSandbox(record.id)
        }
        registry.removeSandbox(entry.id)
        registry.free("sandbox " + record.spec.reservedName, of: entry.id)
    }

    /// Removes the group of all shims if nobody is in it.
    func leaveShimCgroup() throws {
        if let shims = settings.shimCgroup { try PodCgroup(parent: shims).removeIfUnused() }
    }

    /// The shim is gone without having been told to: its containers end with it, and the sandbox is not ready.
    func shimIsLost(of entry: SandboxEntry) async {
        await entry.lock.withLock {
            guard let connection = entry.connection else { return }
            connection.close()
            entry.state.withLock {
                $0.connection = nil
                $0.record.phase = .stopped
            }
            registry.containers(of: entry.id).forEach { $0.setHeard(false) }
            logger.error("the shim of a sandbox is gone", metadata: ["pod": "\(entry.id)"])
            do {
                for container in registry.containers(of: entry.id) { try await finishAlone(container) }
                let record = entry.record
                try await threads.run { [database] in try database.save(record) }
                try await endShim(of: entry)
                entry.state.withLock { $0.isTakenDown = record.network == nil }
            } catch {
                logger.error(
                    "a lost sandbox could not be cleaned up",
                    metadata: ["pod": "\(entry.id)", "error": "\(error)"])
            }
            events.tell(.stopped, entry.id, sandbox: entry.id)
        }
    }
}

extension ContainerEntry {
    /// Something of it may still be there that its shim should have removed.
    var isUnfinished: Bool {
        get throws {
            guard let found = try LiveStatus.found(in: folder) else { return false }
            return found.shim != nil || found.process != nil || found.isDamaged
        }
    }

    /// It has run, and its shim has cleaned up after it, and does nothing more with it by itself.
    var hasEnded: Bool {
        get throws {
            guard let found = try LiveStatus.found(in: folder) else { return false }
            return found.phase == .exited && found.process == nil && !found.isDamaged
        }
    }
}
