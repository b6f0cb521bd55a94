import Glibc
import NIOCore

/// One end of two connections that are joined: what comes in here goes out there, as fast as the other side takes it.
/// Both are on one event loop.
final class ByteRelay: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: ByteRelay?
    private var context: ChannelHandlerContext?
    /// A read that waits until the partner has room.
    private var hasPendingRead = false

    private init() {}

    static func pair() -> (ByteRelay, ByteRelay) {
        let (one, other) = (ByteRelay(), ByteRelay())
        (one.partner, other.partner) = (other, one)
        return (one, other)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { letGo() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.context?.write(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        letGo()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.readAgain() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if let other = partner?.context, !other.channel.isWritable {
            hasPendingRead = true
        } else {
            context.read()
        }
    }

    private func readAgain() {
        guard hasPendingRead else { return }
        hasPendingRead = false
        context?.read()
    }

    /// How long the other side may take for what is still on its way to it. A container that reads nothing must not
    /// keep the runtime from hearing that the client is gone.
    private static let farewell: TimeAmount = .seconds(5)

    /// The other connection ends when it has taken what it was given, or has had time for it.
    private func letGo() {
        let partner = self.partner
        self.partner = nil
        context = nil
        partner?.partner = nil
        guard let other = partner?.context else { return }
        let channel = other.channel
        let limit = other.eventLoop.scheduleTask(in: Self.farewell) {
            // By a reset: an orderly end would wait behind what nobody takes.
            guard let socket = channel as? any SocketOptionProvider else {
                return channel.close(promise: nil)
            }
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
        channel.closeFuture.whenComplete { _ in limit.cancel() }
        other.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
        // A read that was put off must not hide that the other side is gone, too.
        partner?.readAgain()
    }
}
