import CRIProtocol
import GRPCCore
import PodEngine

extension RuntimeService {
    /// Tells what happens from now on, until the client leaves. A client that does not keep up is cut off, and lists.
    public func getContainerEvents(
        request: CRIGetEventsRequest, response: RPCWriter<CRIContainerEventResponse>, context: ServerContext
    ) async throws {
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
                message.podSandboxStatus = try sandbox.status()
                message.containersStatuses = try engine.containers(of: sandbox.id).map { try $0.status() }
            }
            try await response.write(message)
        }
        throw RPCError(code: .unavailable, message: "the stream of events ended: list and listen again")
    }
}
