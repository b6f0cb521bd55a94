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
        guard let output, output != "-" else {
            if Standard.outputIsTerminal {
                throw UsageError("save: an archive is not written to a terminal: give a file with -o")
            }
            try store.save(images, format: format, to: STDOUT_FILENO, outputName: "standard output")
            return 0
        }
        var status = stat()
        if stat(output, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            // A device or a pipe is written to; a file in its place would be the machine's /dev/null.
            let file = try FileDescriptor.open(output, O_WRONLY)
            try context.trace.step("save") {
                try store.save(images, format: format, to: file.raw, outputName: output)
            }
            return 0
        }
        // Beside it first: what is there already stays until the new archive is complete.
        let temporary = output + ".partial-\(getpid())"
        do {
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try context.trace.step("save") {
                try store.save(images, format: format, to: file.raw, outputName: output)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        if rename(temporary, output) != 0 { throw KernelError("rename", output) }
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
    @Option(help: "table or json (one object a line).")
    var format = ListFormat.table
    @Argument(help: "Only images of this name.")
    var name: String?

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let wanted = try name.map { try ImageReference($0) }
        var output = ListOutput(
            columns: ["REPOSITORY", "TAG"] + (digests ? ["DIGEST"] : []) + ["IMAGE ID", "CREATED", "SIZE"])
        var ids: [String] = []
        let containers = format == .json ? try engine.store.all() : []
        for image in try engine.images().images() {
            // Docker lists what was pulled by its digest without a tag.
            let named = image.names.isEmpty ? image.digestNames : image.names
            let names = named.filter { name in
                guard let wanted else { return true }
                return name.repository == wanted.repository && (wanted.tag == nil || name.tag == wanted.tag)
            }
            if wanted != nil, names.isEmpty { continue }
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

    @Flag(name: [.short, .long], help: "Also with several names, or while containers of it are there.")
    var force = false
    @Argument(help: "The images.")
    var images: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let store = try engine.images()
        return forEachName(images) { name in
            for event in try store.remove(name, force: force, inUse: try engine.imageUses()) {
                switch event {
                case .untagged(let name): try Standard.print("Untagged: \(name)\n")
                case .deleted(let digest): try Standard.print("Deleted: \(digest)\n")
                }
            }
        }
    }
}
