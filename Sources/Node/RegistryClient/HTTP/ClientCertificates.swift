import AsyncHTTPClient
import NIOHTTP1
import Synchronization

/// Which of several client certificates a server takes. Go's clients choose by the authorities that it names in the
/// handshake; the TLS library here does not tell them. So the certificates are shown in their order, and the one that
/// was taken comes first from then on.
final class ClientCertificates: Sendable {
    private struct Place: Hashable {
        let origin: WebOrigin
        let tls: TLSSettings
    }

    private let taken = Mutex<[Place: TLSSettings.Pair]>([:])

    /// - Parameter sendOnce: sends the request with the one certificate that it has.
    func send(
        _ request: HTTPTransport.Request, by transport: HTTPTransport,
        _ sendOnce: (HTTPTransport.Request) async throws -> HTTPClientResponse
    ) async throws -> HTTPClientResponse {
        if request.tls.clientPairs.count < 2 { return try await sendOnce(request) }
        let place = Place(origin: request.address.origin, tls: request.tls)
        let known = taken.withLock { $0[place] }
        var attempt = request
        attempt.tls.clientPairs = known.map { [$0] } ?? request.tls.clientPairs
        // It can be sent only once; what came before it has found out which one to show.
        if case .stream = request.body { return try await sendOnce(attempt) }
        var refusal: RegistryError?
        var pairs = request.tls.clientPairs.filter { $0 != known }[...]
        if let known { pairs.insert(known, at: 0) }
        while let pair = pairs.popFirst() {
            attempt.tls.clientPairs = [pair]
            do {
                let response = try await sendOnce(attempt)
                // So answers nginx, which shakes hands with everybody.
                if response.status == .badRequest, known == nil, !pairs.isEmpty {
                    _ = try? await transport.body(of: response, limit: 64 << 10)
                    continue
                }
                if response.status != .badRequest { taken.withLock { $0[place] = pair } }
                return response
            } catch let error as RegistryError where error.mayBeForCertificate {
                refusal = refusal ?? error
            }
        }
        throw refusal!
    }
}

extension RegistryError {
    /// Whether the connection ended as it does when the other side does not like the certificate that it was shown; by
    /// TLS 1.3 it sees that after we think that we have shaken hands.
    fileprivate var mayBeForCertificate: Bool {
        switch symptom {
        case .certificate, .noTLS: true
        case nil: kind == .interrupted
        default: false
        }
    }
}
