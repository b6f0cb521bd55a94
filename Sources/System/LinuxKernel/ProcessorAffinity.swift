import CLinux
import Glibc

/// The processors on which the calling thread, and what it becomes, may run (sched_setaffinity(2)).
public enum ProcessorAffinity {
    /// - Parameters:
    ///   - mask: one bit for each; the kernel leaves those that the thread's cpuset has.
    ///   - text: for messages.
    public static func set(_ mask: [UInt], _ text: String) throws(KernelError) {
        _ = try check("set processor affinity to", text) {
            mask.withUnsafeBytes {
                clinux_syscall(
                    Int(SYS_sched_setaffinity), 0, $0.count, Int(bitPattern: $0.baseAddress), 0, 0, 0)
            }
        }
    }

    /// Lets it run on all that its cpuset has. Where that is not its right, it stays as it is.
    public static func reset() throws(KernelError) {
        do throws(KernelError) {
            // More than any kernel knows.
            try set([UInt](repeating: .max, count: 128), "all")
        } catch {
            guard error.errno.isRefusal else { throw error }
        }
    }
}
