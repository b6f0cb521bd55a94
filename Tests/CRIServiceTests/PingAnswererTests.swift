import HTTP2Pings
import NIOCore
import NIOEmbedded
import Testing

/// Frames are written as RFC 9113, section 4.1, says.
@Suite struct PingAnswererTests {
    private static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8]
    {
        let length = UInt32(payload.count)
        let head = [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), kind, flags]
        return head + (0..<4).map { UInt8(stream >> (24 - 8 * $0) & 0xff) } + payload
    }

    private static func ping(_ flags: UInt8 = 0, _ number: UInt8 = 1) -> [UInt8] {
        frame(6, flags, 0, [number, 2, 3, 4, 5, 6, 7, 8])
    }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let data = frame(0, 1, 1, Array(repeating: 6, count: 40))

    /// What comes through, and what is sent back, of bytes that come in pieces of a size.
    private func exchange(
        _ bytes: [UInt8], _ side: PingAnswerer.Side, pieces: Int
    ) throws -> (passed: [UInt8], sent: [UInt8]) {
        let channel = EmbeddedChannel()
        try PingAnswerer.add(to: channel, side).wait()
        var (passed, sent): ([UInt8], [UInt8]) = ([], [])
        var rest = bytes[...]
        while !rest.isEmpty {
            try channel.writeInbound(ByteBuffer(bytes: rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
            while let read = try channel.readInbound(as: ByteBuffer.self) { passed += read.readableBytesView }
            while let written = try channel.readOutbound(as: ByteBuffer.self) {
                sent += written.readableBytesView
            }
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return (passed, sent)
    }

    @Test(arguments: [1, 2, 3, 7, 9, 16, 17, 18, 1000])
    func pingsAreAnsweredAndNothingElse(pieces: Int) throws {
        let rest =
            Self.frame(4, 0, 0, []) + Self.data + Self.ping(1) + Self.frame(6, 0, 1, Array(1...8))
            + Self.frame(6, 0, 0, [1])
        let stream = Self.ping() + Self.data + Self.ping(0, 2) + Self.ping(0, 3) + rest + Self.ping(0, 4)
        let answers = Self.ping(1) + Self.ping(1, 2) + Self.ping(1, 3) + Self.ping(1, 4)
        let ofServer = try exchange(Self.preface + stream, .server, pieces: pieces)
        #expect(ofServer.passed == Self.preface + Self.data + rest)
        #expect(ofServer.sent == answers)
        let ofClient = try exchange(stream, .client, pieces: pieces)
        #expect(ofClient.passed == Self.data + rest)
        #expect(ofClient.sent == answers)
    }

    /// The library counts what is not answered here.
    @Test func aPeerThatDoesNotReadIsLeftToTheLibrary() throws {
        let channel = EmbeddedChannel()
        try PingAnswerer.add(to: channel, .client).wait()
        channel.isWritable = false
        try channel.writeInbound(ByteBuffer(bytes: Self.ping()))
        #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(bytes: Self.ping()))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    }
}
