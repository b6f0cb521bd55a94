import KubernetesAPI
import LinuxKernel
import Synchronization

/// Gives containers of guaranteed pods that ask for whole processors some of their own (`cpuManagerPolicy: static`).
/// All others share what is left.
package final class CPUManager: Sendable {
    private let topology: CPUTopology
    /// Kept for the system: nobody's own, and shared unless the reservation is strict.
    private let reserved: CPUSet
    private let options: CPUManagerOptions
    private let file: String
    private let state: Mutex<CPUManagerState>
    /// Signalled when the shared processors have changed.
    let changed = Wakeup()

    /// - Parameters:
    ///   - folder: for the file `cpu_manager_state`.
    ///   - reservedCount: how many are kept for the system where `reserved` does not name them.
    package init(
        topology: CPUTopology, reserved: CPUSet, reservedCount: Int, options: CPUManagerOptions,
        folder: String
    ) throws {
        self.topology = topology
        self.options = options
        file = folder + "/" + Self.fileName
        if reserved.isEmpty {
            guard reservedCount > 0, let taken = CPUAssignment.take(reservedCount, of: topology.all, topology)
            else {
                throw Refused(
                    "cpuManagerPolicy: the static policy requires some processors to be reserved: by kubeReserved[cpu], "
                        + "systemReserved[cpu] or reservedSystemCPUs")
            }
            self.reserved = taken
        } else {
            guard reserved.isSubset(of: topology.all) else {
                throw Refused(
                    "reservedSystemCPUs: invalid value \"\(reserved)\": the machine has \(topology.all)")
            }
            self.reserved = reserved
        }
        let all = options.isStrict ? topology.all.subtracting(self.reserved) : topology.all
        let before = try CPUManagerState(file: file)
        let now = before ?? CPUManagerState(shared: all)
        if now.policy != "static" { throw Self.otherPolicy("static", now.policy, file) }
        guard now.shared.union(now.exclusive) == all else {
            throw Refused(
                "\(file): is of other processors, \(now.shared.union(now.exclusive)), than there are for pods now, "
                    + "\(all); drain the node and remove the file")
        }
        if before == nil { try now.write(file) }
        state = Mutex(now)
    }

    private static let fileName = "cpu_manager_state"

    struct Refused: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    /// Without this policy nobody keeps to what an agent before has given away.
    static func refuseState(in folder: String) throws {
        let file = folder + "/" + fileName
        guard let state = try CPUManagerState(file: file), state.policy != "none" else { return }
        throw otherPolicy("none", state.policy, file)
    }

    private static func otherPolicy(_ policy: String, _ found: String, _ file: String) -> Refused {
        Refused(
            "cpuManagerPolicy: configured policy \"\(policy)\" differs from state checkpoint policy \"\(found)\"; drain "
                + "this node and remove \(file) before restarting")
    }

    // MARK: Whose processors

    package var shared: CPUSet { state.withLock { $0.shared } }

    /// Those that a container may run on.
    package func cpus(of container: String, in uid: String) -> CPUSet {
        state.withLock { $0.entries[uid]?[container] ?? $0.shared }
    }

    func hasOwn(_ uid: String) -> Bool { state.withLock { $0.entries[uid] != nil } }

    func hasOwn(_ container: String, in uid: String) -> Bool {
        state.withLock { $0.entries[uid]?[container] != nil }
    }

    /// Gives the pod's containers what they ask for. What they have already, they keep.
    /// - Returns: why that is not possible.
    package func assign(_ pod: Pod, _ qos: PodQOSClass) -> PodFailure? {
        guard qos == .guaranteed else { return nil }
        let uid = pod.metadata.uid
        let result: Result<Bool, PodFailureError> = state.withLock { state in
            var next = state
            if let failure = assign(pod, uid, &next) { return .failure(PodFailureError(failure: failure)) }
            guard next != state else { return .success(false) }
            do {
                try next.write(file)
            } catch {
                return .failure(PodFailureError(failure: Self.unexpected("\(error)")))
            }
            state = next
            return .success(true)
        }
        switch result {
        case .success(let isNew):
            if isNew { changed.signal() }
            return nil
        case .failure(let error): return error.failure
        }
    }

    private struct PodFailureError: Error { let failure: PodFailure }

    private static func unexpected(_ reason: String) -> PodFailure {
        PodFailure(
            reason: "UnexpectedAdmissionError",
            message: "Pod was rejected: Allocate failed due to \(reason), which is unexpected")
    }

    private func assign(_ pod: Pod, _ uid: String, _ state: inout CPUManagerState) -> PodFailure? {
        // Init containers run one after the other and before the rest, which may have the same.
        var reusable = CPUSet()
        for container in pod.initContainers + pod.mainContainers {
            let count = container.container.wholeProcessors
            guard count > 0 else { continue }
            let own = state.entries[uid]?[container.name]
            if own == nil, options.needsFullCores, count % topology.threadsPerCore != 0 {
                return PodFailure(
                    reason: "SMTAlignmentError",
                    message:
                        "Pod was rejected: SMT Alignment Error: requested \(count) cpus not multiple cpus per core "
                        + "= \(topology.threadsPerCore)")
            }
            let free = state.shared.subtracting(reserved).union(reusable)
            guard let cpus = own ?? take(count, reusable, free) else {
                return Self.unexpected(
                    "not enough cpus available to satisfy request: requested=\(count), available=\(free.count)"
                )
            }
            state.entries[uid, default: [:]][container.name] = cpus
            state.shared = state.shared.subtracting(cpus)
            reusable = container.role == .initial ? reusable.union(cpus) : reusable.subtracting(cpus)
        }
        return nil
    }

    /// What the pod has already comes first.
    private func take(_ count: Int, _ reusable: CPUSet, _ free: CPUSet) -> CPUSet? {
        let again = CPUAssignment.take(min(count, reusable.count), of: reusable, topology) ?? CPUSet()
        guard let rest = CPUAssignment.take(count - again.count, of: free.subtracting(again), topology) else {
            return nil
        }
        return again.union(rest)
    }

    package func release(_ uid: String) throws(KernelError) {
        let isNew = try state.withLock { state throws(KernelError) in
            guard let mine = state.entries[uid] else { return false }
            var next = state
            next.entries[uid] = nil
            next.shared = next.shared.union(mine.values.reduce(CPUSet()) { $0.union($1) })
            try next.write(file)
            state = next
            return true
        }
        if isNew { changed.signal() }
    }
}

/// `cpuManagerPolicyOptions`.
package struct CPUManagerOptions: Sendable {
    /// Only whole cores are given away.
    var needsFullCores = false
    /// The system's processors are for nobody else.
    var isStrict = false

    package init(_ options: [String: String] = [:]) throws {
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            guard let isOn = ["true": true, "false": false][value] else {
                throw ResourceSettings.Invalid(
                    field: "cpuManagerPolicyOptions[\(name)]", value: value, reason: "must be true or false")
            }
            switch name {
            case "full-pcpus-only": needsFullCores = isOn
            case "strict-cpu-reservation": isStrict = isOn
            default:
                if !isOn { continue }
                throw ResourceSettings.Invalid(
                    field: "cpuManagerPolicyOptions", value: name,
                    reason: "supported options are full-pcpus-only and strict-cpu-reservation")
            }
        }
    }
}

extension Container {
    /// How many processors of its own a container asks for: 0 for a part of one.
    var wholeProcessors: Int {
        guard let request = resources.requests[.cpu] ?? resources.limits[.cpu], request.milliValue % 1000 == 0
        else { return 0 }
        return Int(clamping: request.value)
    }
}
