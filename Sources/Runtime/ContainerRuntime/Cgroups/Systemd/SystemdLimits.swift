import OCISpec

/// What a configuration's limits are called among systemd's properties (systemd.resource-control(5)), as far as
/// it has them. The manager sets them when it makes the group, and again whenever it looks after its slice; that
/// is why it has to know them. The rest, and every value as exact as it was asked for, is written to the files
/// afterwards. Names and forms of systemd 247.
package struct SystemdLimits {
    package private(set) var properties: [SystemdProperty] = []
    private let isUnified: Bool

    /// - Parameter isUnified: false on a host with version 1 controllers, where weights keep that version's numbers.
    ///   Everything else systemd converts without loss.
    package init(_ resources: RuntimeSpec.Resources, isUnified: Bool) throws(CgroupError) {
        self.isUnified = isUnified
        try addMemory(resources.memory)
        try addCPU(resources.cpu)
        if let weight = resources.blockIO?.weight, weight != 0 {
            if isUnified {
                set("IOWeight", .uint64(BlockIOController.unifiedWeight(weight)))
            } else {
                set("BlockIOWeight", .uint64(UInt64(weight)))
            }
        }
        if let limit = resources.pids?.limit {
            set("TasksMax", .uint64(limit > 0 ? UInt64(limit) : .max))
        }
        for (file, value) in resources.unified { try add(file: file, value, resources.unified) }
    }

    private mutating func set(_ name: String, _ value: DBusValue) {
        properties.removeAll { $0.name == name }
        properties.append(SystemdProperty(name, value))
    }

    // MARK: Memory

    private mutating func addMemory(_ memory: RuntimeSpec.Resources.Memory?) throws(CgroupError) {
        guard let memory else { return }
        let limit = memory.limit ?? 0
        let reservation = memory.reservation ?? 0
        if limit != 0 { set("MemoryMax", .uint64(Self.amount(limit))) }
        if reservation != 0 { set("MemoryLow", .uint64(Self.amount(reservation))) }
        if let swap = try memory.swapAlone() { set("MemorySwapMax", .uint64(swap)) }
    }

    /// -1 is unlimited, which is the largest number here.
    private static func amount(_ value: Int64) -> UInt64 { value < 0 ? .max : UInt64(value) }

    // MARK: Processor

    private mutating func addCPU(_ cpu: RuntimeSpec.Resources.CPU?) throws(CgroupError) {
        guard let cpu else { return }
        let shares = cpu.shares ?? 0
        // Since systemd 252 a weight of 0 stands for idle.
        if cpu.idle == 1 {
            set("CPUWeight", .uint64(0))
        } else if shares != 0 {
            if isUnified {
                set("CPUWeight", .uint64(CPUController.weight(shares: shares)))
            } else {
                set("CPUShares", .uint64(shares))
            }
        }
        addBandwidth(quota: cpu.quota ?? 0, period: cpu.period ?? 0)
        if let cpus = cpu.cpus { try addSet("AllowedCPUs", cpus, "linux.resources.cpu.cpus") }
        if let mems = cpu.mems { try addSet("AllowedMemoryNodes", mems, "linux.resources.cpu.mems") }
    }

    /// - Parameters: in microseconds; 0 is not set, and a negative quota unlimited.
    private mutating func addBandwidth(quota: Int64, period: UInt64) {
        if period != 0 { set("CPUQuotaPeriodUSec", .uint64(period)) }
        guard quota != 0 || period != 0 else { return }
        var perSecond = UInt64.max
        if quota > 0 {
            let (product, overflow) = UInt64(quota).multipliedReportingOverflow(by: 1_000_000)
            // systemd counts in percent: rounded up, so that groups below can have what was asked for.
            if !overflow { perSecond = roundUp(product / (period == 0 ? 100_000 : period), to: 10_000) }
        }
        set("CPUQuotaPerSecUSec", .uint64(perSecond))
    }

    private func roundUp(_ value: UInt64, to step: UInt64) -> UInt64 {
        let (sum, overflow) = value.addingReportingOverflow(step - 1)
        return overflow ? .max : sum / step * step
    }

    private mutating func addSet(_ name: String, _ list: String, _ field: String) throws(CgroupError) {
        if list.isEmpty { return }
        guard let bits = Self.bits(list) else {
            throw .invalid(field: field, reason: "'\(list)' is not a list like 0-3,7")
        }
        set(name, .bytes(bits))
    }

    /// A list such as `0-3,7` as a mask, the lowest number in the lowest bit of the first byte.
    /// - Returns: nil for what is no such list.
    package static func bits(_ list: String) -> [UInt8]? {
        // More than any kernel has.
        let limit = 1 << 16
        var bytes: [UInt8] = []
        for range in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map {
                $0.filter { $0 != " " }
            }
            guard (1...2).contains(ends.count), let first = UInt32(ends[0]), let last = UInt32(ends.last!),
                first <= last, last < limit
            else { return nil }
            for number in Int(first)...Int(last) {
                while bytes.count <= number / 8 { bytes.append(0) }
                bytes[number / 8] |= 1 << (number % 8)
            }
        }
        return bytes
    }

    // MARK: Files of version 2

    /// A file that systemd has no property for is left to be written; so is what a file takes beyond a number.
    private mutating func add(
        file: String, _ text: String, _ files: SortedMap<String>
    ) throws(CgroupError) {
        let words = text.split { $0 == " " || $0 == "\n" || $0 == "\t" }
        func number(_ word: Substring?) throws(CgroupError) -> UInt64 {
            if word == "max" { return .max }
            guard let word, words.count <= 2, let value = UInt64(word) else {
                throw .invalid(
                    field: "linux.resources.unified '\(file)'", reason: "'\(text)' is not a number")
            }
            return value
        }
        let isIdle = files["cpu.idle"]?.first == "1"
        switch file {
        case "memory.min": set("MemoryMin", .uint64(try number(words.first)))
        case "memory.low": set("MemoryLow", .uint64(try number(words.first)))
        case "memory.high": set("MemoryHigh", .uint64(try number(words.first)))
        case "memory.max": set("MemoryMax", .uint64(try number(words.first)))
        case "memory.swap.max": set("MemorySwapMax", .uint64(try number(words.first)))
        case "pids.max": set("TasksMax", .uint64(try number(words.first)))
        case "cpu.idle": if isIdle { set("CPUWeight", .uint64(0)) }
        case "cpu.weight": if !isIdle { set("CPUWeight", .uint64(try number(words.first))) }
        case "cpu.max":
            let quota = try number(words.first)
            let period = words.count > 1 ? try number(words[1]) : 0
            addBandwidth(quota: quota == .max ? -1 : Int64(clamping: quota), period: period)
        case "cpuset.cpus": try addSet("AllowedCPUs", text, "linux.resources.unified '\(file)'")
        case "cpuset.mems": try addSet("AllowedMemoryNodes", text, "linux.resources.unified '\(file)'")
        case "io.weight":
            if words.count == 1 || words.first == "default" {
                set("IOWeight", .uint64(try number(words.last)))
            }
        default: return
        }
    }
}
