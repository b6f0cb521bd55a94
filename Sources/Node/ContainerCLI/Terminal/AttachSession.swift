import ContainerShim
import Glibc
import LinuxKernel

/// Attaches this program's streams to a container's first process until that ends or the user detaches.
public struct AttachSession: ~Copyable {
    private var core: SessionCore
    private var streams: ContainerStreams
    private var inputOpen: Bool
    private var outputOpen = true
    private var outputClosed = false
    private var dropped = false

    /// - Parameters:
    ///   - shim: a connection of the session's own.
    ///   - streams: opened before the container was started, so that nothing of its output is missed.
    public init(
        container: String, shim: consuming ShimClient, streams: consuming ContainerStreams,
        options: SessionOptions
    ) throws {
        core = try SessionCore(
            shim: shim, target: SessionTarget(container: container, exec: nil), options: options)
        self.streams = streams
        inputOpen = options.input
    }

    /// How long output may still come after the end was reported.
    private static let lastOutput = 2000

    /// Moves bytes until the session ends. The user's terminal is in raw mode meanwhile.
    public consuming func run() throws -> SessionEnd {
        let raw =
            core.options.terminal && core.options.input && Standard.inputIsTerminal
            ? try RawTerminal(STDIN_FILENO) : nil
        defer { raw?.restore() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
        defer { buffer.deallocate() }
        if core.options.terminal, let size = Standard.terminalSize { try resize(size) }
        var deadline: Int?
        while true {
            if let report = core.report {
                if !outputOpen { return .exited(report) }
                deadline = deadline ?? monotonicMilliseconds() + Self.lastOutput
            }
            if outputClosed { return .outputClosed }
            if dropped {
                throw UsageError("the container's output was not read for too long: the attachment ends")
            }
            let left = deadline.map { $0 - monotonicMilliseconds() }
            if let left, left <= 0, let report = core.report { return .exited(report) }
            var polls = [
                pollfd(fd: core.shim.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: core.signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(
                    fd: outputOpen || streams.hasUnsentInput ? streams.descriptor : -1,
                    events: Int16((outputOpen ? POLLIN : 0) | (streams.hasUnsentInput ? POLLOUT : 0)),
                    revents: 0),
                pollfd(
                    fd: inputOpen && !streams.hasUnsentInput ? STDIN_FILENO : -1, events: Int16(POLLIN),
                    revents: 0),
            ]
            _ = try pollAll(&polls, milliseconds: left.map { Int32(clamping: $0) } ?? -1)
            // Output first: what a program wrote before its end is shown before the end is acted on.
            if polls[2].revents & Int16(POLLOUT) != 0 { try streams.sendUnsent() }
            if polls[2].revents & ~Int16(POLLOUT) != 0 { try takeOutput() }
            if polls[1].revents != 0, let signal = try handleSignals() { return .interrupted(signal: signal) }
            if polls[3].revents != 0, try takeInput(buffer) { return .detached }
            if polls[0].revents != 0 || core.shim.hasMessages { try core.receive() }
        }
    }

    private mutating func takeOutput() throws {
        var failure: KernelError?
        var ended = false
        var cutOff = false
        let (showsOutput, showsError) = (core.options.output, core.options.error)
        try streams.receive { part in
            do throws(KernelError) {
                switch part {
                case .output where !showsOutput, .error where !showsError: break
                case .output(let bytes): try Standard.write(bytes, to: STDOUT_FILENO)
                case .error(let bytes): try Standard.write(bytes, to: STDERR_FILENO)
                case .dropped: cutOff = true
                case .end: ended = true
                }
            } catch {
                failure = error
            }
        }
        if ended { outputOpen = false }
        if cutOff { dropped = true }
        if let failure {
            guard failure.errno == .brokenPipe else { throw failure }
            outputClosed = true
        }
    }

    /// - Returns: whether the user detached.
    private mutating func takeInput(_ buffer: UnsafeMutableRawBufferPointer) throws -> Bool {
        guard let (bytes, detached) = try core.readInput(into: buffer) else {
            inputOpen = false
            try streams.endInput()
            return false
        }
        if !bytes.isEmpty {
            var failure: KernelError?
            bytes.withUnsafeBytes { data in
                do throws(KernelError) { try streams.send(input: data) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        return detached
    }

    private mutating func handleSignals() throws -> Int32? {
        try core.handleSignals { core, size in
            _ = try core.shim.send(.resize(container: core.target.container, size))
        }
    }

    private mutating func resize(_ size: TerminalSize) throws {
        _ = try core.shim.send(.resize(container: core.target.container, size))
    }
}
