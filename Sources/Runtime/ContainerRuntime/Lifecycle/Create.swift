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
    let folder: ContainerFolder
    var handle = OptionalProcess()
    /// Keeps the container's scope until its process is there (systemd driver).
    var scopeHolder: ScopeHolder?
    /// Where the process can tell no failure in another way.
    private var failures: FailureFile?
    /// The runtime's end of the conversation with the new process.
    private var socket = FileDescriptor(owning: -1)

    /// A container does not depend on who made it; an exec inherits from its caller, as with runc.
    static let defaultUmask: UInt32 = 0o022

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
        try SecurityLabel.check(spec.linux?.mountLabel, of: "linux.mountLabel")
        try SecurityLabel.check(process.selinuxLabel, of: "process.selinuxLabel")
        record = ContainerRecord(
            ociVersion: spec.ociVersion, id: id.text, bundle: bundle.folder, rootfs: try bundle.rootfs(),
            bootID: try BootID.current(), created: Timestamp.now().rfc3339())
        record.annotations = spec.annotations
        record.hasPoststopHooks = !spec.hooks.poststop.isEmpty
        record.noNewKeyring = options.noNewKeyring
        record.hasNoStartHooks = spec.hooks.startContainer.isEmpty && spec.hooks.poststart.isEmpty
        folder = try ContainerFolder.make(root: runtime.root, id: id)
        if options.notifySocket != nil { spec.mounts.append(NotifySocket.mount(of: folder.path)) }
        spec.linux?.resources?.settlePidsLimit(version: spec.ociVersion)
        self.spec = spec
        do {
            try folder.writeConfiguration(configuration.bytes)
            try options.notifySocket?.open(in: folder.descriptor)
        } catch {
            let problem = error
            // The first error is what counts.
            do { try folder.remove() } catch {
                runtime.log.warning("clean up after failed create of \(id): \(error)")
            }
            throw problem
        }
    }

    // MARK: Steps

    func make(runsAtOnce: Bool) throws {
        let memory = SmallMemory.limit(spec.linux?.resources)
        guard let memory, memory < SmallMemory.comfortable else { return try makeUnwatched(runsAtOnce) }
        try SmallMemory.refuse(memory)
        let watch = try MakingWatch { [self] in
            folder.unlock()
            var outcome = "it is removed"
            do { try runtime.delete(id, force: true) } catch { outcome = "\(error)" }
            runtime.log.error(
                "container \(id): the runtime was killed while it made the container, most likely for want of memory: linux.resources.memory.limit is \(memory) bytes; \(outcome)"
            )
        }
        defer { watch.end() }
        try makeUnwatched(runsAtOnce)
    }

    private func makeUnwatched(_ runsAtOnce: Bool) throws {
        let filter = try configuration.compileFilter(cacheFolder: runtime.filterCache, log: runtime.log)
        runtime.log.debug(
            "container \(id): bundle \(record.bundle), "
                + (filter.map { "filter of \($0.instructionCount) instructions" }
                    ?? "no filter of system calls"))
        let layout = try CgroupLayout.detect()
        let rights = try CallerRights.current()
        record.rootless = rights.isRootless
        let cgroup = try makeCgroup(layout, rootless: runtime.rootless.applies(to: rights))
        runtime.log.debug("control groups: \(record.cgroup?.unified ?? "none")")
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
        if LaunchPlan.loadsFilterLast(process, filter) {
            failures = try FailureFile(
                runsAtOnce ? .memoryFile("failure") : folder.makeFailureFile(),
                atLeast: 3 + options.preservedDescriptors)
        }
        let capabilities = try CapabilitySets.forContainer(process, spec, log: runtime.log)
        let plan = LaunchPlan(
            process: process, capabilities: capabilities,
            boundingDrops: try capabilities.boundingToDrop(), seccomp: filter,
            raisedLimits: try RaisedLimits(process, spec),
            preservedDescriptors: options.preservedDescriptors, defaultUmask: Self.defaultUmask,
            socket: childEnd.raw, start: startFD,
            result: resultFD, failures: failures?.descriptor ?? -1)
        let namespaces = try NamespacePlan(spec)
        let state = ContainerState(
            id: id.text, status: .creating, pid: nil, bundle: record.bundle, annotations: spec.annotations,
            ociVersion: record.ociVersion)
        let devices = try NetworkDevices(spec.linux?.netDevices ?? [:])
        let process = InitProcess(
            id: id, spec: spec, process: process, options: options, mountOptions: mountOptions,
            rootfs: record.rootfs, sources: sources, cgroup: view, placement: placement,
            joins: namespaces.joins,
            lateNamespaces: namespaces.lateNamespaces, queueLabel: namespaces.queueLabel, plan: plan,
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
        runtime.log.debug("first process: \(record.pid)")
        try handScope(cgroup)
        // The new process now holds the only copy of its end: when it is gone, reading says so.
        _ = consume childEnd
        let ends = gate.ends()
        close(ends.1)
        socket = FileDescriptor(owning: ends.0)

        try namespaces.writeMaps(pid: record.pid)
        try delegate(cgroup, layout)
        if isOpen { Self.letLookInto(false) }
        try devices?.move(toProcess: record.pid)
        try joinResourceControl(record.pid)
        try converse(socket.raw, filter)
        try plan.raisedLimits.apply(to: record.pid)
        // The container holds its own ends of the gate.
        _ = startGate
        if rights.administers { try applyOutOfMemoryScore() }
        record.startTime = try ProcessRecord.read(record.pid)?.startTime ?? 0
        try folder.write(record)
        try writePidFile()
        folder.unlock()
        runtime.log.debug("container \(id) is created")
    }

    private func rootSource(_ rights: CallerRights, _ mountOptions: [MountOptions]) throws -> RootSource {
        let namespaces = spec.linux?.namespaces ?? []
        if !rights.administers, !namespaces.contains(where: { $0.type == .user }) {
            throw RuntimeError(
                "linux.namespaces: a container of a user without CAP_SYS_ADMIN needs a user namespace")
        }
        if spec.linux?.namespace(.mount)?.path != nil {
            if !spec.mounts.isEmpty || spec.linux?.maskedPaths.isEmpty == false {
                runtime.log.warning(
                    "linux.namespaces: the mount namespace is joined as it is: root, mounts, maskedPaths and "
                        + "readonlyPaths of the configuration are not applied")
            }
            return .joined
        }
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
        try runtime.runStartContainerHooks(record, configuration)
        switch try Channel.proceed(socket.raw) {
        case .closed: try FailureFile.throwFailure(in: failures?.descriptor ?? -1)
        case .failure(let error): throw error
        case .hooks, .filter, .ready: throw RuntimeError("the container's process is out of step")
        }
        runtime.log.debug("container \(id) is started")
        try Hooks.run(
            spec.hooks.poststart, kind: "poststart", state: record.state(.running), log: runtime.log)
    }

    /// Not before the process has memory of its own: the kernel changes all that share it.
    private func applyOutOfMemoryScore() throws {
        guard let score = process.oomScoreAdj else { return }
        try OutOfMemoryScore.set(score, pid: record.pid, log: runtime.log)
    }

    func writePidFile() throws {
        if let path = options.pidFile { try PIDFile.write(record.pid, to: path) }
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
            // What earlier hooks have made is theirs to take away (runtime.md, Lifecycle, step 13).
            Hooks.runAll(
                spec.hooks.poststop, kind: "poststop", state: record.state(.stopped), log: runtime.log)
            try folder.remove()
        } catch {
            runtime.log.warning("clean up after failed create of \(id): \(error)")
        }
    }
}
