import Glibc
import LinuxKernel

/// One direction between our terminal and the container's. It never blocks: whoever does not read must not
/// keep the other direction, or signals, waiting.
struct TerminalFlow {
    /// -1 after its end.
    private var source: Int32
    private let target: Int32
    /// Read and not yet written.
    private var pending: ArraySlice<UInt8> = []

    init(from source: Int32, to target: Int32) {
        self.source = source
        self.target = target
    }

    var isAtEnd: Bool { source < 0 }

    /// Before more is read, what there is has to go.
    var awaited: pollfd {
        pending.isEmpty
            ? pollfd(fd: source, events: Int16(POLLIN), revents: 0)
            : pollfd(fd: isAtEnd ? -1 : target, events: Int16(POLLOUT), revents: 0)
    }

    /// Whether something is to be written, or to be read at this moment.
    var hasMore: Bool {
        if !pending.isEmpty { return !isAtEnd }
        var ready = awaited
        return poll(&ready, 1, 0) > 0
    }

    /// Carries over what goes without waiting, when poll(2) has reported `awaited`.
    mutating func advance() {
        if pending.isEmpty { read() }
        while !pending.isEmpty {
            // What fits a pipe that poll(2) calls writable, where the descriptor blocks (pipe(7), PIPE_BUF).
            let written = pending.prefix(4096).withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
            if written < 0 {
                if Errno.current == .interrupted { continue }
                if Errno.current != .again { end() }
                return
            }
            pending = pending.dropFirst(written)
            if written > 0, !isWritable { return }
        }
    }

    private var isWritable: Bool {
        var ready = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
        return poll(&ready, 1, 0) > 0
    }

    private mutating func read() {
        var buffer = [UInt8](repeating: 0, count: 16384)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(source, $0.baseAddress, $0.count) }
        if count > 0 {
            pending = buffer[..<count]
        } else if count == 0 || (Errno.current != .interrupted && Errno.current != .again) {
            // EIO: nobody holds the terminal's other end any more.
            end()
        }
    }

    private mutating func end() {
        source = -1
        pending = []
    }

    /// Standard output, not blocking. Its own description stays as it is: others write through it, too.
    static func openOutput() -> Int32 {
        var status = stat()
        guard fstat(1, &status) == 0, [S_IFIFO, S_IFCHR].contains(status.st_mode & S_IFMT) else { return 1 }
        let own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        return own < 0 ? 1 : own
    }
}
