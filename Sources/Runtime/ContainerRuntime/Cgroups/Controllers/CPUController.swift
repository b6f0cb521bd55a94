import Glibc
import OCISpec

/// Shares and quotas of processor time (config-linux.md, CPU). Times are microseconds.
struct CPUController: ResourceController {
    static let kind = CgroupController.cpu
    static let field = "linux.resources.cpu"

    private let shares: UInt64
    private let quota: Int64
    private let period: UInt64
    private let burst: UInt64?
    private let realtimeRuntime: Int64
    private let realtimePeriod: UInt64
    private let idle: Int64?

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let cpu = resources.cpu else { return nil }
        shares = cpu.shares ?? 0
        quota = cpu.quota ?? 0
        period = cpu.period ?? 0
        burst = cpu.burst
        realtimeRuntime = cpu.realtimeRuntime ?? 0
        realtimePeriod = cpu.realtimePeriod ?? 0
        idle = cpu.idle
        let isAsked =
            shares != 0 || quota != 0 || period != 0 || burst != nil || realtimeRuntime != 0
            || realtimePeriod != 0 || idle != nil
        guard isAsked else { return nil }
    }

    // MARK: Version 2

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        if realtimeRuntime != 0 || realtimePeriod != 0 {
            throw .invalid(field: Self.field, reason: "cgroup version 2 has no realtime limits")
        }
        if let idle { try group.write("cpu.idle", idle) }
        // An idle group has no weight; the kernel refuses one.
        if shares != 0 && idle != 1 { try group.write("cpu.weight", Self.weight(shares: shares)) }
        try applyBandwidth(group, burstFile: "cpu.max.burst") { () throws(CgroupError) in
            if let text = try unifiedBandwidth(group) { try group.write("cpu.max", text) }
        }
    }

    /// `QUOTA PERIOD`; a lone quota leaves the period as it is.
    private func unifiedBandwidth(_ group: CgroupDirectory) throws(CgroupError) -> String? {
        if quota == 0 && period == 0 { return nil }
        if period == 0 { return quota < 0 ? "max" : String(quota) }
        if quota != 0 { return "\(quota < 0 ? "max" : String(quota)) \(period)" }
        // A lone period cannot be written: the quota comes first, so the one in force is repeated.
        let current = CgroupText.words(try group.read("cpu.max")).first
        return "\(current.map { String(decoding: $0, as: UTF8.self) } ?? "max") \(period)"
    }

    /// Version 1 counts from 2 to 262144 with 1024 as the default, version 2 from 1 to 10000 with 100. The
    /// curve goes through all three, as in runc from 1.3.2, crun from 1.23 and Kubernetes.
    static func weight(shares: UInt64) -> UInt64 {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let l = log2(Double(shares))
        let exponent = (l * l + 125 * l) / 612 - 7.0 / 34.0
        // Exact points of the curve must not be rounded up for the last bit of the calculation.
        return UInt64((pow(10, exponent) - 1e-9).rounded(.up))
    }

    /// The other way round. Weights are whole numbers, and so this is not always what was asked for.
    static func shares(weight: UInt64) -> UInt64 {
        if weight <= 1 { return 2 }
        if weight >= 10_000 { return 262_144 }
        let l = (sqrt(125 * 125 + 4 * 612 * (log10(Double(weight)) + 7.0 / 34.0)) - 125) / 2
        return UInt64(pow(2, l).rounded())
    }

    // MARK: Version 1

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        if let idle { try group.write("cpu.idle", idle) }
        if shares != 0 && idle != 1 {
            // The kernel would silently take the nearest value.
            guard shares >= 2 else {
                throw .invalid(field: "\(Self.field).shares", reason: "the minimum allowed cpu-shares is 2")
            }
            guard shares <= 262_144 else {
                throw .invalid(
                    field: "\(Self.field).shares", reason: "the maximum allowed cpu-shares is 262144")
            }
            try group.write("cpu.shares", shares)
        }
        try applyBandwidth(group, burstFile: "cpu.cfs_burst_us") { () throws(CgroupError) in
            try applyLegacyBandwidth(group)
        }
        if realtimePeriod != 0 { try group.write("cpu.rt_period_us", realtimePeriod) }
        if realtimeRuntime != 0 { try group.write("cpu.rt_runtime_us", realtimeRuntime) }
    }

    /// Two files: a shorter period with the old quota may exceed what the group above allows, and comes after
    /// the new quota then.
    private func applyLegacyBandwidth(_ group: CgroupDirectory) throws(CgroupError) {
        var periodIsDue = false
        if period != 0, let errno = group.attempt("cpu.cfs_period_us", String(period)) {
            if errno != .invalidArgument || quota == 0 {
                throw group.refusal("cpu.cfs_period_us", String(period), errno)
            }
            periodIsDue = true
        }
        if quota != 0 { try group.write("cpu.cfs_quota_us", quota) }
        if periodIsDue { try group.write("cpu.cfs_period_us", period) }
    }

    // MARK: Both

    /// Burst must not exceed the quota at any time: a smaller one is set before a smaller quota, a larger one
    /// is refused before the larger quota and set after it.
    private func applyBandwidth(
        _ group: CgroupDirectory, burstFile: String, _ bandwidth: () throws(CgroupError) -> Void
    ) throws(CgroupError) {
        guard let burst else { return try bandwidth() }
        let errno = group.attempt(burstFile, String(burst))
        if let errno, errno != .invalidArgument || quota == 0 {
            throw group.refusal(burstFile, String(burst), errno)
        }
        try bandwidth()
        if errno != nil { try group.write(burstFile, burst) }
    }
}
