import CLinux
import Glibc

/// A pseudo terminal's two ends (pty(7)).
public struct PseudoTerminal: ~Copyable {
    public var master: FileDescriptor
    public var slave: FileDescriptor

    /// Unlocks a new terminal and opens its other end, from the master itself (TIOCGPTPEER), so that no path
    /// is looked up that somebody could have exchanged (CVE-2025-52565).
    /// - Parameter master: the `ptmx` of a devpts instance, freshly opened.
    public init(master: consuming FileDescriptor) throws(KernelError) {
        let number = master.raw
        var unlock: Int32 = 0
        _ = try check("unlock terminal", "ptmx") { clinux_ioctl(number, UInt(0x4004_5431), &unlock) }
        let slave = try check("open terminal", "ptmx") {
            clinux_ioctl_value(number, UInt(0x5441), UInt(O_RDWR | O_NOCTTY | O_CLOEXEC))
        }
        self.master = master
        self.slave = FileDescriptor(owning: slave)
    }

    /// The number of the terminal in its devpts instance (TIOCGPTN).
    public func number() throws(KernelError) -> UInt32 {
        var number: UInt32 = 0
        _ = try check("number of terminal", "") { clinux_ioctl(master.raw, UInt(0x8004_5430), &number) }
        return number
    }

    /// Takes the pair apart; the caller owns both.
    public consuming func ends() -> (master: Int32, slave: Int32) {
        (master.release(), slave.release())
    }
}

/// The size of a terminal in character cells.
public struct TerminalSize: Equatable, Sendable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

extension FileDescriptor {
    /// TIOCSWINSZ.
    public func setTerminalSize(_ size: TerminalSize) throws(KernelError) {
        var window = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = try check("resize terminal", "descriptor \(raw)") {
            clinux_ioctl(raw, UInt(TIOCSWINSZ), &window)
        }
    }

    /// TIOCGWINSZ.
    public func terminalSize() throws(KernelError) -> TerminalSize {
        var window = winsize()
        _ = try check("size of terminal", "descriptor \(raw)") {
            clinux_ioctl(raw, UInt(TIOCGWINSZ), &window)
        }
        return TerminalSize(rows: window.ws_row, columns: window.ws_col)
    }

    public var isTerminal: Bool { isatty(raw) == 1 }

    /// Switches the terminal to raw mode (cfmakeraw(3)) and returns what it was, for `setTerminalMode`.
    public func makeTerminalRaw() throws(KernelError) -> termios {
        var mode = termios()
        _ = try check("read terminal mode", "descriptor \(raw)") { tcgetattr(raw, &mode) }
        var wanted = mode
        cfmakeraw(&wanted)
        try setTerminalMode(wanted)
        return mode
    }

    public func setTerminalMode(_ mode: termios) throws(KernelError) {
        var mode = mode
        _ = try check("set terminal mode", "descriptor \(raw)") { tcsetattr(raw, TCSANOW, &mode) }
    }
}
