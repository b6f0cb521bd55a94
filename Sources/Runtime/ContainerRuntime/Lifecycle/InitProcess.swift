import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Where the copies of the host's mounts come from that a container's root is built of.
enum RootSource {
    /// Nowhere: the container joins a mount namespace that is there already.
    case joined
    /// The runtime has made them.
    case runtime(MountSources)
    /// The container's process makes them in its own namespaces.
    case container(() throws -> MountSources)
}

/// The container's first process, from its birth in new namespaces until it is the trampoline.
///
/// It may share the runtime's memory: everything here runs while the runtime sleeps in `Channel`.
struct InitProcess {
    let id: ContainerID
    let spec: RuntimeSpec
    let process: RuntimeSpec.Process
    let options: CreateOptions
    let mountOptions: [MountOptions]
    /// Absolute path of the root on the host.
    let rootfs: String
    let sources: RootSource
    let cgroup: CgroupView?
    /// Nil without control groups.
    let placement: Placement?
    /// Namespaces to enter, open, in the order in which they have to be entered.
    let joins: [(kind: NamespaceKind, descriptor: Int32)]
    /// Of `NamespacePlan`.
    let lateNamespaces: UInt64
    /// Of `NamespacePlan`.
    let queueLabel: String?
    let plan: LaunchPlan
    let devices: NetworkDevices?
    let state: ContainerState
    /// The new process's end of the conversation.
    let socket: Int32
    let log: Log

    /// Ends by exec or exit, never by returning.
    func run() -> Never {
        do {
            try prepare()
            throw RuntimeError("the program was not executed")
        } catch {
            Channel.fail(socket, error)
        }
    }

    private func prepare() throws {
        // From here on others are near. With memory of its own it may still be what its maker was for a moment.
        clinux_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        try placement?.value.joinLegacy()
        // The container's processors are those of its cpuset, and not its caller's.
        try ProcessorAffinity.reset()
        try enterNamespaces()
        log.debug("first process: in its groups and namespaces, \(joins.count) of them joined")
        try becomeSession()
        try nameHost()
        try Self.bringUpLoopback(spec)
        try devices?.configure()
        try Sysctl.apply(spec.linux?.sysctl ?? [:])
        switch sources {
        case .runtime(let sources): try buildRoot(sources, cgroup)
        case .container(let make):
            var cgroup = cgroup
            try cgroup?.copyFolders()
            try buildRoot(try make(), cgroup)
        case .joined:
            try runHooks()
        }
        try become()
    }

    private func enterNamespaces() throws {
        for join in joins {
            _ = try check("join namespace", join.kind.procName) {
                clinux_syscall(Int(SYS_setns), Int(join.descriptor), Int(join.kind.flag), 0, 0, 0, 0)
            }
        }
        try Self.becomeNamespaceRoot(spec)
        if lateNamespaces != 0 { try unshare(lateNamespaces, what: "ipc namespace") }
        // Only now: the namespace's root is the group in which its maker is at that moment.
        if spec.linux?.namespace(.cgroup).map({ $0.path == nil }) == true {
            try unshare(NamespaceKind.cgroup.flag, what: "cgroup namespace")
        }
    }

    private func becomeSession() throws {
        if setsid() < 0, Errno.current != .notPermitted { throw KernelError("setsid", "") }
        if !options.noNewKeyring { try SessionKeyring.leave(for: id.text, log: log) }
        try Self.resetSignals()
    }

    /// In a user namespace nobody is mapped to the host's root: become the namespace's own.
    static func becomeNamespaceRoot(_ spec: RuntimeSpec) throws {
        guard spec.linux?.namespace(.user) != nil else { return }
        try becomeNamespaceRoot()
    }

    static func becomeNamespaceRoot() throws(KernelError) {
        _ = try check("become root of", "user namespace") {
            clinux_syscall(Int(SYS_setresgid), 0, 0, 0, 0, 0, 0)
        }
        _ = try check("become root of", "user namespace") {
            clinux_syscall(Int(SYS_setresuid), 0, 0, 0, 0, 0, 0)
        }
    }

    /// What is ignored or blocked would stay so in the program.
    static func resetSignals() throws {
        var none = sigset_t()
        sigemptyset(&none)
        _ = try check("unblock signals") { sigprocmask(SIG_SETMASK, &none, nil) }
        // struct sigaction of the kernel, all zero: SIG_DFL. The C library would refuse two of the numbers, which
        // a threaded caller may have handed down ignored. SIGKILL and SIGSTOP answer EINVAL.
        let standard: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafePointer(to: standard) {
            for number in 1...64 {
                _ = clinux_syscall(Int(SYS_rt_sigaction), number, Int(bitPattern: $0), 0, 8, 0, 0)
            }
        }
    }

    private func nameHost() throws {
        if let hostname = spec.hostname, !hostname.isEmpty {
            _ = try check("set hostname", hostname) { sethostname(hostname, hostname.utf8.count) }
        }
        if let domainname = spec.domainname, !domainname.isEmpty {
            _ = try check("set domainname", domainname) { setdomainname(domainname, domainname.utf8.count) }
        }
    }

    /// A new network namespace has a loopback device that is down.
    static func bringUpLoopback(_ spec: RuntimeSpec) throws {
        guard let network = spec.linux?.namespace(.network), network.path == nil else { return }
        try bringUpLoopback()
    }

    static func bringUpLoopback() throws(KernelError) {
        let inet = FileDescriptor(
            owning: try check("socket", "AF_INET") {
                Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        // struct ifreq: 16 bytes of name, then the flags.
        var request = [UInt8](repeating: 0, count: 40)
        request[0] = UInt8(ascii: "l")
        request[1] = UInt8(ascii: "o")
        request[16] = UInt8(IFF_UP_RUNNING & 0xff)
        _ = try check("bring up", "lo") {
            request.withUnsafeMutableBytes { clinux_ioctl(inet.raw, 0x8914, $0.baseAddress) }
        }
    }

    private func buildRoot(_ sources: MountSources, _ cgroup: CgroupView?) throws {
        var rootfs = try RootfsBuilder(
            spec: spec, options: mountOptions, sources: sources, cgroup: cgroup, queueLabel: queueLabel,
            place: needsPlace ? self.rootfs : nil, log: log)
        try rootfs.mountAll()
        log.debug("first process: \(spec.mounts.count) mounts made")
        try rootfs.makeDevices()
        try runHooks()
        try rootfs.enter(pivot: !options.noPivot)
        if case .terminal = options.streams {
            // The terminal's place in /dev has to be made before /dev becomes read-only.
            try Streams.install(options.streams, process: process, root: rootfs.root, bindConsole: true)
        }
        try rootfs.makeWorkingDirectory(process.cwd)
        try rootfs.protect()
    }

    /// Whether hooks may look for the root before it is entered: at the host's path of it, in this mount namespace.
    private var needsPlace: Bool {
        let hooks = spec.hooks
        return !hooks.prestart.isEmpty || !hooks.createRuntime.isEmpty || !hooks.createContainer.isEmpty
    }

    /// Those of the runtime's namespaces, then those of the container's, which see the process as the container does
    /// (runtime.md, State).
    private func runHooks() throws {
        try waitForHooks()
        var state = state
        state.pid = getpid()
        // The host's programs with the host's rights: the image's LD_PRELOAD is not for them (CVE-2025-23266).
        try Hooks.run(
            spec.hooks.createContainer, kind: "createContainer", state: state, log: log, environment: [])
    }

    /// Lets the runtime run the hooks of its own namespaces. Most containers have none, and need not wait.
    private func waitForHooks() throws {
        if spec.hooks.prestart.isEmpty && spec.hooks.createRuntime.isEmpty { return }
        try Channel.ask(socket, Channel.Word.hooks)
    }

    private func become() throws {
        let root = try FileDescriptor.open("/", O_PATH | O_DIRECTORY)
        switch (options.streams, sources) {
        case (.terminal, .runtime), (.terminal, .container): break
        default: try Streams.install(options.streams, process: process, root: root, bindConsole: false)
        }
        try ProcessEntry(process: process, plan: plan, linux: spec.linux).enter(
            root: root, environment: options.extraEnvironment)
    }
}

/// IFF_UP | IFF_RUNNING of netdevice(7).
private let IFF_UP_RUNNING: Int32 = 0x1 | 0x40
