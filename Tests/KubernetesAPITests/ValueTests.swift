import KubernetesAPI
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2026-03-01T12:00:00Z", 1_772_366_400, "2026-03-01T12:00:00Z"),
            ("2026-03-01T13:30:00+01:30", 1_772_366_400, "2026-03-01T12:00:00Z"),
            ("2024-02-29T23:59:59.987654321Z", 1_709_251_199, "2024-02-29T23:59:59Z"),
            ("1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", -62_135_596_800, "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59-00:00", 253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(String, Int64, String)])
    func times(_ text: String, _ seconds: Int64, _ written: String) throws {
        let time = try #require(Time(text))
        #expect(time.seconds == seconds)
        #expect(time.description == written)
    }

    @Test(arguments: [
        "", "2026-03-01", "2026-03-01T12:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01 12:00:00Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+1:00", "2026-03-01T12:00:00Zx",
    ])
    func textThatIsNoTime(_ text: String) { #expect(Time(text) == nil) }

    @Test func microTimesKeepSixDigits() throws {
        let time = try #require(Time("2026-03-01T12:00:00.000123999Z"))
        #expect(MicroTime(time).description == "2026-03-01T12:00:00.000123Z")
        #expect((time + .milliseconds(-1)).description == "2026-03-01T11:59:59Z")
        #expect(time + .seconds(1) - time == .seconds(1))
        #expect((time + .milliseconds(999)).seconds == time.seconds)
        #expect((time + .milliseconds(1000)).seconds == time.seconds + 1)
    }

    @Test(arguments: [
        ("1h30m", Duration.seconds(5400), "1h30m0s"), ("100ms", .milliseconds(100), "100ms"),
        ("0", .zero, "0s"),
        ("1.5s", .milliseconds(1500), "1.5s"), ("-2m", .seconds(-120), "-2m0s"),
        ("10us", .microseconds(10), "10µs"),
        ("1ns", .nanoseconds(1), "1ns"), ("1h0m0.5s", .milliseconds(3_600_500), "1h0m0.5s"),
        ("90s", .seconds(90), "1m30s"),
    ])
    func durations(_ text: String, _ expected: Duration, _ written: String) throws {
        let duration = try #require(Duration(goText: text))
        #expect(duration == expected)
        #expect(duration.goText == written)
    }

    @Test(arguments: ["", "1", "s", "1x", "1h 2m", "1..5s"]) func textThatIsNoDuration(_ text: String) {
        #expect(Duration(goText: text) == nil)
    }

    @Test func base64() throws {
        for length in 0...40 {
            let bytes = Bytes((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ length) })
            #expect(Bytes(base64: bytes.base64) == bytes)
        }
        #expect(Bytes("hello").base64 == "aGVsbG8=")
        #expect(Bytes(base64: "aGVs\nbG8=\n") == Bytes("hello"))
        for text in ["a", "aG", "aGV", "aGVsbG8", "aGVsbG8==", "=aGVsbG8", "aGVs*G8=", "aG=sbG8=", "===="] {
            #expect(Bytes(base64: text) == nil, "\(text)")
        }
    }

    @Test func zeroTimesAreAbsent() throws {
        let meta = ObjectMeta(name: "x", creationTimestamp: nil)
        #expect(meta.apiValue == ["name": "x"])
        #expect(Condition(type: "Ready").apiValue["lastTransitionTime"] == .null)
    }

    /// RFC 1321, appendix A.5.
    @Test func md5() {
        let digests = [
            "": "d41d8cd98f00b204e9800998ecf8427e", "abc": "900150983cd24fb0d6963f7d28e17f72",
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
                "57edf4a22be3c955ac49da2e2107b67a",
        ]
        for (text, digest) in digests { #expect(MD5.hex(of: Array(text.utf8)) == digest) }
    }
}
