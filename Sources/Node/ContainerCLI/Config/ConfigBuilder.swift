import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

/// Makes the config.json of one container from what the user wants, what the image says and what was looked
/// up in the container's root. The defaults are Docker's, so that images find what they are used to.
public struct ConfigBuilder {
    public var request: ContainerRequest
    public var image: ImageConfig.Defaults
    /// 64 hexadecimal digits.
    public var id: String
    public var user: UserLookup
    /// The mounts beside those that every container has, in their order.
    public var mounts: [RuntimeSpec.Mount]
    /// Device nodes and their access rules.
    public var devices: [DeviceAccess] = []
    /// Path of `swiftlet-init`, with `--init`.
    public var initProgram: String?
    /// What this process itself may give away, by `CAP_` names.
    public var availableCapabilities: [String]
    public var kernel = KernelVersion.running
    /// Where the container's network namespace will be; nil for one that nobody else knows.
    public var networkNamespace: String?
    /// The container whose network it shares.
    public var joined: JoinedContainer?
    /// AppArmor's profile for a container that names none.
    public var defaultAppArmorProfile: String?
    /// The namespaces that are there before the container is, with `--userns`.
    public var ownNamespaces: OwnNamespaces?
    /// Of the terminal that will be attached.
    public var consoleSize: TerminalSize?

    public init(
        request: ContainerRequest, image: ImageConfig.Defaults, id: String, user: UserLookup,
        mounts: [RuntimeSpec.Mount], availableCapabilities: [String]
    ) {
        self.request = request
        self.image = image
        self.id = id
        self.user = user
        self.mounts = mounts
        self.availableCapabilities = availableCapabilities
    }

    /// The name that the container has for itself: the wanted one, the host's, that of whose network it shares, or the
    /// beginning of its id.
    public var hostname: String {
        if let joined { return joined.hostname }
        if let hostname = request.hostname { return hostname }
        if request.network == .host || request.hostUTS { return Self.hostName }
        return String(id.prefix(12))
    }

    /// What `hostname` prints on this host.
    public static var hostName: String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    public func build() throws -> RuntimeSpec {
        let capabilities = try CapabilityOption.resolve(
            add: request.addedCapabilities, drop: request.droppedCapabilities, privileged: request.privileged,
            available: availableCapabilities)
        var spec = RuntimeSpec()
        spec.process = try process(capabilities: capabilities)
        spec.root = RuntimeSpec.Root(path: "rootfs", readonly: request.readOnlyRoot)
        if !request.hostUTS {
            spec.hostname = hostname
            spec.domainname = joined?.domainName ?? request.domainName
        }
        spec.mounts = standardMounts + mounts + (ownNamespaces == nil ? [] : devices.compactMap(\.bind))
        spec.annotations = SortedMap(request.annotations.map { (key: $0.key, value: $0.value) })
        spec.linux = try linux(capabilities: capabilities)
        return spec
    }

    // MARK: The program

    /// The program and its arguments: entry point, then command.
    public var arguments: [String] {
        let entrypoint = request.entrypoint ?? image.entrypoint
        // An entry point of the user's own also replaces the image's command.
        let command =
            !request.command.isEmpty || request.entrypoint != nil ? request.command : image.cmd
        return entrypoint + command
    }

    private func process(capabilities: [String]) throws -> RuntimeSpec.Process {
        var arguments = arguments
        guard !arguments.isEmpty else {
            throw UsageError("image '\(request.image)' names no program to run: give one after the image")
        }
        if arguments[0].isEmpty { throw UsageError("the program to run is an empty word") }
        if request.usesInit { arguments = [Self.initPath, "--"] + arguments }
        var process = RuntimeSpec.Process(args: arguments, cwd: try workingDirectory)
        process.terminal = request.terminal
        if request.terminal, let size = consoleSize {
            process.consoleSize = RuntimeSpec.ConsoleSize(height: size.rows, width: size.columns)
        }
        process.user = user.specification
        process.env = environment
        process.capabilities = Self.capabilities(capabilities, uid: user.uid)
        // Of several for the same the last one holds.
        let ulimits = request.ulimits.enumerated().filter { index, limit in
            !request.ulimits[(index + 1)...].contains { $0.name == limit.name }
        }
        process.rlimits = try ulimits.map { _, limit in
            guard let type = RuntimeSpec.Rlimit.Resource(rawValue: limit.type) else {
                throw UsageError("unknown limit '\(limit.name)'")
            }
            return RuntimeSpec.Rlimit(type: type, hard: limit.hard, soft: limit.soft)
        }
        process.noNewPrivileges = request.security.noNewPrivileges
        process.oomScoreAdj = request.oomScoreAdjustment
        let profile = request.security.apparmorProfile ?? (request.privileged ? nil : defaultAppArmorProfile)
        if profile != "unconfined" { process.apparmorProfile = profile }
        return process
    }

    public var workingDirectory: String {
        get throws(UsageError) {
            let folder = request.workingDirectory ?? image.workingDir ?? "/"
            guard folder.hasPrefix("/") else {
                throw UsageError(
                    "invalid working directory '\(folder)' in the image: it must be an absolute path")
            }
            return normalizedPath(folder)
        }
    }

    /// Where programs are looked for, unless the image or the user says otherwise.
    public static let searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private var environment: [String] {
        var standard = [Self.searchPath, "HOSTNAME=\(hostname)"]
        if request.terminal { standard.append("TERM=xterm") }
        let merged = EnvironmentOption.merge(standard, image.env, request.environment)
        if merged.contains(where: { $0.hasPrefix("HOME=") }) { return merged }
        return merged + ["HOME=\(user.home)"]
    }

    /// Other users than root hold none from the start, as execve(2) would leave them, but can gain them by a
    /// program with file capabilities.
    static func capabilities(_ names: [String], uid: UInt32) -> RuntimeSpec.Capabilities {
        var sets = RuntimeSpec.Capabilities()
        sets.bounding = names
        if uid == 0 {
            sets.effective = names
            sets.permitted = names
        }
        return sets
    }

    // MARK: The kernel's part

    private func linux(capabilities: [String]) throws -> RuntimeSpec.Linux {
        var linux = RuntimeSpec.Linux()
        linux.namespaces = namespaces
        linux.cgroupsPath = Self.cgroupsPath(of: id)
        linux.resources = resources
        linux.devices = devices.filter { ownNamespaces == nil || $0.bind == nil }.map(\.node)
        if request.network.isOwn {
            linux.sysctl = [
                "net.ipv4.ip_unprivileged_port_start": "0"
            ]
            // All groups of such a range have to be there.
            if ownNamespaces == nil { linux.sysctl["net.ipv4.ping_group_range"] = "0 2147483647" }
        }
        for sysctl in request.sysctls { linux.sysctl[sysctl.key] = sysctl.value }
        if !request.privileged {
            switch request.security.seccomp {
            case .unconfined: break
            case .standard:
                linux.seccomp = SeccompProfile.standard.resolve(capabilities: capabilities, kernel: kernel)
            case .file(let path):
                linux.seccomp = try SeccompProfile(file: path).resolve(
                    capabilities: capabilities, kernel: kernel)
            }
            if !request.security.unmaskAll {
                linux.maskedPaths = Self.maskedPaths
                linux.readonlyPaths = Self.readonlyPaths
            }
        }
        if mounts.contains(where: { $0.options.contains("rshared") || $0.options.contains("shared") }) {
            linux.rootfsPropagation = .shared
        } else if mounts.contains(where: { $0.options.contains("rslave") || $0.options.contains("slave") }) {
            linux.rootfsPropagation = .recursiveSlave
        }
        return linux
    }

    /// The container's group, the same under every controller.
    public static func cgroupsPath(of id: String) -> String { "/swiftlet/default/\(id)" }

    private var namespaces: [RuntimeSpec.Namespace] {
        var namespaces = [RuntimeSpec.Namespace(.mount)]
        if !request.hostPID { namespaces.append(RuntimeSpec.Namespace(.pid)) }
        if !request.hostIPC { namespaces.append(RuntimeSpec.Namespace(.ipc)) }
        if !request.hostUTS { namespaces.append(RuntimeSpec.Namespace(.uts)) }
        if !request.hostCgroup { namespaces.append(RuntimeSpec.Namespace(.cgroup)) }
        if request.network != .host {
            let path = ownNamespaces == nil ? networkNamespace : ownNamespaces?.network
            namespaces.append(RuntimeSpec.Namespace(.network, path: path))
        }
        if let ownNamespaces { namespaces.append(RuntimeSpec.Namespace(.user, path: ownNamespaces.user)) }
        return namespaces
    }

    /// What of /proc and /sys tells about the host's hardware and memory or changes them.
    static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ]

    static let readonlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]

    private var resources: RuntimeSpec.Resources {
        var resources = request.resources.specification
        // The runtime adds the devices that every container has.
        resources.devices =
            request.privileged
            ? [RuntimeSpec.DeviceRule(allow: true)]
            : [RuntimeSpec.DeviceRule(allow: false)] + devices.map(\.rule)
        return resources
    }
}

/// A device node in the container and what the program may do with it.
public struct DeviceAccess: Equatable, Sendable {
    public var node: RuntimeSpec.Device
    public var rule: RuntimeSpec.DeviceRule
    /// Where the node is on the host; nil where it need not be there.
    public var hostPath: String?

    public init(node: RuntimeSpec.Device, rule: RuntimeSpec.DeviceRule, hostPath: String? = nil) {
        self.node = node
        self.rule = rule
        self.hostPath = hostPath
    }

    /// How the node comes into a container with a user namespace, whose root makes none: it is bound, which the runtime
    /// does for those that have the same name on the host.
    /// - Returns: nil for such a one.
    public var bind: RuntimeSpec.Mount? {
        guard let hostPath, hostPath != node.path else { return nil }
        return RuntimeSpec.Mount(
            destination: node.path, type: "bind", source: hostPath,
            options: ["bind", "rprivate", "nosuid", "noexec"])
    }
}
