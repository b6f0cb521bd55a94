/// How a command ended, and how a client is told on its error stream.
enum CommandOutcome: Sendable, Equatable {
    case exited(Int32)
    case failed(String)

    /// The text of protocols before version 4: nothing after success.
    var plainText: String? {
        switch self {
        case .exited(0): nil
        case .exited(let code): "command terminated with non-zero exit code \(code)"
        case .failed(let why): why
        }
    }

    /// The `metav1.Status` of version 4 and later (`k8s.io/apimachinery`, `remotecommand`: the reasons
    /// NonZeroExitCode and ExitCode are what clients look for).
    var status: String {
        switch self {
        case .exited(0):
            return #"{"metadata":{},"status":"Success"}"#
        case .exited(let code):
            let message = Self.quoted("command terminated with non-zero exit code \(code)")
            return #"{"metadata":{},"status":"Failure","message":\#(message),"reason":"NonZeroExitCode","#
                + #""details":{"causes":[{"reason":"ExitCode","message":"\#(code)"}]}}"#
        case .failed(let why):
            let message = Self.quoted("Internal error occurred: \(why)")
            return #"{"metadata":{},"status":"Failure","message":\#(message),"reason":"InternalError","#
                + #""details":{"causes":[{"message":\#(Self.quoted(why))}]},"code":500}"#
        }
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
