import ContainerRuntime
import Dispatch
import KubernetesAPI
import Logging
import OCISpec
import Synchronization

/// The groups of pods in the kernel: made, limited, removed.
///
/// What is there is what counts: a group that an agent before has made is taken over, and one that is missing is made
/// again. The system calls take microseconds, but systemd may take its time, so all of it is done on threads of its own.
final class PodGroups: Sendable {
    let names: GroupNames
    let layout: CgroupLayout
    private let facts: NodeFactsOfLimits
    private let log: Logger
    private let queue = DispatchQueue(label: "swiftlet.groups", attributes: .concurrent)
    private let book = Mutex(Book())
    /// Held while classes are set: what was worked out last is written last.
    private let balancing = Mutex(())

    private struct Book {
        /// Pods that have a group, by uid.
        var pods: [String: Entry] = [:]
        /// What the groups of classes were set to.
        var classes: [PodQOSClass: RuntimeSpec.Resources] = [:]
        /// Groups of nobody's, seen at the last look.
        var strangers: Set<String> = []
        var told: Set<String> = []
    }

    private struct Entry {
        var qos: PodQOSClass
        var requests: ResourceList
    }

    init(names: GroupNames, layout: CgroupLayout, facts: NodeFactsOfLimits, log: Logger) {
        self.names = names
        self.layout = layout
        self.facts = facts
        self.log = log
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    private func set(_ name: String, _ resources: RuntimeSpec.Resources) throws {
        for warning in try ParentGroup(name, layout: layout).set(resources) {
            let isNew = book.withLock { $0.told.insert(warning).inserted }
            if isNew { log.warning("group \(name): \(warning)") }
        }
    }

    // MARK: The groups above those of pods

    /// Makes the groups of all pods and of the classes.
    /// - Parameters: limits of all pods together, and of groups that are there for something else.
    func start(
        limits: RuntimeSpec.Resources, reserved: [(name: String, resources: RuntimeSpec.Resources)]
    ) async throws {
        try await run {
            try self.set(self.names.kubepods, limits)
            for (name, resources) in reserved {
                guard try ParentGroup(name, layout: self.layout).exists() else {
                    throw ReservedGroupMissing(group: name)
                }
                try self.set(name, resources)
            }
            try self.balance()
            guard !self.facts.reservesMemory else { return }
            for qos in GroupNames.classes {
                var resources = RuntimeSpec.Resources()
                try self.addLeftovers(of: self.names.of(qos), to: &resources)
                if resources != RuntimeSpec.Resources() { try self.set(self.names.of(qos), resources) }
            }
        }
    }

    /// Has memory that was kept for a group by an agent before, and is not any more, taken back.
    private func addLeftovers(of name: String, to resources: inout RuntimeSpec.Resources) throws {
        guard facts.isUnified, !facts.reservesMemory else { return }
        let folder = try ParentGroup(name, layout: layout).record().unified
        for (file, value) in try MemoryReservation.leftovers(in: folder) { resources.unified[file] = value }
    }

    /// It is whoever set it aside that makes it, with what runs there.
    struct ReservedGroupMissing: Error, CustomStringConvertible {
        let group: String

        var description: String {
            "enforceNodeAllocatable: the group \(group) of what is reserved does not exist"
        }
    }

    /// Gives the classes what their pods ask for: burstable pods together as much time as they ask for, best-effort ones
    /// the least there is (Kubernetes' QoS container manager).
    private func balance() throws { try balancing.withLock { _ in try balanceAlone() } }

    private func balanceAlone() throws {
        var wanted: [(PodQOSClass, RuntimeSpec.Resources)] = []
        book.withLock { book in
            func sum(_ name: ResourceName, _ classes: [PodQOSClass]) -> Quantity {
                book.pods.values.filter { classes.contains($0.qos) }
                    .reduce(.zero) { $0 + ($1.requests[name] ?? .zero) }
            }
            var burstable = RuntimeSpec.Resources()
            burstable.cpu = .init()
            burstable.cpu?.shares = UInt64(CPUTime.shares(milli: sum(.cpu, [.burstable]).milliValue))
            var rest = RuntimeSpec.Resources()
            rest.cpu = .init()
            rest.cpu?.shares = UInt64(CPUTime.shares.lowerBound)
            var all = RuntimeSpec.Resources()
            if facts.isUnified, facts.reservesMemory {
                // A group keeps no more than the one above it.
                let kept = MemoryReservation(
                    hard: sum(.memory, [.guaranteed]).value, soft: sum(.memory, [.burstable]).value)
                for (name, value) in kept.files { all.unified[name] = value }
                for (name, value) in MemoryReservation(soft: kept.soft).files {
                    burstable.unified[name] = value
                }
            }
            for (qos, resources) in [
                (PodQOSClass.guaranteed, all), (.burstable, burstable), (.bestEffort, rest),
            ] where book.classes[qos] != resources && resources != RuntimeSpec.Resources() {
                wanted.append((qos, resources))
                book.classes[qos] = resources
            }
        }
        for (qos, resources) in wanted {
            do {
                try set(names.of(qos), resources)
            } catch {
                book.withLock { $0.classes[qos] = nil }
                throw error
            }
        }
    }

    /// What all pods together may have of the memory, and what is left of it; nil without a limit, and without a controller.
    func memory() throws -> NodeReading.Amount? {
        let record = try ParentGroup(names.kubepods, layout: layout).record()
        guard let folder = layout.isUnified ? record.unified : record.legacy["memory"] else { return nil }
        let files =
            layout.isUnified
            ? (limit: "memory.max", usage: "memory.current", inactive: "inactive_file")
            : (
                limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes",
                inactive: "total_inactive_file"
            )
        guard let limit = try MachineReading.number("\(folder)/\(files.limit)"), limit < 1 << 60,
            let usage = try MachineReading.number("\(folder)/\(files.usage)")
        else { return nil }
        let inactive = try MachineReading.numbers("\(folder)/memory.stat")[files.inactive[...]] ?? 0
        return .init(capacity: limit, available: max(0, limit - max(0, usage - inactive)))
    }

    /// Removes the groups above those of pods, as far as nothing is in them.
    func leave() async throws {
        try await run {
            for qos in GroupNames.classes.reversed() {
                let group = try ParentGroup(self.names.of(qos), layout: self.layout)
                if try group.exists(), try group.children().isEmpty, try !group.isUsed() {
                    try group.remove()
                }
            }
        }
    }

    // MARK: Pods

    /// Makes the pod's group, or changes its limits.
    /// - Returns: what the runtime is to be given as the parent of its containers' groups.
    func prepare(_ pod: Pod, _ qos: PodQOSClass, _ limits: PodLimits) async throws -> String {
        let uid = pod.metadata.uid
        let requests = pod.requests
        _ = try FolderName.checked(uid)
        return try await run {
            self.book.withLock { $0.pods[uid] = Entry(qos: qos, requests: requests) }
            try self.balance()
            let name = self.names.of(pod: uid, qos)
            var resources = limits.resources(isUnified: self.layout.isUnified)
            try self.addLeftovers(of: name, to: &resources)
            try self.set(name, resources)
            return self.names.parent(pod: uid, qos)
        }
    }

    /// Kills what may be left of a pod and removes its groups, wherever they are.
    func remove(_ uid: String) async throws {
        _ = try FolderName.checked(uid)
        try await run {
            self.book.withLock { $0.pods[uid] = nil }
            for qos in GroupNames.classes {
                let group = try ParentGroup(self.names.of(pod: uid, qos), layout: self.layout)
                if try group.exists() { try group.remove() }
            }
            try self.balance()
        }
    }

    /// Removes groups that no pod has: left by an agent before, or made again by a runtime after they were removed. Those
    /// in which something runs are somebody else's and stay, and so do new ones, which may be.
    /// - Parameter known: uids of pods that are wanted or there.
    func sweep(known: Set<String>) async throws {
        try await run {
            var seen: Set<String> = []
            for qos in GroupNames.classes {
                for child in try ParentGroup(self.names.of(qos), layout: self.layout).children() {
                    guard let uid = self.names.uid(ofChild: child, in: qos), !known.contains(uid) else {
                        continue
                    }
                    let name = self.names.of(pod: uid, qos)
                    let group = try ParentGroup(name, layout: self.layout)
                    if try group.isUsed() {
                        let isNew = self.book.withLock { $0.told.insert(name).inserted }
                        if isNew {
                            self.log.warning("group \(name) is used by something that is not this agent's")
                        }
                        continue
                    }
                    seen.insert(name)
                    guard self.book.withLock({ $0.strangers.contains(name) && $0.pods[uid] == nil }) else {
                        continue
                    }
                    try group.remove()
                }
            }
            self.book.withLock { $0.strangers = seen }
        }
    }
}
