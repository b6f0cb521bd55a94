import NodeAgent
import Testing

@Suite struct ImageLedgerTests {
    private let start = ContinuousClock.now
    private let images = ["a", "b", "c"].map { ImageLedger.Image(id: $0, size: 10) }

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func theLongestUnusedGoesFirst() {
        var ledger = ImageLedger()
        ledger.note(images, used: ["a", "b"], now: at(0))
        ledger.note(images, used: ["a"], now: at(10))
        ledger.note(images, used: [], now: at(20))
        // One that was never used, then by their last use.
        #expect(ledger.candidates(minimumAge: .zero, now: at(20)).map(\.id) == ["c", "b", "a"])
    }

    @Test func whatIsUsedPinnedOrYoungStays() {
        var ledger = ImageLedger()
        ledger.note(images, used: ["a"], now: at(0))
        let more = images + [.init(id: "pause", size: 1, isPinned: true), .init(id: "new", size: 1)]
        ledger.note(more, used: ["a"], now: at(100))
        #expect(ledger.candidates(minimumAge: .seconds(120), now: at(119)).isEmpty)
        #expect(ledger.candidates(minimumAge: .seconds(120), now: at(120)).map(\.id) == ["b", "c"])
        #expect(ledger.candidates(minimumAge: .seconds(120), now: at(220)).map(\.id) == ["b", "c", "new"])
    }

    @Test func whatIsGoneIsForgotten() {
        var ledger = ImageLedger()
        ledger.note(images, used: [], now: at(0))
        ledger.note([], used: [], now: at(10))
        ledger.note(images, used: [], now: at(20))
        #expect(ledger.candidates(minimumAge: .seconds(10), now: at(29)).isEmpty)
    }

    @Test func afterItsLongestAge() {
        var ledger = ImageLedger()
        ledger.note(images, used: ["a"], now: at(0))
        ledger.note(images, used: [], now: at(50))
        #expect(ledger.outdated(.seconds(60), now: at(60)).isEmpty)
        // Used or seen for the first time a minute ago.
        #expect(ledger.outdated(.seconds(60), now: at(61)).map(\.id) == ["a", "b", "c"])
        ledger.note(images, used: ["b"], now: at(70))
        #expect(ledger.outdated(.seconds(60), now: at(71)).map(\.id) == ["a", "c"])
    }
}
