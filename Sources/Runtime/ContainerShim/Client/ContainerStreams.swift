import CLinux
import Glibc
import LinuxKernel

/// A client's end of a container's standard streams.
///
/// A socket of packets: the first byte says which stream, the rest is its data. Both ends are non-blocking:
/// poll `descriptor` for reading, and for writing after `send` refused.
public struct ContainerStreams: ~Copyable {
    private let socket: FileDescriptor

    /// Most bytes of data in one packet.
    public static let maxData = 16 << 10

    /// First byte of a packet.
    enum Tag: UInt8 {
        /// From the client. Without data: the end of the input.
        case input = 0
        case output = 1
        case error = 2
        /// The shim gives this client up, because it took nothing for too long.
        case dropped = 3
    }

    public enum Packet {
        /// Standard output; of a container with a terminal, all it shows.
        case output(UnsafeRawBufferPointer)
        case error(UnsafeRawBufferPointer)
        /// The client was too slow and is cut off; the container goes on.
        case dropped
        /// Both outputs have ended.
        case end
        /// Nothing is there now.
        case nothing
    }

    init(owning socket: consuming FileDescriptor) {
        self.socket = socket
    }

    public var descriptor: Int32 { socket.raw }

    /// Takes one packet and hands it to `body`, which must not keep the bytes.
    public func receive<Result>(_ body: (Packet) throws -> Result) throws -> Result {
        try withUnsafeTemporaryAllocation(byteCount: Self.maxData + 1, alignment: 16) { buffer in
            let count = recv(socket.raw, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0 {
                let error = KernelError("receive", "streams of the container")
                switch error.errno {
                case .again, .interrupted: return try body(.nothing)
                case Errno(rawValue: ECONNRESET): return try body(.end)
                default: throw error
                }
            }
            guard count > 0 else { return try body(.end) }
            let data = UnsafeRawBufferPointer(rebasing: buffer[1..<count])
            switch Tag(rawValue: buffer[0]) {
            case .output: return try body(.output(data))
            case .error: return try body(.error(data))
            case .dropped: return try body(.dropped)
            // Kinds that a later shim may add are none of our business.
            case .input, nil: return try body(.nothing)
            }
        }
    }

    /// Sends input to the container.
    /// - Parameter data: at most `maxData` bytes, at least one.
    /// - Returns: false when the container does not take input at present: try again when writable. Input to
    ///   a container that has ended is swallowed.
    public func send(input data: UnsafeRawBufferPointer) throws(KernelError) -> Bool {
        precondition(!data.isEmpty && data.count <= Self.maxData)
        return try sendPacket(data)
    }

    /// Ends the container's input: the half close of a pipe.
    /// - Returns: as `send`.
    public func endInput() throws(KernelError) -> Bool {
        try sendPacket(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private func sendPacket(_ data: UnsafeRawBufferPointer) throws(KernelError) -> Bool {
        var tag = Tag.input.rawValue
        let sent = withUnsafeMutablePointer(to: &tag) { tag in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
                parts[0] = iovec(iov_base: tag, iov_len: 1)
                parts[1] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: data.baseAddress), iov_len: data.count)
                var message = msghdr()
                message.msg_iov = parts.baseAddress
                message.msg_iovlen = 2
                return sendmsg(socket.raw, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
        }
        if sent >= 0 { return true }
        let error = KernelError("send", "streams of the container")
        switch error.errno {
        case .again, .interrupted: return false
        case .brokenPipe, Errno(rawValue: ECONNRESET): return true
        default: throw error
        }
    }
}
