import LinuxKernel

/// What `--security-opt` says.
public struct SecurityOptions: Equatable, Sendable {
    public enum Seccomp: Equatable, Sendable {
        case standard
        case unconfined
        /// A profile in Docker's JSON form.
        case file(String)
    }

    public var seccomp = Seccomp.standard
    public var noNewPrivileges = false
    /// nil leaves the host's choice.
    public var apparmorProfile: String?
    /// Mask no path of /proc and /sys.
    public var unmaskAll = false

    public init() {}

    public init(parsing options: [String]) throws(UsageError) {
        for option in options {
            // `seccomp:unconfined` is the older way to write it.
            let separator = option.utf8.firstIndex { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }
            let key = String(option[..<(separator ?? option.endIndex)])
            let value = separator.map { String(option[$0...].dropFirst()) }
            switch (key, value) {
            case ("seccomp", "unconfined"?): seccomp = .unconfined
            case ("seccomp", "builtin"?): seccomp = .standard
            case ("seccomp", let path?) where !path.isEmpty: seccomp = .file(absolutePath(path))
            case ("no-new-privileges", let word):
                guard let flag = Bool(parsing: word ?? "true") else {
                    throw UsageError(
                        "invalid security option '\(option)': no-new-privileges is true or false")
                }
                noNewPrivileges = flag
            case ("apparmor", let profile?) where !profile.isEmpty: apparmorProfile = profile
            case ("systempaths", "unconfined"?): unmaskAll = true
            case ("label", "disable"?): break
            default: throw UsageError("invalid security option '\(option)'")
            }
        }
    }
}

/// What `--cap-add` and `--cap-drop` make of the default set.
public enum CapabilityOption {
    /// What a container may do without being asked: Docker's fourteen.
    public static let standard = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    /// Every capability of Linux 6.18 by its number (capabilities(7)).
    public static let all = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
        "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
        "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// - Parameter available: what this process itself may give away; `ALL` means these.
    public static func resolve(
        add: [String], drop: [String], privileged: Bool, available: [String]
    ) throws(UsageError) -> [String] {
        let add = try add.map(normalized)
        let drop = try drop.map(normalized)
        if privileged { return available }
        let base: [String]
        switch (add.contains("ALL"), drop.contains("ALL")) {
        case (true, _): base = available.filter { !drop.contains($0) }
        case (false, true): base = []
        case (false, false): base = standard.filter { !drop.contains($0) }
        }
        // A name that is both dropped and added is there, as with Docker.
        return base + add.filter { $0 != "ALL" && !base.contains($0) }.uniqued()
    }

    private static func normalized(_ text: String) throws(UsageError) -> String {
        let upper = text.uppercasedASCII
        if upper == "ALL" || upper == "CAP_ALL" { return "ALL" }
        let name = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
        guard all.contains(name) else { throw UsageError("unknown capability '\(text)'") }
        return name
    }
}

extension Sequence where Element: Hashable {
    /// The elements in their order, each once.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
