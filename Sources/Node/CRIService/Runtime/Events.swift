import CRIProtocol
import GRPCCore
import PodEngine
import ServiceLifecycle

extension RuntimeService {
    /// Tells what happens from now on, until the client leaves. A client that does not keep up is cut off, and lists.
    public func getContainerEvents(
        request: CRIGetEventsRequest, response: RPCWriter<CRIContainerEventResponse>, context: ServerContext
    ) async throws {
        let following = Task { try await follow(response) }
        try await withTaskCancellationHandler {
            try await withRPCCancellationHandler {
                // A daemon that ends does not wait for who would listen for ever.
                try await withGracefulShutdownHandler {
                    try await following.value
                } onGracefulShutdown: {
                    following.cancel()
                }
            } onCancelRPC: {
                following.cancel()
            }
        } onCancel: {
            following.cancel()
        }
    }

    private func follow(_ response: RPCWriter<CRIContainerEventResponse>) async throws {
        guard let events = engine.events() else { return }
        for await event in events {
            var message = CRIContainerEventResponse()
            message.containerID = event.id
            message.containerEventType =
                switch event.kind {
                case .created: .containerCreatedEvent
                case .started: .containerStartedEvent
                case .stopped: .containerStoppedEvent
                case .deleted: .containerDeletedEvent
                }
            message.createdAt = event.time
            // The pod as it is now; one that is gone is told without.
            if let sandbox = try? engine.sandbox(event.sandboxID) {
                message.podSandboxStatus = sandbox.status()
                message.containersStatuses = try engine.containers(of: sandbox.id).map { $0.status() }
            }
            try await response.write(message)
        }
        throw RPCError(code: .unavailable, message: "the stream of events ended: list and listen again")
    }
}
