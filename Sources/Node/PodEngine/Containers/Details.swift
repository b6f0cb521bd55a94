import ContainerShim
import LinuxKernel
import OCISpec

// What is kept for the engine's user, and limits of containers that do not run yet.
extension PodEngine {
    public func replaceDetails(ofSandbox id: String, with details: [UInt8]) async throws {
        let entry = try registry.sandbox(id)
        guard entry.record.phase != .unrecorded else {
            throw EngineError(
                .wrongState, "the record of sandbox \(entry.id) is damaged: it can only be removed")
        }
        let record = entry.state.withLock { state in
            state.record.spec.details = details
            return state.record
        }
        try await threads.run { [database] in try database.save(record) }
    }

    public func replaceDetails(ofContainer id: String, with details: [UInt8]) async throws {
        let entry = try registry.container(id)
        let record = entry.state.withLock { state in
            state.record.spec.details = details
            return state.record
        }
        try await threads.run { [database] in try database.save(record) }
    }

    /// Changes the limits with which a container will start, or would have started: one that has ended is no error.
    public func updateBundle(of id: String, resources: RuntimeSpec.Resources) async throws {
        let entry = try registry.container(id)
        try await entry.lock.withLock {
            let phase = try entry.live().phase
            guard phase == .created || phase == .exited else {
                throw EngineError(.wrongState, "container \(entry.id) is \(phase.rawValue)")
            }
            try await threads.run {
                let path = entry.folder + "/config.json"
                var spec = try RuntimeSpec(json: try FileDescriptor.readFile(path))
                let before = spec.linux?.resources ?? RuntimeSpec.Resources()
                spec.linux?.resources = before.updated(by: resources)
                try replaceFile(path, with: spec.json())
            }
        }
    }
}
