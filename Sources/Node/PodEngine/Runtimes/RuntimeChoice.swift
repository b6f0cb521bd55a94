import ContainerShim

extension PodEngine.Settings {
    /// The name of the runtime that needs no program of its own.
    public static let builtinRuntime = "swiftlet"

    /// The runtime that a handler's name means: an empty one the default.
    public func runtimeName(of handler: String) -> String { handler.isEmpty ? defaultRuntime : handler }

    /// Whether pods may name this handler.
    public func knows(handler: String) -> Bool {
        let name = runtimeName(of: handler)
        return name == Self.builtinRuntime || runtimes[name] != nil
    }

    /// What a pod runs on.
    func runtimeName(of record: SandboxRecord) -> String {
        record.runtime ?? runtimeName(of: record.spec.runtimeHandler)
    }

    /// - Parameter name: as a sandbox has it.
    /// - Returns: nil for the built-in runtime.
    /// - Throws: for one that is not configured any more.
    func runtime(named name: String) throws(EngineError) -> RuntimeHandler? {
        if name == Self.builtinRuntime { return nil }
        guard let runtime = runtimes[name] else {
            throw EngineError(.wrongState, "the runtime '\(name)' of the sandbox is not configured any more")
        }
        return runtime
    }

    /// As `runtime(named:)`, for those who clean up: nil also for one that is not configured any more.
    func knownRuntime(of record: SandboxRecord) -> RuntimeHandler? { runtimes[runtimeName(of: record)] }

    /// The name of a container's runtime.
    /// - Parameter runtime: as its shim was told; nil for the built-in one.
    /// - Returns: nil for one that is not configured any more.
    package func name(of runtime: RuntimeHandler?) -> String? {
        guard let runtime else { return Self.builtinRuntime }
        return runtimes.filter { $1.program == runtime.program && $1.root == runtime.root }.keys.min()
    }
}

extension PodEngine {
    /// Writes down which runtime a pod has where an earlier version did not: what its containers run on, else what its
    /// handler means now. Later the configuration may give that another meaning.
    func nameRuntimes() {
        for entry in registry.sandboxes where entry.record.runtime == nil {
            let handler = entry.record.spec.runtimeHandler
            let found = handler.isEmpty ? runtimeOfContainers(in: entry.id) : nil
            let record = entry.state.withLock { state in
                state.record.runtime = found ?? settings.runtimeName(of: handler)
                return state.record
            }
            // What has no record gets none by this.
            if record.phase == .unrecorded { continue }
            do { try database.save(record) } catch {
                // A full disk: the next start finds the same.
                logger.warning(
                    "the runtime of a sandbox could not be written down",
                    metadata: ["pod": "\(entry.id)", "error": "\(error)"])
            }
        }
    }

    private func runtimeOfContainers(in sandbox: String) -> String? {
        for container in registry.containers(of: sandbox) {
            // What is wrong with the file is told by those who look for damage.
            guard let orders = try? Supervision.read(in: container.folder) else { continue }
            if let name = settings.name(of: orders.runtime) { return name }
        }
        return nil
    }
}
