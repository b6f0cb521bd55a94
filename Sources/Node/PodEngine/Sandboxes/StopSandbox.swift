import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel

// From a pod that is ready to nothing.
extension PodEngine {
    /// Ends all containers of a sandbox and gives its network and namespaces back. One that is stopped is left alone;
    /// one that is gone is no error.
    public func stopSandbox(_ word: String) async throws {
        guard let entry = try registry.sandboxIfThere(word) else { return }
        try await entry.lock.withLock {
            if try await isTakenDown(entry) { return }
            try await takeDown(entry)
            events.tell(.stopped, entry.id, sandbox: entry.id)
        }
    }

    /// Removes a sandbox with its containers; a ready one is stopped first. One that is gone is no error.
    public func removeSandbox(_ word: String) async throws {
        guard let entry = try registry.sandboxIfThere(word) else { return }
        try await entry.lock.withLock {
            if try await !isTakenDown(entry) { try await takeDown(entry) }
            for container in registry.containers(of: entry.id) {
                try await container.lock.withLock { try await remove(container, connection: nil) }
            }
            try await forget(entry)
        }
        events.tell(.deleted, entry.id, sandbox: entry.id)
    }

    private func isTakenDown(_ entry: SandboxEntry) async throws -> Bool {
        let record = entry.record
        return record.phase == .stopped && record.network == nil && entry.connection == nil
    }

    /// Undoes what makes a sandbox ready. Each step can be repeated: what fails leaves it on record, to be tried again.
    func takeDown(_ entry: SandboxEntry) async throws {
        let stopped = entry.state.withLock { state in
            state.record.phase = .stopped
            return state.record
        }
        try await threads.run { [database] in try database.save(stopped) }
        if entry.connection == nil { try await findShim(of: entry) }
        for container in registry.containers(of: entry.id) {
            try await endForGood(container, entry.connection)
        }
        if let network = stopped.network {
            let work: @Sendable () throws -> Void = { [networks] in
                try networks.disconnect(entry.id, network)
            }
            switch network.maker {
            case .builtin: try await threads.run(work)
            case .cni: try await threads.runAlone(work)
            }
        }
        try await endShim(of: entry)
        guard stopped.network != nil else { return }
        let done = entry.state.withLock { state in
            state.record.network = nil
            return state.record
        }
        try await threads.run { [database] in try database.save(done) }
    }

    /// Kills what runs in a container, and leaves how it ended where it can be read.
    private func endForGood(_ container: ContainerEntry, _ connection: ShimConnection?) async throws {
        guard try container.live().shim != nil || container.live().process != nil else { return }
        guard let connection else { return try await cleanUpAlone(container) }
        do {
            _ = try await connection.call(
                .delete(container: container.id, force: true, removeFolder: false),
                milliseconds: settings.killTime)
        } catch ShimError.failed(let failure) where failure.kind == .notFound {
            // It was never started, or is removed from the shim already.
        } catch ShimError.gone {
            try await cleanUpAlone(container)
        } catch ShimError.timedOut {
            throw EngineError(
                .timedOut, "container \(container.id) does not end within \(settings.killTime) ms")
        }
        container.noteChange()
    }

    /// For a container whose shim is gone: ends and removes what is left of it, and writes down that it has ended.
    func cleanUpAlone(_ container: ContainerEntry) async throws {
        try await threads.runAlone { [layout] in
            guard let lock = try ContainerLock.tryTake(folder: container.folder) else {
                throw EngineError(.wrongState, "container \(container.id) is in use by another process")
            }
            try ContainerCleanup.afterLostShim(
                container: try ContainerID(container.id), folder: container.folder, state: layout.run.state,
                log: Log())
            _ = consume lock
        }
        container.noteChange()
    }

    /// Ends the shim and what it has pinned.
    private func endShim(of entry: SandboxEntry) async throws {
        let (connection, pid) = entry.state.withLock { ($0.connection, $0.shimPID) }
        if let connection {
            do {
                _ = try await connection.call(.shutdown, milliseconds: settings.killTime)
            } catch ShimError.gone {
                // It ended between the question and the answer.
            }
            connection.close()
        }
        let folder = layout.sandbox(entry.id)
        registry.containers(of: entry.id).forEach { $0.setHeard(false) }
        try await threads.run { [layout] in
            if let pid { try Self.reap(pid) }
            try PodCleanup.run(folder: folder, state: layout.run.state)
            try SandboxFiles.unmount(folder)
        }
        entry.state.withLock {
            $0.connection = nil
            $0.shimPID = nil
        }
    }

    /// Connects to a shim that nobody has told to end: of an engine that was killed while it made the pod, say.
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
            }
        }
        throw EngineError(.timedOut, "the shim of sandbox \(entry.id) does not answer")
    }

    /// Waits for the end of a shim that was told to end, and has the lock until then. Shims that this program has
    /// started are its children, and those of an earlier one are not.
    private static func reap(_ pid: Int32) throws {
        do throws(KernelError) {
            _ = try ProcessHandle.open(pid).waitForEnd(milliseconds: 1000)
        } catch {
            if error.errno != .noProcess { throw error }
        }
        waitpid(pid, nil, WNOHANG)
    }

    /// Removes the sandbox's folder, its group and its record.
    func forget(_ entry: SandboxEntry) async throws {
        let record = entry.record
        let isLast = registry.sandboxes.allSatisfy { $0.id == entry.id }
        try await threads.run { [layout, database, settings] in
            let folder = layout.sandbox(record.id)
            try PodCleanup.run(folder: folder, state: layout.run.state)
            try SandboxFiles.unmount(folder)
            try removeTree(folder)
            if record.spec.cgroupParent.isEmpty {
                try PodCgroup(parent: record.cgroupParent).remove()
            }
            // The shim that has made it may have gone before others.
            if isLast, let shims = settings.shimCgroup { try PodCgroup(parent: shims).removeIfUnused() }
            try database.removeSandbox(record.id)
        }
        registry.removeSandbox(entry.id)
        registry.free("sandbox " + record.spec.reservedName, of: entry.id)
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
            logger.error("the shim of a sandbox is gone", metadata: ["sandbox": "\(entry.id)"])
            do {
                for container in registry.containers(of: entry.id) where try container.isUnfinished {
                    try await cleanUpAlone(container)
                    if container.isFirstEnd() { events.tell(.stopped, container.id, sandbox: entry.id) }
                }
                let record = entry.record
                try await threads.run { [database] in try database.save(record) }
                try await endShim(of: entry)
            } catch {
                logger.error(
                    "a lost sandbox could not be cleaned up",
                    metadata: ["sandbox": "\(entry.id)", "error": "\(error)"])
            }
            events.tell(.stopped, entry.id, sandbox: entry.id)
        }
    }
}

extension ContainerEntry {
    /// Something of it may still be there that its shim should have removed.
    var isUnfinished: Bool {
        get throws {
            let written = try LiveStatus.written(in: folder)
            return written?.shim != nil || written?.process != nil
        }
    }
}
