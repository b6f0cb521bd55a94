import NIOCore
import NIOHTTP1

/// What a route answers.
enum HTTPResponse: Sendable {
    case whole(HTTPResponseStatus, contentType: String, ByteBuffer)
    /// A body that comes piece by piece; each piece is taken when the client has room for it.
    case stream(
        contentType: String,
        @Sendable (_ write: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void)
    /// From here on the connection belongs to the client and to the runtime's streaming server.
    case proxy(to: StreamURL)

    static func text(_ status: HTTPResponseStatus, _ text: String) -> HTTPResponse {
        .whole(status, contentType: "text/plain; charset=utf-8", ByteBuffer(string: text))
    }

    static func json(_ bytes: [UInt8]) -> HTTPResponse {
        .whole(.ok, contentType: "application/json", ByteBuffer(bytes: bytes))
    }

    static func metrics(_ text: String) -> HTTPResponse {
        .whole(.ok, contentType: "text/plain; version=0.0.4; charset=utf-8", ByteBuffer(string: text))
    }
}

/// Answers requests of one listener.
protocol HTTPResponder: Sendable {
    /// - Parameter hasCertificate: whether the client has shown one that the configured authorities signed.
    func respond(to head: HTTPRequestHead, hasCertificate: Bool) async -> HTTPResponse
}
