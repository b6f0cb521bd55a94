import NIOCore
import Synchronization

/// The connections of a server, and which of them wait for a request.
///
/// Where there are as many as there may be, the one that has waited longest makes room for the next: who connects and
/// says nothing does not keep others out.
final class ClientConnections: Sendable {
    private struct Client {
        var channel: any Channel
        /// Nil while it is answered, or handed over.
        var waitsSince: NIODeadline?
    }

    private let maximum: Int
    private let clients = Mutex<[ObjectIdentifier: Client]>([:])

    init(maximum: Int) {
        self.maximum = maximum
    }

    var count: Int { clients.withLock(\.count) }

    var all: [any Channel] { clients.withLock { $0.values.map(\.channel) } }

    /// Takes in a new connection, until it is closed.
    /// - Throws: `AgentServerError` where there are too many, and all of them are answered.
    func add(_ channel: any Channel) throws(AgentServerError) {
        let id = ObjectIdentifier(channel)
        let (isAdded, idlest) = clients.withLock { clients -> (Bool, (any Channel)?) in
            var idlest: (any Channel)?
            if clients.count >= maximum {
                let waiting = clients.filter { $0.value.waitsSince != nil }
                guard let first = waiting.min(by: { $0.value.waitsSince! < $1.value.waitsSince! }) else {
                    return (false, nil)
                }
                clients[first.key] = nil
                idlest = first.value.channel
            }
            clients[id] = Client(channel: channel, waitsSince: .now())
            return (true, idlest)
        }
        guard isAdded else { throw AgentServerError("more than \(maximum) connections") }
        idlest?.close(promise: nil)
        channel.closeFuture.whenComplete { [self] _ in
            clients.withLock { _ = $0.removeValue(forKey: id) }
        }
    }

    /// A connection has a request, or waits for the next one.
    func mark(_ channel: any Channel, waits: Bool) {
        clients.withLock { $0[ObjectIdentifier(channel)]?.waitsSince = waits ? .now() : nil }
    }
}
