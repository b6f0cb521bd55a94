import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Lets a created container's program begin.
    /// - Parameter notifySocket: hears from the container when it is ready, where it was made with one.
    /// - Throws: when the container does not wait, the program cannot be executed, or a startContainer or poststart
    ///   hook fails; in all cases but the first the container has stopped.
    @discardableResult public func start(_ id: ContainerID, notifySocket: NotifySocket? = nil) throws
        -> StartedProcess
    {
        let folder = try ContainerFolder.open(root: root, id: id)
        try folder.lock()
        defer { folder.unlock() }
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        switch try status(record, folder) {
        case .created: break
        case .paused: throw RuntimeError("cannot start a paused container", kind: .wrongState)
        case .stopped:
            throw RuntimeError("cannot start a container that has stopped", kind: .wrongState)
        case .creating, .running:
            throw RuntimeError("cannot start an already running container", kind: .wrongState)
        }
        let configuration = record.hasNoStartHooks ? nil : try folder.readConfiguration()
        if let notifySocket, folder.hasNotifySocket { try notifySocket.open(in: folder.descriptor) }
        do {
            if let configuration { try runStartContainerHooks(record, configuration) }
        } catch {
            endAfterFailure(record)
            folder.removeGate()
            throw error
        }
        try release(folder)
        log.debug("container \(id) is started")
        do {
            try Hooks.run(
                configuration?.spec.hooks.poststart ?? [], kind: "poststart", state: record.state(.running),
                log: log)
        } catch {
            endAfterFailure(record)
            throw error
        }
        return StartedProcess(pid: record.pid)
    }

    private func release(_ folder: borrowing ContainerFolder) throws {
        // The reader first, so that a failure right after the start is not lost. It does not wait: the
        // container holds the other end.
        let result = try folder.descriptor.openAt(ContainerFolder.resultName, O_RDONLY | O_NONBLOCK)
        try result.setNonBlocking(false)
        let start: FileDescriptor
        do throws(KernelError) {
            // Non-blocking: ENXIO when nobody reads any more.
            start = try folder.descriptor.openAt(ContainerFolder.startName, O_WRONLY | O_NONBLOCK)
        } catch {
            throw RuntimeError("cannot start a container that has stopped", kind: .wrongState)
        }
        let failures = folder.openFailureFile()
        folder.removeGate()
        try start.writeAll("G")
        // The container's end closes when it has become its program.
        let message = try result.readToEnd(limit: 4096)
        if let failure = ExecPlan.failure(message[...]) {
            throw LaunchPlan.failure(step: failure.step, failure.errno)
        }
        try FailureFile.throwFailure(in: failures.raw)
    }

    /// Hooks that run inside the container, before its program (config.md, "startContainer").
    ///
    /// The image may be what supplies them: they are what its program will be, in groups, limits, ids, capabilities
    /// and filter, and never more.
    func runStartContainerHooks(_ record: ContainerRecord, _ configuration: Configuration) throws {
        let spec = configuration.spec
        guard !spec.hooks.startContainer.isEmpty, let program = spec.process else { return }
        guard let initProcess = try record.liveProcess() else {
            throw RuntimeError("cannot start a container that has stopped", kind: .wrongState)
        }
        var state = record.state(.created)
        // As the container sees it (runtime.md, State).
        state.pid = try ProcessRecord.numberInside(record.pid) ?? record.pid
        try Hooks.run(
            spec.hooks.startContainer, kind: "startContainer", state: state, log: log,
            environment: program.env
        ) { hook, command in
            var process = program
            process.args = command.arguments
            process.env = command.environment
            process.terminal = false
            process.execCPUAffinity = nil
            let streams = try Command.Streams()
            var options = ExecOptions(process: process)
            options.streams = .descriptors(
                input: streams.programInput.raw, output: streams.programOutput.raw,
                error: streams.programOutput.raw)
            let joining = Joining(
                runtime: self, record: record, configuration: configuration, options: options, hook: hook)
            return try command.finish(try joining.make(initProcess), streams)
        }
    }

    /// Why a start failed is worth more than why its end failed, too.
    private func endAfterFailure(_ record: ContainerRecord) {
        do {
            try killAll(record, try record.liveProcess())
        } catch {
            log.warning("\(error)")
        }
    }

    /// Ends every process of a container. The first one also when somebody has moved it out of the group.
    /// - Parameter process: the record's `liveProcess`.
    func killAll(_ record: ContainerRecord, _ process: borrowing ProcessHandle?) throws {
        do {
            if let place = record.cgroup { try ContainerCgroup.kill(place) }
        } catch {
            // Whatever is wrong with the group, the first process ends.
            try kill(process)
            throw error
        }
        try kill(process)
    }

    /// - Parameter process: a record's `liveProcess`.
    func kill(_ process: borrowing ProcessHandle?) throws {
        switch process {
        case .none: return
        case .some(let process): try process.sendUnlessEnded(signal: SIGKILL)
        }
    }
}

/// Entering all namespaces of a container that differ from ours.
enum ContainerNamespaces {
    /// Runs `body` in a process of its own that has entered them; what it throws comes back.
    static func run(
        in process: borrowing ProcessHandle, _ what: String, body: @escaping () throws -> Void
    ) throws {
        let talk = try socketPair()
        let childEnd = talk.write.raw
        let pidfd = process.descriptor.raw
        let pid = process.pid
        let child = try spawnChild(CloneOptions(), gate: childEnd, peer: talk.read.raw) {
            do {
                try enter(pidfd: pidfd, try different(fromProcess: pid))
                try body()
                return 0
            } catch {
                Channel.fail(childEnd, error)
            }
        }
        _ = consume talk.write
        let answer = try Channel.proceed(talk.read.raw)
        let status = try child.wait()
        if case .failure(let error) = answer { throw error }
        if status != .exited(0) { throw RuntimeError("\(what): their process ended early") }
    }

    /// - Parameter kinds: flags of setns(2).
    static func enter(pidfd: Int32, _ kinds: UInt64) throws(KernelError) {
        guard kinds != 0 else { return }
        _ = try check("join namespaces of", "the container's process") {
            clinux_syscall(Int(SYS_setns), Int(pidfd), Int(kinds), 0, 0, 0, 0)
        }
    }

    /// The kinds of which a process is in another namespace than this one, as flags of setns(2), which fails or
    /// changes the root for a user or mount namespace that one is in already.
    static func different(fromProcess pid: Int32) throws(KernelError) -> UInt64 {
        let ours = try FileDescriptor.open("/proc/self/ns", O_PATH | O_DIRECTORY)
        let theirs = try FileDescriptor.open("/proc/\(pid)/ns", O_PATH | O_DIRECTORY)
        var kinds: UInt64 = 0
        var next = NamespaceKind(rawValue: 0)
        while let kind = next {
            next = NamespaceKind(rawValue: kind.rawValue + 1)
            guard let own = try identity(kind, in: ours) else { continue }
            if try identity(kind, in: theirs) != own { kinds |= kind.flag }
        }
        return kinds
    }

    /// What the kernel calls a namespace, `net:[4026531840]`: the number. To follow the link would make an inode for
    /// it each time.
    /// - Returns: nil when this kernel does not have the kind.
    private static func identity(
        _ kind: NamespaceKind, in folder: borrowing FileDescriptor
    ) throws(KernelError) -> UInt64? {
        var text: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let count = withUnsafeMutableBytes(of: &text) {
            readlinkat(folder.raw, kind.procName, $0.baseAddress!, $0.count)
        }
        if count < 0 {
            if Errno.current == .noEntry { return nil }
            throw KernelError("read link", "namespace \(kind.procName)")
        }
        return withUnsafeBytes(of: text) { bytes in
            bytes.prefix(count).reduce(0) { number, byte in
                (48...57).contains(byte) ? number &* 10 &+ UInt64(byte - 48) : number
            }
        }
    }
}
