import CLinux
import Glibc
import LinuxKernel

/// The user's terminal in raw mode until `restore`: every key goes to the container.
public struct RawTerminal: Sendable {
    private let descriptor: Int32
    private let saved: termios

    /// - Parameter descriptor: an open terminal; stays the caller's.
    public init(_ descriptor: Int32) throws(KernelError) {
        var mode = termios()
        _ = try check("read terminal mode", "") { tcgetattr(descriptor, &mode) }
        self.descriptor = descriptor
        saved = mode
        cfmakeraw(&mode)
        _ = try check("set terminal mode", "") { tcsetattr(descriptor, TCSANOW, &mode) }
    }

    public func restore() {
        // Not TCSADRAIN: output that nobody takes any more must not keep the program.
        var mode = saved
        tcsetattr(descriptor, TCSANOW, &mode)
    }
}

/// This program's standard streams.
public enum Standard {
    public static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    public static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    public static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether the user's terminal says that it understands no escapes, as an editor's shell does.
    public static var terminalIsDumb: Bool { getenv("TERM").map { strcmp($0, "dumb") == 0 } ?? false }
    public static var errorCanBeDrawnOn: Bool { errorIsTerminal && !terminalIsDumb }

    /// The size of the user's terminal, whichever stream it is on.
    public static var terminalSize: TerminalSize? {
        for descriptor in [STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO] {
            var size = winsize()
            if clinux_ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 {
                return TerminalSize(rows: size.ws_row, columns: size.ws_col)
            }
        }
        return nil
    }

    /// To standard output.
    public static func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0, to: STDOUT_FILENO) }
    }

    /// write(2) until all is written, also to a pipe that somebody made non-blocking.
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(KernelError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count >= 0 {
                done += count
                continue
            }
            switch Errno.current {
            case .interrupted: continue
            case .again:
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
            default:
                throw KernelError("write", descriptor == STDOUT_FILENO ? "standard output" : "standard error")
            }
        }
    }

    /// Writes text to standard output.
    public static func print(_ text: String) throws(KernelError) {
        var text = text
        let failure: KernelError? = text.withUTF8 { bytes in
            do throws(KernelError) {
                try write(UnsafeRawBufferPointer(bytes), to: STDOUT_FILENO)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Writes text to standard error; where that is closed, nobody is there to be told.
    public static func printError(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            do throws(KernelError) { try write(UnsafeRawBufferPointer(bytes), to: STDERR_FILENO) } catch {
                return
            }
        }
    }
}
