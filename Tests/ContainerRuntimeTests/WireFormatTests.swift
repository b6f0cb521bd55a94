import ContainerRuntime
import Testing

/// The encoding of criu's messages, by the examples of protocol buffers' own documentation.
@Suite struct WireFormatTests {
    @Test func writesWhatOthersRead() {
        var inner = WireMessage()
        inner.add(1, 150 as UInt64)
        #expect(inner.bytes == [0x08, 0x96, 0x01])
        var message = WireMessage()
        message.add(2, "testing")
        #expect(message.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
        message = WireMessage()
        message.add(3, inner)
        #expect(message.bytes == [0x1a, 0x03, 0x08, 0x96, 0x01])
        message = WireMessage()
        message.add(35, -2 as Int32)
        #expect(message.bytes == [0x98, 0x02, 0xfe] + [UInt8](repeating: 0xff, count: 8) + [0x01])
    }

    @Test func readsWhatItWrote() throws {
        var message = WireMessage()
        message.add(1, UInt64.max)
        message.add(100, "text")
        message.add(2, 0 as Int32)
        var fields = WireReader(message.bytes[...])
        let first = try #require(try fields.next())
        #expect(first.field == 1 && first.value == .number(.max))
        let second = try #require(try fields.next())
        #expect(second.field == 100 && second.value == .bytes(Array("text".utf8)[...]))
        let third = try #require(try fields.next())
        #expect(third.field == 2 && third.value == .number(0))
        let end = try fields.next()
        #expect(end == nil)
    }

    @Test(arguments: [
        [0x08], [0x08, 0x80], [0x12, 0x05, 0x61], [0x0b], [0x0d, 0x01],
        [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        [UInt8](repeating: 0xff, count: 12),
    ])
    func refusesWhatIsNone(_ bytes: [UInt8]) {
        var fields = WireReader(bytes[...])
        #expect(throws: RuntimeError.self) { while try fields.next() != nil {} }
    }
}
