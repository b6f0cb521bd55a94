import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What the network libraries threw, as an error that says in one line what a user can act on.
/// - Throws: `CancellationError` when our own task was cancelled.
func networkError(_ error: any Error) throws -> any Error {
    if error is CancellationError || error is RegistryError { return error }
    if Task.isCancelled { throw CancellationError() }
    let (kind, why) = explain(error)
    return RegistryError(kind, why, status: nil, symptom: symptom(of: error))
}

/// How connecting fails when there is nobody to connect to.
private let notReached: Set<CInt> = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EADDRNOTAVAIL]

private func symptom(of error: any Error) -> RegistryError.Symptom? {
    switch error {
    case let error as HTTPClientError where [.readTimeout, .deadlineExceeded].contains(error): .timeout
    case let error as HTTPClientError where error == .remoteConnectionClosed: .noTLS
    case is NIOSSLError, is BoringSSLError: "\(error)".contains("CERTIFICATE") ? .certificate : .noTLS
    case let error as IOError where !notReached.contains(error.errnoCode): .noTLS
    case let error as ChannelError where [.eof, .inputClosed, .alreadyClosed].contains(error): .noTLS
    default: nil
    }
}

private func explain(_ error: any Error) -> (RegistryError.Kind, String) {
    switch error {
    case let error as HTTPClientError: return explain(error)
    case let error as NIOConnectionError: return (.unreachable, explain(error))
    case let error as NIOSSLError: return (.unreachable, "TLS failed: \(explain(error))")
    case is NIOSSLExtraError:
        return (.unreachable, "TLS failed: its certificate is for another name (\(oneLine("\(error)")))")
    case let error as BoringSSLError:
        return (.unreachable, "TLS failed: \(explain(error))")
    case let error as IOError:
        if notReached.contains(error.errnoCode) { return (.unreachable, explain(error)) }
        return (.interrupted, "connection lost: \(explain(error))")
    case let error as HTTPParserError:
        switch error {
        case .invalidEOFState, .closedConnection: return (.interrupted, "the connection ended too early")
        default: return (.corrupt, "it does not speak HTTP (\(oneLine("\(error)")))")
        }
    case let error as ChannelError:
        switch error {
        case .connectTimeout: return (.unreachable, "no connection in time")
        default: return (.interrupted, "connection lost: \(oneLine("\(error)"))")
        }
    default:
        if let why = explainSOCKS(error) { return (.unreachable, why) }
        return (.interrupted, oneLine("\(error)"))
    }
}

/// What NIOSOCKS throws, which the client library hands through and does not export: told by the names of its types.
private func explainSOCKS(_ error: any Error) -> String? {
    let name = String(reflecting: type(of: error))
    guard name.hasPrefix("NIOSOCKS.") else { return nil }
    if name.hasSuffix(".ConnectionFailed") { return "the proxy refuses to connect" }
    if name.hasSuffix(".InvalidAuthenticationSelection") { return "the proxy wants a password" }
    return "the proxy does not speak SOCKS 5 (\(oneLine("\(error)")))"
}

private func explain(_ error: HTTPClientError) -> (RegistryError.Kind, String) {
    switch error {
    case .connectTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout, .getConnectionFromPoolTimeout:
        (.unreachable, "no connection in time")
    case .tlsHandshakeTimeout: (.unreachable, "it does not answer to TLS in time")
    case .readTimeout, .deadlineExceeded: (.interrupted, "no answer in time")
    case .writeTimeout: (.interrupted, "it stopped reading")
    case .remoteConnectionClosed: (.interrupted, "the connection ended too early")
    case .proxyAuthenticationRequired: (.unreachable, "the proxy wants a password")
    case .invalidProxyResponse: (.unreachable, "the proxy refuses to connect")
    case .uncleanShutdown: (.interrupted, "the connection ended without TLS's end")
    case .bodyLengthMismatch: (.invalid, "the content has another size than was promised")
    case .invalidURL, .emptyHost: (.invalid, "the address is malformed")
    default: (.interrupted, oneLine("\(error)"))
    }
}

/// The library's own text names its function, and of a connection that was refused says that it was reset.
private func explain(_ error: IOError) -> String {
    String(cString: strerror(error.errnoCode)).lowercased()
}

private func explain(_ error: NIOConnectionError) -> String {
    if let failure = error.connectionErrors.first {
        let address = failure.target.ipAddress ?? "\(failure.target)"
        let host = address.contains(":") ? "[\(address)]" : address
        return "connect to \(host):\(failure.target.port ?? 0): \(connectProblem(failure.error))"
    }
    if error.dnsAError != nil || error.dnsAAAAError != nil { return "no such host" }
    return "no connection"
}

private func connectProblem(_ error: any Error) -> String {
    switch error {
    case let error as IOError: explain(error)
    case ChannelError.connectTimeout: "no answer in time"
    default: oneLine("\(error)")
    }
}

private func explain(_ error: NIOSSLError) -> String {
    switch error {
    case .handshakeFailed(let reason): explain(reason)
    case .uncleanShutdown: "the connection ended in the middle"
    case .unableToValidateCertificate, .noCertificateToValidate: "its certificate is not trusted"
    default: oneLine("\(error)")
    }
}

private func explain(_ error: BoringSSLError) -> String {
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") { return "its certificate is not trusted" }
    if text.contains("WRONG_VERSION_NUMBER") { return "it answers plain HTTP" }
    if text.contains("CERTIFICATE_REQUIRED") || text.contains("BAD_CERTIFICATE") {
        return "it wants a client certificate that it trusts"
    }
    if case .syscallError = error { return "the connection ended in the middle" }
    return oneLine(text)
}
