import ContainerRuntime
import Testing

/// When the kernel may kill who is added to a container, and whether it did, on folders that stand for a group.
@Suite struct FullMemoryTests {
    private let host: FakeHost
    private var place: CgroupRecord { CgroupRecord(unified: host.unified + "/c1") }

    init() throws {
        host = try FakeHost(controllers: "memory")
        try host.group("/c1", controllers: "memory")
        try use(9_000, limit: "10000", kills: 2)
    }

    private func use(_ bytes: Int, limit: String, kills: Int) throws {
        let folder = host.unified + "/c1"
        try host.write("\(folder)/memory.current", "\(bytes)\n")
        try host.write("\(folder)/memory.max", "\(limit)\n")
        try host.write("\(folder)/memory.events", "oom 9\noom_kill \(kills)\n")
    }

    @Test func whatIsEnough() throws {
        #expect(try FullMemory(place, room: 1_001) != nil)
        #expect(try FullMemory(place, room: 1_000) == nil)
        try use(10_500, limit: "10000", kills: 0)
        #expect(try FullMemory(place, room: 0) != nil)
        try use(10_500, limit: "max", kills: 0)
        #expect(try FullMemory(place, room: 1 << 40) == nil)
    }

    @Test func onlyAKillSinceThenIsTheCause() throws {
        let memory = try #require(try FullMemory(place, room: 4_000))
        #expect(try memory.cause() == nil)
        try use(9_000, limit: "10000", kills: 3)
        #expect(try memory.cause()?.contains("want of memory: the container's limit is 10000 bytes") == true)
    }
}
