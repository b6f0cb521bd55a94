import CLinux
import Glibc

/// What /proc/PID/stat says of a process, as far as the project needs it (proc_pid_stat(5)).
public struct ProcessRecord: Equatable, Sendable {
    public let pid: Int32
    /// `R`, `S`, `Z` …
    public let state: UInt8
    public let parent: Int32
    /// Clock ticks after boot. Together with the boot id it tells a process from a later one of the same number.
    public let startTime: UInt64

    public var isZombie: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    /// - Returns: nil when there is no such process.
    public static func read(_ pid: Int32) throws(KernelError) -> ProcessRecord? {
        try FileDescriptor.readFileIfThere("/proc/\(pid)/stat", absent: .noProcess).flatMap {
            parse($0, pid: pid)
        }
    }

    /// A process's number in its own pid namespace (proc_pid_status(5), NSpid).
    /// - Returns: nil where the kernel has no such namespaces.
    public static func numberInside(_ pid: Int32) throws(KernelError) -> Int32? {
        let status = try FileDescriptor.readFile("/proc/\(pid)/status")
        let line = status.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "NSpid:".utf8) }
        // One number for each namespace, the innermost last.
        return line?.split(separator: UInt8(ascii: "\t")).last.flatMap {
            Int32(String(decoding: $0, as: UTF8.self))
        }
    }

    static func parse(_ bytes: [UInt8], pid: Int32) -> ProcessRecord? {
        // The second field is the program's name in parentheses and may hold anything, `)` too.
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")), close + 2 < bytes.count else { return nil }
        let state = bytes[close + 2]
        var parent: UInt64 = 0
        var field = 0
        var number: UInt64 = 0
        for byte in bytes[(close + 2)...] {
            if byte == UInt8(ascii: " ") {
                if field == 1 { parent = number }
                if field == 19 { break }
                field += 1
                number = 0
            } else if (48...57).contains(byte) {
                number = number &* 10 &+ UInt64(byte - 48)
            }
        }
        guard field == 19 else { return nil }
        return ProcessRecord(
            pid: pid, state: state, parent: Int32(clamping: parent), startTime: number)
    }
}
