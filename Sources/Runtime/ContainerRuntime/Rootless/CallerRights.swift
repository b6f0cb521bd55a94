import Glibc
import LinuxKernel

/// What the program that makes a container may do itself, and what only a process inside of the container's
/// user namespace may (user_namespaces(7)).
public struct CallerRights {
    /// Has CAP_SYS_ADMIN in the user namespace it is in: it may copy mounts, and enter namespaces.
    let administers: Bool
    /// Is in another user namespace than the host's: it makes no device nodes and loads no programs into the
    /// kernel, whatever capabilities it has.
    let isInUserNamespace: Bool
    private let isRoot: Bool

    public static func current() throws -> CallerRights {
        CallerRights(
            administers: try administers(), isInUserNamespace: try isInUserNamespace(), isRoot: geteuid() == 0
        )
    }

    /// `current().administers`, without the rest.
    static func administers() throws(KernelError) -> Bool {
        try CapabilitySets.permittedHere() & Capability.sysAdmin.mask != 0
    }

    /// An ordinary user, or the root of a user namespace that one made: no control groups but those that
    /// somebody has handed over.
    public var isRootless: Bool { !isRoot || isInUserNamespace }

    /// The host's own namespace maps every number to itself.
    private static func isInUserNamespace() throws -> Bool {
        let table = try FileDescriptor.readFile("/proc/self/uid_map")
        let words = table.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        return !words.elementsEqual(["0", "0", "4294967295"]) { $0.elementsEqual($1.utf8) }
    }
}

/// Whether control groups that cannot be made are done without (`--rootless`).
public enum RootlessMode: Sendable {
    /// For callers without the host's root.
    case automatic
    case always
    case never

    func applies(to rights: CallerRights) -> Bool {
        switch self {
        case .automatic: rights.isRootless
        case .always: true
        case .never: false
        }
    }
}
