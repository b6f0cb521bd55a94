import NIOHTTP1

/// What the error stream of a command's client carries, and whether it sends its terminal's size.
enum CommandVersion: Int, Sendable {
    case v1 = 1
    case v2, v3, v4, v5

    var reportsStatus: Bool { rawValue >= 4 }
    var resizes: Bool { rawValue >= 3 }
}

/// How a client and the server speak.
enum StreamProtocol: Sendable, Equatable {
    case spdyCommand(CommandVersion)
    case spdyPortForward
    case webSocketCommand(CommandVersion, ChannelCodec)
    case webSocketPortForward(ChannelCodec)
    /// SPDY whose bytes are the messages of a WebSocket.
    case tunnelledPortForward
}

/// The protocols by the names under which clients ask for them, best first.
enum Negotiation {
    static let streamVersion = "X-Stream-Protocol-Version"
    static let acceptedVersions = "X-Accepted-Stream-Protocol-Versions"
    static let subprotocol = "Sec-WebSocket-Protocol"

    private typealias Names = [(name: String, protocol: StreamProtocol)]

    private static let spdyCommands: Names = [
        ("v5.channel.k8s.io", .spdyCommand(.v5)), ("v4.channel.k8s.io", .spdyCommand(.v4)),
        ("v3.channel.k8s.io", .spdyCommand(.v3)), ("v2.channel.k8s.io", .spdyCommand(.v2)),
        ("channel.k8s.io", .spdyCommand(.v1)),
    ]
    private static let spdyPortForwards: Names = [("portforward.k8s.io", .spdyPortForward)]
    private static let webSocketCommands: Names = [
        ("v5.channel.k8s.io", .webSocketCommand(.v5, .binary)),
        ("v4.channel.k8s.io", .webSocketCommand(.v4, .binary)),
        ("v4.base64.channel.k8s.io", .webSocketCommand(.v4, .base64)),
        ("channel.k8s.io", .webSocketCommand(.v1, .binary)),
        ("base64.channel.k8s.io", .webSocketCommand(.v1, .base64)),
    ]
    private static let webSocketPortForwards: Names = [
        ("SPDY/3.1+portforward.k8s.io", .tunnelledPortForward),
        ("v4.channel.k8s.io", .webSocketPortForward(.binary)),
        ("v4.base64.channel.k8s.io", .webSocketPortForward(.base64)),
    ]

    enum Upgrade {
        case spdy
        case webSocket
    }

    struct Choice {
        let `protocol`: StreamProtocol
        /// The name to answer with; none where the client named none.
        let name: String?
    }

    /// The upgrade that a request asks for.
    static func upgrade(in headers: HTTPHeaders) -> Upgrade? {
        guard headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }) else {
            return nil
        }
        for name in headers[canonicalForm: "upgrade"] {
            switch name.lowercased() {
            case "spdy/3.1": return .spdy
            case "websocket": return .webSocket
            default: continue
            }
        }
        return nil
    }

    /// The first of the client's protocols that the server has, too. Clients that name none speak the oldest.
    static func choose(_ upgrade: Upgrade, for request: PendingRequest, headers: HTTPHeaders)
        throws(StreamingError) -> Choice
    {
        let isCommand =
            switch request {
            case .exec, .attach: true
            case .portForward: false
            }
        let (header, ours, oldest): (String, Names, StreamProtocol) =
            switch (upgrade, isCommand) {
            case (.spdy, true): (streamVersion, spdyCommands, .spdyCommand(.v1))
            case (.spdy, false): (streamVersion, spdyPortForwards, .spdyPortForward)
            case (.webSocket, true): (subprotocol, webSocketCommands, .webSocketCommand(.v1, .binary))
            case (.webSocket, false): (subprotocol, webSocketPortForwards, .webSocketPortForward(.binary))
            }
        let theirs = headers[canonicalForm: header].filter { !$0.isEmpty }
        if theirs.isEmpty { return Choice(protocol: oldest, name: nil) }
        for name in theirs {
            if let match = ours.first(where: { $0.name == name }) {
                return Choice(protocol: match.protocol, name: match.name)
            }
        }
        throw StreamingError(
            .invalid,
            "unable to negotiate protocol: client supports \(theirs.map { String($0) }), server accepts "
                + "\(ours.map(\.name))")
    }

    /// The names of SPDY's protocols for a request, which a refused client is told.
    static func spdyNames(for request: PendingRequest) -> [String] {
        switch request {
        case .exec, .attach: spdyCommands.map(\.name)
        case .portForward: spdyPortForwards.map(\.name)
        }
    }
}
