import GRPCCore

/// What a call to the container runtime answered instead of a result.
package struct RuntimeError: Error, CustomStringConvertible {
    /// The procedure, `RunPodSandbox`.
    package var call: String
    package var code: RPCError.Code
    package var message: String

    package init(call: String, code: RPCError.Code, message: String) {
        self.call = call
        self.code = code
        self.message = message
    }

    init(_ call: String, _ error: any Error) {
        self.call = call
        if let error = error as? RPCError {
            code = error.code
            message = error.message
        } else {
            code = .unknown
            message = "\(error)"
        }
    }

    /// As the clients of gRPC in Go write it, which users know from events.
    package var description: String { "rpc error: code = \(code.name) desc = \(message)" }

    var isNotFound: Bool { code == .notFound }
    /// The runtime does not have this procedure, and will not have it until another one is started.
    var isUnimplemented: Bool { code == .unimplemented }
    /// A call about many things may have failed for one of them: the runtime answered, and with no reason to ask nothing
    /// else of it.
    package var isAboutOneOfMany: Bool {
        switch code {
        case .unknown, .internalError, .notFound, .failedPrecondition: true
        default: false
        }
    }
}

extension RPCError.Code {
    /// The name in the specification of gRPC, as Go spells it.
    var name: String {
        switch self {
        case .cancelled: "Canceled"
        case .invalidArgument: "InvalidArgument"
        case .deadlineExceeded: "DeadlineExceeded"
        case .notFound: "NotFound"
        case .alreadyExists: "AlreadyExists"
        case .permissionDenied: "PermissionDenied"
        case .resourceExhausted: "ResourceExhausted"
        case .failedPrecondition: "FailedPrecondition"
        case .aborted: "Aborted"
        case .outOfRange: "OutOfRange"
        case .unimplemented: "Unimplemented"
        case .internalError: "Internal"
        case .unavailable: "Unavailable"
        case .dataLoss: "DataLoss"
        case .unauthenticated: "Unauthenticated"
        default: "Unknown"
        }
    }
}
