import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// A runtime that is a program with runc's command line. What it makes is left to the shim when it ends: the shim
/// is the subreaper of all its descendants.
struct RuntimeProgram: OCIRuntime {
    let handler: RuntimeHandler
    /// A folder for what the program writes beside its streams. Not the container's: nobody could run a command in a
    /// container whose disk is full, nor ask its probes.
    let scratch: String

    func make(
        _ id: ContainerID, folder: String, _ streams: StandardStreams, runsAtOnce: Bool
    ) throws -> CloneReport {
        var command = command("create", id, ["--bundle", folder])
        let pid = try command.runForProcess(in: scratch, streams)
        // Its end may come before we look; the shim then hears of it first.
        let start = try ProcessRecord.read(pid)?.startTime ?? 0
        let groups = try CgroupLayout.detect().groups(of: pid)
        if runsAtOnce { try self.start(id) }
        return CloneReport(process: ProcessIdentity(pid: pid, start: start), cgroup: groups)
    }

    func start(_ id: ContainerID) throws {
        try command("start", id).run()
    }

    func exec(_ id: ContainerID, process: Int32, _ streams: StandardStreams) throws -> Int32 {
        var command = command(
            "exec", id, ["--detach", "--process", RuntimeCommand.path(of: RuntimeCommand.processNumber)])
        command.process = process
        return try command.runForProcess(in: scratch, streams)
    }

    func signalAll(_ id: ContainerID, _ signal: Signal) throws {
        try command("kill", id, ["--all"], after: ["\(signal.rawValue)"]).run()
    }

    func pause(_ id: ContainerID) throws {
        try command("pause", id).run()
    }

    func resume(_ id: ContainerID) throws {
        try command("resume", id).run()
    }

    func update(_ id: ContainerID, _ resources: RuntimeSpec.Resources) throws {
        let file = try FileDescriptor.memoryFile("swiftlet-resources")
        try file.writeAll(resources.json())
        _ = try check("rewind", "resources") { lseek(file.raw, 0, SEEK_SET) }
        var command = command("update", id, ["--resources", "-"])
        command.input = file.raw
        try command.run()
    }

    func checkpoint(_ id: ContainerID, _ request: CheckpointRequest) throws {
        var options = ["--image-path", request.imagePath]
        if let workPath = request.workPath { options += ["--work-path", workPath] }
        if request.leavesRunning { options.append("--leave-running") }
        if request.tcpEstablished { options.append("--tcp-established") }
        if request.fileLocks { options.append("--file-locks") }
        try command("checkpoint", id, options).run()
    }

    func delete(_ id: ContainerID) throws {
        // Where nothing was ever made nothing is left, even if the program is none or is gone.
        if access(handler.root, F_OK) != 0, Errno.current == .noEntry { return }
        do {
            try command("delete", id, ["--force"]).run()
        } catch let failure as ShimFailure where failure.kind == .notFound {
            // Some say so even when they are forced.
        }
    }

    private func command(
        _ name: String, _ id: ContainerID, _ options: [String] = [], after: [String] = []
    ) -> RuntimeCommand {
        var global = ["--root", handler.root]
        if handler.systemdCgroup { global.append("--systemd-cgroup") }
        return RuntimeCommand(
            program: handler.program, global: global + handler.arguments, name: name, options: options,
            arguments: [id.text] + after)
    }
}
