extension RuntimeSpec.Resources {
    /// These limits with those that an update names in their place.
    package func updated(by update: RuntimeSpec.Resources) -> RuntimeSpec.Resources {
        var result = self
        if let memory = update.memory {
            var merged = result.memory ?? Memory()
            merged.limit = memory.limit ?? merged.limit
            merged.swap = memory.swap ?? merged.swap
            merged.reservation = memory.reservation ?? merged.reservation
            result.memory = merged
        }
        if let cpu = update.cpu {
            var merged = result.cpu ?? CPU()
            merged.shares = cpu.shares ?? merged.shares
            merged.quota = cpu.quota ?? merged.quota
            merged.period = cpu.period ?? merged.period
            merged.cpus = cpu.cpus ?? merged.cpus
            merged.mems = cpu.mems ?? merged.mems
            result.cpu = merged
        }
        if let pids = update.pids { result.pids = pids }
        for limit in update.hugepageLimits {
            result.hugepageLimits.removeAll { $0.pageSize == limit.pageSize }
            result.hugepageLimits.append(limit)
        }
        for (name, value) in update.unified { result.unified[name] = value }
        return result
    }
}
