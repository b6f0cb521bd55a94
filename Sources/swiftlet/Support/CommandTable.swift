/// The commands by their names.
enum CommandTable {
    struct Group {
        let title: String
        let commands: [SwiftletCommand.Type]
    }

    static var groups: [Group] {
        [
            Group(
                title: "Containers",
                commands: [
                    RunCommand.self, CreateCommand.self, StartCommand.self, AttachCommand.self,
                    ExecCommand.self,
                    PsCommand.self, LogsCommand.self, StopCommand.self, KillCommand.self, RestartCommand.self,
                    PauseCommand.self, UnpauseCommand.self, WaitCommand.self, UpdateCommand.self,
                    RenameCommand.self,
                    RmCommand.self, ContainerPruneCommand.self,
                    CpCommand.self, DiffCommand.self, ExportCommand.self,
                    TopCommand.self, StatsCommand.self, PortCommand.self, InspectCommand.self,
                ]),
            Group(
                title: "Images",
                commands: [
                    PullCommand.self, PushCommand.self, LoadCommand.self, SaveCommand.self,
                    ImagesCommand.self, HistoryCommand.self,
                    TagCommand.self,
                    RmiCommand.self, ImagePruneCommand.self, ImageGcCommand.self, ImagePinCommand.self,
                    ImageUnpinCommand.self, ImageVerifyCommand.self, ImageTagsCommand.self,
                ]),
            Group(title: "Registries", commands: [LoginCommand.self, LogoutCommand.self]),
            Group(
                title: "Volumes",
                commands: [
                    VolumeCreateCommand.self, VolumeLsCommand.self, VolumeInspectCommand.self,
                    VolumeRmCommand.self, VolumePruneCommand.self,
                ]),
            Group(
                title: "Kubernetes",
                commands: [
                    AgentCommand.self, PodsCommand.self, DescribePodCommand.self, DescribeNodeCommand.self,
                    CRICommand.self,
                    CRIDumpCommand.self, ConfigDefaultCommand.self, ConfigCheckCommand.self,
                ]),
            Group(
                title: "This machine",
                commands: [SystemDfCommand.self, DoctorCommand.self, VersionCommand.self]),
        ]
    }

    /// The command that the first word, or the first two, name, and the words after it.
    static func find(_ arguments: [String]) -> (SwiftletCommand.Type, [String])? {
        guard let first = arguments.first else { return nil }
        if arguments.count > 1, let command = find(first, arguments[1]) {
            return (command, Array(arguments.dropFirst(2)))
        }
        return find(first).map { ($0, Array(arguments.dropFirst())) }
    }

    private static func find(_ name: String) -> SwiftletCommand.Type? {
        switch name {
        case "run": RunCommand.self
        case "create": CreateCommand.self
        case "start": StartCommand.self
        case "attach": AttachCommand.self
        case "exec": ExecCommand.self
        case "ps", "ls": PsCommand.self
        case "logs": LogsCommand.self
        case "stop": StopCommand.self
        case "kill": KillCommand.self
        case "restart": RestartCommand.self
        case "pause": PauseCommand.self
        case "unpause": UnpauseCommand.self
        case "wait": WaitCommand.self
        case "rename": RenameCommand.self
        case "update": UpdateCommand.self
        case "rm": RmCommand.self
        case "cp": CpCommand.self
        case "diff": DiffCommand.self
        case "export": ExportCommand.self
        case "top": TopCommand.self
        case "stats": StatsCommand.self
        case "port": PortCommand.self
        case "inspect": InspectCommand.self
        case "pull": PullCommand.self
        case "push": PushCommand.self
        case "login": LoginCommand.self
        case "logout": LogoutCommand.self
        case "load": LoadCommand.self
        case "save": SaveCommand.self
        case "images": ImagesCommand.self
        case "history": HistoryCommand.self
        case "tag": TagCommand.self
        case "rmi": RmiCommand.self
        case "agent": AgentCommand.self
        case "pods": PodsCommand.self
        case "cri": CRICommand.self
        case "doctor": DoctorCommand.self
        case "version": VersionCommand.self
        default: nil
        }
    }

    /// `image ls` and its kind.
    private static func find(_ noun: String, _ verb: String) -> SwiftletCommand.Type? {
        switch (noun, verb) {
        case ("image", "ls"), ("image", "list"): ImagesCommand.self
        case ("image", "rm"), ("image", "remove"): RmiCommand.self
        case ("image", "prune"): ImagePruneCommand.self
        case ("image", "gc"): ImageGcCommand.self
        case ("image", "pin"): ImagePinCommand.self
        case ("image", "unpin"): ImageUnpinCommand.self
        case ("image", "verify"): ImageVerifyCommand.self
        case ("system", "df"): SystemDfCommand.self
        case ("describe", "pod"), ("describe", "pods"): DescribePodCommand.self
        case ("describe", "node"), ("describe", "nodes"): DescribeNodeCommand.self
        case ("cri", "dump"): CRIDumpCommand.self
        case ("config", "default"): ConfigDefaultCommand.self
        case ("config", "check"): ConfigCheckCommand.self
        case ("image", "tags"): ImageTagsCommand.self
        case ("image", "pull"), ("image", "push"), ("image", "load"), ("image", "save"), ("image", "history"),
            ("image", "tag"):
            find(verb)
        case ("image", "inspect"): ImageInspectCommand.self
        case ("container", "inspect"): ContainerInspectCommand.self
        case ("container", "prune"): ContainerPruneCommand.self
        case ("volume", "create"): VolumeCreateCommand.self
        case ("volume", "inspect"): VolumeInspectCommand.self
        case ("volume", "prune"): VolumePruneCommand.self
        case ("volume", "ls"), ("volume", "list"): VolumeLsCommand.self
        case ("volume", "rm"), ("volume", "remove"): VolumeRmCommand.self
        case ("container", "list"): PsCommand.self
        case ("container", "pull"), ("container", "push"), ("container", "login"), ("container", "logout"),
            ("container", "load"), ("container", "save"), ("container", "images"), ("container", "history"),
            ("container", "tag"), ("container", "rmi"), ("container", "doctor"), ("container", "version"):
            nil
        case ("container", _): find(verb)
        default: nil
        }
    }

    /// What `swiftlet image --help` prints; nil for a word that begins no command of two.
    static func overview(of noun: String) -> String? {
        let words = groups.flatMap(\.commands).flatMap { command in
            (command.configuration.commandName ?? "").split(separator: " ").map(String.init)
        }
        let verbs = Set(words + ["ls", "rm"]).sorted().filter { find(noun, $0) != nil }
        if verbs.isEmpty { return nil }
        return verbs.reduce("Usage: swiftlet \(noun) COMMAND …\n\n") { text, verb in
            text + line(verb, find(noun, verb)!)
        }
    }

    private static func line(_ name: String, _ command: SwiftletCommand.Type) -> String {
        let space = String(repeating: " ", count: max(1, 16 - name.utf8.count))
        return "  \(name)\(space)\(command.configuration.abstract)\n"
    }

    /// What `swiftlet --help` prints.
    static var overview: String {
        var text = "Run containers on Linux, without a daemon.\n\nUsage: swiftlet [OPTIONS] COMMAND …\n"
        for group in groups {
            text += "\n\(group.title):\n"
            for command in group.commands {
                text += line(command.configuration.commandName ?? "", command)
            }
        }
        text += "\nOptions:\n\(GlobalOptions.text)\n\n"
        return text + "'swiftlet COMMAND --help' tells more of one command.\n"
    }
}
