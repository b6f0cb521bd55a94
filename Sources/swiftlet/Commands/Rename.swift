import ArgumentParser
import ContainerCLI

struct RenameCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "rename", "Give a container another name", usage: "CONTAINER NAME")
    static var changesContainers: Bool { true }

    @Argument(help: "The container.")
    var container: String
    @Argument(help: "Its new name.")
    var name: String

    func perform(_ context: Context) throws -> Int32 {
        let store = context.engine.store
        _ = try store.rename(try store.find(container), to: name)
        return 0
    }
}
