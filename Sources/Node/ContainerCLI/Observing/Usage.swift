import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel

/// What a container uses at one moment.
public struct UsageSample: Equatable, Sendable {
    /// Nanoseconds since some beginning, of CLOCK_MONOTONIC.
    public var time: UInt64
    /// Nanoseconds of processor time since the container's start.
    public var cpu: UInt64
    /// Bytes without the page cache that can go at once.
    public var memory: UInt64
    /// Bytes; the machine's memory where the container has no limit.
    public var memoryLimit: UInt64
    public var processes: UInt64
    public var readBytes: UInt64
    public var writtenBytes: UInt64
    public var receivedBytes: UInt64
    public var sentBytes: UInt64
}

/// What a container used between two samples, as `stats` shows it.
public struct Usage: Equatable, Sendable {
    public var sample: UsageSample
    /// Of one processor: 150 is one and a half.
    public var cpuPercent: Double
    public var memoryPercent: Double

    /// - Parameter earlier: nil where there is only one sample; the processor then counts as idle.
    public init(_ sample: UsageSample, since earlier: UsageSample?) {
        self.sample = sample
        cpuPercent = 0
        if let earlier, sample.time > earlier.time, sample.cpu >= earlier.cpu {
            cpuPercent = Double(sample.cpu - earlier.cpu) / Double(sample.time - earlier.time) * 100
        }
        memoryPercent = sample.memoryLimit > 0 ? Double(sample.memory) / Double(sample.memoryLimit) * 100 : 0
    }
}

extension Engine {
    private var runtime: Runtime { Runtime(root: layout.runFolders.runtime, log: Log()) }

    /// What a running container uses.
    /// - Returns: nil when it does not run (any more).
    public func sample(_ container: ContainerDefinition) throws -> UsageSample? {
        let status = try status(of: container)
        guard let process = status.process, try process.isAlive else { return nil }
        let statistics: CgroupStatistics
        do {
            let record = try runtime.state(ContainerID(container.id)).record
            guard let group = record.cgroup else { return nil }
            statistics = try ContainerCgroup(record: group).statistics()
        } catch {
            // It has ended meanwhile, or something is wrong.
            if try process.isAlive { throw error }
            return nil
        }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let (received, sent) = try Self.networkBytes(process.pid, host: container.network == .host)
        return UsageSample(
            time: UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec), cpu: statistics.cpu.usage,
            memory: statistics.memory?.workingSet ?? 0,
            memoryLimit: min(statistics.memory?.limit ?? .max, Self.machineMemory),
            processes: statistics.pids.current,
            readBytes: statistics.io?.reduce(0) { $0 + $1.readBytes } ?? 0,
            writtenBytes: statistics.io?.reduce(0) { $0 + $1.writtenBytes } ?? 0,
            receivedBytes: received, sentBytes: sent)
    }

    private static var machineMemory: UInt64 {
        UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }

    /// Sums of /proc/PID/net/dev (proc(5)) without the loopback; the host's network is not the container's.
    private static func networkBytes(_ pid: Int32, host: Bool) throws -> (received: UInt64, sent: UInt64) {
        if host { return (0, 0) }
        let bytes: [UInt8]
        do throws(KernelError) {
            bytes = try FileDescriptor.readFile("/proc/\(pid)/net/dev")
        } catch {
            if error.errno == .noEntry || error.errno == .noProcess || error.errno == .invalidArgument {
                return (0, 0)
            }
            throw error
        }
        var sums: (received: UInt64, sent: UInt64) = (0, 0)
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst(2) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) != "lo" else { continue }
            let numbers = parts[1].split(separator: " ").map { UInt64($0) ?? 0 }
            guard numbers.count >= 9 else { continue }
            sums.received += numbers[0]
            sums.sent += numbers[8]
        }
        return sums
    }

    /// The processes of a running container, by their numbers on the host.
    public func processes(of container: ContainerDefinition) throws -> [Int32] {
        guard try [.running, .paused].contains(status(of: container).phase) else {
            throw UsageError("container \(container.name) is not running")
        }
        return try runtime.processes(ContainerID(container.id)).sorted()
    }
}
