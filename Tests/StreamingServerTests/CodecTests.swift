import CZlib
import NIOCore
import StreamingServer
import Testing

/// The parts, without a network.
@Suite(.timeLimit(.minutes(1))) struct CodecTests {
    /// zlib names a dictionary by its checksum; this is the one in every SPDY/3 client's first header block.
    @Test func theDictionaryIsTheOneOfSPDY3() {
        let bytes = HeaderDictionary.bytes
        #expect(bytes.count == 1423)
        #expect(adler32(adler32(0, nil, 0), bytes, UInt32(bytes.count)) == 0xe3c6_a7c2)
    }

    @Test func headersSurviveCompression() throws {
        let deflater = try HeaderDeflater()
        let inflater = try HeaderInflater()
        for round in 0..<50 {
            let block = deflater.block([("streamType", "data"), ("port", "\(round)"), ("empty", "")])
            let headers = try inflater.headers(in: ByteBuffer(bytes: block))
            #expect(headers == ["streamtype": "data", "port": "\(round)", "empty": ""])
        }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ])
    func base64IsThatOfTheRFC(plain: String, encoded: String) throws {
        #expect(String(buffer: Base64.encode(ByteBuffer(string: plain))) == encoded)
        var decoder = Base64.Decoder()
        var decoded = ""
        for character in encoded {
            decoded += String(buffer: try decoder.decode(ByteBuffer(string: "\(character)")))
        }
        try decoder.end()
        #expect(decoded == plain)
    }

    @Test func everyByteSurvivesBase64() throws {
        let bytes = ByteBuffer(bytes: (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) })
        var decoder = Base64.Decoder()
        #expect(try decoder.decode(Base64.encode(bytes)) == bytes)
    }

    @Test(arguments: [
        #"{"Width":80,"Height":24}"#, #" { "width" : 80 , "HEIGHT" : 24 , "Other": "x" } "#,
        "{\n\t\"Height\":24,\n\t\"Width\":80\n}\n",
    ])
    func readsTerminalSizes(text: String) throws {
        var decoder = ResizeDecoder()
        var sizes: [TerminalSize] = []
        for byte in text.utf8 { sizes += try decoder.append(ByteBuffer(integer: byte)) }
        #expect(sizes == [TerminalSize(width: 80, height: 24)])
    }

    @Test(arguments: [
        "}", "80x24}", #"{"Width":-1}"#, #"{"Width":70000}"#, #"{"Width":"80"}"#, #"{Width:80}"#,
        #"{"Width"}"#,
        "{" + String(repeating: " {", count: 2000),
    ])
    func refusesWhatIsNoTerminalSize(text: String) {
        var decoder = ResizeDecoder()
        #expect(throws: StreamingError.self) { try decoder.append(ByteBuffer(string: text)) }
    }

    /// Frames are found wherever the bytes are cut.
    @Test(arguments: [1, 3, 7, 1000]) func framesAreFoundInAnyPieces(size: Int) throws {
        var bytes = ByteBuffer()
        bytes.writeImmutableBuffer(SPDY.data(5, ByteBuffer(string: "hello"), last: false))
        bytes.writeImmutableBuffer(SPDY.ping(7))
        bytes.writeImmutableBuffer(SPDY.data(5, ByteBuffer(), last: true))
        bytes.writeImmutableBuffer(SPDY.windowUpdate(5, by: 1000))
        var decoder = SPDYFrameDecoder()
        var seen: [String] = []
        var text = ""
        while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
            decoder.append(piece)
            while let event = try decoder.next() {
                switch event {
                case .data(5, let piece, let isLast):
                    text += String(buffer: piece)
                    if isLast { seen.append("end") }
                case .ping(let id): seen.append("ping \(id)")
                case .windowUpdate(let id, let delta): seen.append("window \(id) \(delta)")
                default: seen.append("\(event)")
                }
            }
        }
        #expect(text == "hello" && seen == ["ping 7", "end", "window 5 1000"])
    }

    @Test func queuesMakeTheirWriterWait() async throws {
        let queue = InboundQueue()
        let writer = Task {
            for _ in 0..<100 { await queue.send(ByteBuffer(repeating: 1, count: 10_000)) }
            queue.close()
        }
        try await Task.sleep(for: .milliseconds(100))
        var count = 0
        var sum = 0
        while let bytes = try await queue.next() {
            // What waits is bounded, and the writer has not ended before its bytes were taken.
            count += 1
            sum += bytes.readableBytes
        }
        #expect(sum == 1_000_000 && count > 1)
        await writer.value
    }

    @Test func queuesPutSmallPiecesTogether() async throws {
        let queue = InboundQueue()
        for _ in 0..<5000 { await queue.send(ByteBuffer(integer: UInt8(0x61))) }
        #expect(try await queue.next()?.readableBytes == 5000)
    }

    @Test func queuesDeliverBeforeTheyFail() async throws {
        let queue = InboundQueue()
        await queue.send(ByteBuffer(string: "last words"))
        queue.fail(.clientLeft)
        #expect(try await queue.next() == ByteBuffer(string: "last words"))
        await #expect(throws: StreamingError.self) { try await queue.next() }
    }

    @Test func waitingForBytesCanBeCancelled() async throws {
        let queue = InboundQueue()
        let reader = Task { try await queue.next() }
        try await Task.sleep(for: .milliseconds(20))
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
    }
}
