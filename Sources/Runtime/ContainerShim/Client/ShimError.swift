import LinuxKernel
import OCISpec

/// Why talking to a shim failed.
public enum ShimError: Error, CustomStringConvertible, Sendable {
    /// No shim listens in that run folder.
    case absent(folder: String)
    /// The shim did not answer in time: it hangs, or the machine is very busy.
    case timedOut(String)
    /// The shim closed the connection.
    case gone
    /// Neither end speaks a version that the other understands.
    case incompatible(ShimGreeting)
    /// The shim said no.
    case failed(ShimFailure)
    /// The shim's program did not come up; its own line.
    case notStarted(String)
    case refused(KernelError)
    /// A message that this build does not understand.
    case garbled(JSONError)

    public var description: String {
        switch self {
        case .absent(let folder): "no shim listens in \(folder)"
        case .timedOut(let what): "\(what): the shim did not answer in time"
        case .gone: "the shim closed the connection"
        case .incompatible(let greeting):
            "the shim (process \(greeting.pid)) speaks protocol \(greeting.oldestVersion) to \(greeting.version), "
                + "this program \(ShimProtocol.oldestVersion) to \(ShimProtocol.version)"
        case .failed(let failure): failure.message
        case .notStarted(let line): "start swiftlet-shim: \(line)"
        case .refused(let error): "\(error)"
        case .garbled(let error): "message of the shim: \(error)"
        }
    }

    /// What a command line exits with.
    public var exitCode: Int32 {
        if case .failed(let failure) = self { failure.exitCode } else { 125 }
    }
}
