import NIOCore

/// Takes a client's messages apart and hands them to the channels. Belongs to the task that reads the connection.
struct ChannelReader: InputReader {
    let channels: WebSocketChannels
    private var decoder = WebSocketDecoder()
    private var message = WebSocketChannels.Message()

    init(_ channels: WebSocketChannels) {
        self.channels = channels
    }

    mutating func receive(_ bytes: ByteBuffer) async throws -> InputState {
        decoder.append(bytes)
        while let event = try decoder.next() {
            switch event {
            case .piece(let piece, let isFirst, let isLast):
                if isFirst { message = WebSocketChannels.Message() }
                try await message.take(piece, isLast: isLast, to: channels)
            case .ping(let payload):
                try await channels.send(WebSocketFrame.message(.pong, payload))
            case .close:
                try await channels.farewell.say()
                return .ended
            }
        }
        return .open
    }
}

/// A client whose SPDY bytes come in WebSocket messages (`SPDY/3.1+portforward.k8s.io`).
struct TunnelReader: InputReader {
    private let send: @Sendable (ByteBuffer) async throws -> Void
    private let farewell: WebSocketFarewell
    private var inner: SPDYReader
    private var decoder = WebSocketDecoder()

    /// `send` takes frames to the client, past the tunnel.
    init(
        _ inner: SPDYReader, farewell: WebSocketFarewell,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.farewell = farewell
        self.inner = inner
        self.send = send
    }

    mutating func receive(_ bytes: ByteBuffer) async throws -> InputState {
        decoder.append(bytes)
        while let event = try decoder.next() {
            switch event {
            case .piece(let piece, _, _):
                guard try await inner.receive(piece) == .open else { return .ended }
            case .ping(let payload):
                try await send(WebSocketFrame.message(.pong, payload))
            case .close:
                try await farewell.say()
                return .ended
            }
        }
        return .open
    }
}
