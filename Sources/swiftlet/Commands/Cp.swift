import ArgumentParser
import ContainerCLI

struct CpCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "cp", "Copy files between a container and the host", usage: "[OPTIONS] SOURCE TARGET",
        discussion: "One of the two is CONTAINER:PATH; the other may be - for a tar archive.")

    @Flag(name: [.short, .long], help: "Keep owners.")
    var archive = false
    @Flag(name: [.customShort("L"), .long], help: "Follow a link that is the source.")
    var followLink = false
    @Flag(name: [.short, .long], help: "Taken for docker's sake: nothing is printed anyway.")
    var quiet = false
    @Argument(help: "From where.")
    var source: String
    @Argument(help: "To where.")
    var target: String

    func perform(_ context: Context) throws -> Int32 {
        var options = CopyOptions()
        options.keepsOwners = archive
        options.followsLink = followLink
        try context.engine.copy(from: CopyEnd(parsing: source), to: CopyEnd(parsing: target), options)
        return 0
    }
}
