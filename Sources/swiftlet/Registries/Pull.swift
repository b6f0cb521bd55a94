import ArgumentParser
import ContainerCLI
import ImageStore
import OCISpec

struct PullCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "pull", "Fetch an image from a registry", usage: "[OPTIONS] NAME[:TAG|@DIGEST]")

    @OptionGroup var registry: RegistryFlags
    @Option(help: "The rules for which images may be used, instead of /etc/containers/policy.json.")
    var signaturePolicy: String?
    @Option(help: "The platform to take of several: linux/arm64.")
    var platform: String?
    @Option(help: "auto (a display on terminals), plain (lines), json (an object a line) or none.")
    var progress = ProgressForm.auto
    @Flag(name: [.short, .long], help: "Only the image's name at the end.")
    var quiet = false
    @Flag(name: [.short, .long], help: "Every tag of the repository.")
    var allTags = false
    @Argument(help: "The image.")
    var name: String

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.registryWork(for: "pull")
        OpenFiles.allowMany()
        var access = try registry.access()
        access.policyFile = signaturePolicy
        let platform = try self.platform.map { try Platform(parsing: $0) }
        var names = [name]
        if allTags {
            let reference = try ImageReference(name)
            if reference.tag != nil || reference.digest != nil {
                throw UsageError("--all-tags is for a name without tag and digest")
            }
            names = try work.tags(name, access).map { "\(name):\($0)" }
            if names.isEmpty { throw Failure("\(name) has no tags", code: 1) }
        }
        for name in names {
            let order = PullOrder(
                name: name, platform: platform, access: access, store: context.options.layout.images)
            do {
                try pull(order, work)
            } catch let other as UnsupportedImage where allTags {
                // Signatures and other artifacts have tags of their own.
                Standard.printError("swiftlet: passed over: \(other)\n")
            }
        }
        return 0
    }

    private func pull(_ order: PullOrder, _ work: any RegistryWork) throws {
        let display = TransferDisplay(quiet ? .none : progress)
        let answer: PullAnswer
        do {
            answer = try work.pull(order) { display.show($0) }
        } catch {
            display.finish()
            throw error
        }
        display.finish()
        if quiet { return try Standard.print("\(answer.reference)\n") }
        if progress == .json {
            var json = JSONWriter()
            json.object { json in
                json.member("status", "done")
                json.member("name", "\(answer.reference)")
                json.member("digest", "\(answer.digest)")
                json.member("id", "\(answer.image.id)")
                json.member("new", answer.isNew)
            }
            return try Standard.print(String(decoding: json.bytes, as: UTF8.self) + "\n")
        }
        let name = answer.reference.familiar
        let status = answer.isNew ? "Downloaded newer image for \(name)" : "Image is up to date for \(name)"
        try Standard.print("Digest: \(answer.digest)\nStatus: \(status)\n\(answer.reference)\n")
    }
}
