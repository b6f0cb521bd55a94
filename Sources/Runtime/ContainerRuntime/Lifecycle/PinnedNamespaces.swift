import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Namespaces that live without a process in them: each is kept by a bind mount, at a path by which containers
/// join it. The caller's own process stays in the namespaces that it is in.
public struct PinnedNamespaces: Sendable {
    public struct Pin: Equatable, Sendable {
        public var kind: NamespaceKind
        /// Absolute. The file is made where there is none, with the folders above it.
        public var path: String
        /// False for one that somebody else has pinned there already; only its parameters are set.
        public var isMade: Bool

        public init(_ kind: NamespaceKind, path: String, isMade: Bool = true) {
            self.kind = kind
            self.path = path
            self.isMade = isMade
        }
    }

    public var pins: [Pin]
    public var hostname: String?
    public var domainname: String?
    /// Kernel parameters of the pinned namespaces, by name (`SysctlName`).
    public var sysctls = SortedMap<String>()
    public var uidMappings: [RuntimeSpec.IDMapping] = []
    public var gidMappings: [RuntimeSpec.IDMapping] = []

    public init(_ pins: [Pin]) {
        self.pins = pins
    }

    /// Makes the namespaces, sets them up and pins them. With a user namespace among them the others are its own.
    /// What an earlier attempt has pinned at the same paths is taken away first.
    ///
    /// For a program of one thread: the namespaces are made in a clone of it, which is gone on return.
    /// - Throws: what the kernel refused; then nothing is pinned.
    public func make() throws {
        for pin in pins where pin.isMade { try Self.remove(pin.path) }
        // Made here, as a process in a user namespace may mount no procfs of this pid namespace.
        let proc = FileDescriptor(owning: sysctls.isEmpty ? -1 : try Sysctl.procfs().release())
        for pin in pins where !pin.isMade { try setUp(pin, proc.raw) }
        var namespaces: UInt64 = 0
        for pin in pins where pin.isMade { namespaces |= pin.kind.flag }
        guard namespaces != 0 else { return }
        let (number, isInUser) = (proc.raw, namespaces & NamespaceKind.user.flag != 0)
        // Who makes an ipc namespace owns the root of its message queues: its own root, and not the host's.
        let late = isInUser ? namespaces & NamespaceKind.ipc.flag : 0
        let clone = try SetUpClone(namespaces: namespaces & ~late) { [self] in
            if isInUser { try InitProcess.becomeNamespaceRoot() }
            if late != 0 { try unshare(late, what: "ipc namespace") }
            try setUp(namespaces, number)
        }
        if isInUser { try IDMaps.write(uids: uidMappings, gids: gidMappings, pid: clone.process.pid) }
        try clone.run()
        do {
            for pin in pins where pin.isMade { try Self.pin(pin, of: clone.process.pid) }
        } catch {
            for pin in pins where pin.isMade { try Self.remove(pin.path) }
            throw error
        }
    }

    // MARK: Setting up

    /// Sets parameters of a namespace that others have made.
    private func setUp(_ pin: Pin, _ proc: Int32) throws {
        let settings = settings(of: pin.kind.flag)
        guard !settings.isEmpty else { return }
        let clone = try SetUpClone(namespaces: 0) {
            try FileDescriptor.open(pin.path, O_RDONLY | O_NOFOLLOW)
                .enterNamespace(pin.kind.flag, what: pin.path)
            try Self.apply(settings, proc)
        }
        try clone.run()
    }

    /// In the clone that was born in the new namespaces.
    private func setUp(_ namespaces: UInt64, _ proc: Int32) throws {
        if namespaces & NamespaceKind.network.flag != 0 { try InitProcess.bringUpLoopback() }
        if let hostname, !hostname.isEmpty {
            _ = try check("set hostname", hostname) { sethostname(hostname, hostname.utf8.count) }
        }
        // As a parameter it could be set by the host's root only.
        if let name = domainname ?? sysctls["kernel.domainname"], !name.isEmpty {
            _ = try check("set domainname", name) { setdomainname(name, name.utf8.count) }
        }
        try Self.apply(settings(of: namespaces), proc)
    }

    private func settings(of namespaces: UInt64) -> SortedMap<String> {
        SortedMap(
            sysctls.entries.filter { key, _ in
                guard key != "kernel.domainname", let kind = SysctlName(key)?.namespace else { return false }
                return NamespaceKind(kind).flag & namespaces != 0
            })
    }

    private static func apply(_ settings: SortedMap<String>, _ proc: Int32) throws {
        if settings.isEmpty { return }
        // The clone has a descriptor of its own by this number.
        let proc = LinuxKernel.Mount(owning: FileDescriptor(owning: proc))
        try Sysctl.apply(settings, field: "sysctls", through: proc)
    }

    // MARK: Pins

    // MS_BIND and UMOUNT_NOFOLLOW of mount(2) and umount(2).
    private static let bind: UInt64 = 0x1000
    private static let noFollow: Int32 = 8

    private static func pin(_ pin: Pin, of pid: Int32) throws(KernelError) {
        try self.pin("/proc/\(pid)/ns/\(pin.kind.procName)", at: pin.path)
    }

    /// Pins a namespace that is there already.
    public static func pin(_ namespace: borrowing FileDescriptor, at path: String) throws(KernelError) {
        try pin(namespace.procPath, at: path)
    }

    private static func pin(_ namespace: String, at path: String) throws(KernelError) {
        var walked = ""
        for component in path.splitAtLastComponent.parent.split(separator: "/") {
            walked += "/" + component
            if mkdir(walked, 0o755) != 0, Errno.current != .exists { throw KernelError("mkdir", walked) }
        }
        _ = try FileDescriptor.open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        _ = try check("pin namespace at", path) { clinux_mount(namespace, path, nil, bind, nil) }
    }

    /// Takes a pin away; processes may keep the namespace. None there is no error.
    public static func remove(_ path: String) throws(KernelError) {
        // More than one may lie on the other where a maker was killed.
        while umount2(path, Int32(MNT_DETACH) | noFollow) == 0 {}
        guard [.invalidArgument, .noEntry].contains(Errno.current) else { throw KernelError("unmount", path) }
        if unlink(path) != 0, ![.noEntry, .notDirectory].contains(Errno.current) {
            throw KernelError("remove", path)
        }
    }
}

/// A child in namespaces that are being set up. It does its part when it is told to, and then holds the namespaces
/// until this value ends.
private struct SetUpClone: ~Copyable {
    let process: ProcessHandle
    private let socket: FileDescriptor
    private static let ready = "ready"

    init(namespaces: UInt64, _ work: @escaping () throws -> Void) throws {
        var options = CloneOptions()
        options.namespaces = namespaces
        let gate = try socketPair()
        let theirs = gate.write.raw
        process = try spawnChild(options, gate: theirs, peer: gate.read.raw) {
            var answer = Self.ready
            do { try work() } catch { answer = "\(error)" }
            answer.withUTF8 { _ = send(theirs, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // Nothing comes any more: the end of whoever made it is its own.
            var byte: UInt8 = 0
            while recv(theirs, &byte, 1, 0) < 0, Errno.current == .interrupted {}
            return 0
        }
        let ends = gate.ends()
        close(ends.1)
        socket = FileDescriptor(owning: ends.0)
    }

    /// - Throws: what the child's work threw, as it was printed.
    func run() throws {
        _ = try check("send", "go") { send(socket.raw, "G", 1, Int32(MSG_NOSIGNAL)) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = try check("receive", "answer of the clone") {
            buffer.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
        }
        let answer = String(decoding: buffer[..<count], as: UTF8.self)
        guard answer != Self.ready else { return }
        throw RuntimeError(answer.isEmpty ? "set namespaces up: the clone ended early" : answer)
    }

    deinit {
        // It has ended already where this fails.
        _ = try? process.send(signal: SIGKILL)
        _ = try? process.wait()
    }
}
