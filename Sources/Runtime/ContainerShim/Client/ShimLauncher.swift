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
        container: String, folder: String, state: String, milliseconds: Int = ShimPatience.answer,
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
        id: String, folder: String, state: String, milliseconds: Int = ShimPatience.work,
        program: String? = nil
    ) throws(ShimError) -> Int32 {
        try beginPod(id: id, folder: folder, state: state, milliseconds: milliseconds, program: program)
            .ready()
    }

    /// As `launchPod`, without the waiting: there may be something to do meanwhile.
    public static func beginPod(
        id: String, folder: String, state: String, milliseconds: Int = ShimPatience.work,
        program: String? = nil
    ) throws(ShimError) -> StartingShim {
        try begin(["--state", state, "--pod", folder, "--id", id], milliseconds, program)
    }

    /// Starts a shim for a pod that is still to come, and waits until it waits for that: what takes longest, the start
    /// of a program, is then done before anybody has to wait for it. It ends when this program does.
    /// - Parameters:
    ///   - id: of the pod to come; nothing of it has to be there yet.
    ///   - folder: where `pod.json` will be.
    ///   - cgroup: that of its pod, in which it waits (`PodSupervision.cgroup`).
    /// - Throws: `notStarted`; nothing is left then, but for the group.
    public static func beginSpare(
        id: String, folder: String, state: String, cgroup: String? = nil,
        milliseconds: Int = ShimPatience.answer,
        program: String? = nil
    ) throws(ShimError) -> SpareShim {
        let path = if let program { program } else { try find() }
        let line: Pipe
        do throws(KernelError) { line = try UnixSocket.streamPair() } catch { throw .refused(error) }
        let (own, reporting) = line.ends()
        let socket = FileDescriptor(owning: own)
        let group = cgroup.map { ["--cgroup", $0] } ?? []
        let pid = try start(
            path, ["--state", state, "--pod", folder, "--id", id, "--ready-fd", "3"] + group + ["--spare"],
            report: FileDescriptor(owning: reporting))
        return try SpareShim(
            owning: socket, pid: pid, deadline: monotonicMilliseconds() + milliseconds
        ) { () throws(ShimError) in
            try beginPod(id: id, folder: folder, state: state, program: program)
        }
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
        let pipe: Pipe
        do throws(KernelError) { pipe = try FileDescriptor.pipe() } catch { throw .refused(error) }
        let (readEnd, writeEnd) = pipe.ends()
        let report = FileDescriptor(owning: readEnd)
        let pid = try start(
            path, arguments + ["--ready-fd", "3"], report: FileDescriptor(owning: writeEnd))
        return StartingShim(
            owning: report, pid: pid, deadline: monotonicMilliseconds() + milliseconds)
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
        _ path: String, _ arguments: [String], report: consuming FileDescriptor
    ) throws(ShimError) -> Int32 {
        do throws(KernelError) {
            return try spawn(path, arguments, report: report.raw)
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
}
