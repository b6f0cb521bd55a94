import KubernetesAPI
import LinuxKernel
import Logging

/// Which pods were evicted and why, in files: an agent that is started later must not start them again. Written before
/// the pod is told to end, so that whoever is killed in between has it ended by the next one.
package struct FailureRecords: Sendable {
    private let folder: String
    private let log: Logger

    /// - Parameter root: the agent's folder.
    package init(root: String, log: Logger) {
        folder = root + "/evicted"
        self.log = log
    }

    package struct Record: Sendable, Equatable {
        package var failure: PodFailure
        /// Seconds.
        package var grace: Int64?

        package init(failure: PodFailure, grace: Int64?) {
            self.failure = failure
            self.grace = grace
        }
    }

    /// On a full disk there is none: the pod is evicted all the same.
    package func write(_ uid: String, _ record: Record) {
        var value: APIValue = [
            "reason": .string(record.failure.reason), "message": .string(record.failure.message),
            "isDisruption": .bool(record.failure.isDisruption),
        ]
        value["grace"] = record.grace.map { .integer($0) }
        do {
            try AgentFiles.makeFolder(folder, mode: 0o750)
            try AgentFiles.replace("\(folder)/\(uid)", String(decoding: value.json(), as: UTF8.self))
        } catch {
            log.warning("keep a record of an eviction: \(error)", metadata: ["uid": "\(uid)"])
        }
    }

    /// - Returns: nil for a pod that was not evicted.
    package func read(_ uid: String) -> Record? {
        do {
            guard let text = try AgentFiles.text(of: "\(folder)/\(uid)") else { return nil }
            let value = try APIValue(json: text)
            guard let reason = value["reason"]?.string, let message = value["message"]?.string else {
                return nil
            }
            let failure = PodFailure(
                reason: reason, message: message, isDisruption: value["isDisruption"]?.bool == true)
            return Record(failure: failure, grace: value["grace"]?.integer)
        } catch {
            log.warning("read the record of an eviction: \(error)", metadata: ["uid": "\(uid)"])
            return nil
        }
    }

    package func remove(_ uid: String) {
        do {
            try AgentFiles.remove("\(folder)/\(uid)")
        } catch {
            log.warning("remove the record of an eviction: \(error)", metadata: ["uid": "\(uid)"])
        }
    }

    package func removeAll(besides wanted: (String) -> Bool) throws {
        for uid in try AgentFiles.names(in: folder) where !wanted(uid) { remove(uid) }
    }
}
