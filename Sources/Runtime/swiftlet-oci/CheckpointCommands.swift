import ContainerRuntime
import Glibc
import LinuxKernel

extension Invocation {
    /// Options of both commands.
    private static let sharedFlags: [[String]] = [
        ["tcp-established"], ["tcp-skip-in-flight"], ["link-remap"], ["ext-unix-sk"], ["shell-job"],
        ["lazy-pages"], ["file-locks"], ["auto-dedup"],
    ]
    private static let sharedValues: [[String]] = [
        ["image-path"], ["work-path"], ["manage-cgroups-mode"], ["empty-ns"],
        ["criu-timeout"],
    ]

    func checkpoint() throws {
        let arguments = try Arguments(
            rest,
            .init(
                flags: Self.sharedFlags + [["leave-running"], ["pre-dump"]],
                values: Self.sharedValues + [["parent-path"], ["status-fd"], ["page-server"]]))
        let id = try arguments.containerID()
        var options = try checkpointOptions(arguments)
        options.parentPath = arguments["parent-path"]
        options.leaveRunning = arguments.has("leave-running")
        options.preDump = arguments.has("pre-dump")
        options.pageServer = try pageServer(arguments)
        if let number = try statusDescriptor(arguments) { options.statusDescriptor = number }
        try runtime.checkpoint(id, options)
    }

    func restore() throws -> Int32 {
        var syntax = Self.createSyntax
        syntax.flags += Self.sharedFlags
        syntax.values += Self.sharedValues + [["lsm-profile"], ["lsm-mount-context"]]
        let arguments = try Arguments(rest, syntax)
        let id = try arguments.containerID()
        var images = try checkpointOptions(arguments)
        images.securityProfile = arguments["lsm-profile"]
        images.securityMountContext = arguments["lsm-mount-context"]
        return try launch(id, arguments) { try runtime.restore(id, $0, from: images) }
    }

    private func checkpointOptions(_ arguments: Arguments) throws -> CheckpointOptions {
        var options = CheckpointOptions(imagePath: arguments["image-path"] ?? "checkpoint")
        options.workPath = arguments["work-path"]
        options.tcpEstablished = arguments.has("tcp-established")
        options.tcpSkipInFlight = arguments.has("tcp-skip-in-flight")
        options.linkRemap = arguments.has("link-remap")
        options.externalUnixSockets = arguments.has("ext-unix-sk")
        options.shellJob = arguments.has("shell-job")
        options.lazyPages = arguments.has("lazy-pages")
        options.fileLocks = arguments.has("file-locks")
        options.autoDeduplicate = arguments.has("auto-dedup")
        options.cgroupsMode = try cgroupsMode(arguments)
        for name in arguments.all("empty-ns") where name != "network" {
            // The network's is always left empty: whoever made its devices makes them anew.
            throw RuntimeError("--empty-ns: '\(name)' is not supported, only 'network' is")
        }
        if let program = global["criu"] { options.program = program }
        if let text = arguments["criu-timeout"] {
            guard let seconds = Int(text), (0...1_000_000).contains(seconds) else {
                throw RuntimeError("--criu-timeout: '\(text)' is no number of seconds, 0 to 1000000")
            }
            options.patience = seconds
        }
        return options
    }

    private func cgroupsMode(_ arguments: Arguments) throws -> CheckpointOptions.CgroupsMode {
        switch arguments["manage-cgroups-mode"] {
        case nil, "": .standard
        case "soft": .soft
        case "full": .full
        case "strict": .strict
        case "ignore": .ignore
        case let other?:
            throw RuntimeError("--manage-cgroups-mode: '\(other)' is none of soft, full, strict, ignore")
        }
    }

    private func pageServer(_ arguments: Arguments) throws -> CheckpointOptions.PageServer? {
        guard let text = arguments["page-server"] else { return nil }
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")), colon != text.startIndex,
            let port = Int32(text[text.utf8.index(after: colon)...]), (1...65535).contains(port)
        else { throw RuntimeError("--page-server: '\(text)' is not ADDRESS:PORT") }
        var address = text[..<colon]
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        return .init(address: String(address), port: port)
    }

    private func statusDescriptor(_ arguments: Arguments) throws -> Int32? {
        guard let text = arguments["status-fd"], text != "-1" else { return nil }
        guard let number = Int32(text), number > 2, fcntl(number, F_GETFL) >= 0,
            fcntl(number, F_GETFL) & O_ACCMODE != O_RDONLY
        else { throw RuntimeError("--status-fd: descriptor \(text) is not open for writing") }
        return number
    }
}
