import ArgumentParser
import ContainerCLI

struct CRICommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "cri", "Serve the Container Runtime Interface for a kubelet", usage: "[OPTIONS]",
        discussion: """
            Runs until SIGTERM; pods run on without it. SIGHUP reads the configuration again. Instances with a root \
            and a state of their own run side by side.
            """)

    @Option(help: "The configuration file, instead of /etc/swiftlet/config.toml.")
    var config: String?
    @Option(help: "What survives a reboot: images and pods.")
    var root: String?
    @Option(help: "What does not: sockets, namespaces.")
    var state: String?
    @Option(help: "The socket, instead of cri.sock in the state folder; unix:// may stand before it.")
    var listen: String?
    @Option(help: "The folder with CNI's network configurations.")
    var cniConfDir: String?
    @Option(help: "A folder with CNI's plugins; may be given several times.")
    var cniBinDir: [String] = []
    @Option(help: "A folder with HOST/hosts.toml for registries.")
    var certsDir: String?
    @Flag(name: [.customShort("D"), .long], help: "Log every call with its time.")
    var debug = false

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "cri")
        var order = CRIOrder(file: config)
        order.root = try (root ?? context.options.givenRoot).map { try path($0, "--root") }
        order.state = try (state ?? context.options.givenState).map { try path($0, "--state") }
        order.listen = try listen.map(socket)
        order.cniFolder = try cniConfDir.map { try path($0, "--cni-conf-dir") }
        order.cniPrograms = try cniBinDir.map { try path($0, "--cni-bin-dir") }
        order.registryFolder = try certsDir.map { try path($0, "--certs-dir") }
        order.debug = debug || context.options.debug
        try work.serveCRI(order)
        return 0
    }

    private func socket(_ text: String) throws(UsageError) -> String {
        guard let path = SocketAddress.path(text) else {
            throw UsageError("--listen \(text): the CRI is served on a unix socket only, named by its path")
        }
        return try self.path(path, "--listen")
    }

    /// Made absolute, since the daemon has no folder of its own.
    private func path(_ text: String, _ option: String) throws(UsageError) -> String {
        if text.isEmpty { throw UsageError("\(option) names a path") }
        return absolutePath(text)
    }
}

struct CRIDumpCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "cri dump", "Print what the daemon of the CRI knows of pods and containers, as JSON",
        usage: "[OPTIONS]")

    @Option(help: "The daemon's state folder.")
    var state: String?

    func perform(_ context: Context) throws -> Int32 {
        let folder = state ?? context.options.state
        let layout = StateLayout(root: context.options.root, state: folder)
        guard let document = try AdminQuestion.dump.ask(in: layout) else {
            throw UsageError("no daemon of the CRI works with the state \(layout.state)")
        }
        try Standard.print(document + "\n")
        return 0
    }
}

struct ConfigDefaultCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "config default", "Print the daemon's configuration with every key and its default",
        usage: "[OPTIONS]")
    static var worksForEverybody: Bool { true }

    @Flag(help: "As a table in Markdown, as docs/configuration.md has it.")
    var markdown = false

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.nodeWork(for: "config default")
        try Standard.print(work.defaultConfiguration(isTable: markdown))
        return 0
    }
}

struct ConfigCheckCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "config check", "Say what is wrong with a configuration of the daemon", usage: "[FILE]")
    static var worksForEverybody: Bool { true }

    @Argument(help: "The file, instead of /etc/swiftlet/config.toml.")
    var file: String?

    func perform(_ context: Context) throws -> Int32 {
        let (problems, praise) = try context.nodeWork(for: "config check").checkConfiguration(file)
        if problems.isEmpty {
            try Standard.print("\(praise)\n")
            return 0
        }
        for problem in problems { Standard.printError("\(problem)\n") }
        return 1
    }
}
