import Glibc
import KubernetesAPI
import LinuxKernel

/// Memory, processes and processor time of the whole machine.
package enum MachineReading {
    package struct Memory: Sendable, Equatable {
        /// Bytes.
        package var capacity: Int64
        package var usage: Int64
        /// What is in use and cannot be dropped at once: usage without file pages that nobody touched lately.
        package var workingSet: Int64
        package var anonymous: Int64

        package var available: Int64 { max(0, capacity - workingSet) }
    }

    private static let rootGroup = "/sys/fs/cgroup/memory"

    /// Of the root group where there is one with numbers (cgroup v1). That of cgroup v2 has none of its own; there the
    /// machine's are its.
    package static func memory() throws(KernelError) -> Memory {
        let machine = try numbers("/proc/meminfo")
        let capacity = (machine["MemTotal:"] ?? 0) * 1024
        let anonymous = (machine["AnonPages:"] ?? 0) * 1024
        if let text = try AgentFiles.text(of: rootGroup + "/memory.usage_in_bytes"),
            let usage = Int64(text.split(separator: "\n").first ?? "")
        {
            let inactive = try numbers(rootGroup + "/memory.stat")["total_inactive_file"] ?? 0
            return Memory(
                capacity: capacity, usage: usage, workingSet: max(0, usage - inactive), anonymous: anonymous)
        }
        let usage = capacity - (machine["MemFree:"] ?? 0) * 1024
        let inactive = (machine["Inactive(file):"] ?? 0) * 1024
        return Memory(
            capacity: capacity, usage: usage, workingSet: max(0, usage - inactive), anonymous: anonymous)
    }

    /// Bytes on swap devices; none of either where there is no device (proc_meminfo(5)).
    package static func swap() throws(KernelError) -> (used: Int64, available: Int64) {
        let machine = try numbers("/proc/meminfo")
        let free = (machine["SwapFree:"] ?? 0) * 1024
        return (max(0, (machine["SwapTotal:"] ?? 0) * 1024 - free), free)
    }

    /// How many processes and threads there can be and how many there are.
    package static func processes() throws(KernelError) -> NodeReading.Amount? {
        let limits = [
            try number("/proc/sys/kernel/pid_max"), try number("/proc/sys/kernel/threads-max"),
        ].compactMap { $0 }
        // `0.20 0.18 0.12 1/80 11206`: of proc_loadavg(5) the fourth, behind the slash.
        let load = try AgentFiles.text(of: "/proc/loadavg") ?? ""
        let counts = load.split(separator: " ").dropFirst(3).first?.split(separator: "/") ?? []
        guard let most = limits.min(), let now = counts.last.flatMap({ Int64($0) }) else { return nil }
        return .init(capacity: most, available: max(0, most - now))
    }

    /// Nanoseconds that all processors together have worked since the machine's start (proc_stat(5)).
    package static func processorTime() throws(KernelError) -> UInt64 {
        let text = try AgentFiles.text(of: "/proc/stat") ?? ""
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().map { UInt64($0) ?? 0 }
        // user, nice, system, then idle and iowait, which are none, irq, softirq, steal.
        let ticks = fields.enumerated().filter { $0.offset < 8 && $0.offset != 3 && $0.offset != 4 }
            .reduce(0) { $0 + $1.element }
        return ticks * (1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Since the machine's start: of memory that was not there, and of those for which a disk was read.
    static func pageFaults() throws(KernelError) -> (all: Int64, major: Int64) {
        let numbers = try numbers("/proc/vmstat")
        return (numbers["pgfault"] ?? 0, numbers["pgmajfault"] ?? 0)
    }

    /// When the machine was started (`btime`).
    static func start() throws(KernelError) -> Time? {
        let text = try AgentFiles.text(of: "/proc/stat", limit: 4 << 20) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Int64($0.dropFirst(6)) }.map { Time(unixNanoseconds: $0 * 1_000_000_000) }
    }

    // MARK: Files of the kernel

    static func number(_ path: String) throws(KernelError) -> Int64? {
        try AgentFiles.text(of: path).flatMap { Int64($0.split(separator: "\n").first ?? "") }
    }

    /// Lines of a name and a number.
    static func numbers(_ path: String) throws(KernelError) -> [Substring: Int64] {
        let text = try AgentFiles.text(of: path) ?? ""
        var result: [Substring: Int64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, let number = Int64(words[1]) { result[words[0]] = number }
        }
        return result
    }
}
