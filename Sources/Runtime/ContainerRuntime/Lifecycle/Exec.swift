import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// How a process is added to a container.
public struct ExecOptions {
    public var process: RuntimeSpec.Process
    public var streams: StandardStreams = .inherit
    public var pidFile: String?
    public var preservedDescriptors: Int32 = 0
    public var extraEnvironment: [String] = []
    /// A paused container: the process would not run. Refused unless this is set.
    public var ignoresPaused = false
    /// Groups below the container's own (`--cgroup`).
    public var cgroupPaths: [String] = []
    public var becomesSibling = false
    /// The container's, where it has been read already.
    fileprivate var configuration: Configuration?

    public init(process: RuntimeSpec.Process) {
        self.process = process
    }
}

extension Runtime {
    /// What an exec begins with: the container's own process, for its capabilities, limits, environment and
    /// labels.
    public func execTemplate(_ id: ContainerID) throws -> ExecOptions {
        let configuration = try ContainerFolder.open(root: root, id: id).readConfiguration()
        guard let process = configuration.spec.process else {
            throw RuntimeError("container \(id) has no process section")
        }
        var options = ExecOptions(process: process)
        options.configuration = configuration
        return options
    }

    /// Runs another process inside a living container.
    /// - Throws: also when its program cannot be executed.
    public func exec(_ id: ContainerID, _ options: ExecOptions) throws -> StartedProcess {
        let folder = try ContainerFolder.open(root: root, id: id)
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        guard let initProcess = try record.liveProcess() else {
            throw RuntimeError("cannot exec in a stopped container", kind: .wrongState)
        }
        switch try statusOfLiving(record, folder) {
        case .running, .created: break
        case .paused where options.ignoresPaused: break
        case .paused:
            throw RuntimeError(
                "cannot exec in a paused container (use --ignore-paused to override)", kind: .wrongState)
        case .creating, .stopped: throw RuntimeError("cannot exec in a stopped container", kind: .wrongState)
        }
        let configuration = try options.configuration ?? folder.readConfiguration()
        try options.process.validate()
        return try Joining(runtime: self, record: record, configuration: configuration, options: options)
            .make(initProcess)
    }
}

/// The making of one exec process.
private struct Joining {
    let runtime: Runtime
    let record: ContainerRecord
    let configuration: Configuration
    let options: ExecOptions

    private var spec: RuntimeSpec { configuration.spec }

    func make(_ initProcess: borrowing ProcessHandle) throws -> StartedProcess {
        let filter = try configuration.compileFilter(cacheFolder: runtime.filterCache, log: runtime.log)
        let capabilities = try CapabilitySets.forContainer(options.process, spec, log: runtime.log)
        let gate = try socketPair()
        let childEnd = try gate.write.duplicate(atLeast: 3 + options.preservedDescriptors)
        let socket = childEnd.raw
        let plan = LaunchPlan(
            process: options.process, capabilities: capabilities,
            boundingDrops: try capabilities.boundingToDrop(), seccomp: filter,
            preservedDescriptors: options.preservedDescriptors, socket: socket, start: socket, result: socket)
        let process = try spawn(initProcess, socket: socket, peer: gate.read.raw, plan: plan)
        _ = consume childEnd
        let ends = gate.ends()
        close(ends.1)
        let ours = FileDescriptor(owning: ends.0)
        do {
            var answer = try Channel.proceed(ours.raw)
            if case .filter = answer {
                if let listener = filter?.listener {
                    try SeccompAgent.handOver(listener, of: process, state: record.state(.running))
                }
                answer = try Channel.proceed(ours.raw)
            }
            try expectReady(answer)
            if let score = options.process.oomScoreAdj, try CallerRights.administers() {
                try OutOfMemoryScore.set(score, pid: process.pid, log: runtime.log)
            }
            if let path = options.pidFile {
                let temporary = "\(path).tmp"
                try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
                    .writeAll("\(process.pid)")
                _ = try check("rename", path) { rename(temporary, path) }
            }
            if case .failure(let error) = try Channel.proceed(ours.raw) { throw error }
        } catch {
            do throws(KernelError) {
                try process.send(signal: SIGKILL)
            } catch {
                if error.errno != .noProcess { runtime.log.warning("\(error)") }
            }
            if !options.becomesSibling { _ = try process.wait() }
            throw error
        }
        return StartedProcess(pid: process.pid)
    }

    private func expectReady(_ answer: Channel.Answer) throws {
        switch answer {
        case .ready: return
        case .failure(let error): throw error
        case .closed, .hooks, .filter: throw RuntimeError("the exec process ended before it was ready")
        }
    }

    private func placement() throws -> Placement? {
        guard let place = record.cgroup else { return nil }
        return Placement(try ContainerCgroup.placement(in: place, subgroups: options.cgroupPaths))
    }

    /// The new process enters the container's pid namespace by being born into it: its maker enters it for
    /// its children first, in a process of its own.
    private func spawn(
        _ initProcess: borrowing ProcessHandle, socket: Int32, peer: Int32, plan: LaunchPlan
    ) throws -> ProcessHandle {
        let pidfd = initProcess.descriptor.raw
        let pid = initProcess.pid
        var options = CloneOptions()
        options.sibling = self.options.becomesSibling
        let placement = try placement()
        let attaching = record.cgroup?.scope.flatMap { $0.attachesProcesses ? $0 : nil }
        if let placement, attaching == nil { options.cgroup = placement.value.cloneDescriptor }
        try self.options.process.execCPUAffinity?.applyInitial()
        let joins = try ContainerNamespaces.different(fromProcess: pid)
        let joinsTime = joins & NamespaceKind.time.flag != 0
        let joinsPID = joins & NamespaceKind.pid.flag != 0
        // Who does not administer the host's namespaces joins them as the container's root only.
        let administers = try CallerRights.administers()
        // Entered before the process is born.
        let early = joins & (NamespaceKind.pid.flag | (administers ? 0 : NamespaceKind.user.flag))
        options.sharesMemory = administers && !joinsTime
        let own = try FileDescriptor.open("/proc/self/ns/pid", O_RDONLY)
        if administers, joinsPID {
            _ = try check("join pid namespace of", "process \(pid)") {
                clinux_syscall(Int(SYS_setns), Int(pidfd), Int(NamespaceKind.pid.flag), 0, 0, 0, 0)
            }
        }
        let streams = self.options.streams
        let extra = self.options.extraEnvironment
        let process = self.options.process
        let linux = spec.linux
        defer {
            // Our next children are our own again.
            if administers, joinsPID {
                _ = clinux_syscall(Int(SYS_setns), Int(own.raw), Int(NamespaceKind.pid.flag), 0, 0, 0, 0)
            }
        }
        let score = administers ? nil : process.oomScoreAdj
        let log = runtime.log
        func prepare() throws {
            if let score { try OutOfMemoryScore.setOwn(score, log: log) }
            try ContainerNamespaces.enter(pidfd: pidfd, early)
        }
        func body() -> Int32 {
            do {
                try placement?.value.joinLegacy()
                try process.execCPUAffinity?.applyFinal()
                try ContainerNamespaces.enter(pidfd: pidfd, joins & ~early)
                try InitProcess.resetSignals()
                if setsid() < 0, Errno.current != .notPermitted { throw KernelError("setsid", "") }
                try InitProcess.becomeNamespaceRoot(configuration.spec)
                let root = try FileDescriptor.open("/", O_PATH | O_DIRECTORY)
                try Streams.install(streams, process: process, root: root, bindConsole: false)
                try ProcessEntry(process: process, plan: plan, linux: linux).enter(
                    root: root, environment: extra)
                throw RuntimeError("the program was not executed")
            } catch {
                Channel.fail(socket, error)
            }
        }
        let spawned =
            administers
            ? try spawnChild(options, gate: socket, peer: peer, body: body)
            : try spawnThroughAnother(
                options, gate: socket, peer: peer, preparing: prepare, body: body)
        // While it waits at its gate.
        try attaching?.attach(spawned.pid)
        return spawned
    }
}
