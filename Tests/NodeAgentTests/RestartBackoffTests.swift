import NodeAgent
import Testing

@Suite struct RestartBackoffTests {
    private let start = ContinuousClock.now

    /// What waits between a container's ends and its next starts, when each attempt runs for so many seconds.
    private func waits(_ backoff: RestartBackoff, runs: [Int]) -> [Duration] {
        var backoff = backoff
        var now = start
        return runs.map { seconds in
            now += .seconds(seconds)
            let ended = now
            let wait = backoff.waitEnd("c", ended: ended, now: now)
            now = wait?.end ?? now
            #expect(backoff.waitEnd("c", ended: ended, now: now) == nil)
            backoff.next("c", ended: ended, now: now)
            return wait?.wait ?? .zero
        }
    }

    @Test func waitsDouble() {
        let all = waits(RestartBackoff(longest: .seconds(30)), runs: [0, 1, 1, 1, 1])
        #expect(all == [0, 10, 20, 30, 30].map { .seconds($0) })
    }

    @Test func noWaitIsLongerThanTheLongest() {
        let all = waits(RestartBackoff(longest: .seconds(3)), runs: [0, 1, 1, 1])
        #expect(all == [0, 3, 3, 3].map { .seconds($0) })
    }

    /// The wait itself is no good run, and neither does a short longest wait make a short run a good one.
    @Test func onlyALongRunIsForgiven() {
        let short = RestartBackoff(longest: .seconds(20), memory: RestartBackoff.goodRun)
        #expect(waits(short, runs: [25, 25, 25, 25, 25]) == [0, 10, 20, 20, 20].map { .seconds($0) })
        let usual = RestartBackoff(memory: RestartBackoff.goodRun)
        #expect(
            waits(usual, runs: [0, 400, 400, 400, 400, 400, 400])
                == [0, 10, 20, 40, 80, 160, 300].map { .seconds($0) })
        #expect(waits(usual, runs: [0, 1, 1, 600, 601, 1]) == [0, 10, 20, 40, 0, 10].map { .seconds($0) })
    }

    /// What is tried again, and has no run of its own: forgotten after twice the longest wait since the last failure.
    @Test func failuresAreForgotten() {
        var backoff = RestartBackoff(initial: .seconds(10), longest: .seconds(30))
        for wait in [10, 20, 30, 30] {
            backoff.next("c", now: start)
            #expect(backoff.waitEnd("c", ended: start, now: start)?.wait == .seconds(wait))
        }
        #expect(backoff.waitEnd("c", ended: start, now: start + .seconds(30)) == nil)
        backoff.next("c", now: start + .seconds(61))
        #expect(
            backoff.waitEnd("c", ended: start + .seconds(61), now: start + .seconds(61))?.wait == .seconds(10)
        )
    }

    /// An end that is told as now again and again, since the clock was set back behind it, is the end that it was.
    @Test func aClockThatIsSetBackMakesNoWaitLonger() {
        var backoff = RestartBackoff(initial: .seconds(10))
        backoff.next("c", now: start)
        #expect(backoff.end("c", of: "first", told: start) == start)
        #expect(backoff.end("c", of: "first", told: start + .seconds(5)) == start)
        #expect(backoff.end("c", of: "second", told: start + .seconds(7)) == start + .seconds(7))
        #expect(backoff.end("d", of: "first", told: start + .seconds(9)) == start + .seconds(9))
    }
}
