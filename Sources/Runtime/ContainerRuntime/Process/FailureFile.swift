import CLinux
import Glibc
import LinuxKernel

/// A page that the trampoline maps and leaves its failure in, for when nothing else is left to it: a filter of
/// system calls that is loaded last may refuse the program's execution, the report of that, and the exit.
final class FailureFile {
    /// Inherited by the process.
    let descriptor: Int32
    static let size = 4096

    /// - Parameters:
    ///   - file: an empty one, open for both directions.
    ///   - lowest: the lowest number of the descriptor.
    init(_ file: consuming FileDescriptor, atLeast lowest: Int32) throws(KernelError) {
        _ = try check("set size of", "failure file") { ftruncate(file.raw, Self.size) }
        descriptor = try file.duplicate(atLeast: lowest).release()
    }

    deinit { close(descriptor) }

    /// - Parameter descriptor: of such a file, or -1.
    /// - Throws: the failure that was left in it.
    static func throwFailure(in descriptor: Int32) throws {
        guard descriptor >= 0 else { return }
        var message = [UInt8](repeating: 0, count: size)
        guard pread(descriptor, &message, size, 0) == size, message[0] == ExecPlan.failureWord else { return }
        // The name of the step ends where the empty rest of the page begins.
        var end = 8
        while end < size, message[end] != 0 { end += 1 }
        guard let failure = ExecPlan.failure(message[..<end]) else { return }
        let error = LaunchPlan.failure(step: failure.step, failure.errno)
        throw RuntimeError(
            "container process is already dead: \(error) (the filter of linux.seccomp is loaded)",
            kind: error.kind)
    }
}
