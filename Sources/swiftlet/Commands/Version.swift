import ArgumentParser
import ContainerCLI
import ContainerRuntime
import OCISpec

struct VersionCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe("version", "Show versions", usage: "[OPTIONS]")
    static var worksForEverybody: Bool { true }

    @Option(help: "table, json, or a template as '{{.Version}}'.")
    var format = ListFormat.table
    @Flag(name: [.customShort("v"), .customLong("version")], help: .hidden)
    var version = false

    func perform(_ context: Context) throws -> Int32 {
        let kernel = KernelVersion.runningRelease
        var json = JSONWriter()
        json.object { json in
            json.member("KernelVersion", kernel)
            json.member("RuntimeSpec", RuntimeSpec.version)
            json.member("Version", SwiftletVersion.text)
        }
        try format.printDocument(json.bytes) {
            "swiftlet \(SwiftletVersion.text)\nruntime-spec \(RuntimeSpec.version)\nLinux \(kernel)\n"
        }
        return 0
    }
}
