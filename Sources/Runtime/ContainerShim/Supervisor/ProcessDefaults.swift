import CLinux
import Glibc
import LinuxKernel

/// What a process inherits and a daemon may have set for itself: none of it is to reach a pod's containers, which
/// inherit it from their shim. Their configuration says what is to differ.
enum ProcessDefaults {
    /// Sets this process back to what an ordinary child of pid 1 has. What needs rights that are missing stays as it
    /// is, or comes as near as it may.
    static func apply() throws(KernelError) {
        umask(0o022)
        try resetScheduling()
        for resource in 0..<limits { try resetLimit(resource) }
    }

    // MARK: Scheduling

    private static func resetScheduling() throws(KernelError) {
        // Without CAP_SYS_NICE the way back to more is closed.
        try tolerant("set nice value") { setpriority(PRIO_PROCESS, 0, 0) }
        var parameter = sched_param()
        parameter.sched_priority = 0
        try tolerant("set scheduler") { sched_setscheduler(0, SCHED_OTHER, &parameter) }
        // IOPRIO_WHO_PROCESS; no class: the nice value decides.
        try tolerant("set I/O priority") {
            Int32(truncatingIfNeeded: clinux_syscall(Int(SYS_ioprio_set), 1, 0, 0, 0, 0, 0))
        }
        try ProcessorAffinity.reset()
    }

    private static func tolerant(_ what: StaticString, _ call: () -> Int32) throws(KernelError) {
        do throws(KernelError) {
            _ = try check(what, "", call)
        } catch {
            guard error.errno.isRefusal else { throw error }
        }
    }

    // MARK: Limits

    /// RLIM_NLIMITS.
    private static let limits: UInt32 = 16

    private typealias Limit = (soft: UInt64, hard: UInt64)

    /// What systemd gives to those it starts, and with them to containers.
    private static let openFiles: Limit = (1024, 524_288)

    private static func resetLimit(_ resource: UInt32) throws(KernelError) {
        let own = try limit(of: 0, resource)
        let wanted =
            resource == UInt32(RLIMIT_NOFILE.rawValue) ? openFiles : try limit(of: 1, resource)
        if wanted == own || set(resource, wanted) { return }
        // To raise a hard limit needs CAP_SYS_RESOURCE.
        let hard = min(wanted.hard, own.hard)
        let clamped = (soft: min(wanted.soft, hard), hard: hard)
        if clamped != own, !set(resource, clamped) { throw KernelError("set limit", "number \(resource)") }
    }

    private static func limit(of pid: Int, _ resource: UInt32) throws(KernelError) -> Limit {
        var found = (UInt64(0), UInt64(0))
        do throws(KernelError) {
            _ = try check("prlimit", "process \(pid)") {
                withUnsafeMutablePointer(to: &found) {
                    clinux_syscall(Int(SYS_prlimit64), pid, Int(resource), 0, Int(bitPattern: $0), 0, 0)
                }
            }
        } catch {
            // Of a pid 1 that is another user's: ours then stay.
            guard pid != 0, error.errno.isRefusal else { throw error }
            return try limit(of: 0, resource)
        }
        return (soft: found.0, hard: found.1)
    }

    private static func set(_ resource: UInt32, _ limit: Limit) -> Bool {
        withUnsafePointer(to: (limit.soft, limit.hard)) {
            clinux_syscall(Int(SYS_prlimit64), 0, Int(resource), Int(bitPattern: $0), 0, 0, 0) == 0
        }
    }
}
