import ContainerShim
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000000000Z"),
        (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"),
        (1_709_251_199, 999_999_999, "2024-02-29T23:59:59.999999999Z"),
        (4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z"),
        (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
        (-1, 0, "1969-12-31T23:59:59.000000000Z"),
        (1_795_390_430, 120_000_000, "2026-11-22T23:33:50.120000000Z"),
    ])
    func writesAndReads(seconds: Int, nanoseconds: Int, text: String) {
        let time = Timestamp(seconds: Int64(seconds), nanoseconds: Int32(nanoseconds))
        #expect(time.description == text)
        #expect(Timestamp(text) == time)
    }

    @Test func readsFractionsAndOffsets() {
        #expect(
            Timestamp("2026-11-22T23:33:50.5Z") == Timestamp(seconds: 1_795_390_430, nanoseconds: 500_000_000)
        )
        #expect(Timestamp("2026-11-23T01:33:50+02:00") == Timestamp(seconds: 1_795_390_430))
        #expect(Timestamp("2026-11-22T18:03:50-05:30") == Timestamp(seconds: 1_795_390_430))
    }

    @Test(arguments: [
        "", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T23:33:50",
        "2026-11-22T23:33:50.Z", "2026-11-22T23:33:50Zx", "x026-11-22T23:33:50Z",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    ])
    func refusesWhatIsNoTime(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(arguments: [
        ("0001-01-01T00:00:00Z", Int64.min), ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("2262-04-11T23:47:16.854775807Z", .max), ("2262-04-11T23:47:16.854775808Z", .max),
        ("9999-12-31T23:59:59Z", .max),
    ])
    func nanosecondsEndWhereTheirNumberDoes(text: String, nanoseconds: Int64) throws {
        #expect(try #require(Timestamp(text)).nanosecondsSince1970 == nanoseconds)
    }

    @Test func nowIsLater() {
        #expect(Timestamp.now > Timestamp(seconds: 1_700_000_000))
    }
}
