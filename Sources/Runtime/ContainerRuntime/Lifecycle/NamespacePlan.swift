import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Which namespaces a container's first process gets, and in which order it comes by them.
///
/// The simple case, new namespaces only, is one clone3(2) that shares memory. Two cases need a process in
/// between, which enters and is then the new process's maker: time offsets, which the kernel takes only
/// before anybody is in the namespace, and a user namespace beside others that are joined.
struct NamespacePlan {
    private let newFlags: UInt64
    /// Entered by the new process itself.
    private(set) var joins: [(kind: NamespaceKind, descriptor: Int32)] = []
    /// Entered by the process in between.
    private var early: [(kind: NamespaceKind, descriptor: Int32)] = []
    private let uidMappings: [RuntimeSpec.IDMapping]
    private let gidMappings: [RuntimeSpec.IDMapping]
    private let timeOffsets: RuntimeSpec.TimeOffsets?
    private let hasNewUserNamespace: Bool
    private let hasTimeNamespace: Bool
    /// Made by the new process, when it is root of its user namespace: who makes an ipc namespace owns the root of its
    /// message queues.
    let lateNamespaces: UInt64
    /// What the root of the container's message queues is labelled with.
    let queueLabel: String?

    /// - Throws: also where what is set in a namespace (kernel parameters, names) would be set in the caller's own.
    init(_ spec: RuntimeSpec) throws {
        let linux = spec.linux
        let changed = ChangedNamespaces(spec)
        var flags: UInt64 = 0
        var opened: [(kind: NamespaceKind, descriptor: Int32)] = []
        for namespace in linux?.namespaces ?? [] {
            let kind = NamespaceKind(namespace.type)
            if let path = namespace.path {
                let file = try context("join \(kind.procName) namespace") {
                    try FileDescriptor.open(path, O_RDONLY)
                }
                if let setting = changed.setting(in: namespace.type) {
                    try Self.refuseOwn(kind, file, setting)
                }
                opened.append((kind, file.release()))
            } else if kind != .cgroup {
                // A new cgroup namespace is made by the new process, when it is in its group.
                flags |= kind.flag
            }
        }
        let userMatters = opened.contains { $0.kind == .user } || flags & NamespaceKind.user.flag != 0
        hasNewUserNamespace = flags & NamespaceKind.user.flag != 0
        hasTimeNamespace =
            flags & NamespaceKind.time.flag != 0 || opened.contains { $0.kind == .time }
        newFlags = flags
        lateNamespaces = userMatters ? flags & NamespaceKind.ipc.flag : 0
        uidMappings = linux?.uidMappings ?? []
        gidMappings = linux?.gidMappings ?? []
        timeOffsets = linux?.timeOffsets
        queueLabel = try MessageQueueLabel.wanted(spec, joined: opened.first { $0.kind == .ipc }?.descriptor)
        if opened.isEmpty { return }
        // A pid namespace is entered by children only, a time namespace by a process with memory of its own.
        // Namespaces that the host's root owns must be entered before the user namespace, its own after it.
        let needsBetween = userMatters || opened.contains { $0.kind == .pid || $0.kind == .time }
        if needsBetween { early = opened } else { joins = opened }
    }

    /// The configuration says that there is a namespace, and a path may lead to the host's all the same. What counts
    /// is what was opened.
    private static func refuseOwn(
        _ kind: NamespaceKind, _ file: borrowing FileDescriptor, _ setting: String
    ) throws {
        guard try kind.isOwn(file.raw) else { return }
        throw RuntimeError(
            "\(setting): not allowed in host \(kind.longName) namespace, which the path leads to")
    }

    /// Makes the process; it runs `body` when the gate opens.
    /// - Parameter before: runs in a process in between, which hands on what it changes of itself.
    func spawn(
        sibling: Bool, cgroup: Int32, before: (() throws -> Void)?, gate: Int32, peer: Int32,
        body: @escaping () -> Int32
    ) throws -> ProcessHandle {
        var options = CloneOptions()
        options.namespaces = newFlags & ~(NamespaceKind.time.flag | lateNamespaces)
        options.sibling = sibling
        options.cgroup = cgroup
        if early.isEmpty, !hasTimeNamespace, before == nil {
            options.sharesMemory = true
            return try spawnChild(options, gate: gate, peer: peer, body: body)
        }
        func prepare() throws {
            try before?()
            try enterEarly()
        }
        return try spawnThroughAnother(options, preparing: prepare) {
            try spawnChild($0, gate: gate, peer: peer, body: body)
        }
    }

    private func enterEarly() throws {
        if hasTimeNamespace, newFlags & NamespaceKind.time.flag != 0 {
            try unshare(NamespaceKind.time.flag, what: "time namespace")
            try writeTimeOffsets()
        }
        // What the user namespace does not own refuses us inside of it: those first, the others after it.
        var later: [(kind: NamespaceKind, descriptor: Int32)] = []
        for join in early where join.kind != .user {
            if !enter(join) {
                guard Errno.current == .notPermitted else { throw KernelError("setns", join.kind.procName) }
                later.append(join)
            }
        }
        for join in early.filter({ $0.kind == .user }) + later where !enter(join) {
            throw KernelError("setns", join.kind.procName)
        }
    }

    private func enter(_ join: (kind: NamespaceKind, descriptor: Int32)) -> Bool {
        clinux_syscall(Int(SYS_setns), Int(join.descriptor), Int(join.kind.flag), 0, 0, 0, 0) == 0
    }

    private func writeTimeOffsets() throws {
        guard let timeOffsets else { return }
        var text = ""
        if let offset = timeOffsets.monotonic { text += "monotonic \(offset.secs) \(offset.nanosecs)\n" }
        if let offset = timeOffsets.boottime { text += "boottime \(offset.secs) \(offset.nanosecs)\n" }
        if !text.isEmpty { try FileDescriptor.writeFile("/proc/self/timens_offsets", text) }
    }

    /// Maps the new process's ids, while it waits at its gate.
    func writeMaps(pid: Int32) throws {
        guard hasNewUserNamespace else { return }
        try IDMaps.write(uids: uidMappings, gids: gidMappings, pid: pid)
    }

    /// Closes what was opened; the new process has its copies.
    func closeAll() {
        for join in joins + early { close(join.descriptor) }
    }
}

/// What a configuration sets in namespaces that may be joined ones.
private struct ChangedNamespaces {
    private let spec: RuntimeSpec

    init(_ spec: RuntimeSpec) { self.spec = spec }

    /// - Returns: the first setting that belongs to the kind, as the configuration calls it; nil without any.
    func setting(in kind: RuntimeSpec.Namespace.Kind) -> String? {
        for (key, _) in spec.linux?.sysctl.entries ?? [] where SysctlName(key)?.namespace == kind {
            return "linux.sysctl \(key)"
        }
        // A device would be renamed, or come back without what it had.
        if kind == .network, let (host, _) = spec.linux?.netDevices.entries.first {
            return "linux.netDevices \(host)"
        }
        guard kind == .uts else { return nil }
        if let name = spec.hostname, !name.isEmpty { return "hostname" }
        if let name = spec.domainname, !name.isEmpty { return "domainname" }
        return nil
    }
}

extension NamespaceKind {
    /// Whether a namespace of this kind, which is open, is that of this process.
    func isOwn(_ descriptor: Int32) throws(KernelError) -> Bool {
        let path = "/proc/self/ns/\(procName)"
        var (own, given) = (stat(), stat())
        _ = try check("stat", path) { stat(path, &own) }
        _ = try check("stat", "\(procName) namespace") { fstat(descriptor, &given) }
        return own.st_dev == given.st_dev && own.st_ino == given.st_ino
    }

    fileprivate var longName: String { self == .network ? "network" : self == .mount ? "mount" : procName }

    init(_ kind: RuntimeSpec.Namespace.Kind) {
        switch kind {
        case .pid: self = .pid
        case .network: self = .network
        case .mount: self = .mount
        case .ipc: self = .ipc
        case .uts: self = .uts
        case .user: self = .user
        case .cgroup: self = .cgroup
        case .time: self = .time
        }
    }
}
