import NIOCore

/// An exec or attach over WebSocket: the channels have the numbers of the descriptors, then errors and sizes.
final class WebSocketCommand: Dialogue {
    private enum Number {
        static let stdin: UInt8 = 0
        static let stdout: UInt8 = 1
        static let stderr: UInt8 = 2
        static let error: UInt8 = 3
        static let resize: UInt8 = 4
    }

    private let command: Command
    private let channels: WebSocketChannels

    init(_ command: Command, codec: ChannelCodec, send: @escaping @Sendable (ByteBuffer) async throws -> Void)
    {
        self.command = command
        var inputs: [UInt8: InboundQueue] = [:]
        if command.shape.stdin { inputs[Number.stdin] = InboundQueue() }
        // Sizes come in every version here, but are of use for a terminal only.
        if command.shape.terminal { inputs[Number.resize] = InboundQueue() }
        channels = WebSocketChannels(
            codec: codec, closesChannels: command.version == .v5, inputs: inputs, send: send)
    }

    func makeReader() throws -> any InputReader {
        ChannelReader(channels)
    }

    func run() async {
        let shape = command.shape
        let stdout = shape.stdout ? channels.output(Number.stdout) : nil
        let stderr = shape.stderr ? channels.output(Number.stderr) : nil
        let error = channels.output(Number.error)
        do {
            // Clients wait for a first message before they send (the kubelet's servers do the same).
            try await (stdout ?? stderr ?? error).greet()
            await command.run(
                CommandStreams(
                    error: error, stdin: channels.inputs[Number.stdin], stdout: stdout, stderr: stderr,
                    resize: channels.inputs[Number.resize]))
            try await channels.farewell.say()
        } catch {
            // The client is gone; the session sees that by itself.
            return
        }
    }

    func discardInput() { channels.discardInput() }
    func end(_ error: StreamingError) { channels.end(error) }
    func rejection() -> ByteBuffer { WebSocketFrame.close(.protocolError) }
}

/// A port-forward over WebSocket: each port of the request has one connection, a channel for its bytes and one for
/// errors. The first message on both is the port's number, little-endian.
final class WebSocketPortForward: Dialogue {
    private let forwarding: Forwarding
    private let channels: WebSocketChannels

    init(
        _ forwarding: Forwarding, codec: ChannelCodec,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.forwarding = forwarding
        var inputs: [UInt8: InboundQueue] = [:]
        for index in forwarding.ports.indices { inputs[Self.dataChannel(index)] = InboundQueue() }
        channels = WebSocketChannels(codec: codec, closesChannels: false, inputs: inputs, send: send)
    }

    func makeReader() throws -> any InputReader {
        ChannelReader(channels)
    }

    func run() async {
        do {
            for (index, port) in forwarding.ports.enumerated() {
                let greeting = ByteBuffer(integer: port, endianness: .little)
                try await channels.output(Self.dataChannel(index)).write(greeting)
                try await channels.output(Self.dataChannel(index) + 1).write(greeting)
            }
            await withDiscardingTaskGroup { group in
                for (index, port) in forwarding.ports.enumerated() {
                    let data = Self.dataChannel(index)
                    guard let input = channels.inputs[data] else { continue }
                    group.addTask { [self] in
                        await forwarding.run(
                            port: port, input: input, data: channels.output(data),
                            error: channels.output(data + 1))
                    }
                }
            }
            try await channels.farewell.say()
        } catch {
            // The client is gone; the session sees that by itself.
            return
        }
    }

    func discardInput() { channels.discardInput() }
    func end(_ error: StreamingError) { channels.end(error) }
    func rejection() -> ByteBuffer { WebSocketFrame.close(.protocolError) }

    private static func dataChannel(_ index: Int) -> UInt8 { UInt8(2 * index) }
}
