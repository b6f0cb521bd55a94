import Glibc
import LinuxKernel

/// How the kernel rates a process when memory runs out (proc_pid_oom_score_adj(5)). The shim is the last to go,
/// as its loss loses the container's end; what it starts must not inherit that.
struct OutOfMemoryScore {
    /// What processes get that the shim starts.
    private let forChildren: String
    private let own: String

    /// Just above what nothing may end: with less the kernel would rather panic.
    private static let lowest = "-998"
    private static let path = "/proc/self/oom_score_adj"

    /// Protects this process, where the host allows it: without CAP_SYS_RESOURCE the value stays.
    /// - Parameter forChildren: nil for what the shim was started with.
    static func lower(forChildren: String? = nil) throws(KernelError) -> OutOfMemoryScore {
        let bytes = try FileDescriptor.readFile(path, limit: 64)
        let inherited = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let isLowered = try set(lowest)
        return OutOfMemoryScore(forChildren: forChildren ?? inherited, own: isLowered ? lowest : inherited)
    }

    /// In a clone: what processes are to have that it makes. Raising is always allowed, and what may not be lowered
    /// stays.
    func restore() throws(KernelError) {
        if forChildren != own { _ = try Self.set(forChildren) }
    }

    private static func set(_ score: String) throws(KernelError) -> Bool {
        do throws(KernelError) {
            try FileDescriptor.writeFile(path, score)
            return true
        } catch {
            guard error.errno == .accessDenied || error.errno == .notPermitted else { throw error }
            return false
        }
    }
}
