import CLinux
import Glibc
import LinuxKernel

/// The conversation between the runtime and the process that it makes, over one seqpacket socket. The two may
/// share memory: each side sends and then sleeps until the other has answered, so that never both run.
enum Channel {
    /// First byte of what the new process sends.
    enum Word {
        /// The mount namespace is built: run the hooks of the runtime's namespace.
        static let hooks = UInt8(ascii: "H")
        /// The filter is loaded, and its descriptor is there for the agent.
        static let filter = UInt8(ascii: "S")
        /// The trampoline waits at the start gate.
        static let ready = UInt8(ascii: "R")
        /// The rest is the error's kind and text.
        static let failure = UInt8(ascii: "E")
    }

    static let go: [UInt8] = [UInt8(ascii: "G")]

    /// What the runtime hears.
    enum Answer {
        case hooks
        case filter
        case ready
        case failure(RuntimeError)
        /// The process is gone, or has become its program.
        case closed
    }

    /// The runtime's side: lets the process go on, and waits for what it says next.
    static func proceed(_ socket: Int32) throws(KernelError) -> Answer {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { buffer in
            go.withUnsafeBytes {
                clinux_send_and_wait(socket, $0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
            }
        }
        return try interpret(buffer, count)
    }

    /// The runtime's side: waits for what the process says next.
    static func listen(_ socket: Int32) throws(KernelError) -> Answer {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var count: Int
        repeat {
            count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
        } while count < 0 && Errno.current == .interrupted
        return try interpret(buffer, count)
    }

    static func interpret(_ buffer: [UInt8], _ count: Int) throws(KernelError) -> Answer {
        if count < 0 {
            let errno = Errno.current
            // The process ended before it read our message.
            if errno == .brokenPipe || errno.rawValue == ECONNRESET { return .closed }
            throw KernelError("talk to", "new process", errno)
        }
        if count == 0 { return .closed }
        switch buffer[0] {
        case Word.hooks where count == 1: return .hooks
        case Word.filter where count == 1: return .filter
        case Word.ready where count == 1: return .ready
        case Word.failure where count >= 2:
            let text = String(decoding: buffer[2..<count], as: UTF8.self)
            let kind: RuntimeError.Kind =
                switch buffer[1] {
                case 127: .programNotFound
                case 126: .programNotExecutable
                default: .other
                }
            return .failure(RuntimeError(text, kind: kind))
        default:
            guard let failure = ExecPlan.failure(buffer[..<count]) else { return .closed }
            return .failure(LaunchPlan.failure(step: failure.step, failure.errno))
        }
    }

    // MARK: The new process's side

    /// Sends one word and waits for the runtime's leave to go on.
    static func ask(_ socket: Int32, _ word: UInt8) throws(KernelError) {
        var word = word
        var answer: UInt8 = 0
        let count = clinux_send_and_wait(socket, &word, 1, &answer, 1)
        if count != 1 { throw KernelError("hear from", "runtime", .brokenPipe) }
    }

    /// Reports an error and ends the process.
    static func fail(_ socket: Int32, _ error: any Error) -> Never {
        let kind: UInt8 =
            switch (error as? RuntimeError)?.kind {
            case .programNotFound: 127
            case .programNotExecutable: 126
            default: 1
            }
        let message = [Word.failure, kind] + shortened("\(error)")
        message.withUnsafeBytes { clinux_send_and_exit(socket, $0.baseAddress, $0.count, 1) }
    }

    /// What fits the other side's buffer: of a long text what was done and why it failed, without the middle of the
    /// path or name that makes it long.
    private static func shortened(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        if bytes.count <= 4000 { return bytes }
        // A character that is cut in two ends or begins with bytes like 10xxxxxx.
        let begin = bytes[..<2000].lastIndex { $0 & 0xc0 != 0x80 } ?? 2000
        let end = bytes.suffix(1900).drop { $0 & 0xc0 == 0x80 }
        return Array(bytes[..<begin]) + Array("…".utf8) + Array(end)
    }
}
