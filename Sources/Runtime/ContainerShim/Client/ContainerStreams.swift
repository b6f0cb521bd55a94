import CLinux
import Glibc
import LinuxKernel

/// A client's end of a container's standard streams. Nothing here waits: poll `descriptor` for reading, and
/// for writing while `hasUnsentInput`.
public struct ContainerStreams: ~Copyable {
    private let socket: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    private var reader = StreamFrameReader()
    private var unsent: [UInt8] = []
    private var isEnded = false

    public enum Part {
        /// Standard output; of a container with a terminal, all it shows.
        case output(UnsafeRawBufferPointer)
        case error(UnsafeRawBufferPointer)
        /// The streams are cut off before their end: this client was too slow, or the shim is gone.
        case dropped
        /// Both outputs have ended.
        case end
    }

    package init(owning socket: consuming FileDescriptor) {
        self.socket = socket
        buffer = .allocate(byteCount: 64 << 10, alignment: 16)
    }

    deinit { buffer.deallocate() }

    public var descriptor: Int32 { socket.raw }

    /// Takes what has arrived and hands it to `body`, in parts; nothing may have. The bytes must not be kept.
    public mutating func receive(_ body: (Part) -> Void) throws(KernelError) {
        let count = recv(socket.raw, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0 {
            let error = KernelError("receive", "streams of the container")
            switch error.errno {
            case .again, .interrupted: return
            case Errno(rawValue: ECONNRESET): return body(isEnded ? .end : .dropped)
            default: throw error
            }
        }
        if count == 0 { return body(isEnded ? .end : .dropped) }
        var isEnded = isEnded
        _ = reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { kind, data in
            switch kind {
            case .output: body(.output(data))
            case .error: body(.error(data))
            case .end:
                isEnded = true
                body(.end)
            // Kinds that a later shim may add are none of our business.
            case .input, nil: break
            }
            return data.count
        }
        self.isEnded = isEnded
    }

    // MARK: Input

    /// The container does not take input as fast as it was given: read no more of it until this is false,
    /// and call `sendUnsent` when the descriptor is writable.
    public var hasUnsentInput: Bool { !unsent.isEmpty }

    /// Sends input to the container. Input to a container that has ended is swallowed.
    public mutating func send(input data: UnsafeRawBufferPointer) throws(KernelError) {
        var position = 0
        while position < data.count {
            let count = min(data.count - position, StreamFrame.maxData)
            append(head: count)
            unsent.append(contentsOf: data[position..<position + count])
            position += count
        }
        try sendUnsent()
    }

    /// Ends the container's input: the half close of a pipe.
    public mutating func endInput() throws(KernelError) {
        append(head: 0)
        try sendUnsent()
    }

    /// Sends what waits, as far as it is taken now.
    public mutating func sendUnsent() throws(KernelError) {
        while !unsent.isEmpty {
            let sent = unsent.withUnsafeBytes {
                Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                unsent.removeFirst(sent)
                continue
            }
            let error = KernelError("send", "streams of the container")
            switch error.errno {
            case .again, .interrupted: return
            case .brokenPipe, Errno(rawValue: ECONNRESET): unsent = []
            default: throw error
            }
        }
    }

    private mutating func append(head count: Int) {
        withUnsafeTemporaryAllocation(byteCount: StreamFrame.headLength, alignment: 1) { head in
            StreamFrame(kind: .input, length: count).write(to: head)
            unsent.append(contentsOf: head)
        }
    }
}
