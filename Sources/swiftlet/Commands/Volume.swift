import ArgumentParser
import ContainerCLI
import OCISpec

struct VolumeCreateCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "volume create", "Make a volume", usage: "[OPTIONS] [NAME]",
        discussion: "Without a name it gets one, and goes with 'swiftlet volume prune'.")

    @Option(
        name: [.customShort("d", allowingJoined: true), .long],
        help: "Taken for docker's sake: local is there.")
    var driver = VolumeStore.driver
    @Option(parsing: .unconditionalSingleValue, help: "A label, KEY or KEY=VALUE.")
    var label: [String] = []
    @Argument(help: "Its name.")
    var name: String?

    func perform(_ context: Context) throws -> Int32 {
        guard ["", VolumeStore.driver].contains(driver) else {
            throw UsageError("unknown volume driver '\(driver)': local is there")
        }
        var labels = SortedMap<String>()
        for text in label {
            let pair = try KeyValue(parsing: text, what: "label")
            labels[pair.key] = pair.value
        }
        let volumes = context.engine.volumes
        guard let name = name.unlessEmpty else {
            try Standard.print(try volumes.makeAnonymous(labels: labels).name + "\n")
            return 0
        }
        try VolumeName.check(name)
        let isNew = try volumes.make(name, labels: labels).isNew
        // As with docker, whoever wants it has it.
        if !isNew, !labels.isEmpty, try volumes.find(name).labels != labels {
            Standard.printError("swiftlet: volume '\(name)' is there already and keeps its labels\n")
        }
        try Standard.print(name + "\n")
        return 0
    }
}

struct VolumeLsCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe("volume ls", "List volumes", usage: "[OPTIONS]")

    @Flag(name: [.short, .long], help: "Only names.")
    var quiet = false
    @Option(
        name: [.customShort("f", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: """
            name=EXPRESSION, label=KEY[=VALUE], label!=KEY[=VALUE], driver=local; dangling=true: only those that no \
            container has.
            """)
    var filter: [String] = []
    @Option(help: ListFormat.help)
    var format = ListFormat.table

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let filter = try VolumeFilter(filter, [.name, .dangling, .label, .notLabel, .driver])
        var volumes = try engine.volumes.all().filter(filter.takes)
        if let only = filter.onlyDangling {
            let used = try engine.usedVolumes()
            volumes.removeAll { used.contains($0.name) == only }
        }
        if quiet {
            try Standard.print(volumes.map { $0.name + "\n" }.joined())
            return 0
        }
        var output = ListOutput(columns: ["DRIVER", "VOLUME NAME"], headers: ["Name": "VOLUME NAME"])
        for volume in volumes {
            let labels = volume.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            output.rows.append(
                ListRow(
                    cells: [VolumeStore.driver, volume.name],
                    members: [
                        ("Driver", VolumeStore.driver), ("Name", volume.name), ("Mountpoint", volume.path),
                        ("Scope", "local"), ("Labels", labels), ("Links", "N/A"), ("Size", "N/A"),
                    ], labels: volume.labels))
        }
        try output.print(format)
        return 0
    }
}

struct VolumeInspectCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "volume inspect", "Show everything about volumes as JSON", usage: "[OPTIONS] VOLUME …")

    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: "json, or a template as '{{.Mountpoint}}'.")
    var format = ListFormat.json
    @Argument(help: "The volumes.")
    var volumes: [String]

    func perform(_ context: Context) throws -> Int32 {
        let store = context.engine.volumes
        return try format.printEach(volumes) { name, json in
            try store.find(name).inspect(into: &json)
            return UnsetMembers.volume
        }
    }
}

struct VolumeRmCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "volume rm", "Remove volumes", usage: "[OPTIONS] VOLUME …")

    @Flag(name: [.short, .long], help: "One that is not there is no failure.")
    var force = false
    @Argument(help: "The volumes.")
    var volumes: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        return forEachName(volumes) { name in
            do {
                try engine.removeVolume(name)
            } catch let error as MissingVolume where force {
                // As with docker: what should be gone is gone.
                return Standard.printError("swiftlet: \(error)\n")
            }
            try Standard.print(name + "\n")
        }
    }
}

struct VolumePruneCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "volume prune", "Remove volumes that no container has", usage: "[OPTIONS]",
        discussion: "Only those that nobody has named, unless --all is given.")

    @Flag(name: [.short, .long], help: "Those with a name, too.")
    var all = false
    @Flag(name: [.short, .long], help: "Without asking.")
    var force = false
    @Option(
        parsing: .unconditionalSingleValue,
        help: "label=KEY[=VALUE], label!=KEY[=VALUE]; all=true: as --all.")
    var filter: [String] = []

    func perform(_ context: Context) throws -> Int32 {
        let filter = try VolumeFilter(filter, [.label, .notLabel, .all])
        let all = all || filter.all
        let what = all ? "all local volumes" : "anonymous local volumes"
        guard try force || isConfirmed("This will remove \(what) not used by at least one container.") else {
            return 0
        }
        var code: Int32 = 0
        let (names, reclaimed) = try context.engine.pruneVolumes(
            where: { (all || $0.isAnonymous) && filter.takes($0) },
            failed: { code = Program.fail("\($0): \($1)", 1) })
        try printPruned("Volumes", names, reclaimed)
        return code
    }
}
