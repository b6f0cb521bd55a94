import ArgumentParser
import ContainerCLI
import ContainerShim
import ImageStore
import OCISpec

struct SystemDfCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "system df", "Show what images, containers and volumes take on the disk", usage: "[OPTIONS]")

    @Flag(name: [.short, .long], help: "Each image, layer, container and volume.")
    var verbose = false
    @Option(
        help: "table, json (one object a line; with --verbose one object), or a template as '{{.Size}}'.")
    var format = ListFormat.table

    func perform(_ context: Context) throws -> Int32 {
        let usage = try context.engine.diskUsage()
        if verbose {
            try printDetails(usage)
        } else {
            try summary(usage).print(format)
        }
        return 0
    }

    private func summary(_ usage: SystemUsage) -> ListOutput {
        var output = ListOutput(
            columns: ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"], headers: ["TotalCount": "TOTAL"])
        for (type, line) in [
            ("Images", usage.imageSummary), ("Containers", usage.containerSummary),
            ("Local Volumes", usage.volumeSummary), ("Downloads", usage.downloadSummary),
        ] {
            let size = HumanUnits.decimalSize(line.bytes)
            let share = line.bytes > 0 ? line.reclaimable * 100 / line.bytes : 0
            let reclaimable =
                HumanUnits.decimalSize(line.reclaimable) + (line.bytes > 0 ? " (\(share)%)" : "")
            output.rows.append(
                ListRow(
                    cells: [type, String(line.total), String(line.active), size, reclaimable],
                    members: [
                        ("Type", type), ("TotalCount", String(line.total)), ("Active", String(line.active)),
                        ("Size", size), ("Reclaimable", reclaimable),
                    ]))
        }
        return output
    }

    private func printDetails(_ usage: SystemUsage) throws {
        let lists = [
            ("Images", "Images space usage:", images(usage)),
            ("Snapshots", "Unpacked layers space usage:", snapshots(usage)),
            ("Containers", "Containers space usage:", containers(usage)),
            ("Volumes", "Local Volumes space usage:", volumes(usage)),
            ("Downloads", "Unfinished downloads space usage:", downloads(usage)),
        ]
        var json = JSONWriter()
        json.object { json in
            for (name, _, list) in lists { json.member(name, list.rows) }
        }
        try format.printDocument(json.bytes) {
            lists.map { "\($0.1)\n\n\($0.2.text)" }.joined(separator: "\n")
        }
    }

    private func images(_ usage: SystemUsage) -> ListOutput {
        var output = ListOutput(columns: [
            "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS",
        ])
        for line in usage.images.images {
            let created = line.image.created.flatMap { Timestamp($0) }
            let age = created.map { HumanUnits.age(of: $0) } ?? "N/A"
            let id = String(line.image.id.hex.prefix(12))
            let sizes = [line.size, line.shared, line.unique].map { HumanUnits.decimalSize($0) }
            let names = line.image.listedNames
            for name in names.isEmpty ? [nil] : names.map(Optional.init) {
                let (repository, tag) = (name?.repository ?? "<none>", name?.tag ?? "<none>")
                output.rows.append(
                    ListRow(
                        cells: [repository, tag, id, age] + sizes + [String(line.containers)],
                        members: [
                            ("Repository", repository), ("Tag", tag), ("ID", "\(line.image.id)"),
                            ("CreatedSince", age), ("Size", sizes[0]), ("SharedSize", sizes[1]),
                            ("UniqueSize", sizes[2]), ("Containers", String(line.containers)),
                            ("Pinned", String(line.image.isPinned)),
                        ]))
            }
        }
        return output
    }

    private func snapshots(_ usage: SystemUsage) -> ListOutput {
        var output = ListOutput(columns: ["LAYER", "PARENT", "SIZE", "FILES", "IMAGES"])
        for line in usage.images.snapshots {
            let size = HumanUnits.decimalSize(line.bytes)
            output.rows.append(
                ListRow(
                    cells: [
                        String(line.chain.digest.hex.prefix(12)),
                        line.parent.map { String($0.digest.hex.prefix(12)) } ?? "", size,
                        String(line.entries), String(line.images),
                    ],
                    members: [
                        ("ID", "\(line.chain)"), ("Parent", line.parent.map { "\($0)" } ?? ""),
                        ("Size", size),
                        ("Files", String(line.entries)), ("Images", String(line.images)),
                    ]))
        }
        return output
    }

    private func containers(_ usage: SystemUsage) -> ListOutput {
        var output = ListOutput(columns: [
            "CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES",
        ])
        for line in usage.containers {
            let container = line.definition
            let command = "\"" + container.command.joined(separator: " ").shortened(to: 20) + "\""
            let volumes = String(container.mounts.count { $0.kind == .volume })
            let (size, age) = (HumanUnits.decimalSize(line.bytes), HumanUnits.age(of: container.created))
            let status = StatusText.text(line.status)
            output.rows.append(
                ListRow(
                    cells: [
                        container.shortID, container.image, command, volumes, size, age, status,
                        container.name,
                    ],
                    members: [
                        ("ID", container.id), ("Image", container.image), ("Command", command),
                        ("LocalVolumes", volumes), ("Size", size), ("CreatedSince", age), ("Status", status),
                        ("Names", container.name),
                    ]))
        }
        return output
    }

    private func volumes(_ usage: SystemUsage) -> ListOutput {
        var output = ListOutput(columns: ["VOLUME NAME", "LINKS", "SIZE"])
        for line in usage.volumes {
            let size = HumanUnits.decimalSize(line.bytes)
            output.rows.append(
                ListRow(
                    cells: [line.name, String(line.links), size],
                    members: [("Name", line.name), ("Links", String(line.links)), ("Size", size)]))
        }
        return output
    }

    private func downloads(_ usage: SystemUsage) -> ListOutput {
        var output = ListOutput(columns: ["BLOB", "SIZE", "ACTIVE"])
        for line in usage.images.downloads {
            let size = HumanUnits.decimalSize(line.bytes)
            output.rows.append(
                ListRow(
                    cells: [String(line.digest.hex.prefix(12)), size, String(line.isActive)],
                    members: [
                        ("Digest", "\(line.digest)"), ("Size", size), ("Active", String(line.isActive)),
                    ]))
        }
        return output
    }
}
