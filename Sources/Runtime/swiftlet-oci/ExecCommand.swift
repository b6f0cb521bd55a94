import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

extension Invocation {
    private static let execSyntax = Arguments.Syntax(
        flags: [["tty", "t"], ["detach", "d"], ["no-new-privs"], ["ignore-paused"], ["no-subreaper"]],
        values: [
            ["console-socket"], ["cwd"], ["env", "e"], ["user", "u"], ["additional-gids", "g"],
            ["process", "p"], ["pid-file"], ["pidfd-socket"], ["process-label"], ["apparmor"], ["cap", "c"],
            ["preserve-fds"], ["cgroup"],
        ], endsAtArgument: true)

    func exec() throws -> Int32 {
        let arguments = try Arguments(rest, Self.execSyntax)
        let id = try arguments.containerID(0...Int.max - 1)
        var options = try execOptions(id, arguments)
        options.pidFile = arguments["pid-file"]
        options.ignoresPaused = arguments.has("ignore-paused")
        options.cgroupPaths = arguments.all("cgroup")
        (options.preservedDescriptors, options.extraEnvironment) = try passedDescriptors(arguments)
        guard arguments["console-socket"] == nil || (arguments.has("detach") && options.process.terminal)
        else {
            throw RuntimeError("--console-socket is for detached processes with a terminal (--detach, --tty)")
        }
        let pidfdSocket = try PidfdSocket(arguments, kind: "setns")
        func makeProcess() throws -> StartedProcess {
            let process = try runtime.exec(id, options)
            try pidfdSocket?.send(process) { try ProcessHandle.open(process.pid).send(signal: SIGKILL) }
            return process
        }
        if arguments.has("detach") {
            if let path = arguments["console-socket"] {
                options.streams = .terminal(socket: try ConsoleSocket.connect(path).release())
            } else if options.process.terminal {
                throw RuntimeError("a detached process with a terminal needs --console-socket")
            }
            _ = try makeProcess()
            return 0
        }
        let foreground = try Foreground(
            usesTerminal: options.process.terminal, becomesSubreaper: !arguments.has("no-subreaper"))
        if let socket = foreground.consoleSocket { options.streams = .terminal(socket: socket) }
        let process = try makeProcess()
        return try foreground.wait(for: process)
    }

    private func execOptions(_ id: ContainerID, _ arguments: Arguments) throws -> ExecOptions {
        if let path = arguments["process"] {
            let bytes = try FileDescriptor.readFile(path, limit: 16 << 20)
            do {
                return ExecOptions(process: try RuntimeSpec.Process(firstJSON: bytes))
            } catch {
                throw RuntimeError("\(path): \(error)")
            }
        }
        var options = try runtime.execTemplate(id)
        try change(&options.process, arguments)
        return options
    }

    private func change(_ process: inout RuntimeSpec.Process, _ arguments: Arguments) throws {
        process.args = Array(arguments.positional.dropFirst())
        guard !process.args.isEmpty else { throw RuntimeError("a program to run is needed") }
        process.terminal = arguments.has("tty")
        process.consoleSize = nil
        if let cwd = arguments["cwd"] { process.cwd = cwd }
        process.env += arguments.all("env")
        if let user = arguments["user"] { try apply(user: user, to: &process) }
        for text in arguments.all("additional-gids") {
            guard let gid = UInt32(text) else {
                throw RuntimeError("--additional-gids: '\(text)' is not a number")
            }
            process.user.additionalGids.append(gid)
        }
        if arguments.has("no-new-privs") { process.noNewPrivileges = true }
        if let label = arguments["process-label"] { process.selinuxLabel = label }
        if let profile = arguments["apparmor"] { process.apparmorProfile = profile }
        var capabilities = process.capabilities ?? .init()
        for name in arguments.all("cap") {
            // Not inheritable: that would hand them to whatever the program executes (CVE-2022-29162).
            capabilities.bounding.append(name)
            capabilities.effective.append(name)
            capabilities.permitted.append(name)
        }
        process.capabilities = capabilities
    }

    private func apply(user: String, to process: inout RuntimeSpec.Process) throws {
        let parts = user.split(separator: ":", omittingEmptySubsequences: false)
        guard let uid = UInt32(parts[0]), parts.count <= 2 else {
            throw RuntimeError("--user: '\(user)' is not UID or UID:GID")
        }
        process.user.uid = uid
        if parts.count == 2 {
            guard let gid = UInt32(parts[1]) else {
                throw RuntimeError("--user: '\(user)' is not UID or UID:GID")
            }
            process.user.gid = gid
        }
    }
}
