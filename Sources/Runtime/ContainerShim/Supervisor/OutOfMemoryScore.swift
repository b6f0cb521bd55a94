import Glibc
import LinuxKernel

/// How the kernel rates a process when memory runs out (proc_pid_oom_score_adj(5)). The shim is the last to go,
/// as its loss loses the container's end; what it starts must not inherit that.
struct OutOfMemoryScore {
    /// What the shim was started with.
    private let inherited: String
    private let isLowered: Bool

    /// Just above what nothing may end: with less the kernel would rather panic.
    private static let lowest = "-998"
    private static let path = "/proc/self/oom_score_adj"

    /// Protects this process, where the host allows it: without CAP_SYS_RESOURCE the value stays.
    static func lower() throws(KernelError) -> OutOfMemoryScore {
        let bytes = try FileDescriptor.readFile(path, limit: 64)
        let inherited = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        do throws(KernelError) {
            try FileDescriptor.writeFile(path, lowest)
        } catch {
            guard error.errno == .accessDenied || error.errno == .notPermitted else { throw error }
            return OutOfMemoryScore(inherited: inherited, isLowered: false)
        }
        return OutOfMemoryScore(inherited: inherited, isLowered: true)
    }

    /// In a clone: back to what it was. Raising is always allowed.
    func restore() throws(KernelError) {
        guard isLowered else { return }
        try FileDescriptor.writeFile(Self.path, inherited)
    }
}
