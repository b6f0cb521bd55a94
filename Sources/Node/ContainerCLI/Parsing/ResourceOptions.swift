import Glibc

/// `NAME=SOFT[:HARD]` of `--ulimit`.
public struct UlimitOption: Equatable, Sendable {
    /// `nofile`, as after `ulimit`.
    public let name: String
    public let soft: UInt64
    public let hard: UInt64

    /// As the runtime specification wants it, `RLIMIT_NOFILE`.
    public var type: String { "RLIMIT_" + name.uppercasedASCII }

    static let names: Set<String> = [
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
        "rss",
        "rtprio", "rttime", "sigpending", "stack",
    ]

    public init(parsing text: String) throws(UsageError) {
        let pair = try KeyValue(parsing: text, what: "ulimit")
        guard Self.names.contains(pair.key) else {
            throw UsageError("invalid ulimit '\(text)': unknown limit '\(pair.key)'")
        }
        let parts = pair.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        func limit(_ word: Substring) throws(UsageError) -> UInt64 {
            if word == "-1" || word == "unlimited" { return .max }
            guard let value = UInt64(word) else {
                throw UsageError("invalid ulimit '\(text)': wanted is NAME=SOFT[:HARD]")
            }
            return value
        }
        name = pair.key
        soft = try limit(parts.first ?? "")
        hard = try parts.count > 1 ? limit(parts[1]) : soft
        if soft > hard { throw UsageError("invalid ulimit '\(text)': the soft limit is above the hard one") }
    }
}

/// `HOST[:CONTAINER][:rwm]` of `--device`.
public struct DeviceOption: Equatable, Sendable {
    public let hostPath: String
    public let containerPath: String
    /// Of read, write, mknod: `rwm`.
    public let access: String

    public init(hostPath: String, containerPath: String, access: String) {
        self.hostPath = hostPath
        self.containerPath = containerPath
        self.access = access
    }

    public init(parsing text: String) throws(UsageError) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var access = "rwm"
        if parts.count > 1, let last = parts.last, Self.isAccess(last) {
            access = last
            parts.removeLast()
        }
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.hasPrefix("/") }) else {
            throw UsageError("invalid device '\(text)': wanted is HOST[:CONTAINER][:rwm] with absolute paths")
        }
        hostPath = normalizedPath(parts[0])
        containerPath = normalizedPath(parts.last ?? parts[0])
        self.access = access
    }

    /// Letters of `rwm`, each at most once.
    public static func isAccess(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.allSatisfy { "rwm".utf8.contains($0) }
            && Set(word.utf8).count == word.utf8.count
    }
}

/// `--cpus`: processor time, in billionths of a processor.
public struct CPUAmount: Equatable, Sendable {
    public let nano: Int64

    public init(parsing text: String) throws(UsageError) {
        guard let value = Double(text), value.isFinite, value > 0, value < 1e6 else {
            throw UsageError("invalid number of processors '\(text)'")
        }
        nano = Int64((value * 1e9).rounded())
        if nano < 10_000_000 { throw UsageError("invalid number of processors '\(text)': at least 0.01") }
    }

    /// - Returns: nil for what `--cpus` does not ask for: another period, or no limit.
    init?(quota: Int64?, period: UInt64?) {
        guard period == Self.period, let quota, (1...(.max / 10_000)).contains(quota) else { return nil }
        nano = quota * 10_000
    }

    /// The period in which the scheduler counts, in microseconds.
    public static let period: UInt64 = 100_000

    /// Microseconds of processor time in each period.
    public var quota: Int64 { nano / (1_000_000_000 / Int64(Self.period)) }
}

/// `--cpuset-cpus`, `--cpuset-mems`: `0-3,7`.
public enum CPUList {
    /// - Parameter count: how many there are on this machine; nil: not looked at.
    public static func check(_ text: String, option: String, of count: Int? = nil) throws(UsageError) {
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
            let valid: Bool
            switch ends.count {
            case 1: valid = ends[0] != nil
            case 2: if let low = ends[0], let high = ends[1] { valid = low <= high } else { valid = false }
            default: valid = false
            }
            if !valid { throw UsageError("invalid \(option) '\(text)': wanted is a list as 0-3,7") }
            if let count, let last = ends.last, let last, last >= count {
                throw UsageError("\(option) '\(text)': this machine has the processors 0-\(count - 1)")
            }
        }
    }
}

/// The limits of a container as the command line gives them.
public struct ResourceRequest: Equatable, Sendable {
    /// Bytes.
    public var memory: Int64?
    public var memoryReservation: Int64?
    /// Memory and swap together, in bytes; -1 for no limit.
    public var memorySwap: Int64?
    public var cpus: CPUAmount?
    public var cpuShares: UInt64?
    public var cpuPeriod: UInt64?
    public var cpuQuota: Int64?
    public var cpusetCPUs: String?
    public var cpusetMems: String?
    /// -1 for no limit.
    public var pidsLimit: Int64?

    public init() {}

    /// The smallest limit that leaves a process room to start.
    public static let minimumMemory: Int64 = 6 << 20

    /// What contradicts itself is refused, and what this machine does not have.
    /// - Parameters:
    ///   - usable: processors that run.
    ///   - configured: processors that have a number, those that are switched off included.
    public func check(
        usable: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN)),
        configured: Int = sysconf(Int32(_SC_NPROCESSORS_CONF))
    ) throws(UsageError) {
        if let memory, memory < Self.minimumMemory { throw UsageError("--memory must be at least 6m") }
        if let cpus, cpus.nano > Int64(usable) * 1_000_000_000 {
            throw UsageError(
                "--cpus \(HumanUnits.fixed(Double(cpus.nano) / 1e9, 9, trimmed: true)): this machine has \(usable) processors, so from 0.01 to \(usable).00 are possible"
            )
        }
        if let memorySwap, memorySwap != -1 {
            guard let memory else { throw UsageError("--memory-swap needs --memory") }
            if memorySwap < memory { throw UsageError("--memory-swap must not be below --memory") }
        }
        if let memoryReservation, let memory, memoryReservation > memory {
            throw UsageError("--memory-reservation must not be above --memory")
        }
        if cpus != nil, cpuPeriod != nil || cpuQuota != nil {
            throw UsageError("--cpus cannot be combined with --cpu-period or --cpu-quota")
        }
        if let cpuPeriod, !(1000...1_000_000).contains(cpuPeriod) {
            throw UsageError("--cpu-period must be between 1000 and 1000000 microseconds")
        }
        if let cpuQuota, cpuQuota != -1, cpuQuota < 1000 {
            throw UsageError("--cpu-quota must be at least 1000 microseconds")
        }
        if let cpusetCPUs { try CPUList.check(cpusetCPUs, option: "--cpuset-cpus", of: configured) }
        if let cpusetMems { try CPUList.check(cpusetMems, option: "--cpuset-mems") }
        if let pidsLimit, pidsLimit < -1 { throw UsageError("--pids-limit must be a number, or -1 for none") }
    }

    /// What the memory controller gets as the limit of memory and swap together: twice the memory limit when
    /// nothing else is said.
    public var effectiveMemorySwap: Int64? {
        if let memorySwap { return memorySwap }
        return memory.map { $0 > .max / 2 ? .max : $0 * 2 }
    }
}

extension String {
    /// Upper case of the ASCII letters only.
    var uppercasedASCII: String {
        String(decoding: utf8.map { (97...122).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
    }

    /// Lower case of the ASCII letters only.
    var lowercasedASCII: String {
        String(decoding: utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
