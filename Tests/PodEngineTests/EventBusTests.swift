import PodEngine
import Testing

struct EventBusTests {
    private func bus(telling range: Range<Int>) -> EventBus {
        let bus = EventBus()
        tell(range, bus)
        return bus
    }

    private func tell(_ range: Range<Int>, _ bus: EventBus) {
        for number in range { bus.tell(.started, "\(number)", sandbox: "pod") }
    }

    /// What a listener hears, to the end of the bus.
    private func heard(_ events: AsyncStream<EngineEvent>?, _ bus: EventBus) async throws -> [EngineEvent] {
        let events = try #require(events)
        bus.finish()
        var heard: [EngineEvent] = []
        for await event in events { heard.append(event) }
        return heard
    }

    @Test func listenersGoOnWhereTheyWere() async throws {
        let bus = EventBus()
        let first = bus.events(after: nil)
        tell(0..<4, bus)
        let all = try await heard(first, bus)
        #expect(all.map(\.id) == ["0", "1", "2", "3"])
        let second = bus.events(after: all[1].position)
        tell(4..<6, bus)
        #expect(try await heard(second, bus).map(\.id) == ["2", "3", "4", "5"])
        let last = bus.events(after: all[3].position)
        #expect(try await heard(last, bus).map(\.id) == ["4", "5"])
    }

    @Test func fromNowOn() async throws {
        let bus = bus(telling: 0..<3)
        let events = bus.events(after: nil)
        tell(3..<4, bus)
        #expect(try await heard(events, bus).map(\.id) == ["3"])
    }

    /// A daemon's numbers begin anew: an old position may be among them.
    @Test func positionsOfAnotherInstance() async throws {
        let old = EventBus()
        let events = old.events(after: nil)
        tell(0..<2, old)
        let position = try #require(try await heard(events, old).last).position
        let new = bus(telling: 0..<10)
        #expect(new.events(after: position) == nil)
        #expect(EventBus().events(after: position) == nil)
        #expect(old.events(after: position) != nil)
    }

    @Test func eventsThatAreNotKept() async throws {
        let bus = EventBus()
        let events = bus.events(after: nil)
        tell(0..<1, bus)
        let position = try #require(try await heard(events, bus).last).position
        tell(1..<1000, bus)
        #expect(bus.events(after: position) != nil)
        tell(1000..<3000, bus)
        #expect(bus.events(after: position) == nil)
    }

    @Test func aListenerThatDoesNotKeepUpIsCutOff() async throws {
        let bus = EventBus()
        let events = try #require(bus.events(after: nil))
        tell(0..<5000, bus)
        var last = -1
        for await event in events {
            #expect(event.id == "\(last + 1)")
            last += 1
        }
        #expect(last == 4095)
        // Its place is free: nobody is told twice.
        let others = bus.events(after: nil)
        tell(5000..<5001, bus)
        #expect(try await heard(others, bus).map(\.id) == ["5000"])
    }
}
