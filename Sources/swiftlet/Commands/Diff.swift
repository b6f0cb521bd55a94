import ArgumentParser
import ContainerCLI

struct DiffCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "diff", "Show what a container has changed of its image's files", usage: "CONTAINER",
        discussion: "A: added, C: changed, D: deleted. Of what is mounted in it nothing is said.")

    @Argument(help: "The container.")
    var container: String

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let isTerminal = Standard.outputIsTerminal
        var text: [UInt8] = []
        try engine.changes(of: try engine.store.find(container)) { change in
            let path =
                isTerminal ? Array(String(decoding: change.path, as: UTF8.self).printable.utf8) : change.path
            text += Array(change.kind.rawValue.utf8) + [UInt8(ascii: " ")] + path + [UInt8(ascii: "\n")]
            if text.count < 64 << 10 { return }
            try Standard.write(text)
            text = []
        }
        try Standard.write(text)
        return 0
    }
}
