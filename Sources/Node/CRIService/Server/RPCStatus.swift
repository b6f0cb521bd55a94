import GRPCCore
import ImageStore
import LinuxKernel
import RegistryClient

/// An error that knows what a caller of the CRI has to be told. Its description is the status's message.
public protocol RPCStatusConvertible: Error, CustomStringConvertible {
    var rpcCode: RPCError.Code { get }
}

extension RPCError {
    /// The status for whatever was thrown: one line, and a code that clients can act on.
    ///
    /// The kubelet strips the code `unknown` and shows the message alone, so that is the one for errors about which
    /// there is no more to say.
    package static func status(for error: any Error) -> RPCError {
        switch error {
        case let error as RPCError: return error
        case let error as any RPCStatusConvertible:
            return RPCError(code: error.rpcCode, message: oneLine("\(error)"))
        case let error as any RPCErrorConvertible: return RPCError(error)
        case is CancellationError: return RPCError(code: .cancelled, message: "the caller has gone")
        default: return RPCError(code: .unknown, message: oneLine("\(error)"))
        }
    }
}

extension KernelError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch errno {
        case .noSpace, .noMemory: .resourceExhausted
        case .timedOut: .deadlineExceeded
        default: .unknown
        }
    }
}

extension ImageError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch kind {
        case .notFound: .notFound
        case .ambiguous, .invalid: .invalidArgument
        case .corrupt: .dataLoss
        case .limit: .resourceExhausted
        case .unsupported, .inUse: .failedPrecondition
        case .store: .internalError
        }
    }
}

extension RegistryError: RPCStatusConvertible {
    public var rpcCode: RPCError.Code {
        switch kind {
        case .notFound: .notFound
        case .unauthorized: .unauthenticated
        case .denied: .permissionDenied
        case .rateLimited, .limit: .resourceExhausted
        case .interrupted: .unavailable
        // Said with the CRI's own word for it: see `PullFailure`.
        case .unreachable, .server: .unknown
        case .corrupt: .dataLoss
        case .unsupported, .configuration: .failedPrecondition
        case .invalid: .invalidArgument
        }
    }
}

/// Text of anybody, fit for one line.
func oneLine(_ text: String) -> String {
    if !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return text }
    return String(
        String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0 == "\u{7f}" ? " " : $0 }))
}
