import ContainerRuntime
import Glibc
import LinuxKernel

/// One row of `top`: what `ps -ef` tells of a process.
public struct ProcessRow: Equatable, Sendable {
    public var user: String
    public var pid: Int32
    public var parent: Int32
    /// Percent of a processor over its whole life.
    public var cpu: Int
    public var started: String
    public var terminal: String
    /// Processor time, `00:00:01`.
    public var time: String
    public var command: String

    public static let columns = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    public var cells: [String] { [user, "\(pid)", "\(parent)", "\(cpu)", started, terminal, time, command] }

    /// Reads /proc/PID (proc(5)).
    /// - Returns: nil when the process has ended.
    public static func read(
        _ pid: Int32, users: HostUsers, now: Int64, bootTime: Int64
    ) throws(KernelError) -> ProcessRow? {
        do throws(KernelError) {
            let stat = try FileDescriptor.readFile("/proc/\(pid)/stat")
            let folder = try FileDescriptor.open("/proc/\(pid)", O_RDONLY | O_DIRECTORY).status()
            let commandLine = try FileDescriptor.readFile("/proc/\(pid)/cmdline")
            return parse(
                pid, stat: stat, commandLine: commandLine, uid: folder.st_uid, users: users, now: now,
                bootTime: bootTime)
        } catch {
            if error.errno == .noEntry || error.errno == .noProcess { return nil }
            throw error
        }
    }

    /// - Parameters:
    ///   - now: seconds after 1970.
    ///   - bootTime: the same of the boot.
    static func parse(
        _ pid: Int32, stat: [UInt8], commandLine: [UInt8], uid: UInt32, users: HostUsers, now: Int64,
        bootTime: Int64
    ) -> ProcessRow? {
        // The name, in parentheses, may hold anything.
        guard let open = stat.firstIndex(of: UInt8(ascii: "(")),
            let close = stat.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let name = String(decoding: stat[(open + 1)..<close], as: UTF8.self)
        let fields = stat[(close + 1)...].split { $0 == 32 || $0 == 10 }
            .map { Int64(String(decoding: $0, as: UTF8.self)) ?? 0 }
        guard fields.count > 19 else { return nil }
        let ticks = Int64(sysconf(Int32(_SC_CLK_TCK)))
        let seconds = (fields[11] + fields[12]) / ticks
        let start = bootTime + fields[19] / ticks
        let life = max(1, now - start)
        let words = commandLine.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return ProcessRow(
            user: users.name(uid) ?? "\(uid)", pid: pid, parent: Int32(truncatingIfNeeded: fields[1]),
            cpu: Int(seconds * 100 / life),
            started: clock(start, now: now), terminal: terminalName(fields[4]),
            time: padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
                + padded(seconds % 60, 2),
            command: words.isEmpty ? "[\(name)]" : words.joined(separator: " "))
    }

    /// The time of today, the date of other days.
    private static func clock(_ start: Int64, now: Int64) -> String {
        func broken(_ seconds: Int64) -> tm {
            var seconds = time_t(seconds)
            var time = tm()
            localtime_r(&seconds, &time)
            return time
        }
        let (then, today) = (broken(start), broken(now))
        if then.tm_yday == today.tm_yday, then.tm_year == today.tm_year {
            return padded(Int64(then.tm_hour), 2) + ":" + padded(Int64(then.tm_min), 2)
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return months[Int(then.tm_mon)] + padded(Int64(then.tm_mday), 2)
    }

    /// The device number of a controlling terminal.
    private static func terminalName(_ number: Int64) -> String {
        let major = number >> 8 & 0xFFF
        let minor = number & 0xFF | number >> 12 & 0xFFF00
        switch major {
        case 136...143: return "pts/\((major - 136) * 256 + minor)"
        case 4 where minor < 64: return "tty\(minor)"
        default: return "?"
        }
    }

    /// Seconds after 1970 at which the machine was booted.
    public static func bootTime() throws(KernelError) -> Int64 {
        let text = String(decoding: try FileDescriptor.readFile("/proc/stat"), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return Int64(line.dropFirst(6)) ?? 0
        }
        return 0
    }
}
