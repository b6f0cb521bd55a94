import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import OCISpec

struct HistoryCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "history", "Show how an image came about", usage: "[OPTIONS] IMAGE")

    @Flag(name: [.short, .long], help: "Only ids.")
    var quiet = false
    @Flag(help: "Whole ids and commands.")
    var noTrunc = false
    @Option(help: ListFormat.help)
    var format = ListFormat.table
    @Argument(help: "The image.")
    var image: String

    /// Characters of a step's command that a table shows, as with docker.
    private static let commandWidth = 45

    func perform(_ context: Context) throws -> Int32 {
        let store = try context.engine.images()
        let steps = try store.history(try store.resolve(image))
        if quiet {
            try Standard.print(steps.map { shown($0.id) + "\n" }.joined())
            return 0
        }
        var output = ListOutput(
            columns: ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"],
            headers: ["ID": "IMAGE", "CreatedSince": "CREATED"])
        for step in steps {
            let created = step.created.flatMap { Timestamp($0) }
            let age = created.map { HumanUnits.age(of: $0) } ?? "N/A"
            let size = HumanUnits.decimalSize(step.size)
            output.rows.append(
                ListRow(
                    cells: [shown(step.id), age, shown(step.createdBy), size, step.comment],
                    members: [
                        ("Comment", step.comment), ("CreatedAt", created?.local ?? "N/A"),
                        ("CreatedBy", shown(step.createdBy)), ("CreatedSince", age), ("ID", shown(step.id)),
                        ("Size", size),
                    ]))
        }
        try output.print(format)
        return 0
    }

    private func shown(_ id: Digest?) -> String {
        guard let id else { return "<missing>" }
        return noTrunc ? "\(id)" : String(id.hex.prefix(12))
    }

    private func shown(_ command: String) -> String {
        let line = command.split { $0 == "\n" || $0 == "\t" || $0 == " " }.joined(separator: " ")
        if noTrunc || line.count <= Self.commandWidth { return line }
        return line.prefix(Self.commandWidth - 1) + "…"
    }
}

struct ImagePruneCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image prune", "Remove images without a name", usage: "[OPTIONS]")

    @Flag(
        name: [.short, .long], help: "Every image that no container was made from, and interrupted downloads."
    )
    var all = false
    @Flag(name: [.short, .long], help: "Without asking.")
    var force = false
    @Option(
        help:
            "until=TIME: only those built before; label=KEY[=VALUE], label!=KEY[=VALUE]; dangling=false: as --all."
    )
    var filter: [String] = []

    func perform(_ context: Context) throws -> Int32 {
        let filter = try ImageFilter(filter, [.until, .label, .notLabel, .dangling])
        let all = filter.onlyDangling.map { !$0 } ?? all
        // No filter says anything about downloads.
        let downloads = all && self.filter.isEmpty
        let images = all ? "all images without at least one container" : "all images without a name"
        let what = images + (downloads ? " and what interrupted downloads left" : "")
        guard try force || isConfirmed("This will remove \(what).") else { return 0 }
        let engine = context.engine
        let store = try engine.images()
        let result = try store.prune(
            all: all, downloads: downloads, inUse: try engine.imageUses(),
            where: { try filter.takes($0, in: store) })
        try result.print()
        return 0
    }
}

struct ImageVerifyCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image verify", "Read all stored content again and compare it with its digests", usage: "[OPTIONS]")

    @Flag(name: [.short, .long], help: "No progress, and no word where all is well.")
    var quiet = false
    @Flag(
        help: """
            Compare the folders that containers run from, too: each layer is unpacked once more, which takes the room of \
            the largest.
            """)
    var deep = false

    func perform(_ context: Context) throws -> Int32 {
        if deep && !ImageStore.canImport { try TransferProgram.become(for: "image verify") }
        let progress = quiet ? nil : ProgressLine()
        var report: ProgressHandler?
        if let progress { report = { progress.show($0) } }
        let store = try context.engine.images()
        let problems: [String]
        do {
            problems = try context.trace.step("verify") {
                try store.verify(
                    isDeep: deep, progress: report, inUse: { try context.engine.imageUses() })
            }
        } catch {
            progress?.clear()
            throw error
        }
        progress?.clear()
        if let first = problems.first {
            try Standard.print(problems.map { $0 + "\n" }.joined())
            throw Failure(
                "damaged parts of the image store: \(problems.count); the first: \(first); remove the images"
                    + " ('swiftlet rmi -f') and pull them again", code: 1)
        }
        if !quiet {
            let usage = try store.diskUsage()
            let content = "\(usage.images) images, \(HumanUnits.decimalSize(usage.content)) of content"
            let layers =
                deep
                ? ", \(HumanUnits.decimalSize(usage.snapshots)) unpacked: all as it should be"
                : ": all as it should be (unpacked layers were not read: --deep)"
            try Standard.print(content + layers + "\n")
        }
        return 0
    }
}
