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

    /// The other connection ends when it has said what it was given.
    private func letGo() {
        let partner = self.partner
        self.partner = nil
        context = nil
        partner?.partner = nil
        guard let other = partner?.context else { return }
        let channel = other.channel
        other.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
        // A pending read must not hold up the notice that the client is gone, too.
        partner?.readAgain()
    }
}
