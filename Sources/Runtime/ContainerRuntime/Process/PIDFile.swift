import Glibc
import LinuxKernel

/// The file from which whoever called learns a process's id (`--pid-file`).
enum PIDFile {
    /// Readers look at it as soon as it is there: never half of a number, and nothing is left where it cannot be made.
    static func write(_ pid: Int32, to path: String) throws(KernelError) {
        let temporary = "\(path).tmp"
        let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        do throws(KernelError) {
            try file.writeAll(Array("\(pid)".utf8), named: path)
            _ = try check("rename", path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
