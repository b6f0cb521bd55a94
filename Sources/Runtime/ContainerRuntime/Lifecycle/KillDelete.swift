import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Sends a signal to the container's first process, or with `all` to every process in it.
    public func kill(_ id: ContainerID, signal: Signal, all: Bool) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        if all {
            try signalAll(record, signal)
            return
        }
        switch try status(record, folder) {
        case .creating, .created, .running, .paused: break
        case .stopped: throw RuntimeError("container not running", kind: .wrongState)
        }
        try send(signal, to: record)
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

    private func signalAll(_ record: ContainerRecord, _ signal: Signal) throws {
        guard let place = record.cgroup else {
            // With a pid namespace of its own, the end of the first process is the end of all.
            try send(signal, to: record)
            return
        }
        let cgroup = try ContainerCgroup(record: place)
        // Somebody may have moved the processes elsewhere and removed the group; the first one is known.
        guard cgroup.exists else { return try send(signal, to: record) }
        if signal == .kill {
            try cgroup.kill()
            return
        }
        for pid in try cgroup.processes() {
            do throws(KernelError) {
                let process = try ProcessHandle.open(pid)
                try process.send(signal: signal.rawValue)
            } catch {
                if error.errno != .noProcess { throw error }
            }
        }
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
        if let place = record.cgroup {
            // Processes that outlived the first one go with the container; the first one also when somebody has moved
            // it out of the group.
            try ContainerCgroup.kill(place)
            try kill(process)
            try waitForEnd(process)
            try ContainerCgroup.delete(place)
        } else {
            try kill(process)
            try waitForEnd(process)
        }
        try ResourceControl.remove(record.resourceControl)
        runPoststop(record, folder)
        try folder.remove()
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
