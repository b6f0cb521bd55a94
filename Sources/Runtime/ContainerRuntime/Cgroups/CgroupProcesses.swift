import CLinux
import Glibc
import LinuxKernel

extension ContainerCgroup {
    /// The processes in the container's group and those below it, by their numbers in our pid namespace
    /// (processes that it does not show are 0 in the kernel's list and left out here).
    ///
    /// Some may have ended by the time they are used, unless the container is frozen.
    public func processes() throws(CgroupError) -> [Int32] {
        guard exists else { return [] }
        var found: [Int32] = []
        try Self.collect(unified, "cgroup.procs", &found)
        return found
    }

    /// How many tasks, threads counted, there are in the container's group and those below it.
    func taskCount() throws(CgroupError) -> Int {
        guard exists else { return 0 }
        var found: [Int32] = []
        try Self.collect(unified, "cgroup.threads", &found)
        return found.count
    }

    private static func collect(
        _ group: CgroupDirectory, _ file: String, _ found: inout [Int32]
    ) throws(CgroupError) {
        do throws(CgroupError) {
            for word in CgroupText.words(try group.readIfThere(file) ?? []) {
                if let number = CgroupText.number(word), number > 0 { found.append(Int32(clamping: number)) }
            }
        } catch {
            // In a threaded group; the processes are listed by the group that is the root of the threaded part.
            guard case .kernel(let kernel) = error, kernel.errno == .notSupported else { throw error }
        }
        for name in try group.subgroups() {
            let path = "\(group.path)/\(name)"
            let fd = clinux_openat(group.descriptor, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
            if fd < 0 {
                if Errno.current == .noEntry { continue }
                throw .system("open", path)
            }
            let opened = FileDescriptor(owning: fd)
            try collect(CgroupDirectory(descriptor: opened.raw, path: path), file, &found)
        }
    }
}

// MARK: Signals

extension ContainerCgroup {
    /// Sends a signal to every process of the container. For SIGKILL see `kill`.
    /// - Throws: the kernel's refusals, except for processes that have ended meanwhile.
    public func signal(_ number: Int32) throws(CgroupError) {
        if number == SIGKILL { return try kill() }
        guard exists else { return }
        try signalFrozen(number)
    }

    /// A frozen container makes no new processes that the signal would miss. Signal 0 is a question.
    private func signalFrozen(_ number: Int32) throws(CgroupError) {
        let freezes = try number == 0 ? false : !isFrozen() && freezeIfPossible()
        let failure: CgroupError?
        do throws(CgroupError) {
            failure = try signalProcesses(number)
        } catch {
            if freezes { try thaw() }
            throw error
        }
        if freezes || number == SIGKILL { try thaw() }
        if let failure { throw failure }
    }

    /// - Returns: false when a process is where the kernel cannot stop it (a call to a dead NFS server, say): then it
    ///   goes on, and gets what there is to get nevertheless.
    private func freezeIfPossible() -> Bool {
        do throws(CgroupError) { try freeze() } catch { return false }
        return true
    }

    /// Kills every process in the container's group and those below it, frozen ones too; none can escape by
    /// forking. Returns at once: `waitUntilEmpty` waits for the end.
    public func kill() throws(CgroupError) {
        guard exists else { return }
        guard let errno = unified.attempt("cgroup.kill", "1") else { return }
        switch errno {
        case .noDevice: return
        // Removed since it was opened, as systemd does with a scope that has become empty.
        case .noEntry where !unified.isThere: return
        // Before Linux 5.14 there is no such file, and in a threaded group it does not work.
        case .noEntry, .notSupported: try signalFrozen(SIGKILL)
        default: throw unified.refusal("cgroup.kill", "1", errno)
        }
    }

    /// Kills every process of the container that a record tells of; only the version 2 group is opened for it.
    public static func kill(_ record: CgroupRecord) throws(CgroupError) {
        try ContainerCgroup(record: CgroupRecord(unified: record.unified)).kill()
    }

    /// - Returns: the first refusal; the others get their signal nevertheless.
    private func signalProcesses(_ number: Int32) throws(CgroupError) -> CgroupError? {
        var failure: CgroupError?
        for process in try processes() where Glibc.kill(process, number) != 0 {
            let errno = Errno.current
            if errno != .noProcess && failure == nil {
                failure = .system("send signal \(number) to process", "\(process)", errno)
            }
        }
        return failure
    }
}

// MARK: Groups below

extension CgroupDirectory {
    /// The names of the groups directly below; none when this group is gone.
    func subgroups() throws(CgroupError) -> [String] {
        var status = stat()
        // Two links and one for each folder: most containers have none, and the folder need not be read.
        if fstat(descriptor, &status) == 0, status.st_nlink == 2 { return [] }
        let fd = clinux_openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        if fd < 0 {
            if Errno.current == .noEntry || Errno.current == .noDevice { return [] }
            throw .system("open", path)
        }
        let folder = FileDescriptor(owning: fd)
        do throws(KernelError) {
            return try folder.listing(of: path).filter(\.isFolder).map(\.name)
        } catch {
            if error.errno == .noEntry || error.errno == .noDevice { return [] }
            throw .kernel(error)
        }
    }
}
