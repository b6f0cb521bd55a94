import ArgumentParser
import ContainerCLI
import ContainerShim
import LinuxKernel
import OCISpec

/// The options that `run` and `create` share, under docker's names.
struct ContainerFlags: ParsableArguments {
    static let noRestart = "no"
    static let pullMissing = "missing"
    static let usualNetwork = "builtin"
    static let usualLogDriver = "json-file"

    // MARK: The container

    @Option(help: "A name for it.")
    var name: String?
    @Flag(name: [.short, .long], help: "Keep standard input open.")
    var interactive = false
    @Flag(name: [.short, .long], help: "Give it a terminal.")
    var tty = false
    @Option(
        name: [.customShort("a", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: "Attach only to stdin, stdout or stderr, for each of which it is given.")
    var attach: [String] = []
    @Flag(help: "Remove it when it has ended.")
    var rm = false
    @Option(help: "When it is started again: no, on-failure[:N], always, unless-stopped.")
    var restart = Self.noRestart
    @Option(help: "Write its id to a file.")
    var cidfile: String?
    @Option(
        name: [.customShort("l", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: "A label.")
    var label: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "An annotation for the runtime.")
    var annotation: [String] = []
    @Option(help: "The platform that the image must be for.")
    var platform: String?
    @Option(help: "When the image is fetched first: never, missing or always.")
    var pull = Self.pullMissing
    @Flag(name: [.short, .long], help: "Nothing is said of the image that is fetched first.")
    var quiet = false
    @Flag(help: "Taken for docker's sake: no health is checked anyway.")
    var noHealthcheck = false

    // MARK: The program

    @Option(
        name: [.customShort("e", allowingJoined: true), .customLong("env")],
        parsing: .unconditionalSingleValue,
        help: "A variable, NAME=value or NAME.")
    var environment: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "A file with variables.")
    var envFile: [String] = []
    @Option(parsing: .unconditional, help: "A program in place of the image's entry point.")
    var entrypoint: String?
    @Option(
        name: [.customShort("w", allowingJoined: true), .customLong("workdir")], parsing: .unconditional,
        help: "The working directory.")
    var workingDirectory: String?
    @Option(
        name: [.customShort("u", allowingJoined: true), .long], parsing: .unconditional,
        help: "USER[:GROUP], by name or number.")
    var user: String?
    @Option(parsing: .unconditionalSingleValue, help: "A further group.")
    var groupAdd: [String] = []
    @Flag(name: .customLong("init"), help: "A small init that reaps and passes signals on.")
    var usesInit = false
    @Option(help: "The signal that stops it.")
    var stopSignal: String?
    @Option(parsing: .unconditional, help: "Seconds between that signal and SIGKILL.")
    var stopTimeout: Int?

    // MARK: Files

    @Option(
        name: [.customShort("v", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: "[SOURCE:]TARGET[:OPTIONS].")
    var volume: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "type=bind|volume|tmpfs,source=…,target=….")
    var mount: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "CONTAINER[:ro]: the volumes and host paths of another container, at the same places.")
    var volumesFrom: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "TARGET[:OPTIONS].")
    var tmpfs: [String] = []
    @Flag(help: "Its root file system cannot be written.")
    var readOnly = false
    @Option(parsing: .unconditionalSingleValue, help: "HOST[:CONTAINER][:rwm].")
    var device: [String] = []
    @Option(
        parsing: .unconditionalSingleValue, help: "size=BYTES: how much it may write, by a project quota.")
    var storageOpt: [String] = []
    @Option(help: "Size of /dev/shm.")
    var shmSize: String?

    // MARK: Network and names

    @Option(
        name: [.customLong("network"), .customLong("net")],
        help: "builtin (also bridge, default), host, none, or container:NAME for that of another container.")
    var network = Self.usualNetwork
    @Option(
        name: [.customShort("p", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: "[[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL], a port of the host's that leads into it.")
    var publish: [String] = []
    @Flag(
        name: [.customShort("P"), .long], help: "A free port of the host's for each that the image exposes.")
    var publishAll = false
    @Option(help: "The IPv4 address that it must have.")
    var ip: String?
    @Option(name: .customLong("ip6"), help: "The IPv6 address that it must have.")
    var ip6: String?
    @Option(
        name: [.customShort("h", allowingJoined: true), .long], parsing: .unconditional,
        help: "Its host name.")
    var hostname: String?
    @Option(parsing: .unconditional, help: "Its domain name.")
    var domainname: String?
    @Option(parsing: .unconditionalSingleValue, help: "NAME:ADDRESS for /etc/hosts.")
    var addHost: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "A name server.")
    var dns: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "A domain to search.")
    var dnsSearch: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "An option of the resolver.")
    var dnsOption: [String] = []
    @Option(help: "host, or private.")
    var pid: String?
    @Option(help: "host, or private.")
    var ipc: String?
    @Option(help: "host, or private.")
    var uts: String?
    @Option(help: "host, or private.")
    var cgroupns: String?

    @Option(help: "Whose ids it has: host, auto[:size=COUNT] for ones of its own, private with --uidmap.")
    var userns: String?
    @Option(
        parsing: .unconditionalSingleValue,
        help: "CONTAINER_ID:HOST_ID[:COUNT], ids of its users on the host; for groups, too, without --gidmap."
    )
    var uidmap: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "The same for its groups.")
    var gidmap: [String] = []

    // MARK: Rights

    @Option(parsing: .unconditionalSingleValue, help: "A capability, or ALL.")
    var capAdd: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "A capability, or ALL.")
    var capDrop: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help:
            "seccomp=unconfined|FILE, no-new-privileges, apparmor=unconfined|PROFILE, systempaths=unconfined."
    )
    var securityOpt: [String] = []
    @Flag(help: "All rights and devices of the host.")
    var privileged = false
    @Option(parsing: .unconditionalSingleValue, help: "NAME=value of a kernel setting.")
    var sysctl: [String] = []

    // MARK: Limits

    @OptionGroup var resources: ResourceFlags
    @Option(parsing: .unconditionalSingleValue, help: "NAME=SOFT[:HARD].")
    var ulimit: [String] = []
    @Option(parsing: .unconditional, help: "From -1000 to 1000: who is killed first when memory is short.")
    var oomScoreAdj: Int32?
    @Option(help: "Where its output is kept: json-file or local, which is a file of its own, or none.")
    var logDriver = Self.usualLogDriver
    @Option(parsing: .unconditionalSingleValue, help: "max-size=10m, max-file=5.")
    var logOpt: [String] = []
}
