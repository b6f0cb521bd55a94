import ArgumentParser
import ContainerCLI
import ContainerShim

struct UpdateCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "update", "Change the limits of containers", usage: "[OPTIONS] CONTAINER …",
        discussion: "They hold at once, and at later starts.")
    static var changesContainers: Bool { true }

    @OptionGroup var resources: ResourceFlags
    @Option(help: "When they are started again: no, on-failure[:N], always, unless-stopped.")
    var restart: String?
    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let changes = try resources.request
        let policy = try restart.map { text in
            guard let policy = RestartPolicy(text) else {
                throw UsageError("unknown restart policy '\(text)'")
            }
            return policy
        }
        if changes == ResourceRequest(), policy == nil {
            throw UsageError("update: nothing is to be changed")
        }
        return forEachName(containers) { name in
            let note = try engine.update(try engine.store.find(name), changes, restart: policy)
            try Standard.print(name + "\n")
            if let note { Standard.printError("swiftlet: \(note)\n") }
        }
    }
}
