import ArgumentParser
import ContainerCLI

struct ContainerPruneCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "container prune", "Remove all containers that do not run", usage: "[OPTIONS]",
        discussion: "Their volumes stay: see 'swiftlet volume prune'.")
    static var changesContainers: Bool { true }

    @Flag(name: [.short, .long], help: "Without asking.")
    var force = false
    @Option(
        parsing: .unconditionalSingleValue,
        help: "until=TIME: only those made before; label=KEY[=VALUE], label!=KEY[=VALUE].")
    var filter: [String] = []

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let filters = try ContainerFilters(
            filter, only: ["until", "label", "label!"], in: engine.store, images: engine.images)
        guard try force || isConfirmed("This will remove all stopped containers.") else { return 0 }
        _ = try engine.store.sweepDrafts()
        try engine.network.reconcile(restores: false)
        var code: Int32 = 0
        var ids: [String] = []
        var reclaimed: Int64 = 0
        for container in try engine.store.all() {
            // Of one that is damaged nobody knows what a filter is about.
            if container.isDamaged, !filters.isEmpty { continue }
            do {
                let status = try engine.status(of: container)
                guard try filters.match(container, status, ports: { [] }) else { continue }
                guard let bytes = try engine.prune(container) else { continue }
                ids.append(container.id)
                reclaimed += bytes
            } catch {
                code = Program.fail("\(container.name): \(error)", 1)
            }
        }
        try printPruned("Containers", ids, reclaimed)
        return code
    }
}
