import PodProbes
import Testing

/// Responses by their bytes, whole and in any pieces.
@Suite struct ResponseReaderTests {
    private static let good: [(String, HTTPResponseReader.Response)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", .init(status: 200, body: Array("fine".utf8))),
        ("HTTP/1.0 204 No Content\r\n\r\n", .init(status: 204)),
        ("HTTP/1.1 304\r\n\r\n", .init(status: 304)),
        ("HTTP/1.1 200 OK\nContent-Length:2\n\nok", .init(status: 200, body: Array("ok".utf8))),
        (
            "HTTP/1.1 302 Found\r\nLOCATION: \t/there \r\ncontent-length: 0\r\n\r\n",
            .init(status: 302, location: "/there")
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 Oops\r\n"
                + "Content-Length: 1\r\n\r\nx",
            .init(status: 500, body: Array("x".utf8))
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n6;n=v\r\npedia \r\n0\r\nX: y\r\n\r\n",
            .init(status: 200, body: Array("Wikipedia ".utf8))
        ),
    ]

    @Test func wholeAndInPieces() throws {
        for (text, expected) in Self.good {
            let bytes = Array(text.utf8)
            #expect(try Self.read([bytes]) == expected, "\(text)")
            #expect(try Self.read(bytes.map { [$0] }) == expected, "\(text)")
            for cut in 1..<bytes.count {
                #expect(
                    try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "\(text) \(cut)")
            }
        }
    }

    @Test func withoutALengthTheEndIsTheEnd() throws {
        var reader = HTTPResponseReader()
        #expect(try reader.feed("HTTP/1.1 200 OK\r\n\r\nso far") == nil)
        #expect(try reader.end() == .init(status: 200, body: Array("so far".utf8)))
    }

    @Test func ofALongBodyOnlyTheBeginningIsKept() throws {
        for head in ["Content-Length: 20000", "X: y", "Transfer-Encoding: chunked"] {
            var reader = HTTPResponseReader()
            let size = head.hasPrefix("T") ? "4e20\r\n" : ""
            let body = String(repeating: "a", count: 20000)
            let response = try reader.feed("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n\(size)\(body)")
            #expect(response?.body.count == 10240, "\(head)")
        }
    }

    @Test(
        arguments: [
            "SSH-2.0", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "\r\n\r\n",
            "HTTP/1.1 099 Low\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        ])
    func whatIsNoResponse(_ text: String) throws {
        var reader = HTTPResponseReader()
        #expect {
            try reader.feed(text)
        } throws: { "\($0)".hasPrefix("malformed HTTP response ") }
    }

    @Test func anEndTooSoon() throws {
        for (text, words) in [
            ("", "EOF"), ("HTTP/1.1 2", "unexpected EOF"), ("HTTP/1.1 200 OK\r\nX: y\r\n", "unexpected EOF"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "unexpected EOF"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "unexpected EOF"),
        ] {
            var reader = HTTPResponseReader()
            if !text.isEmpty { #expect(try reader.feed(text) == nil) }
            #expect {
                try reader.end()
            } throws: { "\($0)" == words }
        }
    }

    /// Damaged responses end in an answer or an error, and in no crash.
    @Test func damage() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Array(Self.good.randomElement()!.0.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.insert(.random(in: 0...255, using: &random), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            do {
                let response = try Self.read([bytes])
                #expect((100..<1000).contains(response.status))
                #expect(response.body.count <= 10240)
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }

    private static func read(_ pieces: [[UInt8]]) throws -> HTTPResponseReader.Response {
        var reader = HTTPResponseReader()
        for piece in pieces {
            if let response = try piece.withUnsafeBytes({ try reader.feed($0) }) { return response }
        }
        return try reader.end()
    }
}

extension HTTPResponseReader {
    fileprivate mutating func feed(_ text: String) throws -> Response? {
        try Array(text.utf8).withUnsafeBytes { try feed($0) }
    }
}
