import Glibc

/// What a group may use, as its files say now; what the statistics tell anyway is not repeated.
public struct CgroupSettings: Equatable, Sendable {
    /// In version 1's measure, whose default is 1024.
    public var cpuShares: UInt64 = 1024
    /// Microseconds.
    public var cpuPeriod: UInt64 = 100_000
    /// Microseconds of each period; nil without a limit.
    public var cpuQuota: UInt64?
    /// Bytes that the kernel leaves to the group when memory is short; nil without.
    public var memoryReservation: UInt64?
    /// Bytes as in the kernel's file: of swap in version 2, of memory and swap together in version 1; nil without a
    /// limit.
    public var swapLimit: UInt64?

    /// The kernel's defaults: also those of a container that has no group of its own for a controller.
    public init() {}
}

extension ContainerCgroup {
    /// - Throws: `gone` when its group is not there.
    public func settings() throws(CgroupError) -> CgroupSettings {
        let group = try requireUnified()
        var settings = CgroupSettings()
        if let directory = legacyDirectory(.cpu) {
            try settings.readLegacyCPU(directory)
        } else {
            try settings.readCPU(group)
        }
        if let directory = legacyDirectory(.memory) {
            settings.memoryReservation = Self.limit(try directory.number("memory.soft_limit_in_bytes"))
            settings.swapLimit = Self.limit(try directory.number("memory.memsw.limit_in_bytes"))
        } else {
            // A kubelet with memory QoS sets one, other limits the other.
            let reserved = [try group.number("memory.min"), try group.number("memory.low")]
            settings.memoryReservation = Self.limit(reserved.compactMap(\.self).max())
            settings.swapLimit = Self.limit(try group.number("memory.swap.max"))
        }
        if settings.memoryReservation == 0 { settings.memoryReservation = nil }
        return settings
    }
}

extension CgroupSettings {
    fileprivate mutating func readLegacyCPU(_ group: CgroupDirectory) throws(CgroupError) {
        cpuShares = try group.number("cpu.shares") ?? cpuShares
        cpuPeriod = try group.number("cpu.cfs_period_us") ?? cpuPeriod
        // -1 without a limit, which is no number here.
        cpuQuota = try group.number("cpu.cfs_quota_us")
    }

    fileprivate mutating func readCPU(_ group: CgroupDirectory) throws(CgroupError) {
        if let weight = try group.number("cpu.weight") { cpuShares = CPUController.shares(weight: weight) }
        guard let bytes = try group.readIfThere("cpu.max") else { return }
        let words = CgroupText.words(bytes)
        guard words.count == 2 else { return }
        cpuPeriod = CgroupText.number(words[1]) ?? cpuPeriod
        if !words[0].elementsEqual("max".utf8) { cpuQuota = CgroupText.number(words[0]) }
    }
}
