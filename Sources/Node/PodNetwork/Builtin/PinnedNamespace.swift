import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A network namespace that a bind mount keeps, so that it lives without processes and has a path.
///
/// Namespaces are a thread's affair: the calling thread goes into the namespace and comes back, within one call that
/// never waits for anything else. That needs no fork and holds in programs of many threads, too.
package enum PinnedNamespace {
    /// nsfs's magic number (linux/magic.h).
    private static let fileSystemType = 0x6e73_6673

    /// Whether a namespace is pinned at the path.
    /// - Throws: where that cannot be found out: who has no descriptor left must not take it for gone.
    package static func exists(at path: String) throws(KernelError) -> Bool {
        do throws(KernelError) {
            return try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW).fileSystemType() == fileSystemType
        } catch {
            switch error.errno {
            case .noEntry, .notDirectory, .loop: return false
            default: throw error
            }
        }
    }

    /// Makes a network namespace, with its loopback device up, and pins it.
    /// - Parameters:
    ///   - sysctls: its parameters, by name (`SysctlName`): of network namespaces alone.
    ///   - spare: one that is there already, for nobody else.
    package static func make(
        at path: String, sysctls: SortedMap<String> = [:], from spare: SpareNamespace? = nil
    ) throws(KernelError) {
        _ = try FileDescriptor.open(path, O_RDONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        do throws(KernelError) {
            let namespace = if let spare { spare } else { try SpareNamespace() }
            if !sysctls.isEmpty {
                try enter(namespace.descriptor, what: path) { () throws(KernelError) in try set(sysctls) }
            }
            _ = try check("pin network namespace at", path) {
                mount("/proc/thread-self/fd/\(namespace.descriptor.raw)", path, nil, bindFlag, nil)
            }
        } catch {
            unlink(path)
            throw error
        }
    }

    /// What a `KernelError` says that a value was not taken for.
    package static let settingSysctl = "set sysctl"

    /// A new namespace.
    fileprivate static func make() throws(KernelError) -> FileDescriptor {
        try away(what: "of a new pod") { () throws(KernelError) in
            try unshare(NamespaceKind.network.flag, what: "network namespace")
            let loopback: Int32 = 1
            var routes = try RouteSocket()
            try routes.apply([.bringUp(loopback)])
            return try FileDescriptor.open(ownNamespace, O_RDONLY)
        }
    }

    /// Sets parameters of a pinned namespace, those of devices that it has got meanwhile.
    package static func set(_ sysctls: SortedMap<String>, in path: String) throws(KernelError) {
        try enter(path) { () throws(KernelError) in try set(sysctls) }
    }

    /// In the namespace that the thread is in.
    private static func set(_ sysctls: SortedMap<String>) throws(KernelError) {
        // A procfs that nobody else can have mounted over; its files mean the namespace of who opens them.
        let proc = try Mount.new(type: "proc", source: "proc")
        for (key, value) in sysctls.entries {
            guard let name = SysctlName(key), name.namespace == .network else {
                throw KernelError("set", "sysctl \(key): not of a network namespace", .invalidArgument)
            }
            do throws(KernelError) {
                let file = try proc.descriptor.openInRoot("sys/\(name.path)", O_WRONLY, noLinks: true)
                try file.writeAll(value)
            } catch {
                throw KernelError(settingSysctl, "\(key) = \(value)", error.errno)
            }
        }
    }

    /// Does something in the pinned namespace.
    package static func enter<Result: ~Copyable>(
        _ path: String, _ body: () throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        try enter(try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW), what: path, body)
    }

    private static func enter<Result: ~Copyable>(
        _ namespace: borrowing FileDescriptor, what: String, _ body: () throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        try away(what: what) { () throws(KernelError) in
            try namespace.enterNamespace(NamespaceKind.network.flag, what: what)
            return try body()
        }
    }

    /// Takes the pin away; processes and sockets may keep the namespace. None there is no error.
    package static func remove(_ path: String) throws(KernelError) {
        // More than one may lie on the other where a maker was killed.
        while umount2(path, Int32(MNT_DETACH) | noFollow) == 0 {}
        if ![.invalidArgument, .noEntry].contains(Errno.current) { throw KernelError("unmount", path) }
        try StateFiles.remove(path)
    }

    private static let ownNamespace = "/proc/thread-self/ns/net"

    // mount(2), umount(2).
    private static let bindFlag: UInt = 0x1000
    private static let noFollow: Int32 = 8

    private static func away<Result: ~Copyable>(
        what: String, _ body: () throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        let home = try FileDescriptor.open(ownNamespace, O_RDONLY)
        defer {
            do throws(KernelError) {
                try home.enterNamespace(NamespaceKind.network.flag, what: "own network namespace")
            } catch {
                // Whatever this thread did next would happen in a pod's network.
                fatalError("cannot come back from network namespace \(what): \(error)")
            }
        }
        return try body()
    }
}

/// A network namespace, with its loopback device up, that lives as long as somebody refers to this. The kernel takes
/// most of a millisecond to make one: with one in store the next pod of many does not wait for that.
public final class SpareNamespace: Sendable {
    fileprivate let descriptor: FileDescriptor
    private let made = monotonicMilliseconds()

    /// A namespace takes over many of the host's parameters as they are when it is made. Those of a pod may not be of long
    /// ago: who has just set them means the pods that he starts then.
    private static let lifetime = 10_000

    public init() throws(KernelError) {
        descriptor = try PinnedNamespace.make()
    }

    /// Whether it is as one that is made now.
    public var isFresh: Bool { monotonicMilliseconds() - made < Self.lifetime }
}
