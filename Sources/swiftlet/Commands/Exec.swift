import ArgumentParser
import ContainerCLI
import ContainerShim

struct ExecCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "exec", "Run a further program in a running container",
        usage: "[OPTIONS] CONTAINER|POD COMMAND [ARGUMENT …]")
    static var failureCode: Int32 { 125 }
    static var passesWordsOn: Bool { true }

    @Flag(name: [.short, .long], help: "Keep standard input open.")
    var interactive = false
    @Flag(name: [.short, .long], help: "Give it a terminal.")
    var tty = false
    @Flag(name: [.short, .long], help: "Do not wait for it.")
    var detach = false
    @Option(
        name: [.customShort("e", allowingJoined: true), .customLong("env")],
        parsing: .unconditionalSingleValue,
        help: "A variable, NAME=value or NAME.")
    var environment: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "A file with variables.")
    var envFile: [String] = []
    @Option(
        name: [.customShort("u", allowingJoined: true), .long], parsing: .unconditional, help: "USER[:GROUP]."
    )
    var user: String?
    @Option(
        name: [.customShort("w", allowingJoined: true), .customLong("workdir")], parsing: .unconditional,
        help: "The working directory.")
    var workingDirectory: String?
    @Flag(help: "All capabilities.")
    var privileged = false
    @Option(help: "Keys that end the attachment (default ctrl-p,ctrl-q).")
    var detachKeys: String?
    @Option(name: [.customShort("c"), .customLong("container")], help: "Of a pod: its container.")
    var podContainer: String?
    @Option(
        name: [.customShort("n"), .customLong("namespace"), .customLong("pod-namespace")],
        help: "Of a pod: its namespace.")
    var podNamespace: String?
    @Argument(parsing: .captureForPassthrough, help: "The container, the program and its arguments.")
    var words: [String] = []

    static func read(plain words: [String]) -> ExecCommand? {
        guard
            var words = PlainWords(
                words, flags: ["interactive", "tty", "detach", "privileged"],
                shorts: [
                    "i=interactive", "t=tty", "d=detach", "e=env", "u=user", "w=workdir", "c=container",
                    "n=namespace",
                ])
        else { return nil }
        var command = ExecCommand()
        command.interactive = words.flag("interactive")
        command.tty = words.flag("tty")
        command.detach = words.flag("detach")
        command.environment = words.texts("env")
        command.envFile = words.texts("env-file")
        command.user = words.text("user")
        command.workingDirectory = words.text("workdir")
        command.privileged = words.flag("privileged")
        command.detachKeys = words.text("detach-keys")
        command.podContainer = words.text("container")
        command.podNamespace = words.text("namespace") ?? words.text("pod-namespace")
        command.words = words.rest
        return words.areUnderstood ? command : nil
    }

    func validate() throws { try checkPassedThrough(words) }

    func perform(_ context: Context) throws -> Int32 {
        guard let name = words.first else { throw UsageError("the container is missing") }
        if name == "--help" { throw HelpWanted() }
        if podContainer != nil || podNamespace != nil || !context.engine.store.has(name) && context.hasAgent {
            return try withOptionsBehind().inPod(name, context)
        }
        guard words.count > 1 else { throw Failure("exec: the command is missing", code: Program.usageError) }
        if tty, interactive, !detach, !Standard.inputIsTerminal {
            throw UsageError("-t with -i needs a terminal as standard input")
        }
        var wish = ExecWish(command: Array(words.dropFirst()))
        wish.terminal = tty
        wish.interactive = interactive
        wish.environment = EnvironmentOption.merge(
            try envFile.flatMap(EnvironmentOption.file), try environment.compactMap(EnvironmentOption.resolve)
        )
        wish.user = user.unlessEmpty
        wish.workingDirectory = workingDirectory.unlessEmpty
        wish.privileged = privileged
        let keys = try detachKeys.unlessEmpty.map { try DetachKeys(parsing: $0) } ?? .standard
        let engine = context.engine
        let container = try engine.store.find(name)
        if detach {
            try engine.execDetached(container, wish)
            return 0
        }
        return try engine.exec(
            container, wish, SessionOptions(input: interactive, terminal: tty, detachKeys: keys)
        ).exitCode
    }
}

struct AttachCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "attach", "Attach to a running container", usage: "[OPTIONS] CONTAINER")

    @Flag(help: "Leave the container's standard input alone.")
    var noStdin = false
    @Option(help: "Keys that end the attachment (default ctrl-p,ctrl-q).")
    var detachKeys: String?
    @Option(help: "Pass signals on to the program.")
    var sigProxy = true
    @Argument(help: "The container.")
    var container: String

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let container = try engine.store.find(container)
        let supervision = try Supervision.read(in: engine.layout.container(container.id))
        let keys = try detachKeys.unlessEmpty.map { try DetachKeys(parsing: $0) } ?? .standard
        return try engine.attach(
            container,
            SessionOptions(
                input: container.attachesInput && !noStdin, terminal: supervision.terminal,
                forwardsSignals: sigProxy, detachKeys: keys)
        ).exitCode
    }
}
