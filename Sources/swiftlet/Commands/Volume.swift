import ArgumentParser
import ContainerCLI

struct VolumeLsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe("volume ls", "List volumes", usage: "[OPTIONS]")

    @Flag(name: [.short, .long], help: "Only names.")
    var quiet = false
    @Option(help: ListFormat.help)
    var format = ListFormat.table

    func perform(_ context: Context) throws -> Int32 {
        let volumes = try context.engine.volumes.all()
        if quiet {
            try Standard.print(volumes.map { $0.name + "\n" }.joined())
            return 0
        }
        var output = ListOutput(columns: ["DRIVER", "VOLUME NAME"], headers: ["Name": "VOLUME NAME"])
        for volume in volumes {
            output.rows.append(
                ListRow(
                    cells: ["local", volume.name],
                    members: [
                        ("Driver", "local"), ("Name", volume.name), ("Mountpoint", volume.path),
                        ("Scope", "local"),
                    ]))
        }
        try output.print(format)
        return 0
    }
}

struct VolumeRmCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "volume rm", "Remove volumes", usage: "VOLUME …")

    @Argument(help: "The volumes.")
    var volumes: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        return forEachName(volumes) { name in
            try engine.volumes.remove(name, containers: try engine.store.all())
            try Standard.print(name + "\n")
        }
    }
}
