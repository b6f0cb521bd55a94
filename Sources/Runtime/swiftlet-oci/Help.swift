/// What `--help` prints of each command.
struct CommandHelp {
    let name: String
    /// What comes after the options.
    let arguments: String
    let summary: String
    /// An option as it is given, and what it does.
    let options: [(String, String)]

    init(_ name: String, _ arguments: String, _ summary: String, _ options: [(String, String)] = []) {
        self.name = name
        self.arguments = arguments
        self.summary = summary
        self.options = options
    }

    var text: String {
        var lines = "usage: swiftlet-oci \(name)\(options.isEmpty ? "" : " [OPTION…]")"
        if !arguments.isEmpty { lines += " \(arguments)" }
        lines += "\n\n\(summary)\n"
        let options = options + [("--help, -h", "print this")]
        let width = options.map { $0.0.utf8.count }.max() ?? 0
        lines += "\n"
        for (option, meaning) in options {
            lines += "  \(option)\(String(repeating: " ", count: width - option.utf8.count))  \(meaning)\n"
        }
        return lines
    }

    static func of(_ name: String) -> CommandHelp? { all.first { $0.name == name } }

    // MARK: The commands

    static let all: [CommandHelp] = [
        CommandHelp("create", "ID", "Make a container that waits for start.", creation),
        CommandHelp(
            "run", "ID",
            "Create and start a container, and wait for its end; its exit code becomes this one's.",
            creation + running),
        CommandHelp("start", "ID", "Let a created container's program begin."),
        CommandHelp(
            "exec", "ID PROGRAM [ARGUMENT…]", "Run another process in a container.",
            [
                ("--process, -p FILE", "the process as a JSON document, in place of the options"),
                ("--tty, -t", "give it a terminal"),
                ("--detach, -d", "do not wait for its end"),
                ("--console-socket PATH", "unix socket that gets the terminal's master"),
                ("--pid-file FILE", "gets the process id"),
                ("--pidfd-socket PATH", "unix socket that gets a pidfd of the process"),
                ("--cwd FOLDER", "working directory"),
                ("--env, -e NAME=VALUE", "add a variable; may be repeated"),
                ("--user, -u UID[:GID]", "user and group"),
                ("--additional-gids, -g GID", "another group; may be repeated"),
                ("--cap, -c CAPABILITY", "add a capability; may be repeated"),
                ("--no-new-privs", "set no_new_privs"),
                ("--process-label LABEL", "SELinux label"),
                ("--apparmor PROFILE", "AppArmor profile"),
                ("--preserve-fds N", "hand on N descriptors from 3 on"),
                ("--cgroup PATH", "group below the container's, CONTROLLER[,…]:PATH for one hierarchy"),
                ("--ignore-paused", "also in a paused container"),
                ("--no-subreaper", "do not adopt processes that it leaves behind"),
            ]),
        CommandHelp("state", "ID", "Print a container's state as JSON."),
        CommandHelp(
            "list", "", "List the containers below the root.",
            [("--quiet, -q", "ids only"), ("--format, -f table|json", "form of the list")]),
        CommandHelp(
            "ps", "ID [OPTION OF ps(1)…]", "List the processes of a container.",
            [("--format, -f table|json", "table as of ps(1), or process ids as JSON")]),
        CommandHelp(
            "kill", "ID [SIGNAL]",
            "Send a signal, by name or number, to a container's first process: TERM unless another is named, 0 to ask whether it lives. KILL ends every process.",
            [("--all, -a", "to every process of the container")]),
        CommandHelp("pause", "ID", "Freeze every process of a container."),
        CommandHelp("resume", "ID", "Let a paused container's processes go on."),
        CommandHelp(
            "update", "ID", "Change a container's limits.",
            [
                ("--resources, -r FILE", "linux.resources as a JSON document, - for standard input"),
                ("--memory BYTES", "memory, with a unit (64m) or -1 for no limit"),
                ("--memory-reservation BYTES", "memory that is left to the container when it is scarce"),
                ("--memory-swap BYTES", "memory and swap together"),
                ("--cpu-period N", "microseconds of a period"),
                ("--cpu-quota N", "microseconds of processor time in a period"),
                ("--cpu-burst N", "microseconds that may be saved up"),
                ("--cpu-share N", "share of the processors beside others"),
                ("--cpu-rt-period N", "microseconds of a real-time period"),
                ("--cpu-rt-runtime N", "microseconds of real-time scheduling in a period"),
                ("--cpu-idle N", "1: run only when nobody else does"),
                ("--cpuset-cpus LIST", "processors, 0-3,7"),
                ("--cpuset-mems LIST", "memory nodes"),
                ("--pids-limit N", "processes and threads"),
                ("--blkio-weight N", "share of the devices, 10 to 1000"),
                ("--l3-cache-schema LINES", "Intel RDT: cache, L3:0=ffff;1=ff"),
                ("--mem-bw-schema LINE", "Intel RDT: memory bandwidth, MB:0=50;1=70"),
                ("--kernel-memory, --kernel-memory-tcp BYTES", "accepted and ignored"),
            ]),
        CommandHelp(
            "events", "ID",
            "Print what a container uses, and when it ran out of memory, one JSON document a line.",
            [
                ("--stats", "once, and end"),
                ("--interval DURATION", "between two, 500ms or 1m30s; 5s unless it is given"),
            ]),
        CommandHelp(
            "checkpoint", "ID", "Write a running container into images, with criu, and remove it.",
            images + [
                ("--leave-running", "let the container go on"),
                ("--pre-dump", "memory only, for a later checkpoint with --parent-path"),
                ("--parent-path PATH", "images before these, relative to them"),
                ("--page-server ADDRESS:PORT", "send memory there"),
                ("--status-fd N", "descriptor that gets a byte when lazy pages can be fetched"),
            ]),
        CommandHelp(
            "restore", "ID", "Make a container that goes on from the images of a checkpoint.",
            creation + running + images + [
                ("--lsm-profile TYPE:NAME", "security label of the processes"),
                ("--lsm-mount-context CONTEXT", "SELinux context of the mounts"),
            ]),
        CommandHelp(
            "delete", "ID", "Remove a stopped container.",
            [("--force, -f", "a living one, too, and none is no error")]),
        CommandHelp(
            "spec", "", "Write a config.json to begin with.",
            [
                ("--bundle, -b FOLDER", "where; here unless it is given"),
                ("--rootless", "for a user without the host's root"),
            ]),
        CommandHelp("features", "", "Print what this runtime can do as JSON."),
    ]

    private static let creation: [(String, String)] = [
        ("--bundle, -b FOLDER", "of config.json; this one unless it is given"),
        ("--console-socket PATH", "unix socket that gets the terminal's master"),
        ("--pid-file FILE", "gets the process id"),
        ("--pidfd-socket PATH", "unix socket that gets a pidfd of the process"),
        ("--preserve-fds N", "hand on N descriptors from 3 on"),
        ("--no-pivot", "chroot(2) where the root is an initramfs"),
        ("--no-new-keyring", "leave the caller's session keyring"),
    ]

    private static let running: [(String, String)] = [
        ("--detach, -d", "do not wait for its end"),
        ("--keep", "do not delete the container at its end"),
        ("--no-subreaper", "do not adopt processes that it leaves behind"),
    ]

    private static let images: [(String, String)] = [
        ("--image-path FOLDER", "of the images; checkpoint unless it is given"),
        ("--work-path FOLDER", "for logs and what criu needs meanwhile"),
        ("--tcp-established", "with open connections"),
        ("--tcp-skip-in-flight", "without connections that are being made"),
        ("--ext-unix-sk", "with unix sockets that lead outside"),
        ("--link-remap", "with open files that were removed"),
        ("--file-locks", "with file locks"),
        ("--shell-job", "with a terminal of the caller's"),
        ("--lazy-pages", "fetch memory when it is needed"),
        ("--auto-dedup", "remove memory from the images as it is read"),
        ("--manage-cgroups-mode MODE", "soft, full, strict or ignore"),
        ("--empty-ns network", "leave the network's devices out"),
        ("--criu-timeout SECONDS", "how long criu may take"),
    ]
}

/// Thrown by the parser of options: the user asks what they are.
struct HelpRequest: Error {}
