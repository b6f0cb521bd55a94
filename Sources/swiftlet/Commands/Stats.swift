import ArgumentParser
import ContainerCLI
import Glibc

struct StatsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "stats", "Show what running containers use", usage: "[OPTIONS] [CONTAINER …]")

    @Flag(name: [.short, .long], help: "Containers that do not run, too.")
    var all = false
    @Flag(help: "Only once.")
    var noStream = false
    @Flag(help: "Whole ids.")
    var noTrunc = false
    @Option(help: ListFormat.help)
    var format = ListFormat.table
    @Argument(help: "The containers; all that run when there is none.")
    var containers: [String] = []

    /// Between two looks.
    private static let interval: UInt32 = 1_000_000

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let wanted = try containers.map { try engine.store.find($0) }
        var earlier: [String: UsageSample] = [:]
        var isFirst = true
        while true {
            var output = ListOutput(
                columns: [
                    "CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O",
                    "PIDS",
                ], headers: Self.headers)
            var samples: [String: UsageSample] = [:]
            for container in wanted.isEmpty ? try engine.store.all() : wanted {
                let sample = try engine.sample(container)
                if let sample { samples[container.id] = sample } else if wanted.isEmpty, !all { continue }
                output.rows.append(row(container, sample.map { Usage($0, since: earlier[container.id]) }))
            }
            // A share of time needs two looks: with one only, the second is the one that counts.
            if !isFirst || (!noStream && Standard.outputIsTerminal && format == .table) {
                if !noStream, format == .table, Standard.outputIsTerminal, !Standard.terminalIsDumb {
                    // Home, clear to the end of the screen.
                    try Standard.print("\u{1B}[H\u{1B}[J")
                }
                try output.print(format)
                if noStream { return 0 }
            }
            isFirst = false
            earlier = samples
            usleep(Self.interval)
        }
    }

    private static let headers = [
        "ID": "CONTAINER ID", "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %",
        "NetIO": "NET I/O", "BlockIO": "BLOCK I/O", "PIDs": "PIDS",
    ]

    private func row(_ container: ContainerDefinition, _ usage: Usage?) -> ListRow {
        let id = noTrunc ? container.id : container.shortID
        func size(_ bytes: UInt64) -> String { HumanUnits.binarySize(Int64(clamping: bytes)) }
        func amount(_ bytes: UInt64) -> String { HumanUnits.decimalSize(Int64(clamping: bytes)) }
        func pair(_ left: String, _ right: String) -> String { left + " / " + right }
        let sample = usage?.sample
        let cpu = usage.map { HumanUnits.fixed($0.cpuPercent, 2) + "%" } ?? "--"
        let memory = sample.map { pair(size($0.memory), size($0.memoryLimit)) } ?? "-- / --"
        let share = usage.map { HumanUnits.fixed($0.memoryPercent, 2) + "%" } ?? "--"
        let network = sample.map { pair(amount($0.receivedBytes), amount($0.sentBytes)) } ?? "--"
        let block = sample.map { pair(amount($0.readBytes), amount($0.writtenBytes)) } ?? "--"
        let processes = sample.map { String($0.processes) } ?? "--"
        return ListRow(
            cells: [id, container.name, cpu, memory, share, network, block, processes],
            members: [
                ("ID", id), ("Container", id), ("Name", container.name), ("CPUPerc", cpu),
                ("MemUsage", memory),
                ("MemPerc", share), ("NetIO", network), ("BlockIO", block), ("PIDs", processes),
            ])
    }
}
