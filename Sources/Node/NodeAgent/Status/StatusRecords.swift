import Glibc
import KubernetesAPI
import LinuxKernel
import Logging
import Synchronization

/// What was last said of each pod, kept for the agent that comes next.
///
/// The runtime tells what is there. It does not tell that a pod was evicted, since when it was ready, or which address
/// it had; a kubelet finds that at its API server. Here it is in `statuses/UID.json`, and not in the pods' own folders,
/// which go when a pod has ended.
package final class StatusRecords: Sendable {
    /// A status changes several times while a pod starts: they are collected this long, and written once.
    private static let pause: Duration = .milliseconds(50)
    /// After a write that failed.
    private static let retry: Duration = .seconds(5)

    private let folder: String
    private let log: Logger
    private let wakeup = Wakeup()
    private struct State {
        /// Not written yet, by uid.
        var pending: [String: Pod] = [:]
        /// Of pods that are made to fail: what is said of them until that is done does not take it back.
        var failures: [String: PodFailure] = [:]
        /// Pods that failed for what is over when the next agent starts: of these nothing is written any more.
        var passing: Set<String> = []
    }
    private let state = Mutex(State())
    /// Held while a file is written, so that none appears after its pod is forgotten. Its value: whether the last write
    /// failed.
    private let writing = Mutex(false)

    /// - Parameter root: the agent's.
    package init(root: String, log: Logger) {
        folder = root + "/statuses"
        self.log = log
    }

    /// Whatever a uid is, it leads nowhere else.
    private func path(_ uid: String) -> String {
        "\(folder)/\(uid.replacing("/", with: "_")).json"
    }

    // MARK: An earlier agent's word

    /// - Returns: nil where there is none that can be read: that of another pod with this uid is none.
    package func status(of pod: Pod) -> PodStatus? { record(of: pod)?.status }

    /// A pod that was about to end, with what it was to be and when it was to be gone: its manifest is gone already.
    /// - Parameter remains: its uid and name.
    /// - Returns: nil where nothing says so.
    package func ending(_ remains: Pod) -> Pod? {
        guard let record = record(of: remains), record.isTerminating else { return nil }
        return record
    }

    private func record(of pod: Pod) -> Pod? {
        let path = path(pod.metadata.uid)
        do {
            guard let text = try AgentFiles.text(of: path) else { return nil }
            let value = try APIValue(json: text)
            var problems = Problems()
            let record = Pod(from: value, at: FieldPath(), reporting: &problems)
            if problems.isEmpty, record.metadata.uid == pod.metadata.uid, record.fullName == pod.fullName {
                return record
            }
            log.warning("\(path) is left out: it is no status of this pod")
        } catch {
            log.warning("\(path) is left out: \(error)")
        }
        return nil
    }

    // MARK: For the next one

    /// Writes it soon.
    package func note(_ pod: Pod) {
        state.withLock { state in
            let uid = pod.metadata.uid
            if state.passing.contains(uid) { return }
            state.pending[uid] = Self.record(of: pod, state.failures[uid])
        }
        wakeup.signal()
    }

    /// Writes it now: what else tells of it is about to go.
    package func keep(_ pod: Pod) throws(KernelError) {
        let record = state.withLock { Self.record(of: pod, $0.failures[pod.metadata.uid]) }
        var outcome = Result<Void, KernelError>.success(())
        writing.withLock { _ in outcome = Result { () throws(KernelError) in try write(record) } }
        try outcome.get()
    }

    /// A pod fails as a whole: written before anything is done about it, so that an agent that is killed half-way is not
    /// followed by one that starts the rest again.
    /// - Parameter isKept: false for a failure that the next agent is not to know of: the node went down, or the pod was
    ///   not let in.
    package func fail(_ pod: Pod, _ failure: PodFailure, isKept: Bool) {
        let uid = pod.metadata.uid
        guard isKept else {
            state.withLock { state in
                state.passing.insert(uid)
                state.pending[uid] = nil
            }
            return
        }
        let record = Self.record(of: pod, failure)
        state.withLock { state in
            state.failures[uid] = failure
            state.pending[uid] = record
        }
        do {
            try writing.withLock { _ in try write(record) }
        } catch {
            log.warning(
                "\(error): an agent that is started now does not know that pod \(pod.fullName) failed")
            wakeup.signal()
        }
    }

    /// Nothing is left of the pod.
    package func forget(_ uid: String) {
        writing.withLock { _ in
            state.withLock { state in
                state.pending[uid] = nil
                state.failures[uid] = nil
                state.passing.remove(uid)
            }
            // What cannot be removed is found, and tried again, by the next agent.
            for file in [path(uid), path(uid) + ".new"] { unlink(file) }
        }
    }

    /// The pods of which there is a record.
    package func uids() throws -> [String] {
        try AgentFiles.names(in: folder).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    }

    /// Writes what is noted until the task is cancelled, and what is left then.
    package func run() async {
        while !Task.isCancelled {
            await wakeup.wait(until: nil)
            // Cancelled: the rest is written at once.
            try? await Task.sleep(for: Self.pause)
            if !writeAll(), !Task.isCancelled {
                try? await Task.sleep(for: Self.retry)
                wakeup.signal()
            }
        }
        _ = writeAll()
    }

    /// - Returns: whether all were written.
    private func writeAll() -> Bool {
        for uid in state.withLock({ Array($0.pending.keys) }) {
            let isWritten = writing.withLock { hasFailed in
                guard let record = state.withLock({ $0.pending[uid] }) else { return true }
                do throws(KernelError) {
                    try write(record)
                } catch {
                    if !hasFailed { log.warning("\(error): the statuses of pods are not kept") }
                    hasFailed = true
                    return false
                }
                hasFailed = false
                state.withLock { if $0.pending[uid] == record { $0.pending[uid] = nil } }
                return true
            }
            if !isWritten { return false }
        }
        return true
    }

    private func write(_ record: Pod) throws(KernelError) {
        let text = String(decoding: record.document.json(), as: UTF8.self)
        try AgentFiles.makeFolder(folder, mode: 0o750)
        try AgentFiles.replace(path(record.metadata.uid), text, mode: 0o600)
    }

    /// Of a pod, whose it is and what is said of it: what it should be, its manifest says, but for one that ends.
    private static func record(of pod: Pod, _ failure: PodFailure?) -> Pod {
        var record = Pod()
        record.metadata.name = pod.metadata.name
        record.metadata.namespace = pod.metadata.namespace
        record.metadata.uid = pod.metadata.uid
        record.status = pod.status
        if pod.isTerminating {
            record.metadata.deletionTimestamp = pod.metadata.deletionTimestamp
            record.metadata.deletionGracePeriodSeconds = pod.metadata.deletionGracePeriodSeconds
            record.spec = pod.spec
        }
        guard let failure else { return record }
        record.status.phase = .failed
        record.status.reason = failure.reason
        record.status.message = failure.message
        if failure.isDisruption, record.status.condition(.disruptionTarget) == nil {
            record.status.conditions.append(
                PodCondition(
                    type: .disruptionTarget, status: .true, lastTransitionTime: .now,
                    reason: "TerminationByKubelet", message: failure.message))
        }
        return record
    }
}

extension PodStatus {
    func condition(_ type: PodConditionType) -> PodCondition? { conditions.first { $0.type == type } }

    /// Its containers have all ended for good, or it was made to fail.
    var hasEnded: Bool { phase == .succeeded || phase == .failed }

    /// Why the pod as a whole has failed; nil where its containers tell.
    var failure: PodFailure? {
        guard phase == .failed, !reason.isEmpty else { return nil }
        return PodFailure(
            reason: reason, message: message, isDisruption: condition(.disruptionTarget)?.status == .true)
    }
}
