import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The making of one process that joins a living container: an exec, or a hook that runs inside.
struct Joining {
    let runtime: Runtime
    let record: ContainerRecord
    let configuration: Configuration
    var options: ExecOptions
    /// Nil where there is room.
    var memory: FullMemory?
    /// Its program is named by a path, gets no other environment than its own, and is no more than the container's
    /// program will be.
    var hook: RuntimeSpec.Hook?

    private var spec: RuntimeSpec { configuration.spec }

    func make(_ initProcess: borrowing ProcessHandle) throws -> ProcessHandle {
        try SecurityLabel.check(options.process.selinuxLabel, of: "process.selinuxLabel")
        let filter = try configuration.compileFilter(cacheFolder: runtime.filterCache, log: runtime.log)
        let capabilities = try CapabilitySets.forContainer(options.process, spec, log: runtime.log)
        let gate = try socketPair()
        let childEnd = try gate.write.duplicate(atLeast: 3 + options.preservedDescriptors)
        let socket = childEnd.raw
        var failures: FailureFile?
        if LaunchPlan.loadsFilterLast(options.process, filter) {
            failures = try FailureFile(
                .memoryFile("failure"), atLeast: 3 + options.preservedDescriptors)
        }
        let plan = LaunchPlan(
            process: options.process, capabilities: capabilities,
            boundingDrops: try capabilities.boundingToDrop(), seccomp: filter,
            raisedLimits: try RaisedLimits(options.process, spec),
            preservedDescriptors: options.preservedDescriptors,
            defaultUmask: hook == nil ? nil : Creation.defaultUmask, socket: socket,
            start: socket, result: socket, failures: failures?.descriptor ?? -1)
        let process = try spawn(initProcess, socket: socket, peer: gate.read.raw, plan: plan)
        runtime.log.debug("\(what): \(process.pid)")
        _ = consume childEnd
        let ends = gate.ends()
        close(ends.1)
        let ours = FileDescriptor(owning: ends.0)
        do {
            try joinResourceControl(process.pid)
            var answer = try Channel.proceed(ours.raw)
            if case .filter = answer {
                if let listener = filter?.listener {
                    try SeccompAgent.handOver(
                        listener, of: process, state: record.state(hook == nil ? .running : .created))
                }
                answer = try Channel.proceed(ours.raw)
            }
            try expectReady(answer, hasFilter: filter != nil)
            try plan.raisedLimits.apply(to: process.pid)
            if let score = options.process.oomScoreAdj, try CallerRights.administers() {
                try OutOfMemoryScore.set(score, pid: process.pid, log: runtime.log)
            }
            if let path = options.pidFile { try PIDFile.write(process.pid, to: path) }
            if case .failure(let error) = try Channel.proceed(ours.raw) { throw error }
            try FailureFile.throwFailure(in: failures?.descriptor ?? -1)
        } catch {
            do throws(KernelError) {
                try process.send(signal: SIGKILL)
            } catch {
                if error.errno != .noProcess { runtime.log.warning("\(error)") }
            }
            if !options.becomesSibling { _ = try process.wait() }
            throw error
        }
        return process
    }

    private var what: String { hook == nil ? "exec process" : "hook's process" }

    private func expectReady(_ answer: Channel.Answer, hasFilter: Bool) throws {
        switch answer {
        case .ready: return
        case .failure(let error): throw error
        case .closed:
            if let cause = try memory?.cause() {
                throw RuntimeError("the \(what) ended before it was ready: \(cause)")
            }
            let why = hasFilter ? "; linux.seccomp may refuse what it takes to start a program" : ""
            throw RuntimeError("the \(what) ended before it was ready\(why)")
        case .hooks, .filter: throw RuntimeError("the \(what) is out of step")
        }
    }

    /// It is a child of ours, and so in our class. An `update` may have made one where the configuration has none.
    private func joinResourceControl(_ pid: Int32) throws {
        let settings = spec.linux?.intelRdt ?? .init()
        // What asks for nothing has a class of its own, or none.
        guard settings != .init() || !record.resourceControl.isEmpty else { return }
        try ResourceControl(settings, id: record.id, root: try ResourceControl.root()).join(pid: pid)
    }

    private func placement() throws -> Placement? {
        guard let place = record.cgroup else { return nil }
        return Placement(try ContainerCgroup.placement(in: place, subgroups: options.cgroupPaths))
    }

    /// An init that divides the container's group, as systemd does, shuts it against processes (EBUSY): where there is
    /// room is beside that init.
    /// - Returns: nil where that is the same, or another group was asked for.
    private func placeBeside(_ pid: Int32) throws -> (placement: Placement, subgroup: String)? {
        guard let place = record.cgroup, options.cgroupPaths.isEmpty else { return nil }
        let group = try ContainerCgroup(record: place)
        let layout = try CgroupLayout.detect()
        let subgroup = try group.subgroup(ofProcess: pid, layout: layout)
        if subgroup.isEmpty { return nil }
        return (Placement(try group.placement(besideProcess: pid, layout: layout)), subgroup)
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
        // The kernel ends all that share the memory of a process which it kills for want of memory.
        options.sharesMemory = administers && !joinsTime && hook == nil
        let own = try FileDescriptor.open("/proc/self/ns/pid", O_RDONLY)
        if administers, joinsPID {
            _ = try check("join pid namespace of", "process \(pid)") {
                clinux_syscall(Int(SYS_setns), Int(pidfd), Int(NamespaceKind.pid.flag), 0, 0, 0, 0)
            }
        }
        let streams = self.options.streams
        let extra = self.options.extraEnvironment
        let process = self.options.process
        let (linux, hook) = (spec.linux, hook)
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
                // As in the container's first process: a shim's clone could be looked into, once it has entered the
                // container's user namespace.
                clinux_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
                try placement?.value.joinLegacy()
                try (process.execCPUAffinity ?? .init()).applyFinal()
                try ContainerNamespaces.enter(pidfd: pidfd, joins & ~early)
                try InitProcess.resetSignals()
                if setsid() < 0, Errno.current != .notPermitted { throw KernelError("setsid", "") }
                try InitProcess.becomeNamespaceRoot(configuration.spec)
                if !record.noNewKeyring { try SessionKeyring.leave(for: record.id, log: log) }
                let root = try FileDescriptor.open("/", O_PATH | O_DIRECTORY)
                try Streams.install(streams, process: process, root: root, bindConsole: false)
                try ProcessEntry(process: process, plan: plan, linux: linux, program: hook?.path).enter(
                    root: root, environment: extra)
                throw RuntimeError("the program was not executed")
            } catch {
                Channel.fail(socket, error)
            }
        }
        func make(_ options: CloneOptions) throws -> ProcessHandle {
            do throws(KernelError) {
                return try spawnChild(options, gate: socket, peer: peer, body: body)
            } catch {
                guard error.errno == .busy, let beside = try placeBeside(pid) else { throw error }
                var there = options
                there.cgroup = beside.placement.value.cloneDescriptor
                return try withExtendedLifetime(beside.placement) {
                    try spawnChild(there, gate: socket, peer: peer, body: body)
                }
            }
        }
        let spawned =
            administers
            ? try make(options) : try spawnThroughAnother(options, preparing: prepare, making: make)
        // While it waits at its gate.
        do {
            try attaching?.attach(spawned.pid)
        } catch {
            guard let subgroup = try placeBeside(pid)?.subgroup else { throw error }
            try attaching?.attach(spawned.pid, subgroup: subgroup)
        }
        return spawned
    }
}
