import ContainerShim
import Glibc
import LinuxKernel

/// How an attachment to a program ended.
public enum SessionEnd: Equatable, Sendable {
    case exited(ExitReport)
    /// The user typed the detach keys; the program goes on.
    case detached
    /// Nobody reads our output any more.
    case outputClosed
    /// A signal ended the attachment, not the program.
    case interrupted(signal: Int32)
}

/// What a session does with this program's own streams and signals.
public struct SessionOptions: Equatable, Sendable {
    /// Standard input goes to the program.
    public var input: Bool
    /// What the program writes to its standard output, or terminal, is shown.
    public var output = true
    /// What it writes to its standard error is shown.
    public var error = true
    /// The program has a terminal.
    public var terminal: Bool
    /// Signals go on to the program; not with a terminal, on which the keys do that.
    public var forwardsSignals: Bool
    public var detachKeys: DetachKeys

    public init(
        input: Bool, terminal: Bool, forwardsSignals: Bool = true, detachKeys: DetachKeys = .standard
    ) {
        self.input = input
        self.terminal = terminal
        self.forwardsSignals = forwardsSignals
        self.detachKeys = detachKeys
    }

    /// Signals that a session watches.
    var signals: [Int32] { [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH] }
}

/// What a session asks of the shim about its program.
struct SessionTarget {
    var container: String
    /// The number of a process that `exec` started; nil for the container's first.
    var exec: UInt64?

    var kill: KillTarget { exec.map { .exec($0) } ?? .first }
}

/// What both kinds of session share: the connection to the shim, signals, and what is typed.
struct SessionCore: ~Copyable {
    var shim: ShimClient
    let target: SessionTarget
    let options: SessionOptions
    let signals: SignalDescriptor
    var detach: DetachScanner
    private(set) var report: ExitReport?
    private let waitNumber: UInt64

    init(shim: consuming ShimClient, target: SessionTarget, options: SessionOptions) throws {
        var shim = shim
        let number = try shim.send(.wait(container: target.container, exec: target.exec))
        let signals = try SignalDescriptor(options.signals)
        waitNumber = number
        self.shim = shim
        self.signals = signals
        self.target = target
        self.options = options
        detach = DetachScanner(options.terminal ? options.detachKeys : DetachKeys(sequence: []))
        // A closed output is seen as EPIPE, so that the terminal's mode is restored before we end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Takes what the shim says: the end of the program, and answers that nobody waits for.
    mutating func receive() throws {
        while let delivery = try shim.receive(milliseconds: 0) {
            guard case .answer(waitNumber, let answer) = delivery.message else { continue }
            switch answer {
            case .exited(let report): self.report = report
            case .failed(let failure): throw ShimError.failed(failure)
            default: break
            }
        }
    }

    /// Acts on signals.
    /// - Parameter resize: what to do with a new size of the terminal.
    /// - Returns: a signal that ends the session.
    mutating func handleSignals(_ resize: (inout SessionCore, TerminalSize) throws -> Void) throws -> Int32? {
        while let signal = try signals.next() {
            switch signal {
            case SIGWINCH:
                if options.terminal, let size = Standard.terminalSize { try resize(&self, size) }
            case _ where options.forwardsSignals && !options.terminal:
                _ = try shim.send(.kill(container: target.container, signal: signal, target.kill))
            default:
                return signal
            }
        }
        return nil
    }

    /// Reads what was typed or piped in.
    /// - Returns: nil at the end of the input.
    mutating func readInput(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(KernelError) -> (bytes: [UInt8], detached: Bool)? {
        let count = read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        if count < 0 {
            switch Errno.current {
            case .again, .interrupted: return ([], false)
            // The terminal is gone.
            case .ioError: return nil
            default: throw KernelError("read", "standard input")
            }
        }
        if count == 0 { return nil }
        let scanned = detach.scan(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return (scanned.passed, scanned.detached)
    }
}

/// One poll(2) over the descriptors of a session; a negative one is left out.
func pollAll(_ polls: inout [pollfd], milliseconds: Int32 = -1) throws(KernelError) -> Int32 {
    try check("poll", "") { poll(&polls, nfds_t(polls.count), milliseconds) }
}
