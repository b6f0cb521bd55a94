import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The runtime that the shim has in itself: a start needs no further program.
struct BuiltInRuntime: OCIRuntime {
    let runtime: Runtime

    func make(
        _ id: ContainerID, folder: String, _ streams: StandardStreams, runsAtOnce: Bool
    ) throws -> CloneReport {
        var options = CreateOptions(bundle: try Bundle(folder: folder))
        options.becomesSibling = true
        options.streams = streams
        let made = try runsAtOnce ? runtime.run(id, options) : runtime.create(id, options)
        let record = try runtime.state(id).record
        return CloneReport(
            process: ProcessIdentity(pid: made.pid, start: record.startTime), cgroup: record.cgroup)
    }

    func start(_ id: ContainerID) throws {
        try runtime.start(id)
    }

    func exec(_ id: ContainerID, process: Int32, _ streams: StandardStreams) throws -> Int32 {
        var options = ExecOptions(process: try Self.read(process))
        options.becomesSibling = true
        options.streams = streams
        return try runtime.exec(id, options).pid
    }

    private static func read(_ descriptor: Int32) throws -> RuntimeSpec.Process {
        lseek(descriptor, 0, SEEK_SET)
        let bytes = try FileDescriptor(owning: dup(descriptor)).readToEnd(limit: 16 << 20)
        do throws(JSONError) {
            return try RuntimeSpec.Process(json: bytes)
        } catch {
            throw ShimFailure(.badRequest, "process: \(error)")
        }
    }

    func signalAll(_ id: ContainerID, _ signal: Signal) throws {
        try runtime.kill(id, signal: signal, all: true)
    }

    func pause(_ id: ContainerID) throws {
        try runtime.pause(id)
    }

    func resume(_ id: ContainerID) throws {
        try runtime.resume(id)
    }

    func update(_ id: ContainerID, _ resources: RuntimeSpec.Resources) throws {
        try runtime.update(id, resources)
    }

    func checkpoint(_ id: ContainerID, _ request: CheckpointRequest) throws {
        try runtime.checkpoint(id, request.options)
    }

    func delete(_ id: ContainerID) throws {
        try runtime.delete(id, force: true)
    }
}
