import ArgumentParser
import ContainerCLI
import ContainerShim
import LinuxKernel

struct LogsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "logs", "Show what a container wrote", usage: "[OPTIONS] CONTAINER|POD")

    @Flag(name: [.short, .long], help: "Go on with what it writes until it ends.")
    var follow = false
    @Option(name: .long, parsing: .unconditional, help: "The last so many lines, or all.")
    var tail: String?
    @Option(
        name: .customShort("n", allowingJoined: true), parsing: .unconditional,
        help: "A number: as --tail. Else, of a pod: its namespace.")
    var linesOrNamespace: String?
    @Option(
        parsing: .unconditional,
        help: "What it wrote after a time: 2026-01-02T15:04:05Z, or 10m for ten minutes ago.")
    var since: String?
    @Option(parsing: .unconditional, help: "What it wrote before a time.")
    var until: String?
    @Flag(name: [.short, .long], help: "With the time of each line.")
    var timestamps = false
    @Flag(help: "Taken for docker's sake: nothing more is kept of a line.")
    var details = false
    @Option(name: [.customShort("c"), .customLong("container")], help: "Of a pod: its container.")
    var podContainer: String?
    @Option(
        name: [.customLong("namespace"), .customLong("pod-namespace")], help: "Of a pod: its namespace.")
    var longNamespace: String?
    @Flag(name: [.short, .long], help: "Of a pod: what the container wrote before its last restart.")
    var previous = false
    @Argument(help: "The container, or a pod of this node's agent.")
    var container: String

    /// `-n` is docker's word for lines and kubectl's for a namespace.
    private var isNamespace: Bool {
        linesOrNamespace.map { !$0.isEmpty && $0 != "all" && Int($0) == nil } ?? false
    }

    var podNamespace: String? { longNamespace ?? (isNamespace ? linesOrNamespace : nil) }

    /// - Returns: nil for all.
    func lastLines(ofPod: Bool) throws -> Int? {
        let text = (ofPod && isNamespace ? nil : linesOrNamespace) ?? tail ?? "all"
        if text == "all" || text == "-1" { return nil }
        guard let count = Int(text), count >= 0 else {
            throw UsageError("invalid number of lines '\(text)'")
        }
        return count
    }

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        if podContainer != nil || longNamespace != nil || previous
            || !engine.store.has(container) && context.hasAgent
        {
            return try showPod(context)
        }
        var selection = LogReader.Selection()
        selection.tail = try lastLines(ofPod: false)
        selection.since = try since.unlessEmpty.map { try Timestamp(parsing: $0) }
        selection.until = try until.unlessEmpty.map { try Timestamp(parsing: $0) }
        selection.timestamps = timestamps
        let container = try engine.store.find(container)
        let supervision = try Supervision.read(in: engine.layout.container(container.id))
        guard let log = supervision.log else { throw UsageError("container \(container.name) keeps no log") }
        var reader = LogReader(path: log.path, selection: selection)
        // Connected first, so that the end is not missed between reading and following.
        let shim = follow ? try engine.shimIfRunning(of: container) : nil
        let position = try reader.showPresent()
        if follow { try reader.follow(from: position, container: container.id, shim: shim) }
        let status = try engine.status(of: container)
        if let problem = status.logError {
            Standard.printError("swiftlet: the log is not complete: \(problem)\n")
        }
        return 0
    }
}
