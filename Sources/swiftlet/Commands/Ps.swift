import ArgumentParser
import ContainerCLI
import ContainerShim
import LinuxKernel

struct PsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe("ps", "List containers", usage: "[OPTIONS]")

    @Flag(name: [.short, .long], help: "Those that do not run, too.")
    var all = false
    @Flag(name: [.short, .long], help: "Only ids.")
    var quiet = false
    @Flag(help: "Whole ids and commands.")
    var noTrunc = false
    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: "name=, id=, status=, label=, ancestor=.")
    var filter: [String] = []
    @Option(
        name: [.customShort("n", allowingJoined: true), .long], help: "The last so many, whatever they do.")
    var last: Int?
    @Flag(name: [.short, .long], help: "The last one.")
    var latest = false
    @Option(help: "table or json (one object a line).")
    var format = ListFormat.table

    static func read(plain words: [String]) -> PsCommand? {
        guard
            var words = PlainWords(
                words, flags: ["all", "quiet", "no-trunc", "latest"],
                shorts: ["a=all", "q=quiet", "f=filter", "n=last", "l=latest"]), words.rest.isEmpty
        else { return nil }
        var command = PsCommand()
        command.all = words.flag("all")
        command.quiet = words.flag("quiet")
        command.noTrunc = words.flag("no-trunc")
        command.filter = words.texts("filter")
        command.last = words.value("last")
        command.latest = words.flag("latest")
        command.format = words.word("format") ?? .table
        return words.areUnderstood ? command : nil
    }

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let filters = try filter.map(ContainerFilter.init)
        let count = latest ? 1 : last
        let now = Timestamp.now
        var output = ListOutput(columns: [
            "CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES",
        ])
        var ids = ""
        var shown = 0
        let containers = try context.trace.step("read definitions") { try engine.store.all() }
        for container in containers {
            if let count, shown == count { break }
            // It may be removed while we look.
            let status = try engine.status(of: container)
            let wantsAll = all || count != nil || filters.contains { $0.isAboutStatus }
            if !wantsAll, ![.running, .paused, .restarting].contains(status.phase) { continue }
            if !filters.allSatisfy({ $0.matches(container, status) }) { continue }
            shown += 1
            if quiet {
                ids += (noTrunc ? container.id : container.shortID) + "\n"
            } else {
                let network = try engine.networkResult(of: container, status)
                let ports = network.map { PortOption.text($0.ports, addresses: $0.addresses) } ?? ""
                output.rows.append(row(container, status, ports: ports, now))
            }
        }
        if quiet { try Standard.print(ids) } else { try output.print(format) }
        return 0
    }

    private func row(
        _ container: ContainerDefinition, _ status: LiveStatus, ports: String, _ now: Timestamp
    ) -> ListRow {
        let id = noTrunc ? container.id : container.shortID
        let words = container.command.joined(separator: " ")
        let command = "\"" + (noTrunc ? words : words.shortened(to: 20)) + "\""
        let age = HumanUnits.age(of: container.created, now: now)
        let text = StatusText.text(status, now: now)
        let labels = container.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let mounts = container.mounts.map { $0.name ?? $0.source }.joined(separator: ",")
        return ListRow(
            cells: [id, container.image, command, age, text, ports, container.name],
            members: [
                ("ID", id), ("Image", container.image), ("Command", command), ("RunningFor", age),
                ("CreatedAt", container.created.local), ("Status", text), ("State", status.phase.rawValue),
                ("Ports", ports), ("Names", container.name), ("Labels", labels), ("Mounts", mounts),
                ("LocalVolumes", String(container.mounts.count { $0.kind == .volume })),
                ("Networks", container.network.rawValue),
            ])
    }
}

/// One `--filter` of `ps`.
struct ContainerFilter {
    private let key: String
    private let value: String

    init(_ text: String) throws {
        let pair = try KeyValue(parsing: text, what: "filter")
        guard ["name", "id", "status", "label", "ancestor", "volume"].contains(pair.key) else {
            throw UsageError("unknown filter '\(pair.key)'")
        }
        if pair.key == "status", LiveStatus.Phase(rawValue: pair.value) == nil {
            throw UsageError("unknown status '\(pair.value)'")
        }
        key = pair.key
        value = pair.value
    }

    /// Containers that do not run are then looked at, too.
    var isAboutStatus: Bool { key == "status" }

    func matches(_ container: ContainerDefinition, _ status: LiveStatus) -> Bool {
        switch key {
        case "name": return container.name.contains(value)
        case "id": return container.id.hasPrefix(value)
        case "status": return status.phase.rawValue == value
        case "ancestor":
            return container.image == value || container.image == value + ":latest"
                || container.imageID == value || container.imageID.hasPrefix("sha256:" + value)
        case "volume": return container.mounts.contains { $0.name == value || $0.destination == value }
        default:
            let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let found = container.labels[String(pair[0])] else { return false }
            return pair.count == 1 || found == pair[1]
        }
    }
}
