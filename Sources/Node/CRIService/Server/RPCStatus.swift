import GRPCCore
import ImageStore
import LinuxKernel
import RegistryClient

/// An error that knows what a caller of the CRI has to be told. Its description is the status's message.
public protocol RPCStatusConvertible: Error, CustomStringConvertible {
    var rpcCode: RPCError.Code { get }
}

extension RPCError {
    /// The status for whatever was thrown: one line of a bounded length, and a code that clients can act on.
    ///
    /// The kubelet strips the code `unknown` and shows the message alone, so that is the one for errors about which
    /// there is no more to say.
    package static func status(for error: any Error) -> RPCError {
        var status =
            switch error {
            case let error as RPCError: error
            case let error as any RPCStatusConvertible: RPCError(code: error.rpcCode, message: "\(error)")
            case let error as any RPCErrorConvertible: RPCError(error)
            case is CancellationError: RPCError(code: .cancelled, message: "the caller has gone")
            default: RPCError(code: .unknown, message: "\(error)")
            }
        status.message = StatusMessage.fitting(status.message)
        return status
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

/// What stands in a call's trailers. Of those gRPC's C library reads 8 KiB for sure and more than 16 never: the client
/// is told `resourceExhausted` then, whatever the status was.
private enum StatusMessage {
    /// Bytes, as they are sent.
    static let most = 4096
    /// Of these, for the end: what is wrong often stands behind the value that is.
    static let mostOfEnd = 1024
    static let gap = " … "

    /// Text of anybody in one line; what is too long has a gap.
    static func fitting(_ text: String) -> String {
        let text = oneLine(text)
        if length(text) <= most { return text }
        let scalars = Array(text.unicodeScalars)
        return string(begin(of: scalars, most - mostOfEnd - length(gap))) + gap
            + string(begin(of: scalars.reversed(), mostOfEnd).reversed())
    }

    private static func length(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + length($1) }
    }

    /// gRPC sends what is no printable ASCII, and percent signs, as a percent sign and two digits for each byte.
    private static func length(_ scalar: Unicode.Scalar) -> Int {
        ("\u{20}"..."\u{7e}").contains(scalar) && scalar != "%" ? 1 : 3 * UTF8.width(scalar)
    }

    private static func begin(of scalars: [Unicode.Scalar], _ most: Int) -> [Unicode.Scalar] {
        var room = most
        return Array(
            scalars.prefix { scalar in
                room -= length(scalar)
                return room >= 0
            })
    }

    private static func string(_ scalars: [Unicode.Scalar]) -> String {
        String(String.UnicodeScalarView(scalars))
    }
}

/// Text of anybody, fit for one line.
func oneLine(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: " "
                default: scalar
                }
            }))
}
