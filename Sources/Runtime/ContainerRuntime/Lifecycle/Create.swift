import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Makes a container that waits for `start`.
    /// - Throws: whatever went wrong, after everything that was made has been removed.
    public func create(_ id: ContainerID, _ options: CreateOptions) throws -> StartedProcess {
        let creation = try Creation(runtime: self, id: id, options: options)
        do {
            try creation.make(runsAtOnce: false)
        } catch {
            creation.undo()
            throw error
        }
        return StartedProcess(pid: creation.record.pid)
    }

    /// Makes a container and starts it.
    public func run(_ id: ContainerID, _ options: CreateOptions) throws -> StartedProcess {
        let creation = try Creation(runtime: self, id: id, options: options)
        do {
            try creation.make(runsAtOnce: true)
            try creation.startAtOnce()
        } catch {
            creation.undo()
            throw error
        }
        return StartedProcess(pid: creation.record.pid)
    }
}

/// The making of one container, step by step, with what has to be undone when a step fails.
final class Creation {
    let runtime: Runtime
    let id: ContainerID
    private(set) var options: CreateOptions
    private let configuration: Configuration
    let process: RuntimeSpec.Process
    var record: ContainerRecord
    private let folder: ContainerFolder
    private var handle = OptionalProcess()
    /// Keeps the container's scope until its process is there (systemd driver).
    private var scopeHolder: ScopeHolder?
    /// The runtime's end of the conversation with the new process.
    private var socket = FileDescriptor(owning: -1)

    /// The configuration's, with what the options add.
    let spec: RuntimeSpec

    init(runtime: Runtime, id: ContainerID, options: CreateOptions) throws {
        self.runtime = runtime
        self.id = id
        self.options = options
        let bundle = options.bundle
        configuration = bundle.configuration
        var spec = configuration.spec
        if options.notifySocket != nil { self.options.extraEnvironment.append(NotifySocket.environment) }
        for warning in try context(bundle.configPath, { try spec.validate() }) {
            runtime.log.warning(warning)
        }
        guard let process = spec.process else { throw RuntimeError("\(bundle.configPath): process: missing") }
        self.process = process
        if process.terminal {
            guard case .terminal = options.streams else {
                throw RuntimeError(
                    "process.terminal is true, but there is no console socket to send the terminal to")
            }
        } else if case .terminal = options.streams {
            throw RuntimeError("a console socket is given, but process.terminal is false")
        }
        try SecurityLabel.checkMountLabel(spec.linux?.mountLabel)
        record = ContainerRecord(
            ociVersion: spec.ociVersion, id: id.text, bundle: bundle.folder, rootfs: try bundle.rootfs(),
            bootID: try BootID.current(), created: Timestamp.now().rfc3339())
        record.annotations = spec.annotations
        record.hasPoststopHooks = !spec.hooks.poststop.isEmpty
        record.hasNoStartHooks = spec.hooks.startContainer.isEmpty && spec.hooks.poststart.isEmpty
        folder = try ContainerFolder.make(root: runtime.root, id: id)
        if options.notifySocket != nil { spec.mounts.append(NotifySocket.mount(of: folder.path)) }
        self.spec = spec
        do {
            try folder.writeConfiguration(configuration.bytes)
            try options.notifySocket?.open(in: folder.descriptor)
        } catch {
            try? folder.remove()
            throw error
        }
    }

    // MARK: Steps

    func make(runsAtOnce: Bool) throws {
        let filter = try configuration.compileFilter(cacheFolder: runtime.filterCache, log: runtime.log)
        let layout = try CgroupLayout.detect()
        let rights = try CallerRights.current()
        record.rootless = rights.isRootless
        let cgroup = try makeCgroup(layout, rootless: runtime.rootless.applies(to: rights))
        let gate = try socketPair()
        let mountOptions = spec.mounts.map { MountOptions($0.options) }
        let sources = try rootSource(rights, mountOptions)
        var view = try CgroupView(of: cgroup, layout: layout, spec: spec)
        if rights.administers { try view?.copyFolders() }
        let placement = try Placement(of: cgroup)
        let childEnd = try gate.write.duplicate(atLeast: 3 + options.preservedDescriptors)
        let startGate = runsAtOnce ? nil : try folder.makeGate()
        var startFD = childEnd.raw
        var resultFD = childEnd.raw
        if let gate = startGate {
            startFD = gate.start
            resultFD = gate.result
        }
        let capabilities = try CapabilitySets.forContainer(process, spec, log: runtime.log)
        let plan = LaunchPlan(
            process: process, capabilities: capabilities,
            boundingDrops: try capabilities.boundingToDrop(), seccomp: filter,
            preservedDescriptors: options.preservedDescriptors, socket: childEnd.raw, start: startFD,
            result: resultFD)
        let namespaces = try NamespacePlan(spec.linux)
        let state = ContainerState(
            id: id.text, status: .creating, pid: nil, bundle: record.bundle, annotations: spec.annotations)
        let devices = try NetworkDevices(spec.linux?.netDevices ?? [:])
        let process = InitProcess(
            id: id, spec: spec, process: process, options: options, mountOptions: mountOptions,
            sources: sources, cgroup: view, placement: placement, joins: namespaces.joins, plan: plan,
            devices: devices, state: state, socket: childEnd.raw, log: runtime.log)

        // The files of a process that nobody may look into are root's, its maps too. The new one waits, outside
        // of the container, until they are written.
        let isOpen = !rights.administers
        if isOpen { Self.letLookInto(true) }
        defer { if isOpen { Self.letLookInto(false) } }
        handle.value = try namespaces.spawn(
            sibling: options.becomesSibling,
            cgroup: record.cgroup?.scope?.attachesProcesses == true
                ? -1 : placement?.value.cloneDescriptor ?? -1,
            before: earlySteps(rights), gate: childEnd.raw, peer: gate.read.raw
        ) { process.run() }
        record.pid = handle.pid
        try handScope(cgroup)
        // The new process now holds the only copy of its end: when it is gone, reading says so.
        _ = consume childEnd
        let ends = gate.ends()
        close(ends.1)
        socket = FileDescriptor(owning: ends.0)

        try namespaces.writeMaps(pid: record.pid)
        if isOpen { Self.letLookInto(false) }
        try devices?.move(toProcess: record.pid)
        try joinResourceControl(record.pid)
        try converse(socket.raw, filter)
        // The container holds its own ends of the gate.
        _ = startGate
        if rights.administers { try applyOutOfMemoryScore() }
        record.startTime = try ProcessRecord.read(record.pid)?.startTime ?? 0
        try folder.write(record)
        try writePidFile()
        folder.unlock()
    }

    private func rootSource(_ rights: CallerRights, _ mountOptions: [MountOptions]) throws -> RootSource {
        let namespaces = spec.linux?.namespaces ?? []
        if !rights.administers, !namespaces.contains(where: { $0.type == .user }) {
            throw RuntimeError(
                "linux.namespaces: a container of a user without CAP_SYS_ADMIN needs a user namespace")
        }
        if spec.linux?.namespace(.mount)?.path != nil { return .joined }
        let (spec, bundle, rootfs) = (spec, record.bundle, record.rootfs)
        let bindsDevices = spec.linux?.namespace(.user) != nil || rights.isInUserNamespace
        func make() throws -> MountSources {
            try MountSources(
                spec: spec, bundle: bundle, rootfs: rootfs, options: mountOptions, bindsDevices: bindsDevices)
        }
        return rights.administers ? .runtime(try make()) : .container(make)
    }

    private static func letLookInto(_ isAllowed: Bool) {
        clinux_prctl(PR_SET_DUMPABLE, isAllowed ? 1 : 0, 0, 0, 0)
    }

    /// What a user has to do to itself, for the new process to inherit.
    private func earlySteps(_ rights: CallerRights) -> (() throws -> Void)? {
        guard !rights.administers, let score = process.oomScoreAdj else { return nil }
        let log = runtime.log
        return { try OutOfMemoryScore.setOwn(score, log: log) }
    }

    /// Lets the program of a container that runs at once begin.
    func startAtOnce() throws {
        try folder.lock()
        defer { folder.unlock() }
        try runtime.runStartContainerHooks(record, spec.hooks)
        switch try Channel.proceed(socket.raw) {
        case .closed: break
        case .failure(let error): throw error
        case .hooks, .filter, .ready: throw RuntimeError("the container's process is out of step")
        }
        Hooks.runAll(
            spec.hooks.poststart, kind: "poststart", state: record.state(.running), log: runtime.log)
    }

    /// - Parameter rootless: a container whose limits need no groups is made without them where the caller may
    ///   make none.
    /// - Returns: nil for such a container.
    func makeCgroup(_ layout: CgroupLayout, rootless: Bool) throws -> ContainerCgroup? {
        do {
            let made = try makeGroups(layout, rootless: rootless)
            for warning in made.warnings { runtime.log.warning(warning) }
            return made
        } catch CgroupError.kernel(let error) where rootless && error.errno.isRefusal {
            record.cgroup = nil
            if let resources = spec.linux?.resources,
                try !CgroupDemand(resources, layout: layout, withStatistics: false).isEmpty
            {
                throw RuntimeError(
                    "linux.resources: this user may make no control groups for the limits (\(error)); they need a cgroupsPath below a group that was handed over, or the user's systemd (--systemd-cgroup)"
                )
            }
            runtime.log.debug("no control groups: \(error)")
            try folder.write(record)
            return nil
        } catch {
            // What was made is removed again. What is there now is another container's, and not to be undone.
            record.cgroup = nil
            throw error
        }
    }

    private func makeGroups(_ layout: CgroupLayout, rootless: Bool) throws -> ContainerCgroup {
        var resources = spec.linux?.resources ?? RuntimeSpec.Resources()
        resources.devices += DeviceNodes.rules(for: spec)
        // The kernel takes no device program from such a caller. It has no need for one: the container can make
        // no nodes, and has those that its maker may open.
        if rootless { resources.devices = [] }
        // Before the first group is made: whoever is killed now leaves nothing that cannot be found.
        func persist(_ place: CgroupRecord) throws {
            record.cgroup = place
            try folder.write(record)
        }
        switch runtime.cgroupDriver {
        case .files:
            return try ContainerCgroup.create(
                cgroupsPath: spec.linux?.cgroupsPath, id: id.text, resources: resources, layout: layout,
                everyHierarchy: !rootless && CgroupView.isWanted(by: spec), withStatistics: !rootless,
                persist: persist)
        case .systemd:
            let holder = try ScopeHolder()
            scopeHolder = holder
            return try ContainerCgroup.createScope(
                cgroupsPath: spec.linux?.cgroupsPath, id: id.text, annotations: spec.annotations,
                resources: resources, layout: layout, everyHierarchy: CgroupView.isWanted(by: spec),
                holder: holder, persist: persist)
        }
    }

    /// The new process, which waits at its gate, takes the scope over from the process that held it.
    func handScope(_ cgroup: borrowing ContainerCgroup?) throws {
        guard let holder = scopeHolder, let scope = record.cgroup?.scope else { return }
        if scope.attachesProcesses { try scope.attach(record.pid) }
        holder.end()
        scopeHolder = nil
        switch cgroup {
        case .none: return
        case .some(let cgroup):
            try cgroup.completeScope(spec.linux?.resources ?? RuntimeSpec.Resources())
        }
    }

    func joinResourceControl(_ pid: Int32) throws {
        guard let settings = spec.linux?.intelRdt else { return }
        let control = ResourceControl(settings, id: id.text, root: try ResourceControl.root())
        record.resourceControl = control.ownFolders
        try folder.write(record)
        try control.make(pid: pid)
    }

    /// The conversation until the trampoline waits at the start gate.
    private func converse(_ socket: Int32, _ filter: SeccompFilter?) throws {
        var answer = try Channel.proceed(socket)
        while true {
            switch answer {
            case .ready: return
            case .failure(let error): throw error
            case .closed:
                throw RuntimeError("the container's process ended before it was ready\(try endOfProcess())")
            case .hooks:
                var state = record.state(.creating)
                state.pid = record.pid
                try Hooks.run(spec.hooks.prestart, kind: "prestart", state: state, log: runtime.log)
                try Hooks.run(
                    spec.hooks.createRuntime, kind: "createRuntime", state: state, log: runtime.log)
                answer = try Channel.proceed(socket)
            case .filter:
                if let listener = filter?.listener { try handle.handOver(listener, record.state(.creating)) }
                answer = try Channel.proceed(socket)
            }
        }
    }

    private func endOfProcess() throws -> String {
        guard !options.becomesSibling, let status = try handle.waitIfEnded() else { return "" }
        switch status {
        case .exited(let code): return " (exit status \(code))"
        case .signaled(let signal): return " (killed by \(Signal(rawValue: signal).name))"
        }
    }

    /// Not before the process has memory of its own: the kernel changes all that share it.
    private func applyOutOfMemoryScore() throws {
        guard let score = process.oomScoreAdj else { return }
        try OutOfMemoryScore.set(score, pid: record.pid, log: runtime.log)
    }

    func writePidFile() throws {
        guard let path = options.pidFile else { return }
        // Readers look at it as soon as it is there: never half of a number.
        let temporary = "\(path).tmp"
        try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(
            "\(record.pid)")
        _ = try check("rename", path) { rename(temporary, path) }
    }

    // MARK: For a restore

    var folderPath: String { folder.path }

    func unlockFolder() { folder.unlock() }

    /// Takes over the first process, a child of ours that criu has made.
    func adopt(pid: Int32) throws {
        handle.value = try ProcessHandle.open(pid)
        record.pid = pid
        record.startTime = try ProcessRecord.read(pid)?.startTime ?? 0
        try folder.write(record)
    }

    // MARK: Undoing

    /// Removes all that was made. What cannot be removed is logged: the first error is what counts.
    func undo() {
        scopeHolder = nil
        do {
            if handle.pid > 0 {
                try handle.kill()
                if !options.becomesSibling { try handle.wait() }
            }
            if let place = record.cgroup {
                let cgroup = try ContainerCgroup(record: place)
                try cgroup.kill()
                try cgroup.delete()
            }
            try ResourceControl.remove(record.resourceControl)
            try folder.remove()
        } catch {
            runtime.log.warning("clean up after failed create of \(id): \(error)")
        }
    }
}

/// Shares a placement with the closure that runs in the new process.
final class Placement {
    let value: CgroupPlacement

    init(_ value: consuming CgroupPlacement) {
        self.value = value
    }

    /// Nil without groups.
    init?(of cgroup: borrowing ContainerCgroup?) throws {
        switch cgroup {
        case .none: return nil
        case .some(let cgroup): value = try cgroup.placement()
        }
    }
}

/// A process handle that may not be there yet: a class may not hold an optional noncopyable value directly.
private struct OptionalProcess: ~Copyable {
    var value: ProcessHandle?

    var pid: Int32 {
        switch value {
        case .none: 0
        case .some(let process): process.pid
        }
    }

    func kill() throws {
        switch value {
        case .none: return
        case .some(let process):
            do throws(KernelError) {
                try process.send(signal: SIGKILL)
            } catch {
                if error.errno != .noProcess { throw error }
            }
        }
    }

    func wait() throws {
        switch value {
        case .none: return
        case .some(let process): _ = try process.wait()
        }
    }

    func handOver(_ listener: SeccompFilter.Listener, _ state: ContainerState) throws {
        switch value {
        case .none: return
        case .some(let process): try SeccompAgent.handOver(listener, of: process, state: state)
        }
    }

    func waitIfEnded() throws -> ExitStatus? {
        switch value {
        case .none: nil
        case .some(let process): try process.waitIfEnded()
        }
    }
}
