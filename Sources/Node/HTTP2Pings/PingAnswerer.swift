import NIOCore

/// Answers the PINGs of a peer (RFC 9113, section 6.7) before SwiftNIO's HTTP/2 sees them.
///
/// grpc-go measures each connection with a PING at nearly every answer. SwiftNIO (1.46) takes 200 of them in half a minute
/// for a flood and ends the connection with ENHANCE_YOUR_CALM, in the middle of other calls; the limit is out of reach of
/// who uses gRPC. Whoever opens the sockets that this is for may do everything here anyway, and a peer that does not read
/// its answers gets none from here.
///
/// Stands first in the pipeline of a connection without TLS.
public final class PingAnswerer: ChannelInboundHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// Which side of the connection this is.
    public enum Side: Sendable {
        case client, server
    }

    private static let headBytes = 9
    private static let pingBytes = 8
    private static let prefaceBytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8.count

    /// Of what is passed on whatever it is: the preface of a client, the rest of a frame.
    private var passing: Int
    /// The beginning of a frame whose kind is not known yet, or of a PING.
    private var held: ByteBuffer?

    public init(_ side: Side) { passing = side == .server ? Self.prefaceBytes : 0 }

    /// Puts it into a connection that is set up and has not read anything.
    public static func add(to channel: any Channel, _ side: Side) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(PingAnswerer(side), position: .first)
        }
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if var before = held {
            held = nil
            before.writeBuffer(&bytes)
            bytes = before
        }
        // What is before this is to be passed on.
        var end = bytes.readerIndex
        while end < bytes.writerIndex {
            let left = bytes.writerIndex - end
            if passing > 0 {
                let part = min(passing, left)
                passing -= part
                end += part
                continue
            }
            guard left >= Self.headBytes else { break }
            let length = Int(bytes.getInteger(at: end, as: UInt32.self)! >> 8)
            guard isPing(bytes, at: end, length), context.channel.isWritable else {
                passing = Self.headBytes + length
                continue
            }
            let frame = Self.headBytes + Self.pingBytes
            guard left >= frame else { break }
            pass(bytes.readSlice(length: end - bytes.readerIndex)!, context)
            answer(bytes.readSlice(length: frame)!, context)
            end = bytes.readerIndex
        }
        pass(bytes.readSlice(length: end - bytes.readerIndex)!, context)
        if bytes.readableBytes > 0 { held = bytes }
    }

    private func isPing(_ bytes: ByteBuffer, at index: Int, _ length: Int) -> Bool {
        let (ping, acknowledged) = (UInt8(6), UInt8(1))
        return length == Self.pingBytes && bytes.getInteger(at: index + 3, as: UInt8.self) == ping
            && bytes.getInteger(at: index + 4, as: UInt8.self)! & acknowledged == 0
            && bytes.getInteger(at: index + 5, as: UInt32.self) == 0
    }

    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
    }

    /// The same frame with the flag ACK.
    private func answer(_ ping: ByteBuffer, _ context: ChannelHandlerContext) {
        var frame = ping
        frame.setInteger(UInt8(1), at: frame.readerIndex + 4)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
