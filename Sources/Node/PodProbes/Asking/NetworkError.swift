import LinuxKernel
import NIOCore
import NIOPosix
import NIOSSL

/// What went wrong with a connection, in the words that users of Kubernetes know.
enum NetworkError {
    /// `dial tcp 10.0.0.7:80: connect: connection refused`
    static func dialing(_ host: String, _ port: Int, _ error: any Error) -> String {
        "dial tcp \(address(host, port)): \(reason(error))"
    }

    static func dialTimeout(_ host: String, _ port: Int) -> String {
        "dial tcp \(address(host, port)): i/o timeout"
    }

    static func address(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: "connect: \(Errno(rawValue: error.errnoCode))"
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last {
                reason(last.error)
            } else if error.dnsAError ?? error.dnsAAAAError != nil {
                "lookup \(error.host): no such host"
            } else {
                "\(error)"
            }
        default: "\(error)"
        }
    }

    /// What ended a conversation.
    static func conversing(_ error: any Error) -> String {
        switch error {
        case let error as IOError: "read: \(Errno(rawValue: error.errnoCode))"
        case _ where isAnswerWithoutTLS(error): "http: server gave HTTP response to HTTPS client"
        case is NIOSSLError, is BoringSSLError: encrypting("\(error)")
        case ChannelError.eof, is NIOSSLExtraError: "EOF"
        default: "\(error)"
        }
    }

    /// BoringSSL's reasons are words in capitals. What else its text has is of the library's source.
    private static func encrypting(_ text: String) -> String {
        if text.contains("EOF during handshake") { return "EOF" }
        let reasons = text.split { ": ,()[]".contains($0) }.filter { word in
            word.contains("_") && word.allSatisfy { $0 == "_" || $0.isNumber || $0.isUppercase }
        }
        if reasons.isEmpty { return "tls: \(text)" }
        return "tls: " + reasons.map { $0.lowercased().replacing("_", with: " ") }.joined(separator: ", ")
    }

    /// Whether a server has answered the beginning of TLS with something else. BoringSSL's reasons have no other form
    /// than their text.
    static func isAnswerWithoutTLS(_ error: any Error) -> Bool {
        guard case NIOSSLError.handshakeFailed(let reason) = error else { return false }
        return "\(reason)".contains("WRONG_VERSION_NUMBER")
    }
}
