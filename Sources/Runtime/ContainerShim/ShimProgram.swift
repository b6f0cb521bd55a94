import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// What `swiftlet-shim` does, from its arguments to its exit status.
public enum ShimProgram {
    private static let usage =
        "usage: swiftlet-shim --state DIR (--container DIR | --pod DIR) --id ID [--ready-fd N [[--cgroup PATH] --spare]]"

    /// - Parameters:
    ///   - arguments: the program's name first.
    ///   - network: of the containers that want one.
    public static func run(_ arguments: [String], network: ContainerNetwork = .none) -> Int32 {
        if arguments.dropFirst().first == "--version" {
            say("swiftlet-shim version \(SwiftletVersion.text)", to: 1)
            return 0
        }
        let options: Options
        do throws(UsageError) {
            options = try Options(arguments.dropFirst())
        } catch {
            say("swiftlet-shim: \(error.text); \(usage)", to: 2)
            return 2
        }
        do {
            // No file system that somebody may want to unmount, and nobody's umask.
            _ = try check("chdir", "/") { chdir("/") }
            umask(0o022)
            return options.isPod ? try supervisePod(options, network) : try supervise(options, network)
        } catch {
            say("\(error)", to: options.report)
            return 1
        }
    }

    private static func supervise(_ options: Options, _ network: ContainerNetwork) throws -> Int32 {
        // The lock comes first: whoever has it may replace what the shim before has left in the run folder.
        let lock = try lock(options)
        let folders = RunFolders(state: options.state)
        let shim = try Shim(folders: folders, network: network, name: options.id.text)
        do {
            try shim.add(options.id, folder: options.folder, lock: lock)
        } catch {
            folders.removeShim(options.id.text)
            throw error
        }
        report(ShimReport.readyLine, options)
        try shim.run()
        return 0
    }

    private static func supervisePod(_ options: Options, _ network: ContainerNetwork) throws -> Int32 {
        try ProcessDefaults.apply()
        var made: [String] = []
        if options.isSpare {
            // What takes longest and is the same for all pods.
            if let cgroup = options.cgroup { made = try ShimGroups.enter(cgroup) { sayProcess(options) } }
            if try !awaitOrder(options) { return 0 }
        }
        let lock = try lock(options)
        let pod = try PodSupervision.read(in: options.folder)
        guard pod.id == options.id.text else {
            throw ShimFailure(
                .badRequest,
                "\(options.folder)/\(PodSupervision.fileName) is that of pod \(JSONError.quoted(pod.id))")
        }
        try ShimGroups.note(made, in: options.folder)
        if let cgroup = pod.cgroup, cgroup != options.cgroup {
            try ShimGroups.enter(cgroup, folder: options.folder) { sayProcess(options) }
        }
        let folders = RunFolders(state: options.state)
        let shim = try Shim(folders: folders, network: network, name: pod.id, scoreForChildren: "0")
        var isMade = false
        do {
            try shim.begin(pod, id: options.id, folder: options.folder, lock: lock) {
                isMade = $0 == nil
                report($0?.message ?? ShimReport.readyLine, options)
            }
        } catch {
            folders.removeShim(pod.id)
            throw error
        }
        try shim.run()
        guard let failure = shim.pod?.failure else { return 0 }
        // Nobody has heard of it yet.
        if isMade { say("\(failure)", to: 2) }
        return 1
    }

    /// Whoever started us has another child now.
    private static func sayProcess(_ options: Options) {
        say(ShimReport.processLine(getpid()), to: options.report)
    }

    /// Waits until there is a pod for this shim.
    /// - Returns: false when whoever started it is gone, or has no use for it.
    private static func awaitOrder(_ options: Options) throws(KernelError) -> Bool {
        say(ShimReport.waitingLine, to: options.report)
        var order: UInt8 = 0
        let count = try check("read", "the order to begin") { read(options.report, &order, 1) }
        guard count == 1 else { return false }
        // From here on it is a shim like others, for whoever lists processes.
        let last = Int(CommandLine.argc) - 1
        if let word = CommandLine.unsafeArgv[last], strcmp(word, Options.spare) == 0 {
            memset(word, 0, strlen(word))
        }
        return true
    }

    /// The line that whoever started the shim waits for.
    private static func report(_ line: String, _ options: Options) {
        say(line, to: options.report)
        if options.report > 2 { close(options.report) }
    }

    /// The shim before us may be about to end: it holds the lock until its last moment.
    private static func lock(_ options: Options) throws -> ContainerLock {
        let patience = Shim.lingerTime + 2000
        guard let lock = try ContainerLock.take(folder: options.folder, milliseconds: patience) else {
            throw options.isPod
                ? ShimFailure(.wrongState, "pod \(options.id) is in use by another process")
                : Shim.inUse(options.id)
        }
        return lock
    }

    private static func say(_ line: String, to descriptor: Int32) {
        var text = line + "\n"
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    private struct UsageError: Error {
        let text: String
    }

    private struct Options {
        var state = ""
        /// The container's or pod's.
        var folder = ""
        var isPod = false
        var id: ContainerID
        var report: Int32 = 2
        /// Whether the pod is still to come; then `report` is a socket, over which it is told when there is one.
        var isSpare = false
        /// In which a spare one waits.
        var cgroup: String?

        static let spare = "--spare"

        init(_ arguments: ArraySlice<String>) throws(UsageError) {
            var id = ""
            var rest = arguments
            if rest.last == Self.spare {
                isSpare = true
                rest.removeLast()
            }
            while let name = rest.popFirst() {
                guard let value = rest.popFirst() else { throw UsageError(text: "\(name) needs a value") }
                switch name {
                case "--state": state = value
                case "--container", "--pod":
                    guard folder.isEmpty else { throw UsageError(text: "one of --container and --pod") }
                    folder = value
                    isPod = name == "--pod"
                case "--id": id = value
                case "--ready-fd":
                    guard let number = Int32(value), number >= 0 else {
                        throw UsageError(text: "--ready-fd: not a descriptor: \(value)")
                    }
                    report = number
                case "--cgroup": cgroup = value
                default: throw UsageError(text: "unknown option \(name)")
                }
            }
            guard state.utf8.first == UInt8(ascii: "/"), folder.utf8.first == UInt8(ascii: "/") else {
                throw UsageError(text: "--state and --container or --pod need absolute paths")
            }
            guard !isSpare || isPod && report > 2 else {
                throw UsageError(text: "\(Self.spare) needs --pod and --ready-fd")
            }
            guard isSpare || cgroup == nil else { throw UsageError(text: "--cgroup needs \(Self.spare)") }
            do throws(RuntimeError) {
                self.id = try ContainerID(id)
            } catch {
                throw UsageError(text: "--id: \(error)")
            }
        }
    }
}
