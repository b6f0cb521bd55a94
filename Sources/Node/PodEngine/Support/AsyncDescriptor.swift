import Glibc
import LinuxKernel
import Synchronization

/// One end of a pipe, or a terminal's master, that tasks read and write without holding a thread. Closed with its last
/// user, or by `close`. One task reads and one writes at a time.
public final class AsyncDescriptor: Sendable {
    private struct State {
        var raw: Int32
        /// How many use the number just now: it must not be closed and given to somebody else meanwhile.
        var users = 0
        var isClosing = false
    }
    private let state: Mutex<State>
    private let poller: Poller

    /// - Parameter raw: becomes this object's, and non-blocking.
    init(owning raw: Int32, poller: Poller) {
        _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK)
        state = Mutex(State(raw: raw))
        self.poller = poller
    }

    deinit {
        let raw = state.withLock { $0.raw }
        if raw >= 0 { Glibc.close(raw) }
    }

    /// Ends it; who waits for it is answered as at its end.
    public func close() {
        let waitedFor = state.withLock { state -> Int32? in
            state.isClosing = true
            if state.users > 0 { return state.raw }
            if state.raw >= 0 { Glibc.close(state.raw) }
            state.raw = -1
            return nil
        }
        if let waitedFor { poller.wake(waitedFor) }
    }

    private var isClosing: Bool { state.withLock { $0.isClosing } }

    private func withDescriptor<Result>(_ body: (Int32) async throws -> Result) async throws -> Result? {
        let raw = state.withLock { state -> Int32 in
            guard !state.isClosing, state.raw >= 0 else { return -1 }
            state.users += 1
            return state.raw
        }
        guard raw >= 0 else { return nil }
        defer {
            state.withLock { state in
                state.users -= 1
                if state.isClosing, state.users == 0, state.raw >= 0 {
                    Glibc.close(state.raw)
                    state.raw = -1
                }
            }
        }
        return try await body(raw)
    }

    /// Bytes that have come, at least one; nil at the end.
    public func read(atMost count: Int = 32 << 10) async throws -> [UInt8]? {
        try await withDescriptor { raw -> [UInt8]? in
            while true {
                try Task.checkCancellation()
                if isClosing { return nil }
                var got = 0
                let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                    got = Glibc.read(raw, buffer.baseAddress, buffer.count)
                    initialized = max(0, got)
                }
                if got > 0 { return bytes }
                if got == 0 { return nil }
                switch Errno.current {
                case .again: try await poller.ready(raw, .readable) { isClosing }
                case .interrupted: continue
                // A terminal whose last user has left.
                case Errno(rawValue: EIO): return nil
                default: throw KernelError("read", "output of a process")
                }
            }
        } ?? nil
    }

    /// Writes all of it.
    /// - Returns: false when nobody reads it any more.
    public func write(_ bytes: [UInt8]) async throws -> Bool {
        try await withDescriptor { raw -> Bool in
            var done = 0
            while done < bytes.count {
                try Task.checkCancellation()
                if isClosing { return false }
                let count = bytes.withUnsafeBytes { buffer in
                    Glibc.write(raw, buffer.baseAddress! + done, buffer.count - done)
                }
                if count >= 0 {
                    done += count
                    continue
                }
                switch Errno.current {
                case .again: try await poller.ready(raw, .writable) { isClosing }
                case .interrupted: continue
                case .brokenPipe, Errno(rawValue: EIO): return false
                default: throw KernelError("write", "input of a process")
                }
            }
            return true
        } ?? false
    }

    /// The half close of a socket: its peer reads the end.
    public func endWriting() {
        state.withLock { state in
            if state.raw >= 0 { _ = shutdown(state.raw, Int32(SHUT_WR)) }
        }
    }

    /// Sets the size of a terminal.
    func resize(_ size: TerminalSize) {
        state.withLock { state in
            guard state.raw >= 0 else { return }
            var window = winsize()
            window.ws_row = size.rows
            window.ws_col = size.columns
            _ = ioctl(state.raw, UInt(TIOCSWINSZ), &window)
        }
    }
}
