import Logging
import NIOCore

/// One upgraded connection, from its first byte to its last.
struct Session: Sendable {
    let client: UpgradedClient
    let handler: any StreamingHandler
    let configuration: StreamingConfiguration
    let logger: Logger

    private enum Event {
        /// Everything has been said.
        case served
        /// The client closed the connection, or said that it will.
        case left
        case offended(any Error)
        case idle
        case farewellOver
    }

    /// Returns when the engine's calls have returned and the connection is closed.
    func run() async {
        do {
            try await client.channel.executeThenClose { inbound, _ in await converse(inbound) }
        } catch {
            logger.debug("connection failed", metadata: ["error": "\(error)"])
        }
    }

    private func converse(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async {
        let channel = client.channel.channel
        let connection = ClientConnection(channel)
        let dialogue = makeDialogue(connection)
        // The reader may be waiting for the engine; that the client is gone is seen without it.
        let (departure, departed) = AsyncStream.makeStream(of: Never.self)
        channel.closeFuture.whenComplete { _ in departed.finish() }

        await withTaskCancellationHandler {
            await withTaskGroup(of: Event.self) { group in
                group.addTask { await read(inbound, for: dialogue, connection) }
                group.addTask {
                    for await _ in departure {}
                    return .left
                }
                group.addTask {
                    await connection.idle(for: configuration.idleTimeout)
                    return .idle
                }
                group.addTask {
                    await dialogue.run()
                    return .served
                }
                var event = await group.next() ?? .left
                if case .served = event {
                    dialogue.discardInput()
                    group.addTask {
                        // Closing while bytes of the client are unread would reset the connection and could take
                        // our last words from it; so it is left time to hang up. Cancelled when it does.
                        try? await Task.sleep(for: SessionLimits.farewell)
                        return .farewellOver
                    }
                    event = await group.next() ?? .left
                }
                end(event, dialogue, connection)
                group.cancelAll()
                connection.close()
            }
        } onCancel: {
            connection.close()
        }
    }

    private func end(_ event: Event, _ dialogue: any Dialogue, _ connection: ClientConnection) {
        switch event {
        case .offended(let error):
            logger.info("session ended: what the client sent is not allowed", metadata: ["error": "\(error)"])
            connection.sendNow(dialogue.rejection())
        case .idle:
            logger.info("session ended: nothing moved", metadata: ["for": "\(configuration.idleTimeout)"])
            connection.sendNow(dialogue.rejection())
        case .served, .left, .farewellOver: break
        }
        dialogue.end(.clientLeft)
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, for dialogue: any Dialogue,
        _ connection: ClientConnection
    ) async -> Event {
        do {
            var reader = try dialogue.makeReader()
            for try await bytes in inbound {
                connection.moved()
                if try await reader.receive(bytes) == .ended { return .left }
            }
            return .left
        } catch let error as StreamingError where error.kind == .clientLeft {
            return .left
        } catch let error as StreamingError {
            return .offended(error)
        } catch {
            // The network's errors: the client is gone.
            return .left
        }
    }

    private func makeDialogue(_ connection: ClientConnection) -> any Dialogue {
        let send: @Sendable (ByteBuffer) async throws -> Void = { try await connection.send($0) }
        switch (client.protocol, client.request) {
        case (.spdyCommand(let version), let request):
            let command = Command(request, version: version, handler: handler, logger: logger)
            return SPDYCommand(command, timeout: configuration.streamCreationTimeout, send: send)
        case (.webSocketCommand(let version, let codec), let request):
            let command = Command(request, version: version, handler: handler, logger: logger)
            return WebSocketCommand(command, codec: codec, send: send)
        case (.spdyPortForward, let request):
            return SPDYPortForward(
                Forwarding(request, handler: handler, logger: logger),
                timeout: configuration.streamCreationTimeout, send: send)
        case (.tunnelledPortForward, let request):
            return TunnelledPortForward(
                Forwarding(request, handler: handler, logger: logger),
                timeout: configuration.streamCreationTimeout, send: send)
        case (.webSocketPortForward(let codec), let request):
            return WebSocketPortForward(
                Forwarding(request, handler: handler, logger: logger), codec: codec, send: send)
        }
    }
}
