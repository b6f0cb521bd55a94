import AsyncHTTPClient
import Synchronization

/// Which servers have answered this client. One of those that cannot be reached is away for a moment, as a registry
/// is that makes room for its successor, and it is worth while to wait; of one that never answered a user is told
/// at once.
final class KnownServers: Sendable {
    private let origins = Mutex<Set<WebOrigin>>([])

    /// As `HTTPTransport.send`; an error says whether the server is known.
    func send(
        _ request: HTTPTransport.Request, by transport: HTTPTransport
    ) async throws -> HTTPClientResponse {
        let origin = request.address.origin
        do {
            let response = try await transport.send(request)
            origins.withLock { _ = $0.insert(origin) }
            return response
        } catch let error as RegistryError where error.kind == .unreachable && error.symptom == nil {
            throw origins.withLock { $0.contains(origin) } ? error.with(.away) : error
        }
    }
}
