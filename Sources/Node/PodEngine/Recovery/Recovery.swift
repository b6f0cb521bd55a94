import ContainerCLI
import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import Logging

// A new start: what is on record is compared with what is there.
extension PodEngine {
    /// Finds what an earlier engine has left: pods that live are taken over, what is half made is undone, and what
    /// ended unseen is marked so. Blocks nobody for long: shims that hang are given up one by one.
    public func recover() async throws {
        let (sandboxes, containers) = try await threads.run { [database] in try database.load() }
        for record in containers {
            registry.add(ContainerEntry(record, folder: layout.container(record.id)))
            try registry.reserve(Self.reservedName(record), for: record.id, what: "container")
        }
        for record in sandboxes {
            registry.add(SandboxEntry(record))
            try registry.reserve("sandbox " + record.spec.reservedName, for: record.id, what: "sandbox")
        }
        await withTaskGroup(of: Void.self) { group in
            for entry in registry.sandboxes {
                group.addTask { await entry.lock.withLock { await self.recover(entry) } }
            }
        }
        try await removeStrays()
        let live = Set(registry.sandboxes.filter { $0.connection != nil }.map(\.id))
        let known = Set(registry.sandboxes.map(\.id))
        do {
            try await threads.runAlone { [networks] in
                try networks.collect { id in known.contains(id) ? live.contains(id) : nil }
            }
        } catch {
            logger.warning("networks of ended pods could not be given back", metadata: ["error": "\(error)"])
        }
        logger.info(
            "recovered",
            metadata: [
                "sandboxes": "\(registry.sandboxes.count)", "ready": "\(live.count)",
                "containers": "\(registry.containers.count)",
            ])
    }

    private func recover(_ entry: SandboxEntry) async {
        let record = entry.record
        do {
            switch record.phase {
            case .making:
                try await takeDown(entry)
                try await forget(entry)
            case .ready where record.bootID == bootID:
                try await adopt(entry)
            case .ready:
                // The machine was off meanwhile: nothing of it is there, but what plugins keep on the disk.
                try await takeDown(entry)
            case .stopped:
                // Its end may have been cut off in the middle.
                try await takeDown(entry)
            }
        } catch {
            entry.state.withLock { $0.record.phase = .stopped }
            logger.warning(
                "a sandbox could not be recovered", metadata: ["sandbox": "\(entry.id)", "error": "\(error)"])
        }
    }

    private func adopt(_ entry: SandboxEntry) async throws {
        do {
            try await connect(entry)
        } catch ShimError.absent {
            return try await takeDown(entry)
        }
        let connection = try connection(of: entry)
        for container in registry.containers(of: entry.id) {
            finishCheckpoint(of: container, connection)
        }
    }

    /// Folders that no record knows of: whoever made them was killed before it wrote one, or after it removed it.
    private func removeStrays() async throws {
        let knownContainers = Set(registry.containers.map(\.id))
        let knownSandboxes = Set(registry.sandboxes.map(\.id))
        try await threads.runAlone { [self] in
            let store = ContainerStore(layout.state)
            _ = try store.sweepDrafts()
            for id in try store.ids() where !knownContainers.contains(id) {
                try removeStray(container: id, store)
            }
            for id in try folderEntries(layout.sandboxes) where !knownSandboxes.contains(id) {
                let folder = layout.sandbox(id)
                try PodCleanup.run(folder: folder, state: layout.run.state)
                try SandboxFiles.unmount(folder)
                try removeTree(folder)
            }
        }
        // And the other way round: records whose folder is gone.
        for container in registry.containers where access(container.folder, F_OK) != 0 {
            try await container.lock.withLock { try await remove(container, connection: nil) }
        }
    }

    private func removeStray(container id: String, _ store: ContainerStore) throws {
        let folder = layout.container(id)
        guard let lock = try ContainerLock.tryTake(folder: folder) else { return }
        try ContainerCleanup.run(
            container: try ContainerID(id), folder: folder, state: layout.run.state, log: Log())
        if let definition = try ContainerDefinition.read(in: folder) { try store.forget(definition) }
        try removeTree(folder)
        _ = consume lock
    }
}
