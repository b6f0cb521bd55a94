import ArgumentParser
import ContainerCLI

struct PortCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "port", "Show which ports of the host lead into a container", usage: "CONTAINER [PORT[/PROTOCOL]]")

    @Argument(help: "The container.")
    var container: String
    @Argument(help: "Only where this port of the container is on the host; tcp without a protocol.")
    var port: String?

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let container = try engine.store.find(container)
        let network = try engine.networkResult(of: container, try engine.status(of: container))
        let lines = try PortOption.lines(
            network?.ports ?? [], addresses: network?.addresses ?? [], of: port, container: container.name)
        try Standard.print(lines.map { $0 + "\n" }.joined())
        return 0
    }
}
