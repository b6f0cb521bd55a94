import CLinux
import OCISpec

/// A filter of system calls, ready for seccomp(2).
public struct SeccompFilter: Equatable, Sendable {
    /// The agent that answers the calls which the filter hands to user space (config-linux.md, Seccomp).
    public struct Listener: Equatable, Sendable {
        /// The agent's unix socket; it gets the descriptor that seccomp(2) returns.
        public let path: String
        /// Passed to the agent unread; may be empty.
        public let metadata: String

        package init(path: String, metadata: String) {
            self.path = path
            self.metadata = metadata
        }
    }

    /// `struct sock_filter[]`, eight bytes an instruction, at most `lengthLimit` of them.
    public let program: [UInt8]
    /// The flags argument of `SECCOMP_SET_MODE_FILTER`.
    public let flags: UInt32
    /// Nil: seccomp(2) returns 0 and no descriptor.
    public let listener: Listener?
    /// System calls that libseccomp does not know, comma and space between them: rules on them were left out.
    public let unknownNames: String

    /// BPF_MAXINSNS: longer programs are refused by the kernel.
    public static let lengthLimit = 4096

    /// For `len` of `struct sock_fprog`.
    public var instructionCount: Int { program.count / MemoryLayout<sock_filter>.stride }

    package init(program: [UInt8], flags: UInt32, listener: Listener?, unknownNames: String) {
        self.program = program
        self.flags = flags
        self.listener = listener
        self.unknownNames = unknownNames
    }
}
