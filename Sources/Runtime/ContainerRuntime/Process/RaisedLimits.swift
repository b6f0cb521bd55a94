import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Limits above the caller's own, for a process in a user namespace. To raise a hard limit takes CAP_SYS_RESOURCE in
/// the host's user namespace (setrlimit(2)), which such a process has lost: the runtime does it from outside.
struct RaisedLimits {
    private let limits: [RuntimeSpec.Rlimit]

    init(_ process: RuntimeSpec.Process, _ spec: RuntimeSpec) throws(KernelError) {
        var raised: [RuntimeSpec.Rlimit] = []
        if spec.linux?.namespace(.user) != nil {
            for limit in process.rlimits where try limit.hard > Self.ownHardLimit(limit.type) {
                raised.append(limit)
            }
        }
        limits = raised
    }

    func contains(_ limit: RuntimeSpec.Rlimit) -> Bool { limits.contains { $0.type == limit.type } }

    /// - Parameter pid: of a process that waits for its start: no step of the runtime's is left that a limit could stop.
    func apply(to pid: Int32) throws(KernelError) {
        for limit in limits {
            let result = withUnsafePointer(to: (limit.soft, limit.hard)) {
                clinux_syscall(
                    Int(SYS_prlimit64), Int(pid), Int(limit.type.number), Int(bitPattern: $0), 0, 0, 0)
            }
            if result < 0 { throw KernelError(limit.step, "") }
        }
    }

    private static func ownHardLimit(_ type: RuntimeSpec.Rlimit.Resource) throws(KernelError) -> UInt64 {
        var own = (soft: UInt64(0), hard: UInt64(0))
        _ = try check("prlimit", type.rawValue) {
            withUnsafeMutablePointer(to: &own) {
                clinux_syscall(Int(SYS_prlimit64), 0, Int(type.number), 0, Int(bitPattern: $0), 0, 0)
            }
        }
        return own.hard
    }
}

extension RuntimeSpec.Rlimit {
    /// What is tried, for messages.
    var step: String { "set \(type.rawValue) to \(soft):\(hard)" }
}
