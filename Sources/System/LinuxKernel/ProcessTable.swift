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
        let bytes: [UInt8]
        do throws(KernelError) {
            bytes = try FileDescriptor.readFile("/proc/\(pid)/stat")
        } catch {
            if error.errno == .noEntry || error.errno == .noProcess { return nil }
            throw error
        }
        return parse(bytes, pid: pid)
    }

    static func parse(_ bytes: [UInt8], pid: Int32) -> ProcessRecord? {
        // The second field is the program's name in parentheses and may hold anything, `)` too.
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")), close + 2 < bytes.count else { return nil }
        let fields = bytes[(close + 2)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first else { return nil }
        return ProcessRecord(
            pid: pid, state: state, parent: Int32(decimal(fields[1])), startTime: decimal(fields[19]))
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> UInt64 {
        digits.reduce(0) { (48...57).contains($1) ? $0 &* 10 &+ UInt64($1 - 48) : $0 }
    }
}
