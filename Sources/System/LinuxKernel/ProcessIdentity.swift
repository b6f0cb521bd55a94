import Glibc

/// A process that cannot be confused with a later one that got the same number: its id and when it started.
public struct ProcessIdentity: Equatable, Sendable {
    public let pid: Int32
    /// Clock ticks after boot: `ProcessRecord.startTime`.
    public let start: UInt64

    public init(pid: Int32, start: UInt64) {
        self.pid = pid
        self.start = start
    }

    /// The process that has this number now, or nil. A zombie counts as none.
    public static func of(_ pid: Int32) throws(KernelError) -> ProcessIdentity? {
        guard let record = try ProcessRecord.read(pid), !record.isZombie else { return nil }
        return ProcessIdentity(pid: pid, start: record.startTime)
    }

    /// This process.
    public static func current() throws(KernelError) -> ProcessIdentity {
        guard let identity = try of(getpid()) else {
            throw KernelError("read", "/proc/self/stat", .noProcess)
        }
        return identity
    }

    /// Whether this very process still runs.
    public var isAlive: Bool {
        get throws(KernelError) { try Self.of(pid) == self }
    }
}

/// The name that the kernel gave to this boot.
public enum BootID {
    /// 36 characters, `8d1c…-…`.
    public static func current() throws(KernelError) -> String {
        let bytes = try FileDescriptor.readFile("/proc/sys/kernel/random/boot_id", limit: 64)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
