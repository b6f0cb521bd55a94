import ContainerCLI
import LinuxKernel
import Logging

// What an earlier engine has left of pods that plugins have connected. A plugin may hang, and what it waits for may be
// another pod, which this engine is to start: so nobody waits for plugins at a start.
extension PodEngine {
    /// Takes down a pod of which nothing lives. Where that takes plugins, they are asked later; until then it is there,
    /// and not ready.
    /// - Parameter forgets: nobody was told of it.
    func takeDownLeftover(_ entry: SandboxEntry, forgets: Bool = false) async throws {
        let work: @Sendable () async throws -> Void = { [self] in
            // Later, somebody else may have been first.
            guard registry.has(sandbox: entry.id) else { return }
            if !entry.isTakenDown { try await takeDown(entry) }
            if forgets { try await forget(entry) }
        }
        guard entry.record.network?.maker == .cni else { return try await work() }
        _ = try await endContainers(of: entry)
        Task {
            await entry.lock.withLock {
                do { try await work() } catch {
                    logger.warning(
                        "a sandbox could not be taken down",
                        metadata: ["pod": "\(entry.id)", "error": "\(error)"])
                }
            }
        }
    }

    /// Whether plugins have to disconnect a pod without a record before its folder is removed. Where that cannot be read,
    /// whoever removes it says so.
    func hasPlugins(stray name: String) -> Bool { (try? networks.found(of: name))?.maker == .cni }

    /// Gives back what pods have of the network that are gone. What takes plugins is done later.
    func collectNetworks() async {
        do {
            try await threads.runAlone { [networks, registry] in
                try networks.collectBuiltin { registry.needsNetwork(sandbox: $0) }
            }
        } catch { tellUncollected(error) }
        var strays: [String] = []
        do {
            strays = try await threads.runAlone { [self] in
                try folderEntries(layout.sandboxes).filter { name in
                    !registry.has(sandbox: name) && hasPlugins(stray: name)
                }
            }
        } catch { tell(error, of: layout.sandboxes) }
        Task { [strays] in
            await withTaskGroup(of: Void.self) { group in
                for name in strays { group.addTask { await self.removeOfPlugins(stray: name) } }
            }
            do {
                try await threads.runAlone { [self] in
                    try networks.collectOfPlugins(tell: { self.tell($0) }) {
                        registry.needsNetwork(sandbox: $0)
                    }
                }
            } catch { tellUncollected(error) }
        }
    }

    private func removeOfPlugins(stray name: String) async {
        do {
            try await threads.runAlone { [self] in try removeStray(sandbox: name) }
        } catch { tell(error, of: layout.sandbox(name)) }
    }

    private func tellUncollected(_ error: any Error) {
        logger.warning("networks of ended pods could not be given back", metadata: ["error": "\(error)"])
    }
}
