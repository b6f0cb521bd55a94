import ArgumentParser
import ContainerCLI
import ContainerShim
import ImageStore

struct ImageGcCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image gc", "Remove unused images when the disk is full, or when they are old", usage: "[OPTIONS]",
        discussion: """
            When the store's file system is fuller than --high, in bytes or in files (inodes), the least recently used \
            images go until it is emptier than --low. Images of containers and pinned ones stay. Exit code 1 when that was not enough.
            """)

    @Option(help: "Percentage of the disk in use from which on images go; 100 for never.")
    var high = 85
    @Option(help: "Percentage down to which they go.")
    var low = 80
    @Option(help: "How long an image has to be unused before it goes for want of space.")
    var minAge = "2m"
    @Option(help: "After which time an unused image goes in any case; without it, never.")
    var maxAge: String?

    func perform(_ context: Context) throws -> Int32 {
        let policy = CollectionPolicy(
            high: high == 100 ? nil : high, low: low, minimumAge: try Self.seconds(minAge, "--min-age"),
            maximumAge: try maxAge.map { try Self.seconds($0, "--max-age") })
        let engine = context.engine
        let store = try engine.images()
        let result = try context.trace.step("collect") {
            try store.collectImages(policy, inUse: { try engine.imageUses() })
        }
        try result.removed.print()
        if result.missing > 0 {
            throw Failure(
                "the disk of \(engine.layout.images) is \(result.after.usedPercent)% full:"
                    + " \(HumanUnits.decimalSize(result.missing)) more should go,"
                    + " but every other image is in use, pinned or used just now", code: 1)
        }
        if result.missingFiles > 0 {
            throw Failure(
                "\(result.after.usedFilesPercent)% of the files that the disk of \(engine.layout.images) can hold are"
                    + " there: \(result.missingFiles) more should go, but every other image is in use, pinned or used"
                    + " just now", code: 1)
        }
        return 0
    }

    private static func seconds(_ text: String, _ option: String) throws -> Int64 {
        guard let span = TimeSpan(parsing: text) else {
            throw UsageError("invalid time '\(text)' for \(option): wanted is 10m or 24h")
        }
        return span.nanoseconds / 1_000_000_000
    }
}

struct ImagePinCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image pin", "Keep images from every collection", usage: "IMAGE …",
        discussion: "A pin belongs to the name: the image that has it later is pinned, too.")

    @Argument(help: "The images.")
    var images: [String]

    func perform(_ context: Context) throws -> Int32 { try setPinned(images, true, context) }
}

struct ImageUnpinCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image unpin", "Let collections have images again", usage: "IMAGE …",
        discussion: "Of a name that 'rmi -f' has removed there is nothing to unpin: its pin went with it.")

    @Argument(help: "The images.")
    var images: [String]

    func perform(_ context: Context) throws -> Int32 { try setPinned(images, false, context) }
}

private func setPinned(_ names: [String], _ isPinned: Bool, _ context: Context) throws -> Int32 {
    let store = try context.engine.images()
    return forEachName(names) { try store.setPinned($0, isPinned) }
}

extension PruneResult {
    /// In docker's words.
    func print() throws {
        if !events.isEmpty {
            try Standard.print("Deleted Images:\n")
            for event in events {
                switch event {
                case .untagged(let name): try Standard.print("untagged: \(name)\n")
                case .deleted(let digest): try Standard.print("deleted: \(digest)\n")
                }
            }
            try Standard.print("\n")
        }
        try Standard.print("Total reclaimed space: \(HumanUnits.decimalSize(reclaimed))\n")
    }
}
