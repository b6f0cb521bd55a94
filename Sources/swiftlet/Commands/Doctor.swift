import ArgumentParser
import ContainerCLI

struct DoctorCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "doctor", "Say what this machine offers and lacks for containers", usage: "[OPTIONS]")
    static var worksForEverybody: Bool { true }

    @Option(help: ListFormat.help)
    var format = ListFormat.table

    func perform(_ context: Context) throws -> Int32 {
        let findings = context.trace.step("examine") { context.engine.examineHost() }
        switch format {
        case .json, .template, .columns:
            var output = ListOutput(columns: [])
            for finding in findings {
                output.rows.append(
                    ListRow(
                        cells: [],
                        members: [
                            ("Subject", finding.subject), ("Level", finding.level.rawValue),
                            ("Detail", finding.detail), ("Advice", finding.advice ?? ""),
                        ]))
            }
            try output.print(format)
        case .table:
            var table = Table([])
            for finding in findings {
                table.add([finding.level.rawValue, finding.subject, finding.detail])
                if let advice = finding.advice { table.add(["", "", "→ " + advice]) }
            }
            try Standard.print(table.text(header: false))
        }
        return findings.contains { $0.level == .missing } ? 1 : 0
    }
}
