import LinuxKernel

/// What a container uses at one moment. Parts that nothing counts on this host are nil.
public struct CgroupStatistics: Equatable, Sendable {
    public var cpu = CPU()
    public var memory: Memory?
    public var pids = Pids()
    public var io: [Device]?
    public var hugepages: [HugePages] = []

    /// Since the group was made, in nanoseconds.
    public struct CPU: Equatable, Sendable {
        public var usage: UInt64 = 0
        public var user: UInt64 = 0
        public var system: UInt64 = 0
        /// With a quota: periods that passed, those in which it was used up, and the time waited therefore.
        public var periods: UInt64 = 0
        public var throttledPeriods: UInt64 = 0
        public var throttledTime: UInt64 = 0
    }

    /// In bytes.
    public struct Memory: Equatable, Sendable {
        public var usage: UInt64 = 0
        /// The most it was; nil where the kernel does not keep it.
        public var peak: UInt64?
        public var limit: UInt64?
        /// Usage without file pages that have not been used lately: what eviction decides by.
        public var workingSet: UInt64 = 0
        public var anonymous: UInt64 = 0
        public var file: UInt64 = 0
        /// File pages that processes have mapped.
        public var mappedFile: UInt64 = 0
        /// What the kernel has allocated for the group's processes.
        public var kernel: UInt64 = 0
        /// Swap alone; nil without swap accounting.
        public var swapUsage: UInt64?
        /// Of swap alone.
        public var swapLimit: UInt64?
        public var pageFaults: UInt64 = 0
        public var majorPageFaults: UInt64 = 0
        /// The same without those of groups below; version 2 does not tell them apart.
        public var ownPageFaults: UInt64 = 0
        public var ownMajorPageFaults: UInt64 = 0
        /// How often the limit was hit; 0 in version 1 of newer kernels, which do not count it.
        public var limitHits: UInt64 = 0
        public var oomKills: UInt64 = 0
    }

    /// Tasks, threads counted.
    public struct Pids: Equatable, Sendable {
        public var current: UInt64 = 0
        public var limit: UInt64?
    }

    /// One block device; bytes and operations.
    public struct Device: Equatable, Sendable {
        public let major: UInt32
        public let minor: UInt32
        public var readBytes: UInt64 = 0
        public var writtenBytes: UInt64 = 0
        public var reads: UInt64 = 0
        public var writes: UInt64 = 0
    }

    /// Huge pages of one size, in bytes.
    public struct HugePages: Equatable, Sendable {
        /// `2MB`
        public let pageSize: String
        public var usage: UInt64 = 0
        /// The most it was; 0 in version 2, which does not keep it.
        public var peak: UInt64 = 0
        public var limit: UInt64?
        public var failures: UInt64 = 0
    }
}

extension ContainerCgroup {
    /// Reads what the container uses.
    /// - Throws: `gone` when its group is not there.
    public func statistics() throws(CgroupError) -> CgroupStatistics {
        let group = try requireUnified()
        var statistics = CgroupStatistics()
        statistics.cpu = try cpuStatistics(group)
        if let directory = legacyDirectory(.memory) {
            statistics.memory = try Self.legacyMemory(directory)
        } else {
            statistics.memory = try Self.memory(group)
        }
        statistics.pids = try pidsStatistics(group)
        if let directory = legacyDirectory(.io) {
            statistics.io = try Self.legacyIO(directory)
        } else {
            statistics.io = try Self.io(group)
        }
        statistics.hugepages = try hugepageStatistics(group)
        return statistics
    }

    // MARK: Processor

    /// Version 2 counts time in every group, also without its controller.
    private func cpuStatistics(_ group: CgroupDirectory) throws(CgroupError) -> CgroupStatistics.CPU {
        var cpu = CgroupStatistics.CPU()
        try group.forEachValue("cpu.stat") { key, value in
            let nanoseconds = value &* 1000
            if key.elementsEqual("usage_usec".utf8) { cpu.usage = nanoseconds }
            if key.elementsEqual("user_usec".utf8) { cpu.user = nanoseconds }
            if key.elementsEqual("system_usec".utf8) { cpu.system = nanoseconds }
            if key.elementsEqual("nr_periods".utf8) { cpu.periods = value }
            if key.elementsEqual("nr_throttled".utf8) { cpu.throttledPeriods = value }
            if key.elementsEqual("throttled_usec".utf8) { cpu.throttledTime = nanoseconds }
        }
        try legacyDirectory(.cpu)?.forEachValue("cpu.stat") { key, value in
            if key.elementsEqual("nr_periods".utf8) { cpu.periods = value }
            if key.elementsEqual("nr_throttled".utf8) { cpu.throttledPeriods = value }
            if key.elementsEqual("throttled_time".utf8) { cpu.throttledTime = value }
        }
        return cpu
    }

    // MARK: Memory

    private static func memory(_ group: CgroupDirectory) throws(CgroupError) -> CgroupStatistics.Memory? {
        guard let usage = try group.number("memory.current") else { return nil }
        var memory = CgroupStatistics.Memory()
        memory.usage = usage
        memory.peak = try group.number("memory.peak")
        memory.limit = limit(try group.number("memory.max"))
        memory.swapUsage = try group.number("memory.swap.current")
        memory.swapLimit = limit(try group.number("memory.swap.max"))
        var inactive: UInt64 = 0
        var kernel: UInt64?
        var partsOfKernel: UInt64 = 0
        try group.forEachValue("memory.stat") { key, value in
            if key.elementsEqual("anon".utf8) { memory.anonymous = value }
            if key.elementsEqual("file".utf8) { memory.file = value }
            if key.elementsEqual("file_mapped".utf8) { memory.mappedFile = value }
            if key.elementsEqual("kernel".utf8) { kernel = value }
            if Self.partsOfKernel.contains(where: { key.elementsEqual($0.utf8) }) { partsOfKernel += value }
            if key.elementsEqual("inactive_file".utf8) { inactive = value }
            if key.elementsEqual("pgfault".utf8) { memory.pageFaults = value }
            if key.elementsEqual("pgmajfault".utf8) { memory.majorPageFaults = value }
        }
        memory.kernel = kernel ?? partsOfKernel
        (memory.ownPageFaults, memory.ownMajorPageFaults) = (memory.pageFaults, memory.majorPageFaults)
        memory.workingSet = usage - min(usage, inactive)
        try group.forEachValue("memory.events") { key, value in
            if key.elementsEqual("max".utf8) { memory.limitHits = value }
            if key.elementsEqual("oom_kill".utf8) { memory.oomKills = value }
        }
        return memory
    }

    /// What kernels before 5.18 tell instead of the sum.
    private static let partsOfKernel = ["kernel_stack", "pagetables", "percpu", "slab"]

    private static func legacyMemory(_ group: CgroupDirectory) throws(CgroupError) -> CgroupStatistics.Memory?
    {
        guard let usage = try group.number("memory.usage_in_bytes") else { return nil }
        var memory = CgroupStatistics.Memory()
        memory.usage = usage
        memory.peak = try group.number("memory.max_usage_in_bytes")
        memory.limit = limit(try group.number("memory.limit_in_bytes"))
        if let both = try group.number("memory.memsw.usage_in_bytes") {
            memory.swapUsage = both - min(both, usage)
            if let limitOfBoth = limit(try group.number("memory.memsw.limit_in_bytes")) {
                memory.swapLimit = limitOfBoth - min(limitOfBoth, memory.limit ?? 0)
            }
        }
        var inactive: UInt64 = 0
        try group.forEachValue("memory.stat") { key, value in
            if key.elementsEqual("total_rss".utf8) { memory.anonymous = value }
            if key.elementsEqual("total_cache".utf8) { memory.file = value }
            if key.elementsEqual("total_mapped_file".utf8) { memory.mappedFile = value }
            if key.elementsEqual("pgfault".utf8) { memory.ownPageFaults = value }
            if key.elementsEqual("pgmajfault".utf8) { memory.ownMajorPageFaults = value }
            if key.elementsEqual("total_inactive_file".utf8) { inactive = value }
            if key.elementsEqual("total_pgfault".utf8) { memory.pageFaults = value }
            if key.elementsEqual("total_pgmajfault".utf8) { memory.majorPageFaults = value }
        }
        memory.workingSet = usage - min(usage, inactive)
        memory.kernel = try group.number("memory.kmem.usage_in_bytes") ?? 0
        memory.limitHits = try group.number("memory.failcnt") ?? 0
        memory.oomKills = try group.value("memory.oom_control", "oom_kill") ?? 0
        return memory
    }

    /// Unlimited is `max` in version 2 and the largest multiple of a page in version 1.
    static func limit(_ value: UInt64?) -> UInt64? {
        guard let value, value < UInt64(Int64.max) - 0xffff else { return nil }
        return value
    }

    // MARK: Tasks

    private func pidsStatistics(_ group: CgroupDirectory) throws(CgroupError) -> CgroupStatistics.Pids {
        var pids = CgroupStatistics.Pids()
        let directory = legacyDirectory(.pids) ?? group
        if let current = try directory.number("pids.current") {
            pids.current = current
            pids.limit = Self.limit(try directory.number("pids.max"))
        } else {
            pids.current = UInt64(try taskCount())
        }
        return pids
    }

    // MARK: Block devices

    private static func io(_ group: CgroupDirectory) throws(CgroupError) -> [CgroupStatistics.Device]? {
        guard let bytes = try group.readIfThere("io.stat") else { return nil }
        var devices: [CgroupStatistics.Device] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // 8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6
            let fields = line.split(separator: UInt8(ascii: " "))
            guard let name = fields.first, let number = deviceNumber(name) else { continue }
            var device = CgroupStatistics.Device(major: number.major, minor: number.minor)
            for field in fields.dropFirst() {
                guard let equals = field.firstIndex(of: UInt8(ascii: "=")),
                    let value = CgroupText.number(field[(equals + 1)...])
                else { continue }
                let key = field[..<equals]
                if key.elementsEqual("rbytes".utf8) { device.readBytes = value }
                if key.elementsEqual("wbytes".utf8) { device.writtenBytes = value }
                if key.elementsEqual("rios".utf8) { device.reads = value }
                if key.elementsEqual("wios".utf8) { device.writes = value }
            }
            devices.append(device)
        }
        return devices
    }

    private static func legacyIO(_ group: CgroupDirectory) throws(CgroupError) -> [CgroupStatistics.Device]? {
        var devices: [CgroupStatistics.Device] = []
        try addLegacyIO(
            group, "blkio.throttle.io_service_bytes_recursive", \.readBytes, \.writtenBytes, &devices)
        try addLegacyIO(group, "blkio.throttle.io_serviced_recursive", \.reads, \.writes, &devices)
        return devices
    }

    private static func addLegacyIO(
        _ group: CgroupDirectory, _ file: String, _ read: WritableKeyPath<CgroupStatistics.Device, UInt64>,
        _ write: WritableKeyPath<CgroupStatistics.Device, UInt64>, _ devices: inout [CgroupStatistics.Device]
    ) throws(CgroupError) {
        for line in try (group.readIfThere(file) ?? []).split(separator: UInt8(ascii: "\n")) {
            // 8:0 Read 4096, and a line "Total 4096" at the end
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count == 3, let number = deviceNumber(fields[0]),
                let value = CgroupText.number(fields[2])
            else { continue }
            let known = devices.firstIndex { $0.major == number.major && $0.minor == number.minor }
            let index = known ?? devices.count
            if known == nil { devices.append(.init(major: number.major, minor: number.minor)) }
            if fields[1].elementsEqual("Read".utf8) { devices[index][keyPath: read] = value }
            if fields[1].elementsEqual("Write".utf8) { devices[index][keyPath: write] = value }
        }
    }

    private static func deviceNumber(_ text: ArraySlice<UInt8>) -> (major: UInt32, minor: UInt32)? {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            let major = CgroupText.number(text[..<colon]), let minor = CgroupText.number(text[(colon + 1)...])
        else { return nil }
        return (UInt32(clamping: major), UInt32(clamping: minor))
    }

    // MARK: Huge pages

    private func hugepageStatistics(_ group: CgroupDirectory) throws(CgroupError) -> [CgroupStatistics
        .HugePages]
    {
        let legacy = legacyDirectory(.hugetlb)
        var found: [CgroupStatistics.HugePages] = []
        for size in HugePageSizes.names() {
            let prefix = "hugetlb.\(size)."
            var pages = CgroupStatistics.HugePages(pageSize: size)
            if let legacy {
                guard let usage = try legacy.number(prefix + "usage_in_bytes") else { continue }
                pages.usage = usage
                pages.peak = try legacy.number(prefix + "max_usage_in_bytes") ?? 0
                pages.limit = Self.limit(try legacy.number(prefix + "limit_in_bytes"))
                pages.failures = try legacy.number(prefix + "failcnt") ?? 0
            } else {
                guard let usage = try group.number(prefix + "current") else { continue }
                pages.usage = usage
                pages.limit = Self.limit(try group.number(prefix + "max"))
                pages.failures = try group.value(prefix + "events", "max") ?? 0
            }
            found.append(pages)
        }
        return found
    }
}
