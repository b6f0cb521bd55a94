import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// One call of the program: the global options, and the command with its own.
struct Invocation {
    let global: Arguments
    let command: String
    let rest: ArraySlice<String>
    let log: Log
    let hasLogFile: Bool
    private let logsJSON: Bool
    let runtime: Runtime

    /// A user's containers are kept with what else is the user's and gone after a reboot.
    private static func usualRoot() throws -> String {
        guard let folder = getenv("XDG_RUNTIME_DIR"), folder.pointee != 0,
            try CallerRights.current().isRootless
        else { return "/run/swiftlet-oci" }
        // The root of a user namespace that says it is root (a container's, say) means the system's folder.
        if geteuid() == 0, let name = getenv("USER"), strcmp(name, "root") == 0 { return "/run/swiftlet-oci" }
        return "\(String(cString: folder))/swiftlet-oci"
    }

    private static func rootlessMode(_ text: String?) throws -> RootlessMode {
        guard let text, text != "auto" else { return .automatic }
        switch Bool(parsing: text) {
        case true?: return .always
        case false?: return .never
        case nil: throw RuntimeError("--rootless: '\(text)' is none of auto, true and false")
        }
    }

    init(_ arguments: [String]) throws {
        global = try Arguments(
            arguments.dropFirst(),
            .init(
                flags: [["debug"], ["systemd-cgroup"], ["help", "h"], ["version", "v"]],
                values: [["root"], ["log"], ["log-format"], ["rootless"], ["criu"]], endsAtArgument: true))
        command = global.positional.first ?? "help"
        rest = global.positional.dropFirst()
        let format: Log.Format
        switch global["log-format"] {
        case nil, "text": format = .text
        case "json": format = .json
        case let other?: throw RuntimeError("--log-format: '\(other)' is neither text nor json")
        }
        // No name means standard error, as with runc.
        let logFile = global["log"].flatMap { $0.isEmpty ? nil : $0 }
        hasLogFile = logFile != nil
        logsJSON = global["log-format"] == "json"
        var descriptor: Int32 = 2
        if let path = logFile {
            // Kept open as long as the program runs.
            descriptor = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644).release()
        }
        log = Log(descriptor: descriptor, format: format, debug: global.has("debug"))
        var root = try global["root"] ?? Self.usualRoot()
        if root.utf8.first != UInt8(ascii: "/"), let folder = getcwd(nil, 0) {
            root = "\(String(cString: folder))/\(root)"
            free(folder)
        }
        runtime = Runtime(
            root: root, log: log, cgroupDriver: global.has("systemd-cgroup") ? .systemd : .files,
            rootless: try Self.rootlessMode(global["rootless"]))
    }

    /// - Returns: the exit status.
    func run() -> Int32 {
        do {
            return try dispatchOrHelp()
        } catch {
            let text = "\(command == "help" ? "" : "\(command) failed: ")\(error)"
            // Engines read the log; people read standard error.
            if hasLogFile || logsJSON { log.error(text) }
            // Without a file standard error is the log: whoever asks for JSON reads nothing else there.
            if hasLogFile || !logsJSON { printError("swiftlet-oci: \(text)") }
            return command == "exec" ? 255 : 1
        }
    }

    private func dispatchOrHelp() throws -> Int32 {
        do {
            return try dispatch()
        } catch is HelpRequest {
            try printOut(CommandHelp.of(command)?.text ?? Self.help)
            return 0
        }
    }

    private func dispatch() throws -> Int32 {
        // Asked before the command, they are asked of the whole program.
        if global.has("help") || global.has("version") {
            try printOut(global.has("help") ? Self.help : Self.version)
            return 0
        }
        switch command {
        case "create": return try create()
        case "run": return try runContainer()
        case "start": try start()
        case "state": try state()
        case "kill": try kill()
        case "delete": try delete()
        case "exec": return try exec()
        case "checkpoint": try checkpoint()
        case "restore": return try restore()
        case "list": try list()
        case "ps": return try processes()
        case "pause": try runtime.pause(try plain().containerID())
        case "update": try update()
        case "events": try events()
        case "resume": try runtime.resume(try plain().containerID())
        case "spec": try writeSpec()
        case "features": try printFeatures()
        case "version": try printOut(Self.version)
        case "help", "h": try printHelp()
        default: throw RuntimeError("there is no such command; 'swiftlet-oci help' lists them")
        }
        return 0
    }

    /// The arguments of a command without options.
    func plain() throws -> Arguments { try Arguments(rest, .init()) }

    private func printHelp() throws {
        guard let name = rest.first else { return try printOut(Self.help) }
        guard let help = CommandHelp.of(name) else {
            throw RuntimeError("there is no command '\(name)'; 'swiftlet-oci help' lists them")
        }
        try printOut(help.text)
    }

    private static let version =
        "swiftlet-oci version \(SwiftletVersion.text)\nspec: \(RuntimeSpec.version)\n"

    private static let help = """
        swiftlet-oci runs containers from OCI bundles, with runc's command line.

        usage: swiftlet-oci [OPTION…] COMMAND …

          --root DIR              state of the containers (below /run unless it is given)
          --log FILE              errors and warnings go there, too
          --log-format text|json  form of the log
          --debug                 log what is done
          --systemd-cgroup        control groups by systemd
          --rootless auto|true|false
                                  do without control groups that cannot be made
          --criu PROGRAM          for checkpoint and restore
          --version, -v           print the version
          --help, -h              print this

        'swiftlet-oci COMMAND --help' and 'swiftlet-oci help COMMAND' print a command's options.

          create   make a container that waits for start
          run      create and start a container, and wait for its end
          start    let a created container's program begin
          exec     run another process in a container
          state    print a container's state as JSON
          list     list the containers below the root
          ps       list the processes of a container
          kill     send a signal to a container's first process
          pause    freeze every process of a container
          resume   let them go on
          update   change a container's limits
          events   print what a container uses, and when it ran out of memory
          checkpoint
                   write a running container into images, with criu
          restore  make a container that goes on from such images
          delete   remove a stopped container (--force: a living one, too)
          spec     write a config.json to begin with
          features print what this runtime can do as JSON

        """
}

/// - Throws: when not all of it could be written: whoever reads it must not take a part, or nothing, for the answer.
func printOut(_ text: String) throws(KernelError) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
        done += try check("write", "standard output") {
            bytes.withUnsafeBytes { write(1, $0.baseAddress! + done, $0.count - done) }
        }
    }
}

func printError(_ text: String) {
    var text = text + "\n"
    text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
