import CRIService
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

/// Header values as gRPC over HTTP/2, section "Requests", has them.
@Suite struct CallTimeoutTests {
    @Test(arguments: [
        ("1S", "1S", Duration.seconds(1)), ("0n", "0n", .zero), ("250m", "250m", .milliseconds(250)),
        ("14999876u", "15000m", .microseconds(14_999_876)),
        ("99999999n", "100000u", .nanoseconds(99_999_999)),
        ("60000001S", "1000001M", .seconds(60_000_001)),
    ])
    func whatLibraryCanRead(header: String, readable: String, duration: Duration) throws {
        let timeout = try #require(CallTimeout(header))
        #expect(timeout.duration == duration)
        #expect(timeout.readable == readable)
    }

    @Test(arguments: [
        "", "S", "1", "-1S", "+1S", "1 S", "1s", "1.5S", "9223372036854775807H", "100000000n",
        "-9223372036854775808H",
        "\u{663}S", "1\u{301}S", "S1",
    ])
    func whatIsNone(header: String) { #expect(CallTimeout(header) == nil) }

    @Test(arguments: [
        ("-1S", [String]()), ("14999876u", ["15000m"]), ("5S", ["5S"]), ("99999999H", []),
        ("9223372036854775807n", []),
    ])
    func streamsGetWhatCanBeRead(header: String, handedOn: [String]) throws {
        let channel = EmbeddedChannel()
        try CallTimeoutReader.add(to: channel).wait()
        let headers: HPACKHeaders = [":path": "/x", "grpc-timeout": header]
        try channel.writeInbound(HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true)))
        guard case .headers(let frame)? = try channel.readInbound(as: HTTP2Frame.FramePayload.self) else {
            Issue.record("the headers were not handed on")
            return
        }
        #expect(frame.endStream)
        #expect(frame.headers[":path"] == ["/x"])
        #expect(frame.headers["grpc-timeout"] == handedOn)
    }
}
