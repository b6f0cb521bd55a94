import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

// Changing the limits and the restart policy of a container that exists: now, and for its next starts.

extension Engine {
    /// - Parameters:
    ///   - changes: what is left out stays as it is.
    ///   - restart: nil stays as it is.
    /// - Returns: what of it changes nothing, for the user; nil where all of it does.
    public func update(
        _ container: ContainerDefinition, _ changes: ResourceRequest, restart: RestartPolicy? = nil
    ) throws -> String? {
        if container.isDamaged {
            throw UsageError("container \(container.name) is damaged and can only be removed")
        }
        if container.removeAfterwards, let restart, restart != .no {
            throw UsageError("container \(container.name) is removed when it ends (--rm)")
        }
        return try store.change(container) {
            var update = try ContainerUpdate(of: try configuration(of: container), changes, restart)
            let deadline = monotonicMilliseconds() + Self.lockPatience
            while try !apply(&update, to: container) {
                if monotonicMilliseconds() > deadline {
                    throw UsageError("container \(container.name) is being worked on by another program")
                }
                usleep(2000)
            }
            // As docker takes it: what has no limit of memory has none of swap, whatever is said.
            if changes.memorySwap == nil || update.limitsMemory { return nil }
            return "container \(container.name) has no limit of memory: --memory-swap changes nothing"
        }
    }

    /// - Returns: false while the container is just being started, or ends: then it is to be looked at again.
    private func apply(_ update: inout ContainerUpdate, to container: ContainerDefinition) throws -> Bool {
        let status = try status(of: container)
        if try status.isSupervised, let shim = try shim(of: container) {
            do {
                return try apply(&update, to: container, status, by: shim)
            } catch let error as ShimError where error.isOfPassage {
                return false
            }
        }
        // Of one that is just being removed not even the lock's file may come back.
        guard try store.definition(container.id) != nil else {
            throw UsageError("no such container: \(container.name)")
        }
        // A shim that comes takes the lock before it reads anything of this.
        let folder = layout.container(container.id)
        guard let lock = try ContainerLock.tryTake(folder: folder) else { return false }
        try update.write(in: folder)
        if let restart = update.restart {
            var supervision = try Supervision.read(in: folder)
            supervision.restart = restart
            try supervision.write(in: folder)
        }
        _ = consume lock
        return true
    }

    private func apply(
        _ update: inout ContainerUpdate, to container: ContainerDefinition, _ status: LiveStatus,
        by shim: consuming ShimClient
    ) throws -> Bool {
        let folder = layout.container(container.id)
        // First what may be refused. Between two runs there is nothing to change but the configuration.
        if let limits = update.limits, [.created, .running, .paused].contains(status.phase) {
            do {
                try shim.update(container.id, limits)
            } catch {
                if error.isOfPassage { throw error }
                // Limits before the one that was refused hold already.
                do {
                    try shim.update(container.id, limits.undone(to: update.presentLimits))
                } catch let failure {
                    throw UsageError("\(error); some of the new limits hold, and stay: \(failure)")
                }
                try update.takeBack(in: folder)
                throw error
            }
        }
        try update.write(in: folder)
        if let restart = update.restart { try shim.setRestartPolicy(container.id, restart) }
        // One that was started in between may have the old limits.
        if update.limits == nil { return true }
        return try self.status(of: container).startedAt == status.startedAt
    }
}

/// What an update makes of a container.
private struct ContainerUpdate {
    private let present: RuntimeSpec
    private let wanted: RuntimeSpec
    private var isWritten = false
    /// What the kernel has to be told; nil when limits stay as they are.
    let limits: RuntimeSpec.Resources?
    let restart: RestartPolicy?

    /// - Parameter present: the container's config.json.
    init(
        of present: RuntimeSpec, _ changes: ResourceRequest, _ restart: RestartPolicy?
    ) throws(UsageError) {
        let (all, changed) = try changes.update(of: present.linux?.resources ?? RuntimeSpec.Resources())
        var wanted = present
        wanted.linux?.resources = all
        self.present = present
        self.wanted = wanted
        limits = changed == RuntimeSpec.Resources() ? nil : changed
        self.restart = restart
    }

    var limitsMemory: Bool { wanted.linux?.resources?.memory?.limit != nil }

    var presentLimits: RuntimeSpec.Resources { present.linux?.resources ?? RuntimeSpec.Resources() }

    /// What holds from the next start on.
    mutating func write(in folder: String) throws(KernelError) {
        if limits == nil { return }
        try writeNewFile(folder + "/config.json", wanted.json())
        isWritten = true
    }

    mutating func takeBack(in folder: String) throws(KernelError) {
        if isWritten { try writeNewFile(folder + "/config.json", present.json()) }
        isWritten = false
    }
}

extension ShimError {
    /// The container is on its way from one state to the next, or the shim has ended.
    fileprivate var isOfPassage: Bool {
        switch self {
        case .gone: true
        case .failed(let failure): failure.kind == .wrongState
        default: false
        }
    }
}

extension ResourceRequest {
    /// What a container's limits become, and what the kernel has to be told of that.
    /// - Parameter present: the container's limits now.
    /// - Throws: for what contradicts itself, or the limits that stay.
    package func update(
        of present: RuntimeSpec.Resources
    ) throws(UsageError) -> (all: RuntimeSpec.Resources, changed: RuntimeSpec.Resources) {
        var wanted = self
        wanted.memory = memory ?? present.memory?.limit
        wanted.memoryReservation = memoryReservation ?? present.memory?.reservation
        if memorySwap == nil, let there = present.memory,
            there.swap != ResourceRequest(memory: there.limit).effectiveMemorySwap
        {
            // Chosen by the user; what follows from the limit of memory follows the new one.
            wanted.memorySwap = there.swap
        }
        if cpus == nil, cpuPeriod != nil || cpuQuota != nil {
            wanted.cpuPeriod = cpuPeriod ?? present.cpu?.period
            wanted.cpuQuota = cpuQuota ?? present.cpu?.quota
        }
        try wanted.check()
        let changesMemory = memory != nil || memorySwap != nil || memoryReservation != nil
        if !changesMemory { (wanted.memory, wanted.memoryReservation, wanted.memorySwap) = (nil, nil, nil) }
        let changed = wanted.specification
        return (present.updated(by: changed), changed)
    }

    private init(memory: Int64?) {
        self.init()
        self.memory = memory
    }

    /// As the runtime wants them.
    var specification: RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        if memory != nil || memoryReservation != nil {
            var limits = RuntimeSpec.Resources.Memory()
            limits.limit = memory
            limits.reservation = memoryReservation
            limits.swap = effectiveMemorySwap
            resources.memory = limits
        }
        var cpu = RuntimeSpec.Resources.CPU()
        cpu.shares = cpuShares
        cpu.quota = cpus?.quota ?? cpuQuota
        cpu.period = cpus != nil ? CPUAmount.period : cpuPeriod
        cpu.cpus = cpusetCPUs
        cpu.mems = cpusetMems
        if cpu != RuntimeSpec.Resources.CPU() { resources.cpu = cpu }
        if let pidsLimit {
            resources.pids = RuntimeSpec.Resources.Pids(limit: pidsLimit == 0 ? -1 : pidsLimit)
        }
        return resources
    }
}

extension RuntimeSpec.Resources {
    /// What sets the limits that these change to what they were before, as far as an update can: a reservation or a set
    /// of processors that there was none of has no number for that.
    package func undone(to before: RuntimeSpec.Resources) -> RuntimeSpec.Resources {
        var undo = RuntimeSpec.Resources()
        if let memory {
            var limits = Memory()
            if memory.limit != nil {
                limits.limit = before.memory?.limit ?? -1
                limits.swap = before.memory?.swap ?? -1
            }
            if memory.reservation != nil { limits.reservation = before.memory?.reservation }
            undo.memory = limits
        }
        if let cpu {
            var limits = CPU()
            if cpu.shares != nil { limits.shares = before.cpu?.shares ?? 1024 }
            if cpu.quota != nil || cpu.period != nil {
                limits.quota = before.cpu?.quota ?? -1
                limits.period = before.cpu?.period ?? CPUAmount.period
            }
            if cpu.cpus != nil { limits.cpus = before.cpu?.cpus }
            if cpu.mems != nil { limits.mems = before.cpu?.mems }
            undo.cpu = limits
        }
        if pids != nil { undo.pids = before.pids ?? Pids(limit: -1) }
        return undo
    }
}
