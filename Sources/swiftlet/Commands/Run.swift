import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel

struct RunCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "run", "Make a container from an image and run it", usage: "[OPTIONS] IMAGE [COMMAND [ARGUMENT …]]")
    static var changesContainers: Bool { true }
    static var passesWordsOn: Bool { true }
    static var failureCode: Int32 { 125 }

    @OptionGroup var flags: ContainerFlags
    @Flag(name: [.short, .long], help: "Run it in the background and print its id.")
    var detach = false
    @Option(help: "Keys that end the attachment (default ctrl-p,ctrl-q).")
    var detachKeys: String?
    @Option(help: "Pass signals on to the program.")
    var sigProxy = true
    @Argument(parsing: .captureForPassthrough, help: "The image, the program and its arguments.")
    var words: [String] = []

    static func read(plain words: [String]) -> RunCommand? {
        guard
            var words = PlainWords(
                words, flags: ContainerFlags.plainFlags.union(["detach", "sig-proxy"]),
                shorts: ContainerFlags.plainShorts + ["d=detach"])
        else { return nil }
        var command = RunCommand()
        command.flags = ContainerFlags(&words)
        command.detach = words.flag("detach")
        command.detachKeys = words.text("detach-keys")
        command.sigProxy = words.flag("sig-proxy", usual: true)
        command.words = words.rest
        return words.areUnderstood ? command : nil
    }

    func validate() throws { try checkPassedThrough(words) }

    func perform(_ context: Context) throws -> Int32 {
        let attached = try AttachOption(parsing: flags.attach)
        if detach, !flags.attach.isEmpty { throw UsageError("-d and -a exclude each other") }
        // Input that nobody is attached to waits for a later client.
        var request = try flags.request(words, detached: detach || !attached.input)
        if !detach { request.attached = attached }
        let keys = try detachKeys.unlessEmpty.map { try DetachKeys(parsing: $0) } ?? .standard
        if flags.tty, flags.interactive, !detach, attached.input, !Standard.inputIsTerminal {
            throw UsageError("-t with -i needs a terminal as standard input")
        }
        let engine = context.engine
        let made = try flags.make(request, context, consoleSize: flags.tty ? Standard.terminalSize : nil)
        let container = made.definition
        do {
            if let path = flags.cidfile.unlessEmpty { try writeContainerID(container.id, to: path) }
            if detach {
                try engine.start(container, made: made)
                try Standard.print(container.id + "\n")
                return 0
            }
        } catch {
            try giveUp(made, engine)
            throw error
        }
        var options = SessionOptions(
            input: flags.interactive && attached.input, terminal: flags.tty, forwardsSignals: sigProxy,
            detachKeys: keys)
        (options.output, options.error) = (attached.output, attached.error)
        let end: SessionEnd
        do {
            // Who sees nothing of it needs another way to it.
            if !attached.output, !attached.error { try Standard.print(container.id + "\n") }
            end = try engine.run(container, options, made: made)
        } catch {
            try giveUp(made, engine)
            throw error
        }
        if case .exited = end, flags.rm { try engine.store.forget(container) }
        return end.exitCode
    }

    /// After a start that failed: the container stays to be looked at, unless it was to go anyway.
    private func giveUp(_ made: Engine.MadeContainer, _ engine: Engine) throws {
        if flags.rm {
            try engine.remove(made.definition, force: true, volumes: true)
        } else if try engine.shim(of: made.definition) == nil {
            try engine.unmount(made)
        }
    }
}

struct CreateCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "create", "Make a container without starting it", usage: "[OPTIONS] IMAGE [COMMAND [ARGUMENT …]]")
    static var changesContainers: Bool { true }
    static var passesWordsOn: Bool { true }
    static var failureCode: Int32 { 125 }

    @OptionGroup var flags: ContainerFlags
    @Argument(parsing: .captureForPassthrough, help: "The image, the program and its arguments.")
    var words: [String] = []

    static func read(plain words: [String]) -> CreateCommand? {
        guard
            var words = PlainWords(
                words, flags: ContainerFlags.plainFlags, shorts: ContainerFlags.plainShorts)
        else { return nil }
        var command = CreateCommand()
        command.flags = ContainerFlags(&words)
        command.words = words.rest
        return words.areUnderstood ? command : nil
    }

    func validate() throws { try checkPassedThrough(words) }

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        // `start` can attach and detach: its input stays open for later clients. As with docker it attaches to what its
        // own options say, and `-a` is only shown by `inspect`.
        var request = try flags.request(words, detached: true)
        request.attached = try AttachOption(parsing: flags.attach)
        let made = try flags.make(request, context)
        try engine.unmount(made)
        if let path = flags.cidfile.unlessEmpty { try writeContainerID(made.definition.id, to: path) }
        try Standard.print(made.definition.id + "\n")
        return 0
    }
}

/// The parser takes an option that it does not know for the first of the words that are none of its business.
func checkPassedThrough(_ words: [String]) throws {
    guard let first = words.first, first.hasPrefix("-"), first != "--help" else { return }
    throw ValidationError("unknown option '\(first)'")
}

extension ContainerFlags {
    /// Makes the container, with the image fetched before as `--pull` says.
    func make(
        _ request: ContainerRequest, _ context: Context, consoleSize: TerminalSize? = nil
    ) throws -> Engine.MadeContainer {
        if pull == "always" { try fetch(request.image, context) }
        var fetched = 0
        while true {
            do {
                return try context.engine.make(request, consoleSize: consoleSize)
            } catch let missing as MissingImage
                where [Self.pullMissing, ""].contains(pull) && fetched < Self.mostFetches
            {
                // A name that no registry can have is not looked for.
                _ = try ImageReference(missing.name)
                let platform = missing.platforms.map { " for \($0.wanted)" } ?? ""
                if !quiet {
                    Standard.printError("Unable to find image '\(missing.name)'\(platform) locally\n")
                }
                try fetch(missing.name, context)
                fetched += 1
            }
        }
    }

    /// One is enough, unless somebody removes unused images just now.
    private static var mostFetches: Int { 3 }

    private func fetch(_ image: String, _ context: Context) throws {
        let words =
            ["pull"] + (quiet ? ["--quiet"] : []) + (platform.unlessEmpty.map { ["--platform", $0] } ?? [])
            + [image]
        let code = try TransferProgram.run(words, context.options, for: "pull", quietly: quiet)
        if code != 0 { throw AlreadyTold(code: RunCommand.failureCode) }
    }
}

/// Writes `--cidfile`. A file that is there already may belong to another container: it is not replaced.
func writeContainerID(_ id: String, to path: String) throws {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644).writeAll(id)
}

extension SessionEnd {
    /// What the command line exits with.
    var exitCode: Int32 {
        switch self {
        case .exited(let report): report.exitCode
        case .detached: 0
        case .outputClosed: 128 + SIGPIPE
        case .interrupted(let signal): 128 + signal
        }
    }
}
