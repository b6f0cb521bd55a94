import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Lets a created container's program begin.
    /// - Parameter notifySocket: hears from the container when it is ready, where it was made with one.
    /// - Throws: when the container does not wait, a startContainer hook fails, or the program cannot be
    ///   executed; in the last two cases the container has stopped.
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
        let spec = try folder.readConfiguration().spec
        if folder.hasNotifySocket { try notifySocket?.open(in: folder.descriptor) }
        do {
            try runStartContainerHooks(record, spec)
        } catch {
            try kill(record)
            folder.removeGate()
            throw error
        }
        try release(folder)
        Hooks.runAll(spec.hooks.poststart, kind: "poststart", state: record.state(.running), log: log)
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
        folder.removeGate()
        try start.writeAll("G")
        // The container's end closes when it has become its program.
        let message = try result.readToEnd(limit: 4096)
        if let failure = ExecPlan.failure(message[...]) {
            throw LaunchPlan.failure(step: failure.step, failure.errno)
        }
    }

    /// Hooks that run inside the container, before its program (config.md, "startContainer").
    func runStartContainerHooks(_ record: ContainerRecord, _ spec: RuntimeSpec) throws {
        guard !spec.hooks.startContainer.isEmpty else { return }
        var state = record.state(.created)
        state.pid = record.pid
        guard let process = try record.liveProcess() else {
            throw RuntimeError("cannot start a container that has stopped", kind: .wrongState)
        }
        let (hooks, log) = (spec.hooks.startContainer, log)
        try ContainerNamespaces.run(in: process, "startContainer hooks") {
            try Hooks.run(hooks, kind: "startContainer", state: state, log: log)
        }
    }

    func kill(_ record: ContainerRecord) throws {
        switch try record.liveProcess() {
        case .none: return
        case .some(let process):
            do throws(KernelError) {
                try process.send(signal: SIGKILL)
            } catch {
                if error.errno != .noProcess { throw error }
            }
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
                try enter(pidfd: pidfd, pid: pid)
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

    /// For a process whose children are to be born into the pid namespace, with the rights of the user namespace.
    static func enterAsRoot(pidfd: Int32, pid: Int32) throws {
        var flags: UInt64 = 0
        for kind in [NamespaceKind.user, .pid] where try differs(kind, pid: pid) { flags |= kind.flag }
        guard flags != 0 else { return }
        _ = try check("join namespaces of", "process \(pid)") {
            clinux_syscall(Int(SYS_setns), Int(pidfd), Int(flags), 0, 0, 0, 0)
        }
    }

    static func enter(pidfd: Int32, pid: Int32) throws {
        var flags: UInt64 = 0
        for kind in NamespaceKind.allCases where try differs(kind, pid: pid) { flags |= kind.flag }
        guard flags != 0 else { return }
        _ = try check("join namespaces of", "process \(pid)") {
            clinux_syscall(Int(SYS_setns), Int(pidfd), Int(flags), 0, 0, 0, 0)
        }
    }

    /// setns(2) into a user or mount namespace that one is in already fails or changes the root.
    static func differs(_ kind: NamespaceKind, pid: Int32) throws -> Bool {
        var ours = stat()
        var theirs = stat()
        if stat("/proc/self/ns/\(kind.procName)", &ours) != 0 {
            // This kernel does not have the kind.
            if Errno.current == .noEntry { return false }
            throw KernelError("stat", "/proc/self/ns/\(kind.procName)")
        }
        _ = try check("stat", "/proc/\(pid)/ns/\(kind.procName)") {
            stat("/proc/\(pid)/ns/\(kind.procName)", &theirs)
        }
        return ours.st_ino != theirs.st_ino
    }
}
