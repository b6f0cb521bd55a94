import CLinux
import Glibc
import LinuxKernel

/// Starts `swiftlet-shim` for one container or for a pod, in a session of its own so that it outlives this program.
///
/// posix_spawn(3) and not fork, as the caller may have threads. The shim is a child of the caller until that
/// ends; a caller that lives longer than its shims reaps them (`waitpid`).
public enum ShimLauncher {
    /// Starts a shim and waits until it listens. The caller must not hold the container's lock: the shim
    /// takes it.
    /// - Parameters:
    ///   - folder: the container's folder, with `supervision.json` and the OCI bundle.
    ///   - state: the run folder of the namespace, `/run/swiftlet/default`; made if missing.
    ///   - milliseconds: how long it may take.
    ///   - program: the shim's path; nil to look for it (see `find`).
    /// - Returns: the shim's process id.
    /// - Throws: `notStarted` with the shim's own line, such as that another shim has the container.
    @discardableResult
    public static func launch(
        container: String, folder: String, state: String, milliseconds: Int = ShimClient.promptly,
        program: String? = nil
    ) throws(ShimError) -> Int32 {
        try launch(
            ["--state", state, "--container", folder, "--id", container], milliseconds, program)
    }

    /// Starts the shim of a pod and waits until the pod's namespaces are pinned and its init runs. The caller must
    /// not hold the lock of the pod's folder.
    /// - Parameters:
    ///   - folder: the sandbox's folder, with `pod.json`.
    ///   - state: the run folder of the namespace, `/run/swiftlet/k8s`; made if missing.
    /// - Returns: the shim's process id.
    /// - Throws: `notStarted` with the shim's own line; nothing of the pod is left then, but for what `PodCleanup`
    ///   removes of a shim that was not done in time.
    public static func launchPod(
        id: String, folder: String, state: String, milliseconds: Int = ShimClient.patiently,
        program: String? = nil
    ) throws(ShimError) -> Int32 {
        try beginPod(id: id, folder: folder, state: state, milliseconds: milliseconds, program: program)
            .ready()
    }

    /// As `launchPod`, without the waiting: there may be something to do meanwhile.
    public static func beginPod(
        id: String, folder: String, state: String, milliseconds: Int = ShimClient.patiently,
        program: String? = nil
    ) throws(ShimError) -> StartingShim {
        try begin(["--state", state, "--pod", folder, "--id", id], milliseconds, program)
    }

    private static func launch(
        _ arguments: [String], _ milliseconds: Int, _ program: String?
    ) throws(ShimError) -> Int32 {
        try begin(arguments, milliseconds, program).ready()
    }

    private static func begin(
        _ arguments: [String], _ milliseconds: Int, _ program: String?
    ) throws(ShimError) -> StartingShim {
        let path = if let program { program } else { try find() }
        let (readEnd, pid) = try start(path, arguments + ["--ready-fd", "3"])
        return StartingShim(
            owning: FileDescriptor(owning: readEnd), pid: pid,
            deadline: monotonicMilliseconds() + milliseconds)
    }

    /// Looks for the shim's program beside the running one, in `../libexec/swiftlet`, and in PATH.
    public static func find() throws(ShimError) -> String {
        let name = "swiftlet-shim"
        let own = withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer -> String? in
            let count = readlink(
                "/proc/self/exe", buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
            guard count > 0 else { return nil }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
        var folders: [String] = []
        if let own {
            let folder = own.splitAtLastComponent.parent
            folders += [folder, folder + "/../libexec/swiftlet"]
        }
        if let path = getenv("PATH") {
            folders += String(cString: path).split(separator: ":").filter { $0.first == "/" }.map {
                String($0)
            }
        }
        for folder in folders {
            let candidate = folder + "/" + name
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw .notStarted("not found beside this program, in ../libexec/swiftlet or in PATH")
    }

    private static func start(
        _ path: String, _ arguments: [String]
    ) throws(ShimError) -> (report: Int32, pid: Int32) {
        do throws(KernelError) {
            let (readEnd, writeEnd) = try FileDescriptor.pipe().ends()
            let report = FileDescriptor(owning: readEnd)
            let reporting = FileDescriptor(owning: writeEnd)
            let pid = try spawn(path, arguments, report: reporting.raw)
            return (report.release(), pid)
        } catch {
            throw .refused(error)
        }
    }

    private static func spawn(_ path: String, _ arguments: [String], report: Int32) throws(KernelError)
        -> Int32
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // First, as the pipe may itself be one of the numbers that are set below.
        posix_spawn_file_actions_adddup2(&actions, report, 3)
        for number: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
        }
        _ = clinux_spawn_close_from(&actions, 4)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // The environment may hold secrets and is of no use to the shim, but for the search path of hooks.
        let environment = getenv("PATH").map { ["PATH=" + String(cString: $0)] } ?? []
        var pid: pid_t = 0
        let error = withCStrings([path] + arguments) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, path, &actions, &attributes, argv, envp) }
        }
        if error != 0 { throw KernelError("start", path, Errno(rawValue: error)) }
        return pid
    }

    // MARK: What the shim reports

    private static let processWord = "pid "

    /// The line with which a shim that goes on as another process says so.
    static func processLine(_ pid: Int32) -> String { processWord + "\(pid)" }

    /// The shim writes a line and closes: `ok`, or why not. Before that it may say that it has become another
    /// process, a child of ours too.
    /// - Returns: the shim's process id.
    fileprivate static func awaitReport(
        _ report: borrowing FileDescriptor, pid: Int32, deadline: Int
    ) throws(ShimError) -> Int32 {
        var pid = pid
        var text = ""
        do throws(KernelError) {
            while true {
                if let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(text[..<end])
                    text = String(text[text.utf8.index(after: end)...])
                    guard let other = process(line) else {
                        if line == "ok" { return pid }
                        text = line
                        break
                    }
                    // It has ended.
                    waitpid(pid, nil, 0)
                    pid = other
                    continue
                }
                text += try read(report, deadline: deadline)
            }
        } catch {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw .notStarted("\(error)")
        }
        waitpid(pid, nil, 0)
        throw .notStarted(text)
    }

    private static func process(_ line: String) -> Int32? {
        guard line.utf8.starts(with: processWord.utf8) else { return nil }
        return Int32(line.dropFirst(processWord.utf8.count))
    }

    private static func read(
        _ report: borrowing FileDescriptor, deadline: Int
    ) throws(KernelError) -> String {
        var poll = pollfd(fd: report.raw, events: Int16(POLLIN), revents: 0)
        let ready = try check("poll", "report of the shim") {
            Glibc.poll(&poll, 1, Int32(clamping: max(0, deadline - monotonicMilliseconds())))
        }
        guard ready > 0 else { throw KernelError("wait for", "its report", .timedOut) }
        let text = try report.readText(atMost: 4096)
        if text.isEmpty { throw KernelError("read", "its report", .brokenPipe) }
        return text
    }
}

/// A shim that has been started and has not said yet whether it is there.
public final class StartingShim: Sendable {
    private let report: FileDescriptor
    private let pid: Int32
    private let deadline: Int

    fileprivate init(owning report: consuming FileDescriptor, pid: Int32, deadline: Int) {
        self.report = report
        self.pid = pid
        self.deadline = deadline
    }

    /// Waits until it listens, and a pod's shim until its namespaces are pinned. To be called once, whatever else
    /// fails: it reaps a shim that does not come up.
    /// - Returns: the shim's process id.
    /// - Throws: `notStarted` with the shim's own line.
    @discardableResult
    public func ready() throws(ShimError) -> Int32 {
        try ShimLauncher.awaitReport(report, pid: pid, deadline: deadline)
    }
}

extension FileDescriptor {
    /// One read(2); empty at the end.
    fileprivate func readText(atMost count: Int) throws(KernelError) -> String {
        var failure: KernelError?
        let text = String(unsafeUninitializedCapacity: count) { buffer in
            do throws(KernelError) {
                return try read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return text
    }
}
