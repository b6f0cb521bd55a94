import NIOCore

/// How channels' messages are written.
enum ChannelCodec: Sendable {
    /// Binary messages; the first byte is the channel's number.
    case binary
    /// Text messages; the first character is the channel's digit, the rest base64.
    case base64
}

/// A client's channels: each message belongs to the one whose number it begins with (`channel.k8s.io`).
final class WebSocketChannels: Sendable {
    /// What closes a channel in version 5: this number, then the channel's.
    private static let closeSignal: UInt8 = 255

    let codec: ChannelCodec
    let closesChannels: Bool
    let send: @Sendable (ByteBuffer) async throws -> Void
    let farewell: WebSocketFarewell
    /// The channels that the client writes to; what comes for others is dropped.
    let inputs: [UInt8: InboundQueue]

    init(
        codec: ChannelCodec, closesChannels: Bool, inputs: [UInt8: InboundQueue],
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.codec = codec
        self.closesChannels = closesChannels
        self.inputs = inputs
        self.send = send
        farewell = WebSocketFarewell(send: send)
    }

    func output(_ channel: UInt8) -> Output {
        Output(channels: self, number: channel)
    }

    /// Nobody reads any more.
    func discardInput() {
        for input in inputs.values { input.discard() }
    }

    func end(_ error: StreamingError) {
        for input in inputs.values { input.fail(error) }
    }

    /// Sends one message.
    fileprivate func write(_ bytes: ByteBuffer, to channel: UInt8) async throws {
        switch codec {
        case .binary:
            try await send(WebSocketFrame.message(.binary, prefix: [channel], bytes))
        case .base64:
            let digit = UInt8(ascii: "0") &+ channel
            try await send(WebSocketFrame.message(.text, prefix: [digit], Base64.encode(bytes)))
        }
    }

    /// The server's side of a channel. The protocol has no word for its end but the connection's.
    struct Output: OutputSink {
        let channels: WebSocketChannels
        let number: UInt8

        func write(_ bytes: ByteBuffer) async throws {
            var bytes = bytes
            while let piece = bytes.readSlice(length: min(bytes.readableBytes, SessionLimits.frame)),
                piece.readableBytes > 0
            {
                try await channels.write(piece, to: number)
            }
        }

        /// The message without content that tells a client it may begin.
        func greet() async throws {
            try await channels.write(ByteBuffer(), to: number)
        }

        func finish() async throws {}
    }

    /// One message on its way in.
    struct Message {
        private var channel: UInt8?
        private var decoder = Base64.Decoder()

        /// Takes a piece and delivers what is in it.
        mutating func take(_ piece: ByteBuffer, isLast: Bool, to channels: WebSocketChannels) async throws {
            var piece = piece
            if channel == nil { channel = piece.readInteger() }
            guard let channel else { return }
            if channels.closesChannels, channel == WebSocketChannels.closeSignal {
                if let closed = piece.readInteger(as: UInt8.self) { channels.inputs[closed]?.close() }
                return
            }
            switch channels.codec {
            case .binary:
                await channels.inputs[channel]?.send(piece)
            case .base64:
                let decoded = try decoder.decode(piece)
                if isLast { try decoder.end() }
                await channels.inputs[channel &- UInt8(ascii: "0")]?.send(decoded)
            }
        }
    }
}
