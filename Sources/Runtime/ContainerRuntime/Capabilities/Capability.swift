import CLinux
import Glibc
import LinuxKernel

/// One capability, capabilities(7), by the kernel's number.
public struct Capability: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// By its name as config.json has it, `CAP_CHOWN`; nil for names that this program does not know.
    public init?(name: String) {
        guard name.utf8.starts(with: Self.prefix.utf8) else { return nil }
        let rest = name.utf8.dropFirst(Self.prefix.utf8.count)
        for index in Self.names.indices where Self.names[index].utf8CodeUnitCount == rest.count {
            let matches = Self.names[index].withUTF8Buffer { $0.elementsEqual(rest) }
            if matches {
                self.init(rawValue: UInt8(index))
                return
            }
        }
        return nil
    }

    /// `CAP_CHOWN`; for a capability of a newer kernel `CAP_` and its number.
    public var name: String {
        let index = Int(rawValue)
        return Self.prefix + (index < Self.names.count ? Self.names[index].description : "\(index)")
    }

    public static func < (left: Capability, right: Capability) -> Bool { left.rawValue < right.rawValue }

    /// Its bit in a set.
    public var mask: UInt64 { 1 << UInt64(rawValue) }

    /// The members of a set, ascending.
    public static func members(of set: UInt64) -> [Capability] {
        (0..<64).filter { set >> $0 & 1 == 1 }.map { Capability(rawValue: $0) }
    }

    /// CAP_SYS_ADMIN.
    static let sysAdmin = Capability(rawValue: 21)

    /// The names of all capabilities that this program knows, by number, as `features` lists them.
    public static var knownNames: [String] { names.map { prefix + $0.description } }

    /// The set of all capabilities that the running kernel has: what the first process of a user namespace
    /// holds.
    public static func all() throws(KernelError) -> UInt64 {
        UInt64.max >> (63 - UInt64(try last().rawValue))
    }

    /// The highest one of the running kernel.
    public static func last() throws(KernelError) -> Capability {
        // The kernel answers EINVAL beyond it. Our table ends there, or near there.
        var number = names.count - 1
        if isKnownToKernel(number) {
            while number < 63, isKnownToKernel(number + 1) { number += 1 }
        } else {
            while !isKnownToKernel(number) {
                guard number > 0, Errno.current == .invalidArgument else {
                    throw KernelError("prctl PR_CAPBSET_READ", "\(number)")
                }
                number -= 1
            }
        }
        return Capability(rawValue: UInt8(number))
    }

    private static func isKnownToKernel(_ number: Int) -> Bool {
        clinux_prctl(PR_CAPBSET_READ, UInt(number), 0, 0, 0) >= 0
    }

    private static let prefix = "CAP_"

    /// In the order of their numbers, linux/capability.h.
    private static let names: [StaticString] = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
        "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ]
}
