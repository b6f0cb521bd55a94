import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc

struct PodsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "pods", "List the pods of this node's agent", usage: "[OPTIONS]")

    @Option(name: [.customShort("n"), .customLong("namespace")], help: "Only those of this namespace.")
    var podNamespace: String?
    @Option(help: "table, or json (the PodList).")
    var format = ListFormat.table

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "pods")
        let pods = try work.pods(context.agent(podNamespace))
        switch format {
        case .json: try Standard.print(pods.json + "\n")
        case .table:
            var table = Table(pods.columns)
            for row in pods.rows { table.add(row) }
            try Standard.print(table.text())
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
        if tail != "all", tail != "-1" { query.append("tailLines=\(tail)") }
        if let since { query.append("sinceTime=\(try Timestamp(parsing: since))") }
        try work.showPodLog(
            context.agent(podNamespace), container, podContainer, query: query.joined(separator: "&"))
        return 0
    }
}

extension ExecCommand {
    /// In a container of a pod: the same, with that container's id.
    /// - Parameter name: the pod's.
    func inPod(_ name: String, _ context: Context) throws -> Int32 {
        guard words.count > 1 else { throw Failure("exec: the command is missing", code: Program.usageError) }
        let work = try context.nodeWork(for: "exec")
        let id = try work.podContainer(context.agent(podNamespace), name, podContainer)
        var words = [
            "--root", context.options.root, "--state", context.options.state, "--namespace", "k8s", "exec",
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
        var rest = Array(self.words.dropFirst())
        if rest.first == "--" { rest.removeFirst() }
        return Program.run(words + [id] + rest, registries: context.registries, node: context.node)
    }
}
