import Glibc
import LinuxKernel

/// How likely the kernel is to end this process when memory runs out (proc_pid_oom_score_adj(5)).
package enum OutOfMemoryScore {
    private static let path = "/proc/self/oom_score_adj"

    /// Sets it, or comes as near as it may: without CAP_SYS_RESOURCE a process can go down to the lowest value that
    /// somebody with that right has given it, which cannot be read.
    /// - Returns: what it is now.
    package static func bring(to wanted: Int) throws(KernelError) -> Int {
        let bytes = try FileDescriptor.readFile(path, limit: 64)
        let digits = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard let present = Int(String(decoding: digits, as: UTF8.self)) else {
            throw KernelError("read", path, .invalidArgument)
        }
        if try set(wanted) { return wanted }
        // Refused is `low`, allowed is `high`.
        var (low, high) = (wanted, present)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try set(middle) { high = middle } else { low = middle }
        }
        return high
    }

    private static func set(_ score: Int) throws(KernelError) -> Bool {
        do throws(KernelError) {
            try FileDescriptor.writeFile(path, "\(score)")
            return true
        } catch {
            guard [.accessDenied, .notPermitted].contains(error.errno) else { throw error }
            return false
        }
    }
}
