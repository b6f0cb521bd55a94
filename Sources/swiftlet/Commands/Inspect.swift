import ArgumentParser
import ContainerCLI
import ImageStore
import OCISpec

/// In the namespace of pods these are looked for, too, by the daemon that has them.
struct InspectCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "inspect", "Show everything about containers, images and volumes as JSON", usage: "[OPTIONS] NAME …")

    enum Kind: String, ExpressibleByArgument {
        case container, image, volume
    }

    @Option(help: "container, image or volume, where a name is several.")
    var type: Kind?
    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: "json, or a template as '{{.State.Status}}'.")
    var format = ListFormat.json
    @Flag(name: [.short, .long], help: "Of containers also what they have written, and that with the image.")
    var size = false
    @Argument(help: "Names or ids.")
    var names: [String]

    func perform(_ context: Context) throws -> Int32 {
        try Inspection(type: type, format: format, size: size, names: names).print(context)
    }
}

struct ContainerInspectCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "container inspect", "Show everything about containers as JSON", usage: "[OPTIONS] CONTAINER …")

    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: "json, or a template as '{{.State.Status}}'.")
    var format = ListFormat.json
    @Flag(name: [.short, .long], help: "Also what they have written, and that with the image.")
    var size = false
    @Argument(help: "Names or ids.")
    var names: [String]

    func perform(_ context: Context) throws -> Int32 {
        try Inspection(type: .container, format: format, size: size, names: names).print(context)
    }
}

struct ImageInspectCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "image inspect", "Show everything about images as JSON", usage: "[OPTIONS] IMAGE …")

    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: "json, or a template as '{{.Os}}/{{.Architecture}}'.")
    var format = ListFormat.json
    @Argument(help: "Names or ids.")
    var names: [String]

    func perform(_ context: Context) throws -> Int32 {
        try Inspection(type: .image, format: format, size: false, names: names).print(context)
    }
}

private struct Inspection {
    /// Nil: a container, if there is none an image, and if there is none a volume.
    let type: InspectCommand.Kind?
    let format: ListFormat
    let size: Bool
    let names: [String]

    func print(_ context: Context) throws -> Int32 {
        try format.printEach(names) { try inspect($0, context, into: &$1) }
    }

    /// - Returns: what may be missing from such a thing.
    private func inspect(
        _ name: String, _ context: Context, into json: inout JSONWriter
    ) throws -> [TemplateValue.Member] {
        let engine = context.engine
        if type == .volume {
            try engine.volumes.find(name).inspect(into: &json)
            return UnsetMembers.volume
        }
        if type != .image {
            do {
                try engine.inspect(try engine.store.find(name), withSizes: size, into: &json)
                return UnsetMembers.container
            } catch let error as UsageError {
                if type == .container { throw error }
            }
            if context.options.namespace == GlobalOptions.podNamespace,
                let pod = try AdminQuestion.sandbox(name).ask(in: engine.layout)
            {
                json.document(pod)
                return []
            }
        }
        let images = try engine.images()
        do {
            try images.inspect(try images.resolve(name), into: &json)
            return UnsetMembers.image
        } catch let error as ImageError where type == nil {
            do {
                // No image may have some of their names.
                try engine.volumes.find(name).inspect(into: &json)
                return UnsetMembers.volume
            } catch is MissingVolume {
                if error.kind != .notFound { throw error }
                throw UsageError("no such container, image or volume: \(name)")
            }
        }
    }
}

extension ListFormat {
    /// Prints what `inspect` says of each of several names: one list, or a template's text for each. Each failure is
    /// told, and the others are printed.
    /// - Parameter inspect: writes an object, and answers what may be missing from such a thing.
    func printEach(
        _ names: [String], _ inspect: (String, inout JSONWriter) throws -> [TemplateValue.Member]
    ) throws -> Int32 {
        switch self {
        case .json:
            var code: Int32 = 0
            var json = JSONWriter(.spaces(4))
            json.array { json in
                code = forEachName(names) { _ = try inspect($0, &json) }
            }
            try Standard.print(String(decoding: json.bytes, as: UTF8.self) + "\n")
            return code
        case .table: throw UsageError("inspect: there is no table: --format is json or a template")
        case .template(let text), .columns(let text):
            let template = try Template(line: text)
            return forEachName(names) { name in
                var json = JSONWriter()
                let unset = try inspect(name, &json)
                let value = try TemplateValue(document: json.bytes).filled(from: unset)
                try Standard.print(try template.render(value) + "\n")
            }
        }
    }
}
