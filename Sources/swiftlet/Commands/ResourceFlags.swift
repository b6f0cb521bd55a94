import ArgumentParser
import ContainerCLI

/// The limits of `run`, `create` and `update`, under docker's names.
struct ResourceFlags: ParsableArguments {
    @Option(
        name: [.customShort("m", allowingJoined: true), .long], parsing: .unconditional,
        help: "Memory, as 64m.")
    var memory: String?
    @Option(parsing: .unconditional, help: "Memory and swap together; -1 for no limit.")
    var memorySwap: String?
    @Option(parsing: .unconditional, help: "Memory that it keeps under pressure.")
    var memoryReservation: String?
    @Option(parsing: .unconditional, help: "Processors, as 1.5.")
    var cpus: String?
    @Option(
        name: [.customShort("c", allowingJoined: true), .long], parsing: .unconditional,
        help: "Its weight among others.")
    var cpuShares: UInt64?
    @Option(parsing: .unconditional, help: "The scheduler's period in microseconds.")
    var cpuPeriod: UInt64?
    @Option(parsing: .unconditional, help: "Processor time in each period, in microseconds.")
    var cpuQuota: Int64?
    @Option(parsing: .unconditional, help: "Processors by number, as 0-3,7.")
    var cpusetCpus: String?
    @Option(parsing: .unconditional, help: "Memory nodes by number.")
    var cpusetMems: String?
    @Option(parsing: .unconditional, help: "Processes and threads; -1 for no limit.")
    var pidsLimit: Int64?

    /// What the options ask for. As with docker, a zero is as good as nothing.
    var request: ResourceRequest {
        get throws {
            var limits = ResourceRequest()
            limits.memory = try memory.map { try ByteSize(parsing: $0).bytes }.unlessZero
            limits.memorySwap = try memorySwap.map { $0 == "-1" ? -1 : try ByteSize(parsing: $0).bytes }
                .unlessZero
            limits.memoryReservation = try memoryReservation.map { try ByteSize(parsing: $0).bytes }
                .unlessZero
            limits.cpus = try cpus.flatMap { Double($0) == 0 ? nil : try CPUAmount(parsing: $0) }
            limits.cpuShares = cpuShares.unlessZero
            limits.cpuPeriod = cpuPeriod.unlessZero
            limits.cpuQuota = cpuQuota.unlessZero
            limits.cpusetCPUs = cpusetCpus.unlessEmpty
            limits.cpusetMems = cpusetMems.unlessEmpty
            limits.pidsLimit = pidsLimit
            return limits
        }
    }
}

extension Optional where Wrapped: BinaryInteger {
    fileprivate var unlessZero: Wrapped? { self == 0 ? nil : self }
}

extension ResourceFlags {
    /// Takes every option from plain words.
    init(_ words: inout PlainWords) {
        self.init()
        memory = words.text("memory")
        memorySwap = words.text("memory-swap")
        memoryReservation = words.text("memory-reservation")
        cpus = words.text("cpus")
        cpuShares = words.value("cpu-shares")
        cpuPeriod = words.value("cpu-period")
        cpuQuota = words.value("cpu-quota")
        cpusetCpus = words.text("cpuset-cpus")
        cpusetMems = words.text("cpuset-mems")
        pidsLimit = words.value("pids-limit")
    }
}
