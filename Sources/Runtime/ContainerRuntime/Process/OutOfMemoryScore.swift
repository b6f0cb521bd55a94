import CLinux
import Glibc
import LinuxKernel

/// A process's place in the kernel's choice when memory runs out (proc_pid_oom_score_adj(5)).
enum OutOfMemoryScore {
    /// For a process of an ordinary user, which has memory of its own and is not in the container yet: its files
    /// are its own only while it can be looked into.
    static func setOwn(_ score: Int32, log: Log) throws {
        let before = clinux_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
        clinux_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        defer { clinux_prctl(PR_SET_DUMPABLE, UInt(before), 0, 0, 0) }
        try set(score, pid: getpid(), log: log)
    }

    /// Sets the score; where the caller may not lower it (nested environments without CAP_SYS_RESOURCE) it is
    /// left at the lowest value that is allowed, with a warning.
    static func set(_ score: Int32, pid: Int32, log: Log) throws {
        let path = "/proc/\(pid)/oom_score_adj"
        do throws(KernelError) {
            try FileDescriptor.writeFile(path, "\(score)")
        } catch {
            guard error.errno == .accessDenied || error.errno == .notPermitted else { throw error }
            let own = try FileDescriptor.readFile("/proc/self/oom_score_adj")
            let text = String(decoding: own.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            log.warning(
                "process.oomScoreAdj: \(score) is below what this host allows (CAP_SYS_RESOURCE is missing); it stays at \(text)"
            )
        }
    }
}
