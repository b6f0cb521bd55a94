import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Sends a signal to the container's first process, or with `all` to every process in it. SIGKILL ends all in any
    /// case.
    public func kill(_ id: ContainerID, signal: Signal, all: Bool) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        log.debug("signal \(signal.rawValue) to process \(record.pid) of container \(id)")
        if all {
            try signalAll(record, signal)
        } else if signal == .kill {
            try killAll(record)
        } else {
            if try status(record, folder) == .stopped {
                throw RuntimeError("container not running", kind: .wrongState)
            }
            try send(signal, to: record)
        }
        // The first process of a pid namespace has no signals by default, and the one that waits for the start
        // handles none: what would end the program ends it. Asked after the signal: whoever has been started
        // meanwhile has it already, and may handle it.
        if Self.endsWaiting(signal), try status(record, folder) == .created {
            try kill(try record.liveProcess())
        }
    }

    /// As runc's own process has it, which waits in the same place.
    private static func endsWaiting(_ signal: Signal) -> Bool {
        switch signal.rawValue {
        case SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGTERM: true
        default: false
        }
    }

    private func send(_ signal: Signal, to record: ContainerRecord) throws {
        switch try record.liveProcess() {
        case .none: throw RuntimeError("container not running", kind: .wrongState)
        case .some(let process):
            do throws(KernelError) {
                try process.send(signal: signal.rawValue)
            } catch {
                if error.errno == .noProcess {
                    throw RuntimeError("container not running", kind: .wrongState)
                }
                throw error
            }
        }
    }

    /// In a pid namespace of its own all end with the first process, in another's they would stay: also those that
    /// have outlived it.
    private func killAll(_ record: ContainerRecord) throws {
        let process = try record.liveProcess()
        switch process {
        case .some: break
        case .none:
            let place = record.pid == 0 ? nil : record.cgroup
            guard let place, try !ContainerCgroup(record: place).processes().isEmpty else {
                throw RuntimeError("container not running", kind: .wrongState)
            }
        }
        try killAll(record, process)
    }

    private func signalAll(_ record: ContainerRecord, _ signal: Signal) throws {
        guard let place = record.cgroup else {
            // With a pid namespace of its own, the end of the first process is the end of all.
            try send(signal, to: record)
            return
        }
        let cgroup = try ContainerCgroup(record: place)
        // Somebody may have moved the processes elsewhere and removed the group; the first one is known.
        guard cgroup.exists else { return try send(signal, to: record) }
        try cgroup.signal(signal.rawValue)
    }

    /// Removes a stopped container; with `force` a living one, too, after it was killed.
    /// - Throws: nothing with `force` when there is no such container.
    public func delete(_ id: ContainerID, force: Bool) throws {
        do {
            try deleteLocked(id, force: force)
        } catch let error as RuntimeError where force && error.kind == .noSuchContainer {
            return
        }
    }

    private func deleteLocked(_ id: ContainerID, force: Bool) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        try folder.lock()
        // A command that died while it made the container may have left no record.
        guard let record = try folder.readRecord() else {
            try folder.remove()
            return
        }
        let process = try record.liveProcess()
        if record.pid != 0 {
            switch try status(record, folder, process: process) {
            case .stopped: break
            case .created where !force:
                try kill(process)
                try waitForEnd(process)
            case let status where !force:
                throw RuntimeError(
                    "cannot delete container \(id) that is not stopped: \(status.rawValue)", kind: .wrongState
                )
            default: break
            }
        }
        try remove(record, folder, process: process)
    }

    /// Ends what is left of a container, whose folder is locked, and removes everything of it.
    /// - Parameter process: the record's `liveProcess`.
    func remove(
        _ record: ContainerRecord, _ folder: borrowing ContainerFolder, process: borrowing ProcessHandle?
    ) throws {
        switch process {
        case .none: break
        case .some:
            try killAll(record, process)
            try waitForEnd(process)
        }
        // Processes that outlived the first one go with the container.
        if let place = record.cgroup { try ContainerCgroup.delete(place, killing: true) }
        try ResourceControl.remove(record.resourceControl)
        runPoststop(record, folder)
        try folder.remove()
        log.debug("container \(record.id) is removed")
    }

    /// Ten seconds are for processes that the kernel cannot end at once: in the middle of a core dump, say.
    private func waitForEnd(_ process: borrowing ProcessHandle?) throws {
        switch process {
        case .none: return
        case .some(let process):
            if try !process.waitForEnd(milliseconds: 10_000) {
                throw RuntimeError("container init still running: process \(process.pid)", kind: .wrongState)
            }
        }
    }

    private func runPoststop(_ record: ContainerRecord, _ folder: borrowing ContainerFolder) {
        guard record.hasPoststopHooks else { return }
        do {
            let spec = try folder.readConfiguration().spec
            Hooks.runAll(spec.hooks.poststop, kind: "poststop", state: record.state(.stopped), log: log)
        } catch {
            log.warning("poststop hooks: \(error)")
        }
    }

    // MARK: Freezing

    /// Stops every process of a running container where it is.
    public func pause(_ id: ContainerID) throws {
        try withLiveCgroup(id, "pause", from: [.running, .created]) { try $0.freeze() }
    }

    public func resume(_ id: ContainerID) throws {
        try withLiveCgroup(id, "resume", from: [.paused]) { try $0.thaw() }
    }

    /// The ids of all processes in the container, in the runtime's pid namespace.
    public func processes(_ id: ContainerID) throws -> [Int32] {
        let folder = try ContainerFolder.open(root: root, id: id)
        return try ContainerCgroup(record: try folder.readRecordWithGroups().place).processes()
    }

    private func withLiveCgroup(
        _ id: ContainerID, _ what: String, from states: [ContainerStatus],
        _ body: (borrowing ContainerCgroup) throws -> Void
    ) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        try folder.lock()
        defer { folder.unlock() }
        let (record, place) = try folder.readRecordWithGroups()
        let status = try status(record, folder)
        guard states.contains(status) else {
            throw RuntimeError("cannot \(what) a container that is \(status.rawValue)", kind: .wrongState)
        }
        try body(try ContainerCgroup(record: place))
    }
}
