import ArgumentParser
import ContainerCLI
import ImageStore
import OCISpec

struct PushCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "push", "Put an image into its registry", usage: "[OPTIONS] IMAGE [NAME[:TAG]]")

    @OptionGroup var registry: RegistryFlags
    @Option(help: "auto (a display on terminals), plain (lines), json (an object a line) or none.")
    var progress = ProgressForm.auto
    @Flag(name: [.short, .long], help: "No output.")
    var quiet = false
    @Argument(help: "The image.")
    var image: String
    @Argument(help: "What it is called there, if not as here.")
    var destination: String?

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.registryWork(for: "push")
        let display = TransferDisplay(quiet ? .none : progress)
        let answer: PushAnswer
        do {
            answer = try work.push(
                PushOrder(
                    image: image, destination: destination, access: try registry.access(),
                    store: context.options.layout.images)
            ) { display.show($0) }
        } catch {
            display.finish()
            throw error
        }
        display.finish()
        if quiet { return 0 }
        if let platform = answer.onlyPlatform {
            Standard.printError(
                "swiftlet: of the platforms of \(answer.reference.familiar) only \(platform) is here and was pushed\n"
            )
        }
        if progress == .json {
            var json = JSONWriter()
            json.object { json in
                json.member("status", "done")
                json.member("name", "\(answer.reference)")
                json.member("digest", "\(answer.digest)")
                json.member("size", answer.size)
            }
            try Standard.print(String(decoding: json.bytes, as: UTF8.self) + "\n")
            return 0
        }
        let tag = answer.reference.tag ?? "\(answer.digest)"
        try Standard.print("\(tag): digest: \(answer.digest) size: \(answer.size)\n")
        return 0
    }
}

struct ImageTagsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image tags", "List the tags of a repository in its registry", usage: "[OPTIONS] NAME")
    static var worksForEverybody: Bool { true }

    @OptionGroup var registry: RegistryFlags
    @Argument(help: "The repository.")
    var name: String

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.registryWork(for: "image tags")
        let tags = try work.tags(name, try registry.access())
        try Standard.print(tags.map { $0 + "\n" }.joined())
        return 0
    }
}
