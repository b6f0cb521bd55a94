import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc

struct PodsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "pods", "List the pods of this node's agent", usage: "[OPTIONS]")

    @Option(name: [.customShort("n"), .customLong("namespace")], help: "Only those of this namespace.")
    var podNamespace: String?
    @Flag(
        name: [.customShort("A"), .long],
        help: "Those of all namespaces, whatever -n says; so it is without either.")
    var allNamespaces = false
    @Option(help: "table, json (the PodList), or a template for that.")
    var format = ListFormat.table

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "pods")
        let pods = try work.pods(context.agent(allNamespaces ? nil : podNamespace))
        try format.printDocument(Array(pods.json.utf8)) {
            var table = Table(pods.columns)
            for row in pods.rows { table.add(row) }
            return table.text()
        }
        return 0
    }
}

struct DescribePodCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "describe pod", "Show everything about a pod, and what happened to it", usage: "[OPTIONS] NAME")

    @Option(name: [.customShort("n"), .customLong("namespace")], help: "The pod's namespace.")
    var podNamespace: String?
    @Argument(help: "The pod's name, with or without the node's at its end.")
    var name: String

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "describe pod")
        try Standard.print(work.describePod(context.agent(podNamespace), name))
        return 0
    }
}

struct DescribeNodeCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "describe node", "Show everything about this node, its pods, and what happened to it", usage: "")

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "describe node")
        try Standard.print(work.describeNode(context.agent()))
        return 0
    }
}

extension Context {
    /// Whether an agent has run here, whose pods a name may mean.
    var hasAgent: Bool {
        options.namespace == "default" && access(options.root + "/agent/port", F_OK) == 0
    }

    /// The agent of this node.
    func agent(_ namespace: String? = nil) -> AgentPlace {
        AgentPlace(root: options.root + "/agent", namespace: namespace)
    }
}

extension LogsCommand {
    /// The log of a pod's container.
    func showPod(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "logs")
        if until != nil { throw UsageError("--until: not for the log of a pod") }
        var query: [String] = []
        if follow { query.append("follow=true") }
        if timestamps { query.append("timestamps=true") }
        if previous { query.append("previous=true") }
        if let lines = try lastLines(ofPod: true) { query.append("tailLines=\(lines)") }
        if let since { query.append("sinceTime=\(try Timestamp(parsing: since))") }
        try work.showPodLog(
            context.agent(podNamespace), container, podContainer, query: query.joined(separator: "&"))
        return 0
    }
}

extension ExecCommand {
    /// As kubectl takes them, options stand behind the pod's name, too, as far as `--`.
    func withOptionsBehind() throws -> ExecCommand {
        guard words.count > 1, words[1].hasPrefix("-"), words[1] != "--" else { return self }
        guard let end = words.firstIndex(of: "--") else {
            throw Failure("exec: the command belongs behind '--'", code: Program.usageError)
        }
        let rest = Array(words[1..<end] + [words[0]] + words[(end + 1)...])
        let behind: ExecCommand
        do {
            behind = try Self.read(plain: rest) ?? Self.parse(rest)
        } catch {
            throw Failure("exec: \(Self.message(for: error))", code: Program.usageError)
        }
        let first = behind.words.first ?? ""
        if first != words[0] {
            let problem =
                if behind.words.count == words.count - end - 1 {
                    "\(words[end - 1]) needs a value"
                } else if first.hasPrefix("-") {
                    "unknown option '\(first)'"
                } else {
                    "the command belongs behind '--', and '\(first)' stands before it"
                }
            throw Failure("exec: \(problem)", code: Program.usageError)
        }
        var command = self
        command.interactive = interactive || behind.interactive
        command.tty = tty || behind.tty
        command.detach = detach || behind.detach
        command.environment += behind.environment
        command.envFile += behind.envFile
        command.user = behind.user ?? user
        command.workingDirectory = behind.workingDirectory ?? workingDirectory
        command.privileged = privileged || behind.privileged
        command.detachKeys = behind.detachKeys ?? detachKeys
        command.podContainer = behind.podContainer ?? podContainer
        command.podNamespace = behind.podNamespace ?? podNamespace
        command.words = behind.words
        return command
    }

    /// In a container of a pod: the same, with that container's id, or by way of the agent where its runtime is not this
    /// program's.
    /// - Parameter name: the pod's.
    func inPod(_ name: String, _ context: Context) throws -> Int32 {
        guard words.count > 1 else { throw Failure("exec: the command is missing", code: Program.usageError) }
        var command = Array(words.dropFirst())
        if command.first == "--" { command.removeFirst() }
        guard !command.isEmpty else {
            throw Failure("exec: the command is missing", code: Program.usageError)
        }
        let work = try context.nodeWork(for: "exec")
        let place = context.agent(podNamespace)
        let container = try work.podContainer(place, name, podContainer)
        var options = context.options
        options.namespace = GlobalOptions.podNamespace
        guard let id = container.ownID, Engine(options.layout).store.has(id) else {
            return try work.execInPod(place, container, try order(command))
        }
        var words = [
            "--root", context.options.root, "--state", context.options.state, "--namespace",
            options.namespace, "exec",
        ]
        if interactive { words.append("-i") }
        if tty { words.append("-t") }
        if detach { words.append("-d") }
        if privileged { words.append("--privileged") }
        for variable in environment { words += ["-e", variable] }
        for file in envFile { words += ["--env-file", file] }
        if let user { words += ["-u", user] }
        if let workingDirectory { words += ["-w", workingDirectory] }
        if let detachKeys { words += ["--detach-keys", detachKeys] }
        return Program.run(words + [id] + command, registries: context.registries, node: context.node)
    }

    /// What the CRI can say.
    private func order(_ command: [String]) throws -> PodExecOrder {
        let others = [
            ("--detach", detach), ("--env", !environment.isEmpty), ("--env-file", !envFile.isEmpty),
            ("--user", user != nil), ("--workdir", workingDirectory != nil), ("--privileged", privileged),
            ("--detach-keys", detachKeys != nil),
        ]
        if let (option, _) = others.first(where: \.1) {
            throw UsageError("\(option): a program in a pod of another runtime cannot be given that")
        }
        if tty, interactive, !Standard.inputIsTerminal {
            throw UsageError("-t with -i needs a terminal as standard input")
        }
        return PodExecOrder(command: command, input: interactive, terminal: tty)
    }
}
