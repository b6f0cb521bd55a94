import ArgumentParser
import ContainerCLI

struct ExportCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "export", "Save a container's files as a tar archive", usage: "[OPTIONS] CONTAINER",
        discussion: "Of its root file system; what is mounted in it, volumes among that, is left out.")

    @Option(
        name: [.customShort("o", allowingJoined: true), .long],
        help: "The archive; standard output without it.")
    var output: String?
    @Argument(help: "The container.")
    var container: String

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let container = try engine.store.find(container)
        try ArchiveOutput.write(to: output, for: "export") { descriptor, _ in
            try context.trace.step("export") { try engine.export(container, to: descriptor) }
        }
        return 0
    }
}
