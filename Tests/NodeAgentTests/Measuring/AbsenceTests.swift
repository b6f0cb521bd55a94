import NodeAgent
import Testing

@Suite struct AbsenceTests {
    @Test func `what a runtime lacks is asked for again after a while, and told once`() {
        var absence = Absence()
        let start = ContinuousClock.now
        #expect(!absence.isBelieved(now: start))
        let isNews = absence.note(now: start)
        #expect(isNews)
        #expect(absence.isBelieved(now: start + Absence.pause - .seconds(1)))
        #expect(!absence.isBelieved(now: start + Absence.pause))
        // Still not there: nobody needs to hear it again.
        let isNewsAgain = absence.note(now: start + Absence.pause)
        #expect(!isNewsAgain)
        #expect(absence.isBelieved(now: start + Absence.pause + .seconds(1)))
        absence.end()
        #expect(!absence.isBelieved(now: start + Absence.pause + .seconds(1)))
        let isNewsOnceMore = absence.note(now: start + Absence.pause + .seconds(2))
        #expect(isNewsOnceMore)
    }
}
