import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel

/// One command of `swiftlet`.
protocol SwiftletCommand: ParsableCommand {
    /// Does the work; what went wrong is thrown.
    /// - Returns: the exit code.
    func perform(_ context: Context) throws -> Int32

    /// What this program exits with when it failed itself: 125 where the exit code else is a container's.
    static var failureCode: Int32 { get }

    /// Whether it works without being root.
    static var worksForEverybody: Bool { get }

    /// Whether it makes, changes or ends containers, of which those of pods are their daemon's.
    static var changesContainers: Bool { get }

    /// Whether its options end at the first word that is none: what follows is another program's.
    static var passesWordsOn: Bool { get }

    /// Reads its words where they are plain, as swift-argument-parser would (see `PlainWords`): for the commands
    /// whose start counts.
    static func read(plain words: [String]) -> Self?
}

extension SwiftletCommand {
    static var failureCode: Int32 { 1 }
    static var worksForEverybody: Bool { false }
    static var changesContainers: Bool { false }
    static var passesWordsOn: Bool { false }
    static func read(plain words: [String]) -> Self? { nil }

    /// swift-argument-parser would call this; `Program` calls `perform`.
    mutating func run() throws {}

    /// How a command describes itself: names of options are as docker's, so `-h` is free for them.
    static func describe(
        _ name: String, _ abstract: String, usage: String? = nil, discussion: String = ""
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, _superCommandName: "swiftlet", abstract: abstract,
            usage: usage.map { "swiftlet \(name) \($0)" }, discussion: discussion, helpNames: .long)
    }
}

/// What every command has at hand.
struct Context {
    let options: GlobalOptions
    let trace: Trace
    /// Nil in the program that starts quickly.
    let registries: (any RegistryWork)?
    let node: (any NodeWork)?

    var engine: Engine {
        Engine(options.layout, trace: trace)
    }
}

/// Finds the command that the first word names and runs it.
///
/// The words are looked up here and only the one command is parsed: to build the whole tree of commands takes
/// swift-argument-parser several milliseconds, more than `ps` itself.
public enum Program {
    /// Exit code of a command line that makes no sense, as with docker.
    static let usageError: Int32 = 125

    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - registries: what works with registries, in the program that has it.
    ///   - node: the node's daemon, in the program that has it.
    /// - Returns: what to exit with.
    public static func run(
        _ arguments: [String], registries: (any RegistryWork)? = nil, node: (any NodeWork)? = nil
    ) -> Int32 {
        do {
            let (options, rest) = try GlobalOptions.parse(arguments)
            return try run(rest, options, Seams(registries: registries, node: node))
        } catch {
            return fail("\(error)", usageError)
        }
    }

    /// What the one program has and the other becomes it for.
    private struct Seams {
        let registries: (any RegistryWork)?
        let node: (any NodeWork)?
    }

    private static func run(
        _ arguments: [String], _ options: GlobalOptions, _ seams: Seams
    ) throws -> Int32 {
        if options.version { return try run(VersionCommand.self, arguments, options, seams) }
        guard !options.help, let first = arguments.first, first != "help" else {
            return try help(Array(arguments.dropFirst(options.help ? 0 : 1)))
        }
        guard let (command, rest) = CommandTable.find(arguments) else {
            return try unknown(first, Array(arguments.dropFirst()))
        }
        return try run(command, rest, options, seams)
    }

    private static func run<Command: SwiftletCommand>(
        _ type: Command.Type, _ arguments: [String], _ options: GlobalOptions, _ seams: Seams
    ) throws -> Int32 {
        let context = Context(
            options: options, trace: Trace(isOn: options.debug), registries: seams.registries,
            node: seams.node)
        let command: Command
        do {
            command = try context.trace.step("parse command line") { try parse(type, arguments) }
        } catch {
            if Command.exitCode(for: error) == .success {
                try Standard.print(Command.fullMessage(for: error) + "\n")
                return 0
            }
            let name = Command.configuration.commandName ?? ""
            return fail(
                "\(name): \(message(of: error, Command.self)); see 'swiftlet \(name) --help'", usageError)
        }
        if !Command.worksForEverybody, geteuid() != 0 {
            throw UsageError("containers of ordinary users are not possible yet: run it as root, with sudo")
        }
        let name = Command.configuration.commandName ?? ""
        if Command.changesContainers, options.namespace == GlobalOptions.podNamespace {
            return fail(
                "\(name): containers in the namespace \(options.namespace) belong to pods, and only their daemon "
                    + "makes, stops and removes them: use kubectl or crictl", usageError)
        }
        do {
            return try command.perform(context)
        } catch is HelpWanted {
            try Standard.print(Command.helpMessage() + "\n")
            return 0
        } catch let error as AlreadyTold {
            return error.code
        } catch let error as Failure {
            return fail(error.description, error.code)
        } catch let error as ShimError {
            return fail("\(error)", Command.failureCode == 1 ? 1 : error.exitCode)
        } catch let error as KernelError where error.errno == .brokenPipe && error.operation == "write" {
            // Whoever read our output has had enough.
            return 128 + SIGPIPE
        } catch {
            return fail("\(error)", Command.failureCode)
        }
    }

    /// Words in docker's forms that the parser does not know are put into its own when it refuses them, and before
    /// where it would take the word behind for an empty or a left out value.
    private static func parse<Command: SwiftletCommand>(
        _ type: Command.Type, _ arguments: [String]
    ) throws -> Command {
        if let command = Command.read(plain: arguments) { return command }
        func reworded() -> [String] {
            OptionWords.reworded(
                arguments, passesWordsOn: Command.passesWordsOn, kind: { kind(of: $0, type) },
                names: { names(of: $0, type) })
        }
        let leavesOut: (String) -> Bool = {
            $0.hasPrefix("-") && $0.hasSuffix("=") || OptionWords.isTruth($0)
        }
        if arguments.contains(where: leavesOut) {
            return try Command.parse(reworded())
        }
        do {
            return try Command.parse(arguments)
        } catch {
            if Command.exitCode(for: error) == .success { throw error }
            let words = reworded()
            if words != arguments, let command = try? Command.parse(words) { return command }
            throw error
        }
    }

    /// What an option is, found out by what the parser says to it alone.
    private static func kind<Command: SwiftletCommand>(
        of name: String, _ type: Command.Type
    ) -> OptionWords.Kind {
        do {
            _ = try Command.parse([name])
        } catch {
            let text = Command.message(for: error)
            if text.hasPrefix("Missing value for ") { return OptionWords.isTruth(name) ? .truth : .value }
            if text.contains("nknown option") { return .unknown }
        }
        // What is missing now are arguments.
        return .flag
    }

    /// All names of an option, as the parser's help lists them: `  -d, --detach  In the background.`
    private static func names<Command: SwiftletCommand>(of name: String, _ type: Command.Type) -> [String] {
        for line in Command.helpMessage(includeHidden: true, columns: 200).split(separator: "\n") {
            let words = line.split(separator: " ")
            let others = words.prefix { $0.hasSuffix(",") }
            let names = words.prefix(others.count + 1).map { String($0.hasSuffix(",") ? $0.dropLast() : $0) }
            if line.hasPrefix("  -"), names.contains(name) { return names }
        }
        return [name]
    }

    /// One line of what the parser says in several.
    private static func message<Command: ParsableCommand>(of error: any Error, _ type: Command.Type) -> String
    {
        if let error = error as? UsageError { return error.description }
        let text = Command.message(for: error)
        let lines = text.split(separator: "\n").map { $0.trimmed }.filter { !$0.isEmpty }
        var line = lines.joined(separator: " ")
        while line.last == "." { line.removeLast() }
        return line
    }

    private static func help(_ arguments: [String]) throws -> Int32 {
        if let (command, _) = CommandTable.find(arguments) {
            try Standard.print(command.helpMessage() + "\n")
        } else {
            try Standard.print(arguments.first.flatMap(CommandTable.overview(of:)) ?? CommandTable.overview)
        }
        return 0
    }

    /// No command, but perhaps the first half of one: `image`.
    private static func unknown(_ first: String, _ rest: [String]) throws -> Int32 {
        guard let overview = CommandTable.overview(of: first) else {
            throw UsageError("'\(first)' is no command: see 'swiftlet --help'")
        }
        if let verb = rest.first, !["--help", "-h", "help"].contains(verb) {
            throw UsageError("'\(first) \(verb)' is no command: see 'swiftlet \(first) --help'")
        }
        try Standard.print(overview)
        return 0
    }

    static func fail(_ message: String, _ code: Int32) -> Int32 {
        Standard.printError("swiftlet: \(message)\n")
        return code
    }
}

/// `--help` stood among words that the parser passes on unread.
struct HelpWanted: Error {}

/// Another program of ours has said what went wrong.
struct AlreadyTold: Error {
    let code: Int32
}

/// A failure with an exit code of its own.
struct Failure: Error, CustomStringConvertible {
    let description: String
    let code: Int32

    init(_ description: String, code: Int32) {
        self.description = description
        self.code = code
    }
}

extension String? {
    /// As with docker, an empty value of an option is as good as none.
    var unlessEmpty: String? { self == "" ? nil : self }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
