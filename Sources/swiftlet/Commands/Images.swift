import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import OCISpec

struct LoadCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "load", "Load images from an archive or an OCI layout folder", usage: "[OPTIONS]",
        discussion:
            "Archives of docker save and of OCI tools, plain or compressed, from a file or from standard input."
    )

    @Option(
        name: [.customShort("i", allowingJoined: true), .long],
        help: "The archive or folder; - or nothing for standard input.")
    var input: String?
    @Flag(name: [.short, .long], help: "No progress.")
    var quiet = false
    @Option(help: "The platform to take of several.")
    var platform: String?
    @Argument(help: .hidden)
    var path: String?

    func perform(_ context: Context) throws -> Int32 {
        if !ImageStore.canImport { try TransferProgram.become(for: "load") }
        OpenFiles.allowMany()
        let source: ImageSource
        switch input ?? path {
        case nil, "-":
            if Standard.inputIsTerminal {
                throw UsageError("load: give an archive with -i, or on standard input")
            }
            source = .descriptor(STDIN_FILENO, name: "standard input")
        case let path?: source = .path(path)
        }
        let progress = quiet ? nil : ProgressLine()
        let platform = try self.platform.map { try Platform(parsing: $0) }
        let images = try context.engine.images()
        var report: ProgressHandler?
        if let progress { report = { progress.show($0) } }
        let loaded: [LoadedImage]
        do {
            loaded = try context.trace.step("load") {
                try images.load(source, platform: platform, progress: report)
            }
        } catch {
            progress?.clear()
            throw error
        }
        progress?.clear()
        for image in loaded {
            if image.names.isEmpty { try Standard.print("Loaded image ID: \(image.image.id)\n") }
            for name in image.names { try Standard.print("Loaded image: \(name.familiar)\n") }
        }
        return 0
    }
}

struct SaveCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "save", "Save images to an archive", usage: "[OPTIONS] IMAGE …")

    enum Format: String, ExpressibleByArgument {
        case dockerArchive = "docker-archive"
        case ociArchive = "oci-archive"
    }

    @Option(
        name: [.customShort("o", allowingJoined: true), .long],
        help: "The archive; standard output without it.")
    var output: String?
    @Option(help: "docker-archive or oci-archive.")
    var format = Format.dockerArchive
    @Argument(help: "The images.")
    var images: [String]

    func perform(_ context: Context) throws -> Int32 {
        let store = try context.engine.images()
        let format: SaveFormat = format == .dockerArchive ? .docker : .oci
        try ArchiveOutput.write(to: output, for: "save") { descriptor, name in
            try context.trace.step("save") {
                try store.save(images, format: format, to: descriptor, outputName: name)
            }
        }
        return 0
    }
}

struct ImagesCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "images", "List images", usage: "[OPTIONS] [NAME]")

    @Flag(name: [.short, .long], help: "Taken for docker's sake: all images are listed anyway.")
    var all = false
    @Flag(name: [.short, .long], help: "Only ids.")
    var quiet = false
    @Flag(help: "Whole ids.")
    var noTrunc = false
    @Flag(help: "The digests of the manifests, too.")
    var digests = false
    @Option(help: ListFormat.help)
    var format = ListFormat.table
    @Option(
        name: [.short, .long],
        help: """
            dangling=true: only those without a name; label=KEY[=VALUE], until=TIME, reference=PATTERN; before=IMAGE and \
            since=IMAGE: built before or after that one.
            """)
    var filter: [String] = []
    @Argument(help: "Only images of this name, or of names like this: team/*, *:v1.")
    var name: String?

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let store = try engine.images()
        let isPattern = name?.contains { "*?".contains($0) } ?? false
        let pattern = isPattern ? name.map { ["reference=\($0)"] } ?? [] : []
        let filter = try ImageFilter(
            filter + pattern, [.dangling, .label, .until, .reference, .before, .since])
        let wanted = try isPattern ? nil : name.map { try store.meanings(of: $0) }
        var output = ListOutput(
            columns: ["REPOSITORY", "TAG"] + (digests ? ["DIGEST"] : []) + ["IMAGE ID", "CREATED", "SIZE"],
            headers: ["ID": "IMAGE ID", "CreatedSince": "CREATED"])
        var ids: [String] = []
        let containers = format != .table ? try engine.store.all() : []
        for image in try store.images() {
            if let only = filter.onlyDangling, image.isDangling != only { continue }
            if try !filter.takes(image, in: store) { continue }
            let names = image.listedNames.filter { name in
                filter.takes(name) && wanted?.contains { isMeant(name, of: image, by: $0) } ?? true
            }
            if names.isEmpty, wanted != nil || filter.isAboutNames { continue }
            ids.append(shown(image.id))
            let uses = containers.count { $0.imageID == "\(image.id)" }
            if names.isEmpty { output.rows.append(row(image, nil, uses)) }
            for name in names { output.rows.append(row(image, name, uses)) }
        }
        if quiet {
            try Standard.print(ids.map { $0 + "\n" }.joined())
        } else {
            try output.print(format)
        }
        return 0
    }

    private func isMeant(_ name: ImageReference, of image: ImageRecord, by wanted: ImageReference) -> Bool {
        guard name.repository == wanted.repository, wanted.tag == nil || name.tag == wanted.tag else {
            return false
        }
        return wanted.digest.map { $0 == image.manifest || image.digests.contains(name.with(digest: $0)) }
            ?? true
    }

    private func shown(_ id: Digest) -> String { noTrunc ? "\(id)" : String(id.hex.prefix(12)) }

    private func row(_ image: ImageRecord, _ name: ImageReference?, _ uses: Int) -> ListRow {
        let repository = name?.repository ?? "<none>"
        let tag = name?.tag ?? "<none>"
        let created = image.created.flatMap { Timestamp($0) }
        let age = created.map { HumanUnits.age(of: $0) } ?? "N/A"
        let size = HumanUnits.decimalSize(image.size)
        return ListRow(
            cells: [repository, tag] + (digests ? ["\(image.manifest)"] : []) + [shown(image.id), age, size],
            members: [
                ("Repository", repository), ("Tag", tag), ("ID", shown(image.id)), ("CreatedSince", age),
                ("CreatedAt", created?.local ?? "N/A"), ("Size", size), ("Digest", "\(image.manifest)"),
                ("Containers", String(uses)), ("Platform", "\(image.platform)"),
            ])
    }
}

struct TagCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "tag", "Give an image a further name", usage: "IMAGE NAME[:TAG]")

    @Argument(help: "The image.")
    var source: String
    @Argument(help: "The new name.")
    var target: String

    func perform(_ context: Context) throws -> Int32 {
        try context.engine.images().tag(source, as: target)
        return 0
    }
}

struct RmiCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "rmi", "Remove images", usage: "[OPTIONS] IMAGE …")

    @Flag(
        name: [.short, .long],
        help:
            "Also with several names, or while containers of it are there; one that is not there is no failure."
    )
    var force = false
    @Argument(help: "The images.")
    var images: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let store = try engine.images()
        return forEachName(images) { name in
            let events: [RemovalEvent]
            do {
                events = try store.remove(name, force: force, inUse: try engine.imageUses())
            } catch let error as ImageError where force && error.kind == .notFound {
                // As with docker: what should be gone is gone.
                return Standard.printError("swiftlet: \(error)\n")
            }
            for event in events {
                switch event {
                case .untagged(let name): try Standard.print("Untagged: \(name)\n")
                case .deleted(let digest): try Standard.print("Deleted: \(digest)\n")
                }
            }
        }
    }
}
