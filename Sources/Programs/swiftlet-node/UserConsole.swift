import ContainerCLI
@preconcurrency import Dispatch
import Glibc
import LinuxKernel
import NIOCore
import NodeAgent

/// This program's own streams, for a program in a pod.
final class UserConsole: PodExec.Console {
    /// Pieces of input that are read before the first of them has gone its way.
    private static let ahead = 4
    private static let piece = 32 << 10

    private let pieces: AsyncStream<ByteBuffer>
    /// Counted up from 0: one that is let go of with less than it began with ends the program (libdispatch).
    private let room = DispatchSemaphore(value: 0)
    private let signals: [any DispatchSourceSignal]
    private let terminalSizes: AsyncStream<(rows: UInt16, columns: UInt16)>
    private let raw: RawTerminal?

    /// - Parameters:
    ///   - input: standard input is read, on a thread of its own until this program ends.
    ///   - terminal: the user's terminal is in raw mode until `restore`.
    init(input: Bool, terminal: Bool) throws(KernelError) {
        // A closed output is seen as EPIPE, so that the terminal's mode is restored before we end.
        signal(SIGPIPE, SIG_IGN)
        let raw = terminal && input && Standard.inputIsTerminal ? try RawTerminal(STDIN_FILENO) : nil
        self.raw = raw
        let (pieces, next) = AsyncStream.makeStream(of: ByteBuffer.self)
        self.pieces = pieces
        let (sizes, newSize) = AsyncStream.makeStream(
            of: (rows: UInt16, columns: UInt16).self, bufferingPolicy: .bufferingNewest(1))
        terminalSizes = sizes
        var signals: [any DispatchSourceSignal] = []
        if terminal {
            let tell = { @Sendable in
                if let size = Standard.terminalSize { newSize.yield((size.rows, size.columns)) }
            }
            tell()
            signals.append(Self.on(SIGWINCH, tell))
            for number in [SIGHUP, SIGTERM] {
                signals.append(
                    Self.on(number) {
                        raw?.restore()
                        exit(128 + number)
                    })
            }
        }
        self.signals = signals
        for _ in 0..<Self.ahead { room.signal() }
        if input {
            DispatchQueue(label: "standard input").async { [room] in Self.read(to: next, room) }
        } else {
            next.finish()
        }
    }

    private static func on(_ number: Int32, _ act: @escaping @Sendable () -> Void) -> any DispatchSourceSignal
    {
        if number != SIGWINCH { signal(number, SIG_IGN) }
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: act)
        source.resume()
        return source
    }

    private static func read(to next: AsyncStream<ByteBuffer>.Continuation, _ room: DispatchSemaphore) {
        var bytes = [UInt8](repeating: 0, count: piece)
        while true {
            room.wait()
            let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, [.interrupted, .again].contains(Errno.current) {
                var ready = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                poll(&ready, 1, -1)
                room.signal()
                continue
            }
            // A terminal that is gone is an input that has ended.
            guard count > 0 else { return next.finish() }
            next.yield(ByteBuffer(bytes: bytes[..<count]))
        }
    }

    func restore() { raw?.restore() }

    func input() async -> ByteBuffer? {
        var iterator = pieces.makeAsyncIterator()
        let piece = await iterator.next()
        room.signal()
        return piece
    }

    func output(_ bytes: ByteBuffer, isError: Bool) throws {
        try bytes.withUnsafeReadableBytes {
            try Standard.write($0, to: isError ? STDERR_FILENO : STDOUT_FILENO)
        }
    }

    func sizes() -> AsyncStream<(rows: UInt16, columns: UInt16)> { terminalSizes }
}
