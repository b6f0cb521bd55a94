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

    /// Reads its words where they are plain, as swift-argument-parser would (see `PlainWords`): for the commands
    /// whose start counts.
    static func read(plain words: [String]) -> Self?
}

extension SwiftletCommand {
    static var failureCode: Int32 { 1 }
    static var worksForEverybody: Bool { false }
    static var changesContainers: Bool { false }
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

    /// docker's users write `--flag=true` and `--flag=false`, which the parser does not know for flags. Only when
    /// it refuses are such words taken apart, so that a container's own arguments stay as they are.
    private static func parse<Command: SwiftletCommand>(
        _ type: Command.Type, _ arguments: [String]
    ) throws -> Command {
        if let command = Command.read(plain: arguments) { return command }
        do {
            return try Command.parse(arguments)
        } catch {
            if Command.exitCode(for: error) == .success { throw error }
            // What is left out as false has to be a flag, too: with all of them set, the parser is content.
            var (words, flags): ([String], [String]) = ([], [])
            for (index, word) in arguments.enumerated() {
                if let parts = joined(word, type) {
                    words += parts
                    flags += parts
                } else if let flag = FlagWithValue(word), (try? Command.parse([word])) == nil {
                    words += flag.plain
                    flags.append(flag.name)
                } else {
                    words.append(word)
                    flags.append(word)
                    continue
                }
                let rest = arguments[(index + 1)...]
                if (try? Command.parse(flags + rest)) == nil { continue }
                if let command = try? Command.parse(words + rest) { return command }
            }
            throw error
        }
    }

    /// `-eNAME=VALUE` as the two words that it is: the parser takes what has an equals sign for a flag's name with a value.
    private static func joined<Command: ParsableCommand>(_ word: String, _ type: Command.Type) -> [String]? {
        // What has it behind the letter the parser takes apart itself.
        guard word.hasPrefix("-"), !word.hasPrefix("--"), word.contains("="),
            word.utf8.dropFirst(2).first != UInt8(ascii: "=")
        else { return nil }
        let (name, value) = (String(word.prefix(2)), String(word.dropFirst(2)))
        // A flag goes without a value.
        guard (try? Command.parse([name])) == nil, (try? Command.parse([name, value])) != nil else {
            return nil
        }
        return [name, value]
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

/// `--flag=true`, `-f=false`, or several letters of which the value is the last one's.
private struct FlagWithValue {
    /// Without the value.
    let name: String
    /// What means the same.
    let plain: [String]

    /// - Returns: nil for other words.
    init?(_ word: String) {
        let parts = word.split(separator: "=", omittingEmptySubsequences: false)
        guard word.hasPrefix("-"), parts.count == 2, let isSet = Bool(String(parts[1])) else { return nil }
        let isGroup = !word.hasPrefix("--") && parts[0].utf8.count > 2
        name = String(parts[0])
        plain = isSet ? [name] : isGroup ? [String(name.dropLast())] : []
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

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
