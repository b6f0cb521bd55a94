import CRIProtocol
import ContainerRuntime
import PodEngine
import PodNetwork

/// What is known of a container or a pod at one moment, from which its metrics are told.
struct GroupReading {
    let usage: CgroupStatistics
    let settings: CgroupSettings
    let processes: ProcessCounts?
    /// Nanoseconds since 1970.
    let start: Int64
    let now: Int64
    let disks: BlockDevices
    /// nil where the kernel does not tell.
    let cpuPressure: CRIPsiStats?
    let memoryPressure: CRIPsiStats?
    let ioPressure: CRIPsiStats?
    /// Of a container: the file system of its writable layer, and the bytes of that.
    var disk: DiskReading?
    var written: UInt64?

    init(_ group: GroupMetrics, start: Int64, now: Int64, _ disks: BlockDevices) {
        usage = group.statistics
        settings = group.settings
        processes = group.processes
        self.start = start
        self.now = now
        self.disks = disks
        let pressure = Pressure(of: group.unified)
        cpuPressure = pressure.cpu
        memoryPressure = pressure.memory
        ioPressure = pressure.io
    }
}

private let containerLabels = ["container", "id", "image", "name", "namespace", "pod"]

private func describe(_ name: String, _ help: String, _ labels: [String]) -> CRIMetricDescriptor {
    var descriptor = CRIMetricDescriptor()
    descriptor.name = name
    descriptor.help = help
    descriptor.labelKeys = containerLabels + labels
    return descriptor
}

private func metric(
    _ descriptor: CRIMetricDescriptor, _ type: CRIMetricType, _ labels: [String], _ value: UInt64,
    _ now: Int64
) -> CRIMetric {
    var metric = CRIMetric()
    metric.name = descriptor.name
    metric.timestamp = now
    metric.metricType = type
    metric.labelValues = labels
    metric.value.value = value
    return metric
}

/// One of what a group of processes uses, with cAdvisor's name, labels and unit.
struct GroupMetric: Sendable {
    /// A value with the labels that this metric has beside those of the container.
    typealias Sample = (labels: [String], value: UInt64)

    let descriptor: CRIMetricDescriptor
    private let type: CRIMetricType
    private let samples: @Sendable (GroupReading) -> [Sample]

    func metrics(of reading: GroupReading, _ labels: [String]) -> [CRIMetric] {
        samples(reading).map { metric(descriptor, type, labels + $0.labels, $0.value, reading.now) }
    }

    /// - Parameter value: nil where the kernel does not tell. The CRI's values are whole numbers.
    private init(
        _ name: String, _ type: CRIMetricType, _ help: String,
        _ value: @escaping @Sendable (GroupReading) -> UInt64?
    ) {
        self.init(name, type, help, labels: []) { reading in value(reading).map { [([], $0)] } ?? [] }
    }

    private init(
        _ name: String, _ type: CRIMetricType, _ help: String, labels: [String],
        _ samples: @escaping @Sendable (GroupReading) -> [Sample]
    ) {
        descriptor = describe(name, help, labels)
        self.type = type
        self.samples = samples
    }

    static let all = processor + memory + hugePages + disk + pressure + processes + limits + times

    private static let second: UInt64 = 1_000_000_000

    // MARK: Processor and memory

    private static let processor: [GroupMetric] = [
        .init(
            "container_cpu_usage_seconds_total", .counter,
            "Processor time of all processes since the start, in seconds."
        ) {
            $0.usage.cpu.usage / second
        },
        .init(
            "container_cpu_user_seconds_total", .counter, "Processor time outside of the kernel, in seconds."
        ) {
            $0.usage.cpu.user / second
        },
        .init(
            "container_cpu_system_seconds_total", .counter, "Processor time in the kernel, in seconds."
        ) {
            $0.usage.cpu.system / second
        },
        .init(
            "container_cpu_cfs_periods_total", .counter,
            "Periods of the processor quota in which something ran."
        ) {
            $0.usage.cpu.periods
        },
        .init(
            "container_cpu_cfs_throttled_periods_total", .counter, "Periods in which the quota was used up."
        ) {
            $0.usage.cpu.throttledPeriods
        },
        .init(
            "container_cpu_cfs_throttled_seconds_total", .counter,
            "Time that processes were held back by the quota, in seconds."
        ) {
            $0.usage.cpu.throttledTime / second
        },
    ]

    private static let memory: [GroupMetric] = [
        .init("container_memory_usage_bytes", .gauge, "Memory that is charged, with all caches, in bytes.") {
            $0.usage.memory?.usage
        },
        .init(
            "container_memory_working_set_bytes", .gauge,
            "Memory that the kernel cannot take back at once, in bytes."
        ) {
            $0.usage.memory?.workingSet
        },
        .init("container_memory_rss", .gauge, "Memory that is no file's content, in bytes.") {
            $0.usage.memory?.anonymous
        },
        .init("container_memory_cache", .gauge, "Content of files in memory, in bytes.") {
            $0.usage.memory?.file
        },
        .init(
            "container_memory_mapped_file", .gauge, "Content of files that processes have mapped, in bytes."
        ) {
            $0.usage.memory?.mappedFile
        },
        .init(
            "container_memory_kernel_usage", .gauge,
            "Memory that the kernel keeps for the processes, in bytes."
        ) {
            $0.usage.memory?.kernel
        },
        .init("container_memory_max_usage_bytes", .gauge, "The most memory that was ever charged, in bytes.")
        {
            $0.usage.memory?.peak
        },
        .init("container_memory_swap", .gauge, "Memory that lies in swap, in bytes.") {
            $0.usage.memory.map { $0.swapUsage ?? 0 }
        },
        .init("container_memory_failcnt", .counter, "How often memory came up to the limit.") {
            $0.usage.memory?.limitHits
        },
        .init(
            "container_memory_failures_total", .counter,
            "Page faults, by kind; of the group alone, and with those below it.",
            labels: ["failure_type", "scope"]
        ) { reading in
            guard let memory = reading.usage.memory else { return [] }
            return [
                (["pgfault", "container"], memory.ownPageFaults),
                (["pgmajfault", "container"], memory.ownMajorPageFaults),
                (["pgfault", "hierarchy"], memory.pageFaults),
                (["pgmajfault", "hierarchy"], memory.majorPageFaults),
            ]
        },
        .init("container_oom_events_total", .counter, "Processes that were killed for want of memory.") {
            $0.usage.memory?.oomKills
        },
    ]

    private static let hugePages: [GroupMetric] = [
        .init(
            "container_hugetlb_usage_bytes", .gauge, "Huge pages of a size that are in use, in bytes.",
            labels: ["pagesize"]
        ) { $0.usage.hugepages.map { ([$0.pageSize], $0.usage) } },
        .init(
            "container_hugetlb_max_usage_bytes", .gauge,
            "The most huge pages of a size that ever were in use, in bytes.",
            labels: ["pagesize"]
        ) { $0.usage.hugepages.map { ([$0.pageSize], $0.peak) } },
    ]

    // MARK: Disks

    private static let disk: [GroupMetric] = [
        .init(
            "container_blkio_device_usage_total", .counter,
            "What went between processes and a block device, in bytes, by direction.",
            labels: ["device", "major", "minor", "operation"]
        ) { reading in
            (reading.usage.io ?? []).flatMap { device -> [Sample] in
                let labels = [
                    reading.disks.name(device.major, device.minor), "\(device.major)", "\(device.minor)",
                ]
                return [
                    (labels + ["Read"], device.readBytes), (labels + ["Write"], device.writtenBytes),
                ]
            }
        },
        traffic(
            "container_fs_reads_bytes_total", "What was read from a block device, in bytes.", \.readBytes),
        traffic(
            "container_fs_writes_bytes_total", "What was written to a block device, in bytes.", \.writtenBytes
        ),
        traffic("container_fs_reads_total", "Reads from a block device that are done.", \.reads),
        traffic("container_fs_writes_total", "Writes to a block device that are done.", \.writes),
        fileSystem(
            "container_fs_limit_bytes",
            "Size of the file system with the container's writable layer, in bytes."
        ) {
            disk, _ in disk.bytes
        },
        fileSystem("container_fs_usage_bytes", "What the container's writable layer takes, in bytes.") {
            $1
        },
        fileSystem("container_fs_inodes_total", "Inodes of the file system with the writable layer.") {
            disk, _ in disk.inodes
        },
        fileSystem("container_fs_inodes_free", "Free inodes of the file system with the writable layer.") {
            disk, _ in disk.freeInodes
        },
    ]

    /// What went to and from each block device. A container that has used none has used none of its own.
    private static func traffic(
        _ name: String, _ help: String, _ path: KeyPath<CgroupStatistics.Device, UInt64> & Sendable
    ) -> GroupMetric {
        .init(name, .counter, help, labels: ["device"]) { reading in
            guard let devices = reading.usage.io else { return [] }
            if devices.isEmpty, let disk = reading.disk { return [([disk.device], 0)] }
            return devices.map { ([reading.disks.name($0.major, $0.minor)], $0[keyPath: path]) }
        }
    }

    /// Of the file system of a container's writable layer.
    private static func fileSystem(
        _ name: String, _ help: String,
        _ value: @escaping @Sendable (_ disk: DiskReading, _ written: UInt64?) -> UInt64?
    ) -> GroupMetric {
        .init(name, .gauge, help, labels: ["device"]) { reading in
            guard let disk = reading.disk, let value = value(disk, reading.written) else { return [] }
            return [([disk.device], value)]
        }
    }

    // MARK: Waiting

    private static let pressure: [GroupMetric] = [
        waiting("cpu", "waiting", "some tasks have waited for processor time", \.cpuPressure?.some),
        waiting("cpu", "stalled", "no task could go on for want of processor time", \.cpuPressure?.full),
        waiting("memory", "waiting", "some tasks have waited for memory", \.memoryPressure?.some),
        waiting("memory", "stalled", "no task could go on for want of memory", \.memoryPressure?.full),
        waiting("io", "waiting", "some tasks have waited for disks", \.ioPressure?.some),
        waiting("io", "stalled", "no task could go on for want of disks", \.ioPressure?.full),
    ]

    private static func waiting(
        _ resource: String, _ what: String, _ help: String,
        _ path: KeyPath<GroupReading, CRIPsiData?> & Sendable
    ) -> GroupMetric {
        .init(
            "container_pressure_\(resource)_\(what)_seconds_total", .counter,
            "Seconds in which \(help)."
        ) { $0[keyPath: path].map { $0.total / second } }
    }

    // MARK: Processes

    private static let processes: [GroupMetric] = [
        .init("container_processes", .gauge, "Processes that there are.") {
            $0.processes?.processes
        },
        .init("container_threads", .gauge, "Threads that there are, of all processes.") {
            $0.usage.pids.current
        },
        .init(
            "container_threads_max", .gauge,
            "Threads that there may be; 0: any number."
        ) { $0.usage.pids.limit ?? 0 },
        .init("container_file_descriptors", .gauge, "Descriptors that processes have open.") {
            $0.processes?.descriptors
        },
        .init("container_sockets", .gauge, "Sockets that processes have open.") {
            $0.processes?.sockets
        },
        .init(
            "container_ulimits_soft", .gauge,
            "What the first process may have by its soft limits (getrlimit(2)).",
            labels: ["ulimit"]
        ) { $0.processes?.openFilesLimit.map { [(["max_open_files"], $0)] } ?? [] },
    ]

    // MARK: Limits; 0 for none

    private static let limits: [GroupMetric] = [
        .init(
            "container_spec_cpu_period", .gauge, "Length of a period of the processor quota, in microseconds."
        ) {
            $0.settings.cpuPeriod
        },
        .init(
            "container_spec_cpu_quota", .gauge,
            "Processor time that there is in each period, in microseconds."
        ) {
            $0.settings.cpuQuota
        },
        .init(
            "container_spec_cpu_shares", .gauge,
            "Weight beside others where processors are short; 1024 for one that is asked for."
        ) { $0.settings.cpuShares },
        .init(
            "container_spec_memory_limit_bytes", .gauge,
            "The most memory that there may be, in bytes; 0: no limit."
        ) {
            $0.usage.memory.map { $0.limit ?? 0 }
        },
        .init(
            "container_spec_memory_reservation_limit_bytes", .gauge,
            "Memory to which use is pressed down where the node is short of it, in bytes; 0: none."
        ) { $0.settings.memoryReservation ?? 0 },
        .init(
            "container_spec_memory_swap_limit_bytes", .gauge,
            "The most memory and swap together, in bytes; 0: no limit."
        ) { $0.settings.swapLimit ?? 0 },
    ]

    private static let times: [GroupMetric] = [
        .init(
            "container_start_time_seconds", .gauge, "When it was started, in seconds since 1970."
        ) { UInt64(max(0, $0.start)) / second },
        .init("container_last_seen", .gauge, "When these numbers were read, in seconds since 1970.") {
            UInt64(max(0, $0.now)) / second
        },
    ]
}

/// One of what went through a pod's network device.
struct InterfaceMetric: Sendable {
    let descriptor: CRIMetricDescriptor
    private let value: @Sendable (DeviceCounters) -> UInt64

    private init(_ name: String, _ help: String, _ value: @escaping @Sendable (DeviceCounters) -> UInt64) {
        descriptor = describe("container_network_" + name, help, ["interface"])
        self.value = value
    }

    func metric(of device: DeviceCounters, _ labels: [String], _ now: Int64) -> CRIMetric {
        CRIService.metric(descriptor, .counter, labels + [device.name], value(device), now)
    }

    static let all: [InterfaceMetric] = [
        .init("receive_bytes_total", "Bytes that came in by an interface.") { $0.receivedBytes },
        .init("receive_packets_total", "Packets that came in by an interface.") { $0.receivedPackets },
        .init("receive_packets_dropped_total", "Incoming packets that were thrown away.") {
            $0.receiveDrops
        },
        .init("receive_errors_total", "Incoming packets that were broken.") {
            $0.receiveErrors
        },
        .init("transmit_bytes_total", "Bytes that went out by an interface.") { $0.sentBytes },
        .init("transmit_packets_total", "Packets that went out by an interface.") { $0.sentPackets },
        .init("transmit_packets_dropped_total", "Outgoing packets that were thrown away.") {
            $0.sendDrops
        },
        .init("transmit_errors_total", "Outgoing packets that could not be sent.") {
            $0.sendErrors
        },
    ]
}
