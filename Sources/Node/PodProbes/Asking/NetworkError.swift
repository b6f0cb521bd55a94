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
        case let error as NIOSSLError: "tls: \(error)"
        case let error as BoringSSLError: "tls: \(error)"
        case ChannelError.eof, is NIOSSLExtraError: "EOF"
        default: "\(error)"
        }
    }

    /// Whether a server has answered the beginning of TLS with something else. BoringSSL's reasons have no other form
    /// than their text.
    static func isAnswerWithoutTLS(_ error: any Error) -> Bool {
        guard case NIOSSLError.handshakeFailed(let reason) = error else { return false }
        return "\(reason)".contains("WRONG_VERSION_NUMBER")
    }
}
