import Glibc
import LinuxKernel

/// What the agent asks of the kernel for itself.
package enum ProcessLimits {
    /// How many files it may have open (`maxOpenFiles`). Without the right to more than its hard limit it takes that.
    /// - Returns: how many it may have now.
    package static func openFiles(_ wanted: Int64) throws(KernelError) -> Int64 {
        var limits = rlimit()
        _ = try check("getrlimit", "RLIMIT_NOFILE") {
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        }
        let wanted = rlim_t(wanted)
        var next = rlimit(rlim_cur: wanted, rlim_max: max(wanted, limits.rlim_max))
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &next) == 0 { return Int64(wanted) }
        next = rlimit(rlim_cur: min(wanted, limits.rlim_max), rlim_max: limits.rlim_max)
        _ = try check("setrlimit", "RLIMIT_NOFILE") {
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &next)
        }
        return Int64(clamping: next.rlim_cur)
    }
}
