import OCISpec

/// What version 1 hierarchies tell beside `CgroupStatistics`, and readers of runc's `events` look for.
struct LegacyStatistics: Sendable {
    /// Nanoseconds of each processor.
    private(set) var usageByProcessor: [UInt64] = []
    private(set) var systemByProcessor: [UInt64] = []
    private(set) var userByProcessor: [UInt64] = []
    /// The numbers of those that the container may use.
    private(set) var processors: [UInt64] = []
    private(set) var memoryNodes: [UInt64] = []
    /// Of each of `cpusetFiles`; 0 where there is none.
    private(set) var cpusetValues = [Int64](repeating: 0, count: cpusetFiles.count)
    /// Limits are as the kernel has them: without one, its greatest number.
    private(set) var memoryLimit: UInt64?
    /// Memory and swap together.
    private(set) var swap: Memory?
    private(set) var kernel: Memory?
    private(set) var kernelTCP: Memory?

    /// In bytes.
    struct Memory: Sendable {
        var limit: UInt64
        var usage: UInt64
        /// The most it was.
        var peak: UInt64
        var limitHits: UInt64

        fileprivate init?(_ group: CgroupDirectory, _ name: String) throws(CgroupError) {
            guard let usage = try group.number(name + "usage_in_bytes") else { return nil }
            self.usage = usage
            limit = try group.number(name + "limit_in_bytes") ?? .max
            peak = try group.number(name + "max_usage_in_bytes") ?? 0
            limitHits = try group.number(name + "failcnt") ?? 0
        }
    }

    /// In the order of runc's documents, without `cpuset.`: cpuset(7).
    private static let cpusetFiles = [
        "cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
        "memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level",
    ]

    init(_ cgroup: borrowing ContainerCgroup) throws(CgroupError) {
        if let group = cgroup.legacyDirectory(named: "cpuacct") {
            usageByProcessor = try Self.numbers(group, "cpuacct.usage_percpu")
            systemByProcessor = try Self.numbers(group, "cpuacct.usage_percpu_sys")
            userByProcessor = try Self.numbers(group, "cpuacct.usage_percpu_user")
        }
        if let group = cgroup.legacyDirectory(.cpuset) {
            processors = try Self.members(group, "cpuset.cpus")
            memoryNodes = try Self.members(group, "cpuset.mems")
            for (index, name) in Self.cpusetFiles.enumerated() {
                let text = String(decoding: try group.readIfThere("cpuset." + name) ?? [], as: UTF8.self)
                cpusetValues[index] = Int64(text.prefix { $0 != "\n" }) ?? 0
            }
        }
        if let group = cgroup.legacyDirectory(.memory) {
            memoryLimit = try group.number("memory.limit_in_bytes")
            swap = try Memory(group, "memory.memsw.")
            kernel = try Memory(group, "memory.kmem.")
            kernelTCP = try Memory(group, "memory.kmem.tcp.")
        }
    }

    private static func numbers(_ group: CgroupDirectory, _ file: String) throws(CgroupError) -> [UInt64] {
        CgroupText.words(try group.readIfThere(file) ?? []).compactMap { CgroupText.number($0) }
    }

    /// A list such as `0-3,8`.
    private static func members(_ group: CgroupDirectory, _ file: String) throws(CgroupError) -> [UInt64] {
        let text = try group.readIfThere(file) ?? []
        return text.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }.flatMap { range in
            let ends = range.split(separator: UInt8(ascii: "-")).compactMap { CgroupText.number($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [UInt64]() }
            return Array(first...last)
        }
    }

    // MARK: JSON

    func encodeProcessors(to json: inout JSONWriter) {
        json.nonEmpty("percpu", usageByProcessor)
        json.nonEmpty("percpu_kernel", systemByProcessor)
        json.nonEmpty("percpu_user", userByProcessor)
    }

    func encodeCPUSet(to json: inout JSONWriter) {
        json.nonEmpty("cpus", processors)
        for (name, value) in zip(Self.cpusetFiles, cpusetValues) {
            if name == "mem_hardwall" { json.nonEmpty("mems", memoryNodes) }
            json.member(name, value)
        }
    }
}
