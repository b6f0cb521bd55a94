import ContainerCLI
import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import Logging

// A new start: what is on record is compared with what is there.
extension PodEngine {
    /// Finds what an earlier engine has left: pods that live are taken over, what is half made is undone, and what
    /// ended unseen is marked so. A pod that hangs is not waited for (`recoverSandboxes`), nor are the plugins of networks.
    public func recover() async throws {
        let stored = try await threads.run { [database] in try database.load() }
        for record in stored.containers {
            registry.add(ContainerEntry(record, folder: layout.container(record.id)))
            reserve(Self.reservedName(record), for: record.id, what: "container")
        }
        for record in stored.sandboxes {
            registry.add(SandboxEntry(record))
            reserve("sandbox " + record.spec.reservedName, for: record.id, what: "sandbox")
        }
        try await threads.runAlone { [self] in
            try addUnrecorded(stored.unreadable)
            nameRuntimes()
            mendFiles()
            tellOfRoutesIntoPodRanges()
            // Whoever listens from now on finds them so.
            for container in registry.containers where (try? container.hasEnded) == true {
                _ = container.isFirstEnd()
            }
        }
        await recoverSandboxes()
        try await removeStrays()
        await collectNetworks()
        spares.prepare(afterMilliseconds: 0)
        logger.info(
            "recovered",
            metadata: [
                "sandboxes": "\(registry.sandboxes.count)",
                "ready": "\(registry.sandboxes.count { $0.connection != nil })",
                "containers": "\(registry.containers.count)",
            ])
    }

    private enum News {
        case recovered
        /// Nothing since so many were missing.
        case quiet(missing: Int)
    }

    /// Recovers all pods, and waits for them as long as there is progress. The others go on by themselves: until then
    /// they are not ready, and whether their containers run is unknown.
    private func recoverSandboxes() async {
        let entries = registry.sandboxes
        let (news, tell) = AsyncStream.makeStream(of: News.self)
        for entry in entries {
            Task {
                await entry.lock.withLock { await recover(entry) }
                tell.yield(.recovered)
            }
        }
        var missing = entries.count
        var received = news.makeAsyncIterator()
        while missing > 0 {
            let timer = Task { [missing] in
                try await Task.sleep(for: .milliseconds(ShimPatience.recovery))
                tell.yield(.quiet(missing: missing))
            }
            defer { timer.cancel() }
            switch await received.next() {
            case .recovered?: missing -= 1
            case .quiet(missing)?:
                return logger.warning(
                    "the daemon starts before some sandboxes are recovered: their shims do not answer, or a plugin",
                    metadata: ["sandboxes": "\(missing)"])
            // Of a timer that was cancelled too late.
            case .quiet?: continue
            case nil: return
            }
        }
    }

    private func recover(_ entry: SandboxEntry) async {
        let record = entry.record
        do {
            switch record.phase {
            case .making:
                try await takeDownLeftover(entry, forgets: true)
            case .ready where record.bootID == bootID:
                try await adopt(entry)
            case .unrecorded:
                try await adopt(entry)
            case .ready:
                // The machine was off meanwhile: nothing of it is there, but what plugins keep on the disk.
                try await takeDownLeftover(entry)
            case .stopped:
                // Its end may have been cut off in the middle.
                try await takeDownLeftover(entry)
            }
        } catch {
            // Until then it is not ready; whoever stops it asks the shim again.
            logger.warning(
                "a sandbox could not be recovered", metadata: ["pod": "\(entry.id)", "error": "\(error)"])
            if Self.mayPass(error) { adoptLater(entry) }
        }
    }

    /// For a shim that was stopped, or starved on a busy machine, when the engine started.
    private func adoptLater(_ entry: SandboxEntry) {
        Task { [weak self] in
            repeat {
                try await Task.sleep(for: .milliseconds(ShimPatience.nextLook))
            } while await self?.hasToWait(for: entry) == true
        }
    }

    /// Asks a shim once more.
    /// - Returns: whether it does not answer yet, and the pod is still wanted.
    private func hasToWait(for entry: SandboxEntry) async -> Bool {
        await entry.lock.withLock {
            guard entry.connection == nil, [.ready, .unrecorded].contains(entry.record.phase) else {
                return false
            }
            do {
                try await adopt(entry, isLate: true)
                return false
            } catch {
                if Self.mayPass(error) { return true }
                logger.warning(
                    "a sandbox could not be recovered",
                    metadata: ["pod": "\(entry.id)", "error": "\(error)"])
                return false
            }
        }
    }

    /// A shim that ended while we waited is found absent by the next look.
    private static func mayPass(_ error: any Error) -> Bool {
        switch error {
        case ShimError.timedOut, ShimError.gone: true
        default: false
        }
    }

    private func adopt(_ entry: SandboxEntry, isLate: Bool = false) async throws {
        let begun = ContinuousClock.now
        do {
            try await connect(entry)
        } catch ShimError.absent {
            try await takeDownLeftover(entry)
            // Somebody may listen by now.
            return events.tell(.stopped, entry.id, sandbox: entry.id)
        }
        noteAdoption(of: entry, isLate: isLate || .now - begun > .milliseconds(ShimPatience.recovery))
    }

    /// This engine has connected to the shim of a pod that another one has made.
    /// - Parameter isLate: it was told to be not ready until now.
    func noteAdoption(of entry: SandboxEntry, isLate: Bool) {
        guard let connection = entry.connection else { return }
        // Its shim tells of all that comes; this was before.
        for container in registry.containers(of: entry.id) { tellEnd(of: container) }
        guard entry.record.phase != .stopped else { return }
        if isLate { logger.notice("a sandbox is adopted late", metadata: ["pod": "\(entry.id)"]) }
        for container in registry.containers(of: entry.id) { finishCheckpoint(of: container, connection) }
    }

    /// Folders that no record knows of: whoever made them was killed before it wrote one, or after it removed it. One
    /// that cannot be removed is told, and stops nothing.
    private func removeStrays() async throws {
        let knownContainers = Set(registry.containers.map(\.id))
        let knownSandboxes = Set(registry.sandboxes.map(\.id))
        try await threads.runAlone { [self] in
            let store = ContainerStore(layout.state)
            _ = try store.sweepDrafts { id, error in self.tell(error, of: self.layout.container(id)) }
            for id in try store.ids() where !knownContainers.contains(id) {
                do { try removeStray(container: id, store) } catch { tell(error, of: layout.container(id)) }
            }
            for name in try folderEntries(layout.sandboxes)
            where !knownSandboxes.contains(name) && !hasPlugins(stray: name) {
                do { try removeStray(sandbox: name) } catch { tell(error, of: layout.sandbox(name)) }
            }
        }
        // And the other way round: records whose folder is gone, or whose sandbox is.
        for container in registry.containers
        where access(container.folder, F_OK) != 0 || !registry.has(sandbox: container.record.sandboxID) {
            do { try await removeIfThere(container) } catch { tell(error, of: container.folder) }
        }
    }

    func tell(_ error: any Error, of path: String) {
        logger.warning(
            "what an earlier daemon has left could not be removed",
            metadata: ["path": "\(path)", "error": "\(error)"])
    }

    private func removeStray(container id: String, _ store: ContainerStore) throws {
        let folder = layout.container(id)
        guard let lock = try ContainerLock.tryTake(folder: folder) else { return }
        try ContainerCleanup.run(
            container: try ContainerID(id), folder: folder, state: layout.run.state, log: Log())
        if let definition = try store.definition(id) { try store.forget(definition) }
        // Images that it has mounted are not its files.
        try Self.unmount(folder, try folderEntries(folder + "/images").map { folder + "/images/" + $0 })
        try removeTree(folder)
        _ = consume lock
    }

    func removeStray(sandbox name: String) throws {
        let folder = layout.sandbox(name)
        // Nobody's file among the folders.
        if unlink(folder) == 0 { return }
        // It is not forgotten before it is known what it has of the network.
        let network = try networks.found(of: name)
        try replaceDamagedPodFile(ofStray: name)
        try PodCleanup.run(folder: folder, state: layout.run.state)
        if let network {
            let spec = SandboxSpec.unknown
            let namespace = SandboxFiles.namespaces(spec, folder).network ?? ""
            try disconnect(name, network, pod: (spec, namespace))
        }
        try SandboxFiles.unmount(folder)
        // Where it had one of its own: others' are theirs.
        for group in PodCgroup.allOwn(of: name) { try group.remove() }
        try removeTree(folder)
    }
}
