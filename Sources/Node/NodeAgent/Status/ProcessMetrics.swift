import Glibc
import KubernetesAPI
import LinuxKernel

/// What this process takes, in the names that Prometheus' clients use; what cannot be read is left out.
enum ProcessMetrics {
    static func text() -> String {
        var text = ""
        func add(_ name: String, _ help: String, _ type: String, _ value: String?) {
            guard let value else { return }
            text += Exposition.head(name, help, type) + Exposition.line(name, [], value)
        }
        add(
            "process_cpu_seconds_total", "Processor time of this process since its start, in seconds.",
            "counter",
            processorTime.map { "\($0)" })
        add(
            "process_resident_memory_bytes", "Memory of this process that is resident, in bytes.", "gauge",
            residentMemory.map { "\($0)" })
        add(
            "process_open_fds", "Descriptors that this process has open.", "gauge",
            openDescriptors.map { "\($0)" })
        add(
            "process_start_time_seconds", "When this process was started, in seconds since 1970.", "gauge",
            start.map { "\($0)" })
        return text
    }

    /// Seconds.
    private static var processorTime: Double? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    /// Bytes: the second of proc_pid_statm(5), in pages.
    private static var residentMemory: UInt64? {
        guard let pages = words("/proc/self/statm").dropFirst().first.flatMap({ UInt64($0) }) else {
            return nil
        }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var openDescriptors: Int? {
        // The folder's own descriptor is one of them.
        guard let names = try? AgentFiles.names(in: "/proc/self/fd"), !names.isEmpty else { return nil }
        return names.filter { $0 != "." && $0 != ".." }.count - 1
    }

    /// Seconds since 1970: of proc_pid_stat(5) the 22nd, in ticks since the machine's start.
    private static var start: Double? {
        guard let text = (try? AgentFiles.text(of: "/proc/self/stat")) ?? nil,
            let boot = (try? MachineReading.start()) ?? nil, let name = text.lastIndex(of: ")")
        else { return nil }
        // The name, which may have spaces in it, is the second; the third is the first behind it.
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        return Double(boot.seconds) + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func words(_ path: String) -> [Substring] {
        ((try? AgentFiles.text(of: path)) ?? nil)?.split(separator: " ") ?? []
    }
}
