import Glibc
import KubernetesAPI
import Logging
import Synchronization

/// What happened to pods and to the node, for whoever asks why: kept for an hour, counted where it repeats itself
/// (Event v1), and logged.
package final class EventRecorder: Sendable {
    package enum Kind: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// How many are kept; the oldest go first.
    private static let most = 2_000

    private struct Key: Hashable {
        var object: String
        var path: String
        var kind: Kind
        var reason: String
        var message: String
    }
    private struct State {
        var events: [Key: Event] = [:]
        var number: UInt64 = 0
    }

    private let state = Mutex(State())
    private let node: String
    private let log: Logger

    package init(node: String, log: Logger) {
        self.node = node
        self.log = log
    }

    /// - Parameter container: the name; `role` says in which of the pod's lists it is.
    package func record(
        _ kind: Kind, _ reason: String, _ message: String, pod: Pod, container: PodContainer? = nil
    ) {
        let path = container.map { "spec.\($0.listName){\($0.name)}" } ?? ""
        let object = ObjectReference(
            kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid,
            apiVersion: "v1", fieldPath: path)
        record(kind, reason, message, object)
    }

    package func record(_ kind: Kind, _ reason: String, _ message: String) {
        record(kind, reason, message, ObjectReference(kind: "Node", name: node, uid: node))
    }

    private func record(_ kind: Kind, _ reason: String, _ message: String, _ object: ObjectReference) {
        let name = object.namespace.isEmpty ? object.name : "\(object.namespace)/\(object.name)"
        log.log(
            level: kind == .warning ? .warning : .info, "\(message)",
            metadata: ["object": "\(object.kind.lowercased())/\(name)", "reason": "\(reason)"])
        let now = Time.now
        let key = Key(
            object: object.uid, path: object.fieldPath, kind: kind, reason: reason, message: message)
        state.withLock { state in
            if var event = state.events[key] {
                event.count += 1
                event.lastTimestamp = now
                state.events[key] = event
                return
            }
            state.number += 1
            var event = Event()
            event.metadata.name = "\(object.name).\(String(state.number, radix: 16))"
            event.metadata.namespace = object.namespace.isEmpty ? "default" : object.namespace
            event.metadata.creationTimestamp = now
            event.involvedObject = object
            event.reason = reason
            event.message = message
            event.type = kind.rawValue
            event.source = EventSource(component: "kubelet", host: node)
            event.firstTimestamp = now
            event.lastTimestamp = now
            event.count = 1
            event.reportingComponent = "kubelet"
            event.reportingInstance = node
            state.events[key] = event
            if state.events.count > Self.most { Self.forgetOldest(&state.events) }
        }
    }

    /// A tenth at once: looking for the oldest each time would take longer than all the rest.
    private static func forgetOldest(_ events: inout [Key: Event]) {
        let byAge = events.sorted { ($0.value.lastTimestamp ?? .now) < ($1.value.lastTimestamp ?? .now) }
        for (key, _) in byAge.prefix(most / 10) { events[key] = nil }
    }

    /// The oldest first.
    package func events(ofPod uid: String? = nil) -> [Event] {
        state.withLock { state in
            state.events.values.filter { uid == nil || $0.involvedObject.uid == uid }
        }.sorted { ($0.lastTimestamp ?? .now) < ($1.lastTimestamp ?? .now) }
    }
}

extension PodContainer {
    /// The list of the pod's specification that it is in.
    var listName: String {
        switch role {
        case .initial, .sidecar: "initContainers"
        case .main: "containers"
        case .ephemeral: "ephemeralContainers"
        }
    }
}
