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
        help:
            "name=EXPRESSION, id=, status=, exited=CODE, label=, label!=, ancestor=, volume=, network=, publish=PORT, expose=PORT, health=, before=CONTAINER, since=CONTAINER, until=TIME."
    )
    var filter: [String] = []
    @Option(
        name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional,
        help: "The last so many, whatever they do; -1 for no such limit.")
    var last: Int?
    @Flag(name: [.short, .long], help: "The last one.")
    var latest = false
    @Flag(
        name: [.short, .long],
        help: "What they have written into their root file systems, and that with the image.")
    var size = false
    @Option(help: ListFormat.help)
    var format = ListFormat.table

    static func read(plain words: [String]) -> PsCommand? {
        guard
            var words = PlainWords(
                words, flags: ["all", "quiet", "no-trunc", "latest", "size"],
                shorts: ["a=all", "q=quiet", "f=filter", "n=last", "l=latest", "s=size"]), words.rest.isEmpty
        else { return nil }
        var command = PsCommand()
        command.all = words.flag("all")
        command.quiet = words.flag("quiet")
        command.noTrunc = words.flag("no-trunc")
        command.filter = words.texts("filter")
        command.last = words.value("last")
        command.latest = words.flag("latest")
        command.size = words.flag("size")
        command.format = words.word("format") ?? .table
        return words.areUnderstood ? command : nil
    }

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let filters = try ContainerFilters(filter, in: engine.store, images: engine.images)
        // As with docker, whoever asks for the size by a template has it measured.
        let measures = try size || !quiet && format.has("Size")
        let images = try measures ? engine.images().images() : []
        let count = latest ? 1 : last.flatMap { $0 > 0 ? $0 : nil }
        let now = Timestamp.now
        var output = ListOutput(
            columns: ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
                + (size ? ["SIZE"] : []),
            headers: ["ID": "CONTAINER ID", "RunningFor": "CREATED"])
        var ids = ""
        var shown = 0
        let containers = try context.trace.step("read definitions") { try engine.store.all() }
        for container in containers {
            if let count, shown == count { break }
            // It may be removed while we look.
            let status = try engine.status(of: container)
            let wantsAll = all || count != nil || filters.areAboutStatus
            if !wantsAll, ![.running, .paused, .restarting].contains(status.phase) { continue }
            let isWanted = try filters.match(container, status) {
                try engine.networkResult(of: container, status)?.ports ?? []
            }
            if !isWanted { continue }
            shown += 1
            if quiet {
                ids += (noTrunc ? container.id : container.shortID) + "\n"
            } else {
                let network = try engine.networkResult(of: container, status)
                let ports = network.map { PortOption.text($0.ports, addresses: $0.addresses) } ?? ""
                var row = row(container, status, ports: ports, now)
                if measures {
                    let (written, whole) = try engine.sizes(of: container, images: images)
                    let shown = (HumanUnits.decimalSize(written), HumanUnits.decimalSize(whole))
                    row.add("Size", "\(shown.0) (virtual \(shown.1))")
                }
                output.rows.append(row)
            }
        }
        if quiet { try Standard.print(ids) } else { try output.print(format) }
        return 0
    }

    private func row(
        _ container: ContainerDefinition, _ status: LiveStatus, ports: String, _ now: Timestamp
    ) -> ListRow {
        let id = noTrunc ? container.id : container.shortID
        let words = container.command.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
        let command = (noTrunc ? words : words.shortened(to: 20)).quoted
        let age = HumanUnits.age(of: container.created, now: now)
        let text = StatusText.text(status, now: now)
        let labels = container.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        // Of a network that is another container's, docker says none.
        let networks = if case .container = container.network { "" } else { container.network.text }
        let mounts = container.mounts.map { $0.name ?? $0.source }.joined(separator: ",")
        return ListRow(
            cells: [id, container.image, command, age, text, ports, container.name],
            members: [
                ("ID", id), ("Image", container.image), ("Command", command), ("RunningFor", age),
                ("CreatedAt", container.created.local), ("Status", text), ("State", status.phase.rawValue),
                ("Ports", ports), ("Names", container.name), ("Labels", labels), ("Mounts", mounts),
                ("LocalVolumes", String(container.mounts.count { $0.kind == .volume })),
                ("Networks", networks),
            ], labels: container.labels)
    }
}
