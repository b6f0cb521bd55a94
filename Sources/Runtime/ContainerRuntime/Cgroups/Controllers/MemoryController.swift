import OCISpec

/// Memory and swap limits (config-linux.md, Memory).
struct MemoryController: ResourceController {
    static let kind = CgroupController.memory
    static let field = "linux.resources.memory"

    private let memory: RuntimeSpec.Resources.Memory

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let memory = resources.memory else { return nil }
        let limits = [memory.limit, memory.swap, memory.reservation, memory.kernel, memory.kernelTCP]
        let isAsked =
            limits.contains { ($0 ?? 0) != 0 } || memory.swappiness != nil || memory.disableOOMKiller == true
        guard isAsked else { return nil }
        self.memory = memory
    }

    private var limit: Int64 { memory.limit ?? 0 }
    private var swap: Int64 { memory.swap ?? 0 }
    private var reservation: Int64 { memory.reservation ?? 0 }

    // MARK: Version 2

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        warnAboutKernelMemory(&warnings)
        if memory.swappiness != nil {
            warnings.append("\(Self.field).swappiness is ignored: cgroup version 2 has none per group")
        }
        if memory.disableOOMKiller == true {
            warnings.append("\(Self.field).disableOOMKiller is ignored: cgroup version 2 cannot")
        }
        try checkUsage(group)
        if let text = try unifiedSwap(group) {
            // Without swap accounting there is no file, and nothing to say that these two would not.
            let isThere = try group.writeIfThere("memory.swap.max", text)
            if !isThere && text != "max" && text != "0" {
                throw group.refusal("memory.swap.max", text, .noEntry)
            }
        }
        if limit != 0 { try group.write("memory.max", Self.unifiedText(limit)) }
        if reservation != 0 { try group.write("memory.low", Self.unifiedText(reservation)) }
    }

    /// - Returns: nil to leave it as it is.
    private func unifiedSwap(_ group: CgroupDirectory) throws(CgroupError) -> String? {
        var memory = memory
        // An update of swap alone: what the memory limit is, the group knows.
        if swap > 0, limit == 0, let current = try group.number("memory.max") {
            memory.limit = Int64(exactly: current)
        }
        return try memory.swapAlone().map { $0 == .max ? "max" : String($0) }
    }

    private static func unifiedText(_ value: Int64) -> String { value < 0 ? "max" : String(value) }

    /// On request, refuses a limit that would at once have processes killed.
    func checkUsage(_ group: CgroupDirectory) throws(CgroupError) {
        guard memory.checkBeforeUpdate == true, let usage = try group.number("memory.current") else { return }
        if limit > 0 && UInt64(limit) <= usage {
            throw .invalid(
                field: "\(Self.field).limit", reason: "rejecting memory limit \(limit) <= usage \(usage)")
        }
        if swap > 0 && UInt64(swap) <= usage {
            throw .invalid(
                field: "\(Self.field).swap", reason: "rejecting memory+swap limit \(swap) <= usage \(usage)")
        }
    }

    // MARK: Version 1

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        warnAboutKernelMemory(&warnings)
        try applyLegacyLimits(group)
        if reservation != 0 { try group.write("memory.soft_limit_in_bytes", reservation) }
        if memory.disableOOMKiller == true { try group.write("memory.oom_control", "1") }
        if let swappiness = memory.swappiness {
            guard swappiness <= 100 else {
                throw .invalid(
                    field: "\(Self.field).swappiness", reason: "\(swappiness) is out of range, 0 to 100")
            }
            try group.write("memory.swappiness", swappiness)
        }
    }

    /// The kernel demands limit <= memory+swap limit after each single write, so the order depends on which
    /// way they go.
    private func applyLegacyLimits(_ group: CgroupDirectory) throws(CgroupError) {
        if limit == -1 && swap == 0 {
            _ = try group.writeIfThere("memory.memsw.limit_in_bytes", "-1")
            try writeLegacyLimit(group)
        } else if limit != 0 && swap != 0 {
            let current = try group.number("memory.limit_in_bytes") ?? 0
            if swap == -1 || current < UInt64(swap) {
                try writeLegacySwap(group)
                try writeLegacyLimit(group)
            } else {
                try writeLegacyLimit(group)
                try writeLegacySwap(group)
            }
        } else {
            if limit != 0 { try writeLegacyLimit(group) }
            if swap != 0 { try writeLegacySwap(group) }
        }
    }

    private func writeLegacyLimit(_ group: CgroupDirectory) throws(CgroupError) {
        guard let errno = group.attempt("memory.limit_in_bytes", String(limit)) else { return }
        // The kernel could not reclaim enough.
        if errno == .busy, let usage = try group.number("memory.usage_in_bytes") {
            throw .invalid(
                field: "\(Self.field).limit",
                reason: "unable to set memory limit to \(limit) (current usage: \(usage)) in \(group.path)")
        }
        throw group.refusal("memory.limit_in_bytes", String(limit), errno)
    }

    private func writeLegacySwap(_ group: CgroupDirectory) throws(CgroupError) {
        let isThere = try group.writeIfThere("memory.memsw.limit_in_bytes", String(swap))
        if !isThere && swap != -1 {
            throw group.refusal("memory.memsw.limit_in_bytes", String(swap), .noEntry)
        }
    }

    // MARK: Both

    private func warnAboutKernelMemory(_ warnings: inout [String]) {
        if (memory.kernel ?? 0) != 0 || (memory.kernelTCP ?? 0) != 0 {
            warnings.append("\(Self.field): kernel and kernelTCP are ignored, the kernel has given them up")
        }
        if memory.useHierarchy == false {
            warnings.append("\(Self.field).useHierarchy is ignored: groups always count those below them")
        }
    }
}

extension RuntimeSpec.Resources.Memory {
    /// Version 2 and systemd limit swap alone, the configuration memory and swap together.
    /// - Returns: nil to leave it as it is; the largest number for no limit.
    func swapAlone() throws(CgroupError) -> UInt64? {
        let field = "linux.resources.memory.swap"
        let limit = limit ?? 0
        let swap = swap ?? 0
        if swap == -1 || (swap == 0 && limit == -1) { return .max }
        if swap == 0 { return nil }
        guard limit != 0 else {
            throw .invalid(field: field, reason: "unable to set swap limit without memory limit")
        }
        guard swap > 0, swap >= limit else {
            throw .invalid(
                field: field, reason: "memory+swap limit \(swap) should be >= memory limit \(limit)")
        }
        return UInt64(limit < 0 ? swap : swap - limit)
    }
}
