import ContainerRuntime
import Glibc
import LinuxKernel

extension Invocation {
    static let createSyntax = Arguments.Syntax(
        flags: [
            ["no-pivot"], ["no-new-keyring"], ["detach", "d"], ["keep"], ["no-subreaper"],
        ],
        values: [
            ["bundle", "b"], ["console-socket"], ["pid-file"], ["pidfd-socket"], ["preserve-fds"],
        ])

    private func createOptions(_ arguments: Arguments) throws -> CreateOptions {
        var options = CreateOptions(bundle: try Bundle(folder: arguments["bundle"] ?? "."))
        options.pidFile = arguments["pid-file"]
        options.noPivot = arguments.has("no-pivot")
        options.noNewKeyring = arguments.has("no-new-keyring")
        options.notifySocket = try Self.notifySocket()
        let (count, environment) = try passedDescriptors(arguments)
        options.preservedDescriptors = count
        options.extraEnvironment = environment
        return options
    }

    func create() throws -> Int32 {
        let arguments = try Arguments(rest, Self.createSyntax)
        let id = try arguments.containerID()
        var options = try createOptions(arguments)
        if let path = arguments["console-socket"] {
            options.streams = .terminal(socket: try ConsoleSocket.connect(path).release())
        }
        let pidfdSocket = try PidfdSocket(arguments, kind: "standard")
        let process = try runtime.create(id, options)
        try pidfdSocket?.send(process) { try runtime.delete(id, force: true) }
        return 0
    }

    func runContainer() throws -> Int32 {
        let arguments = try Arguments(rest, Self.createSyntax)
        let id = try arguments.containerID()
        return try launch(id, arguments) { try runtime.run(id, $0) }
    }

    /// What `run` and `restore` do around the making of a running container: detached, or in the foreground
    /// until its end.
    func launch(
        _ id: ContainerID, _ arguments: Arguments, make: (CreateOptions) throws -> StartedProcess
    ) throws -> Int32 {
        var options = try createOptions(arguments)
        let pidfdSocket = try PidfdSocket(arguments, kind: "standard")
        func makeProcess() throws -> StartedProcess {
            let process = try make(options)
            try pidfdSocket?.send(process) { try runtime.delete(id, force: true) }
            return process
        }
        if arguments.has("detach") {
            if let path = arguments["console-socket"] {
                options.streams = .terminal(socket: try ConsoleSocket.connect(path).release())
            }
            let process = try makeProcess()
            try options.notifySocket?.waitUntilReady(process)
            return 0
        }
        guard arguments["console-socket"] == nil else {
            throw RuntimeError("--console-socket is for detached containers")
        }
        let foreground = try Foreground(
            usesTerminal: options.bundle.usesTerminal, becomesSubreaper: !arguments.has("no-subreaper"))
        if let socket = foreground.consoleSocket { options.streams = .terminal(socket: socket) }
        let process = try makeProcess()
        let code = try foreground.wait(for: process, notifySocket: options.notifySocket)
        if !arguments.has("keep") { try runtime.delete(id, force: true) }
        return code
    }

    /// For a service manager that waits until the container is ready (sd_notify(3)).
    static func notifySocket() throws -> NotifySocket? {
        guard let address = getenv("NOTIFY_SOCKET"), address.pointee != 0 else { return nil }
        return try NotifySocket(address: String(cString: address))
    }

    /// What `--preserve-fds` and socket activation (LISTEN_FDS, sd_listen_fds(3)) hand to the container.
    func passedDescriptors(_ arguments: Arguments) throws -> (Int32, [String]) {
        var count = try arguments.integer("preserve-fds") ?? 0
        var environment: [String] = []
        // Those of a process that we come from are not ours to hand on: its 3 is another file here.
        let receiver = getenv("LISTEN_PID").map { String(cString: $0) }
        if receiver == nil || receiver == "\(getpid())", let text = getenv("LISTEN_FDS"),
            let listening = Int32(String(cString: text)), listening > 0
        {
            count += listening
            environment = ["LISTEN_FDS=\(listening)", "LISTEN_PID=1"]
        }
        guard count <= 1000 else { throw RuntimeError("--preserve-fds: \(count) are too many") }
        for number in 3..<(3 + count) where fcntl(number, F_GETFD) < 0 {
            throw RuntimeError("--preserve-fds: descriptor \(number) is not open")
        }
        return (count, environment)
    }
}
