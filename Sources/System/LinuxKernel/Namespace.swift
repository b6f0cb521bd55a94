import CLinux
import Glibc

/// A kind of namespace (namespaces(7)).
public enum NamespaceKind: UInt8, CaseIterable, Sendable {
    case user, pid, network, mount, ipc, uts, cgroup, time

    /// The CLONE_NEW… flag.
    public var flag: UInt64 {
        switch self {
        case .user: UInt64(CLONE_NEWUSER)
        case .pid: UInt64(CLONE_NEWPID)
        case .network: UInt64(CLONE_NEWNET)
        case .mount: UInt64(CLONE_NEWNS)
        case .ipc: UInt64(CLONE_NEWIPC)
        case .uts: UInt64(CLONE_NEWUTS)
        case .cgroup: UInt64(CLONE_NEWCGROUP)
        case .time: 0x80
        }
    }

    /// The name under /proc/PID/ns.
    public var procName: String {
        switch self {
        case .user: "user"
        case .pid: "pid"
        case .network: "net"
        case .mount: "mnt"
        case .ipc: "ipc"
        case .uts: "uts"
        case .cgroup: "cgroup"
        case .time: "time"
        }
    }
}

/// unshare(2).
public func unshare(_ flags: UInt64, what: @autoclosure () -> String) throws(KernelError) {
    _ = try check("unshare", what()) { clinux_syscall(Int(SYS_unshare), Int(flags), 0, 0, 0, 0, 0) }
}

extension FileDescriptor {
    /// setns(2) into the namespace, or with a pidfd the namespaces, that this descriptor stands for.
    public func enterNamespace(_ flags: UInt64, what: @autoclosure () -> String) throws(KernelError) {
        _ = try check("setns", what()) { clinux_syscall(Int(SYS_setns), Int(raw), Int(flags), 0, 0, 0, 0) }
    }
}
