import NIOCore
import Synchronization

/// The connections of a server, and which of them wait for a request.
///
/// Where there are as many as there may be, one of the peer that has most of those that wait makes room for the next, the
/// one that has waited longest: who connects and says nothing does not keep others out.
final class ClientConnections: Sendable {
    private struct Client {
        var channel: any Channel
        var peer: Peer
        /// Nil while it is answered, or handed over.
        var waitsSince: NIODeadline?
    }

    /// Whose connections are counted together: an address of version 4, and of version 6 a network that is one peer's.
    private struct Peer: Hashable {
        private let bytes: [UInt8]

        init(_ address: SocketAddress?) {
            switch address {
            case .v4(let address): bytes = withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
            case .v6(let address):
                let all = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
                // Of version 4 at a socket of version 6.
                let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xff && all[11] == 0xff
                bytes = isMapped ? Array(all[12...]) : Array(all[..<8])
            default: bytes = []
            }
        }
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
                guard let key = Self.first(of: clients) else { return (false, nil) }
                idlest = clients.removeValue(forKey: key)?.channel
            }
            clients[id] = Client(
                channel: channel, peer: Peer(channel.remoteAddress), waitsSince: .now())
            return (true, idlest)
        }
        guard isAdded else { throw AgentServerError("more than \(maximum) connections") }
        idlest?.close(promise: nil)
        channel.closeFuture.whenComplete { [self] _ in
            clients.withLock { _ = $0.removeValue(forKey: id) }
        }
    }

    /// The one to make room; nil: all are answered.
    private static func first(of clients: [ObjectIdentifier: Client]) -> ObjectIdentifier? {
        let waiting = clients.compactMap { key, client in client.waitsSince.map { (key, client.peer, $0) } }
        let counts = Dictionary(waiting.map { ($0.1, 1) }, uniquingKeysWith: +)
        let most = counts.values.max()
        return waiting.filter { counts[$0.1] == most }.min { $0.2 < $1.2 }?.0
    }

    /// A connection has a request, or waits for the next one.
    func mark(_ channel: any Channel, waits: Bool) {
        clients.withLock { $0[ObjectIdentifier(channel)]?.waitsSince = waits ? .now() : nil }
    }
}
