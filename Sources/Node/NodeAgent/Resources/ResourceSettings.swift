import KubernetesAPI

/// What a KubeletConfiguration says of the node's resources, read once.
package struct ResourceSettings: Sendable {
    package struct Invalid: Error, CustomStringConvertible {
        let field: String
        let value: String
        let reason: String

        package var description: String { "\(field): invalid value \"\(value)\": \(reason)" }
    }

    /// A part of the node that limits hold for (`enforceNodeAllocatable`).
    enum Enforced: String {
        case pods
        case systemReserved = "system-reserved"
        case kubeReserved = "kube-reserved"
        /// Processor time alone, which nothing is killed for.
        case systemReservedCompressible = "system-reserved-compressible"
        case kubeReservedCompressible = "kube-reserved-compressible"
    }

    var groupsPerQOS = true
    var cgroupRoot = ""
    var cgroupDriver = "cgroupfs"
    var enforced: Set<Enforced> = []
    var kubeReserved = ResourceList()
    var systemReserved = ResourceList()
    var kubeReservedCgroup = ""
    var systemReservedCgroup = ""
    var reservedCPUs = CPUSet()
    var hasStaticCPUs = false
    var cpuOptions: [String: String] = [:]
    var hardEviction = ResourceThresholds()
    var maxPods = 110
    var podsPerCore = 0
    /// 0 and less: no limit.
    var podPidsLimit: Int64 = -1
    /// Microseconds; nil: limits of processor time hold nobody back.
    var quotaPeriod: Int64? = 100_000
    /// nil: MemoryQoS is off.
    var memoryThrottling: Double?
    /// What pods ask for is kept for them, by their classes.
    var reservesMemory = false
    var usesSwap = false
    /// nil: as the host's version of cgroups has it.
    var killsSingleProcess: Bool?

    package init(_ kubelet: KubeletConfiguration) throws {
        groupsPerQOS = kubelet.cgroupsPerQOS ?? true
        cgroupRoot = kubelet.cgroupRoot
        cgroupDriver = kubelet.cgroupDriver
        guard ["cgroupfs", "systemd"].contains(cgroupDriver) else {
            throw Invalid(
                field: "cgroupDriver", value: cgroupDriver, reason: "must be \"cgroupfs\" or \"systemd\"")
        }
        guard !cgroupRoot.split(separator: "/").contains("..") else {
            throw Invalid(field: "cgroupRoot", value: cgroupRoot, reason: "must not contain ..")
        }
        kubeReserved = try Self.reservation(kubelet.kubeReserved, "kubeReserved")
        systemReserved = try Self.reservation(kubelet.systemReserved, "systemReserved")
        guard let cpus = CPUSet(kubelet.reservedSystemCPUs) else {
            throw Invalid(
                field: "reservedSystemCPUs", value: kubelet.reservedSystemCPUs,
                reason: "must be a list of processors like 0-3,7")
        }
        reservedCPUs = cpus
        if !cpus.isEmpty {
            // The list says it for both.
            kubeReserved[.cpu] = nil
            systemReserved[.cpu] = Quantity(Int64(cpus.count))
        }
        kubeReservedCgroup = kubelet.kubeReservedCgroup
        systemReservedCgroup = kubelet.systemReservedCgroup
        hardEviction = try ResourceThresholds(kubelet.evictionHard)
        switch kubelet.cpuManagerPolicy {
        case "none", "": hasStaticCPUs = false
        case "static": hasStaticCPUs = true
        case let policy:
            throw Invalid(field: "cpuManagerPolicy", value: policy, reason: "must be \"none\" or \"static\"")
        }
        cpuOptions = kubelet.cpuManagerPolicyOptions
        maxPods = Int(kubelet.maxPods)
        podsPerCore = Int(kubelet.podsPerCore)
        podPidsLimit = kubelet.podPidsLimit ?? -1
        killsSingleProcess = kubelet.singleProcessOOMKill
        try readEnforcement(kubelet)
        try readQuota(kubelet)
        try readMemory(kubelet)
    }

    private static func reservation(_ text: [String: String], _ field: String) throws -> ResourceList {
        var list = ResourceList()
        for (name, value) in text {
            guard
                ["cpu", "memory", "ephemeral-storage", "pid"].contains(name) || name.hasPrefix("hugepages-")
            else {
                throw Invalid(field: field, value: name, reason: "cannot reserve this resource")
            }
            guard let quantity = Quantity(value) else {
                throw Invalid(field: "\(field)[\(name)]", value: value, reason: Quantity.wrongFormat)
            }
            guard quantity.sign >= 0 else {
                throw Invalid(field: "\(field)[\(name)]", value: value, reason: "must not be negative")
            }
            list[ResourceName(rawValue: name)] = quantity
        }
        return list
    }

    private mutating func readEnforcement(_ kubelet: KubeletConfiguration) throws {
        for word in kubelet.enforceNodeAllocatable where word != "none" && !word.isEmpty {
            guard let part = Enforced(rawValue: word) else {
                throw Invalid(
                    field: "enforceNodeAllocatable", value: word,
                    reason:
                        "valid values are none, pods, system-reserved, kube-reserved and these with -compressible"
                )
            }
            // With no groups of pods there is nothing to limit; the kubelet wants this said twice.
            if part == .pods && !groupsPerQOS { continue }
            enforced.insert(part)
        }
        let needs: [(Set<Enforced>, String, String)] = [
            ([.kubeReserved, .kubeReservedCompressible], kubeReservedCgroup, "kubeReservedCgroup"),
            ([.systemReserved, .systemReservedCompressible], systemReservedCgroup, "systemReservedCgroup"),
        ]
        for (parts, group, field) in needs where group.isEmpty {
            guard let part = enforced.intersection(parts).first else { continue }
            throw Invalid(
                field: field, value: "",
                reason: "enforceNodeAllocatable contains \(part.rawValue), so it must be set")
        }
        if !reservedCPUs.isEmpty && (!kubeReservedCgroup.isEmpty || !systemReservedCgroup.isEmpty) {
            throw Invalid(
                field: "reservedSystemCPUs", value: kubelet.reservedSystemCPUs,
                reason: "cannot be used with systemReservedCgroup or kubeReservedCgroup")
        }
    }

    private mutating func readQuota(_ kubelet: KubeletConfiguration) throws {
        guard kubelet.cpuCFSQuota ?? true else {
            quotaPeriod = nil
            return
        }
        let period = kubelet.cpuCFSQuotaPeriod ?? .milliseconds(100)
        // The kernel's own bounds.
        guard period >= .milliseconds(1), period <= .seconds(1) else {
            throw Invalid(
                field: "cpuCFSQuotaPeriod", value: "\(period)", reason: "must be between 1 ms and 1 s")
        }
        quotaPeriod =
            period.components.seconds * 1_000_000 + period.components.attoseconds / 1_000_000_000_000
    }

    private mutating func readMemory(_ kubelet: KubeletConfiguration) throws {
        if kubelet.featureGates["MemoryQoS"] == true {
            let factor = kubelet.memoryThrottlingFactor ?? 0.9
            guard factor > 0, factor <= 1 else {
                throw Invalid(
                    field: "memoryThrottlingFactor", value: "\(factor)",
                    reason: "must be greater than 0 and less than or equal to 1.0")
            }
            memoryThrottling = factor
            reservesMemory = kubelet.memoryReservationPolicy == .tieredReservation
        }
        switch kubelet.memorySwap.swapBehavior {
        case "", "NoSwap": usesSwap = false
        case "LimitedSwap": usesSwap = true
        case let word:
            throw Invalid(
                field: "memorySwap.swapBehavior", value: word, reason: "must be \"NoSwap\" or \"LimitedSwap\""
            )
        }
    }
}

extension ResourceSettings {
    /// - Parameter folder: of its state.
    func cpuManager(folder: String) throws -> CPUManager? {
        let options = try CPUManagerOptions(cpuOptions)
        guard hasStaticCPUs else {
            try CPUManager.refuseState(in: folder)
            return nil
        }
        let kept = (kubeReserved[.cpu] ?? .zero) + (systemReserved[.cpu] ?? .zero)
        return try CPUManager(
            topology: CPUTopology.read(), reserved: reservedCPUs, reservedCount: Int(clamping: kept.value),
            options: options, folder: folder)
    }
}

/// Hard thresholds of eviction that take something from what pods may have.
package struct ResourceThresholds: Equatable, Sendable {
    enum Amount: Equatable, Sendable {
        case quantity(Quantity)
        /// Of the capacity, 0 to 1.
        case part(Double)
    }

    var memory: Amount?
    var storage: Amount?

    init() {}

    init(_ hard: [String: String]) throws {
        memory = try Self.amount(hard, "memory.available")
        storage = try Self.amount(hard, "nodefs.available")
    }

    private static func amount(_ hard: [String: String], _ signal: String) throws -> Amount? {
        guard let text = hard[signal] else { return nil }
        let field = "evictionHard[\(signal)]"
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), (0...100).contains(percent) else {
                throw ResourceSettings.Invalid(field: field, value: text, reason: "must be 0% to 100%")
            }
            return .part(percent / 100)
        }
        guard let quantity = Quantity(text), quantity.sign >= 0 else {
            throw ResourceSettings.Invalid(field: field, value: text, reason: Quantity.wrongFormat)
        }
        return .quantity(quantity)
    }
}

extension ResourceThresholds.Amount {
    func of(_ capacity: Quantity) -> Quantity {
        switch self {
        case .quantity(let quantity): quantity
        case .part(let part): Quantity(Int64(Double(capacity.value) * part), format: .binarySI)
        }
    }
}
