import CLinux
import ContainerShim
import Glibc
import LinuxKernel

/// Connects this program's streams with a process that `exec` started: over three pipes, or over the terminal
/// that the process got.
///
/// The process never gets our own standard streams: through them it could reach the user's terminal and
/// files.
public struct ExecSession: ~Copyable {
    /// Our ends of the process's streams. With a terminal, both directions are its master.
    public struct Channel: ~Copyable {
        var input: Int32
        var output: Int32
        var error: Int32
        let isTerminal: Bool

        /// Three pipes.
        /// - Returns: our ends, and the process's, which the caller closes once the shim has them.
        public static func pipes() throws(KernelError) -> (own: [Int32], given: [Int32]) {
            let (inputRead, inputWrite) = try FileDescriptor.pipe().ends()
            let (outputRead, outputWrite) = try FileDescriptor.pipe().ends()
            let (errorRead, errorWrite) = try FileDescriptor.pipe().ends()
            return ([inputWrite, outputRead, errorRead], [inputRead, outputWrite, errorWrite])
        }

        /// - Parameter own: what `pipes` returned; taken over.
        public init(pipes own: [Int32]) {
            (input, output, error) = (own[0], own[1], own[2])
            isTerminal = false
        }

        public init(terminal: consuming FileDescriptor) {
            let master = terminal.release()
            (input, output, error) = (master, master, -1)
            isTerminal = true
        }

        deinit {
            for descriptor in Set([input, output, error]) where descriptor >= 0 { close(descriptor) }
        }

        mutating func closeInput() {
            if !isTerminal, input >= 0 { close(input) }
            input = -1
        }

        mutating func closeOutput() {
            if !isTerminal, output >= 0 { close(output) }
            output = -1
        }

        mutating func closeError() {
            if error >= 0 { close(error) }
            error = -1
        }

        /// Gives up the terminal for somebody else to hold.
        mutating func takeMaster() -> Int32 {
            let master = max(input, output)
            input = -1
            output = -1
            return master
        }
    }

    private var core: SessionCore
    private var channel: Channel
    private var inputOpen: Bool
    private var unsent: ArraySlice<UInt8> = []
    private var outputClosed = false

    public init(
        container: String, exec: UInt64, shim: consuming ShimClient, channel: consuming Channel,
        options: SessionOptions
    ) throws {
        var channel = channel
        for descriptor in [channel.input, channel.output, channel.error] where descriptor >= 0 {
            let flags = clinux_fcntl(descriptor, F_GETFL, 0)
            if flags < 0 || clinux_fcntl(descriptor, F_SETFL, Int(flags | O_NONBLOCK)) < 0 {
                throw KernelError("fcntl", "stream")
            }
        }
        if !options.input { channel.closeInput() }
        let core = try SessionCore(
            shim: shim, target: SessionTarget(container: container, exec: exec), options: options)
        self.core = core
        self.channel = channel
        inputOpen = options.input
    }

    /// Moves bytes until the process has ended and what it wrote is shown, or the user detaches.
    public consuming func run() throws -> SessionEnd {
        let raw =
            core.options.terminal && core.options.input && Standard.inputIsTerminal
            ? try RawTerminal(STDIN_FILENO) : nil
        defer { raw?.restore() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        if core.options.terminal, let size = Standard.terminalSize { try resize(size) }
        while true {
            if let report = core.report {
                // What the process wrote is in the pipes already. Its children may keep them open for long.
                try takeOutput(buffer)
                return .exited(report)
            }
            if outputClosed { return .outputClosed }
            let terminalInput = channel.isTerminal ? Int32(-1) : channel.input
            let terminalEvents = POLLIN | (channel.isTerminal && !unsent.isEmpty ? POLLOUT : 0)
            var polls = [
                pollfd(fd: core.shim.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: core.signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: channel.output, events: Int16(terminalEvents), revents: 0),
                pollfd(fd: channel.error, events: Int16(POLLIN), revents: 0),
                pollfd(fd: unsent.isEmpty ? -1 : terminalInput, events: Int16(POLLOUT), revents: 0),
                pollfd(
                    fd: inputOpen && unsent.isEmpty ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = try pollAll(&polls)
            if (polls[2].revents | polls[3].revents) & ~Int16(POLLOUT) != 0 { try takeOutput(buffer) }
            if polls[4].revents != 0 || polls[2].revents & Int16(POLLOUT) != 0 { try sendUnsent() }
            if polls[1].revents != 0, let signal = try handleSignals() { return .interrupted(signal: signal) }
            if polls[5].revents != 0, try takeInput(buffer) {
                if channel.isTerminal { try keepTerminal() }
                return .detached
            }
            if polls[0].revents != 0 || core.shim.hasMessages { try core.receive() }
        }
    }

    private mutating func takeOutput(_ buffer: UnsafeMutableRawBufferPointer) throws {
        do throws(KernelError) {
            if try !move(from: channel.output, to: STDOUT_FILENO, buffer) { channel.closeOutput() }
            if try !move(from: channel.error, to: STDERR_FILENO, buffer) { channel.closeError() }
        } catch {
            guard error.errno == .brokenPipe else { throw error }
            outputClosed = true
        }
    }

    /// - Returns: false at the end of the stream.
    private func move(
        from source: Int32, to target: Int32, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(KernelError) -> Bool {
        if source < 0 { return true }
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count < 0 {
                switch Errno.current {
                case .again: return true
                case .interrupted: continue
                // A terminal that its last user closed.
                case .ioError: return false
                default: throw KernelError("read", "output of the process")
                }
            }
            if count == 0 { return false }
            try Standard.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: target)
            if count < buffer.count { return true }
        }
    }

    /// - Returns: whether the user detached.
    private mutating func takeInput(_ buffer: UnsafeMutableRawBufferPointer) throws -> Bool {
        guard let (bytes, detached) = try core.readInput(into: buffer) else {
            inputOpen = false
            channel.closeInput()
            return false
        }
        unsent = bytes[...]
        try sendUnsent()
        return detached
    }

    private mutating func sendUnsent() throws(KernelError) {
        while !unsent.isEmpty, channel.input >= 0 {
            let count = unsent.withUnsafeBytes { write(channel.input, $0.baseAddress, $0.count) }
            if count >= 0 {
                unsent = unsent.dropFirst(count)
                continue
            }
            switch Errno.current {
            case .again: return
            case .interrupted: continue
            case .brokenPipe, .ioError:
                // The process reads no more.
                unsent = []
                inputOpen = false
                channel.closeInput()
            default: throw KernelError("write", "input of the process")
            }
        }
        if channel.input < 0 { unsent = [] }
    }

    private mutating func handleSignals() throws -> Int32? {
        let master = channel.isTerminal ? channel.output : -1
        return try core.handleSignals { _, size in try Self.resize(master, size) }
    }

    private func resize(_ size: TerminalSize) throws(KernelError) {
        try Self.resize(channel.isTerminal ? channel.output : -1, size)
    }

    private static func resize(_ master: Int32, _ size: TerminalSize) throws(KernelError) {
        if master < 0 { return }
        var window = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = try check("resize terminal", "") { clinux_ioctl(master, UInt(TIOCSWINSZ), &window) }
    }

    /// A process whose terminal closes gets SIGHUP. After detaching, a child of ours holds the terminal and
    /// throws away what is written to it until the process has ended.
    private mutating func keepTerminal() throws(KernelError) {
        let master = channel.takeMaster()
        defer { close(master) }
        let pid = clinux_clone3(0, SIGCHLD, -1, nil)
        if pid < 0 { throw KernelError("clone3", "keeper of the terminal") }
        if pid > 0 { return }
        setsid()
        let null = clinux_open("/dev/null", O_RDWR, 0)
        for descriptor: Int32 in 0...2 { dup2(null, descriptor) }
        dup2(master, 3)
        _ = clinux_close_range(4, UInt32.max, 0)
        _ = clinux_fcntl(3, F_SETFL, 0)
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            while true {
                let count = read(3, buffer.baseAddress, buffer.count)
                if count == 0 || (count < 0 && Errno.current != .interrupted) { break }
            }
        }
        _exit(0)
    }
}
