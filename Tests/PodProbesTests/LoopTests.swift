import NIOCore
import PodProbes
import Synchronization
import Testing

extension ProbeTests {
    /// The probes' own event loop: what every event loop promises.
    @Suite struct Loop {
        private let loop = ProbeLoop.shared

        @Test func tasksRunOnItInTheirOrder() async throws {
            let seen = Mutex<[Int]>([])
            for number in 0..<1000 { loop.execute { seen.withLock { $0.append(number) } } }
            let isThere = try await loop.submit { loop.inEventLoop }.get()
            #expect(isThere)
            #expect(!loop.inEventLoop)
            #expect(seen.withLock { $0 } == Array(0..<1000))
        }

        @Test func timersAreDueInTheirOrderAndNotBefore() async throws {
            let start = NIODeadline.now()
            let seen = Mutex<[Int64]>([])
            let delays: [Int64] = (0..<200).map { _ in .random(in: 0...100) }
            let scheduled = delays.map { delay in
                loop.scheduleTask(deadline: start + .milliseconds(delay)) {
                    seen.withLock { $0.append(delay) }
                    return NIODeadline.now() >= start + .milliseconds(delay)
                }
            }
            for timer in scheduled { #expect(try await timer.futureResult.get()) }
            #expect(seen.withLock { $0 } == delays.sorted())
        }

        @Test func aTimerThatIsCancelledDoesNotRun() async throws {
            let hasRun = Mutex(false)
            let timer = loop.scheduleTask(in: .milliseconds(20)) { hasRun.withLock { $0 = true } }
            timer.cancel()
            await #expect(throws: EventLoopError.cancelled) { try await timer.futureResult.get() }
            try await loop.scheduleTask(in: .milliseconds(60)) {}.futureResult.get()
            #expect(!hasRun.withLock { $0 })
        }

        @Test func anErrorIsTheFuturesAndNotTheLoops() async throws {
            struct Oops: Error {}
            await #expect(throws: Oops.self) {
                try await loop.scheduleTask(in: .zero) { throw Oops() }.futureResult.get()
            }
            #expect(try await loop.submit { 1 }.get() == 1)
        }

        @Test func manyThreadsAtOnce() async throws {
            let counter = Counter()
            await withTaskGroup(of: Void.self) { [loop] group in
                for _ in 0..<8 {
                    group.addTask { Self.give(loop, 500, to: counter) }
                }
            }
            #expect(await eventually { counter.value == 8000 })
        }

        private static func give(_ loop: ProbeLoop, _ number: Int, to counter: Counter) {
            for _ in 0..<number {
                loop.execute { counter.add() }
                _ = loop.scheduleTask(in: .microseconds(.random(in: 0...2000))) { counter.add() }
            }
        }

        private final class Counter: Sendable {
            private let count = Mutex(0)

            var value: Int { count.withLock { $0 } }

            func add() { count.withLock { $0 += 1 } }
        }
    }
}
