import KubernetesAPI
import LinuxKernel
import Logging
import Synchronization

/// The newest status of the node, for whoever asks, and for whoever wants to be told: an API server's source, say. A file
/// keeps it, so that the times of its conditions and the boot before outlive the agent.
package final class NodeBook: Sendable {
    private struct State {
        var node: Node?
        var listeners: [Int: @Sendable (Node) -> Void] = [:]
        var number = 0
    }

    private let state = Mutex(State())
    private let file: String
    private let log: Logger

    /// - Parameter root: the agent's folder.
    package init(root: String, log: Logger) {
        file = "\(root)/node.json"
        self.log = log
    }

    package var node: Node? { state.withLock(\.node) }

    /// What an earlier agent said last; nil where none did, or not readably.
    func read() -> Node? {
        do {
            guard let text = try AgentFiles.text(of: file, limit: 16 << 20) else { return nil }
            var problems = Problems()
            let node = Node(from: try APIValue(json: text), at: .root, reporting: &problems)
            guard let problem = problems.all.first else { return node }
            log.warning("what was known of this node is forgotten: \(file): \(problem)")
            return nil
        } catch {
            log.warning("what was known of this node is forgotten: \(file): \(error)")
            return nil
        }
    }

    /// Listeners are told when something besides the heartbeat is another than before.
    func publish(_ node: Node) {
        let listeners = state.withLock { state -> [@Sendable (Node) -> Void] in
            let isNew = state.node?.withoutHeartbeat != node.withoutHeartbeat
            state.node = node
            return isNew ? [keep] + state.listeners.values : []
        }
        for listener in listeners { listener(node) }
    }

    /// The listener must not wait.
    package func listen(_ body: @escaping @Sendable (Node) -> Void) -> Int {
        state.withLock { state in
            state.number += 1
            state.listeners[state.number] = body
            return state.number
        }
    }

    package func stopListening(_ number: Int) { state.withLock { $0.listeners[number] = nil } }

    private func keep(_ node: Node) {
        do {
            try AgentFiles.replace(file, String(decoding: node.document.json(), as: UTF8.self), mode: 0o600)
        } catch {
            log.warning("keep the node's status: \(error)")
        }
    }
}

extension Node {
    fileprivate var withoutHeartbeat: Node {
        var node = self
        for index in node.status.conditions.indices { node.status.conditions[index].lastHeartbeatTime = nil }
        return node
    }
}
