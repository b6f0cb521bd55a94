import ContainerCLI
import OCISpec
import Testing

/// What of a container's limits an update changes.
struct UpdateTests {
    private let present: RuntimeSpec.Resources = {
        var present = RuntimeSpec.Resources()
        present.devices = [RuntimeSpec.DeviceRule(allow: false)]
        present.memory = .init()
        present.memory?.limit = 64 << 20
        present.memory?.swap = 128 << 20
        present.cpu = .init()
        present.cpu?.shares = 512
        present.cpu?.quota = 50_000
        present.cpu?.period = 100_000
        present.pids = .init(limit: 20)
        return present
    }()

    private func update(
        _ present: RuntimeSpec.Resources, _ change: (inout ResourceRequest) throws -> Void
    ) throws -> (all: RuntimeSpec.Resources, changed: RuntimeSpec.Resources) {
        var request = ResourceRequest()
        try change(&request)
        return try request.update(of: present)
    }

    @Test func onlyWhatIsNamed() throws {
        let (all, changed) = try update(present) { $0.pidsLimit = 40 }
        #expect(all.pids?.limit == 40 && all.memory == present.memory && all.cpu == present.cpu)
        #expect(all.devices == present.devices)
        #expect(changed.memory == nil && changed.cpu == nil && changed.devices.isEmpty)
        #expect(changed.pids?.limit == 40)
        #expect(try update(present) { $0.pidsLimit = 0 }.all.pids?.limit == -1)
    }

    /// Swap that nobody has chosen follows the limit of memory.
    @Test func memoryWithItsSwap() throws {
        let (all, changed) = try update(present) { $0.memory = 32 << 20 }
        #expect(all.memory?.limit == 32 << 20 && all.memory?.swap == 64 << 20)
        #expect(changed.memory == all.memory)
        var chosen = present
        chosen.memory?.swap = 80 << 20
        #expect(try update(chosen) { $0.memory = 70 << 20 }.all.memory?.swap == 80 << 20)
        #expect(throws: UsageError.self) { try update(chosen) { $0.memory = 100 << 20 } }
        #expect(try update(present) { $0.memorySwap = -1 }.all.memory?.swap == -1)
        #expect(throws: UsageError.self) { try update(present) { $0.memoryReservation = 65 << 20 } }
        let first = try update(RuntimeSpec.Resources()) { $0.memory = 16 << 20 }.all
        #expect(first.memory?.limit == 16 << 20 && first.memory?.swap == 32 << 20)
        #expect(throws: UsageError.self) { try update(present) { $0.memory = 1 << 20 } }
    }

    /// For what was set before the kernel refused another part.
    @Test func whatTakesAnUpdateBack() throws {
        let changed = try update(present) {
            $0.memory = 32 << 20
            $0.cpus = try CPUAmount(parsing: "0.25")
            $0.pidsLimit = 40
        }.changed
        let undo = changed.undone(to: present)
        #expect(undo.memory == present.memory && undo.pids == present.pids)
        // Its shares were not changed.
        #expect(undo.cpu?.quota == 50_000 && undo.cpu?.period == 100_000 && undo.cpu?.shares == nil)
        let free = changed.undone(to: RuntimeSpec.Resources())
        #expect(free.memory?.limit == -1 && free.memory?.swap == -1 && free.pids?.limit == -1)
        #expect(free.cpu?.quota == -1)
        let shares = try update(present) { $0.cpuShares = 700 }.changed.undone(to: present)
        #expect(shares.cpu?.shares == 512 && shares.cpu?.quota == nil)
        #expect(shares.memory == nil && shares.pids == nil)
    }

    @Test func processors() throws {
        let (all, changed) = try update(present) { $0.cpus = try CPUAmount(parsing: "0.25") }
        #expect(all.cpu?.quota == 25_000 && all.cpu?.period == 100_000 && all.cpu?.shares == 512)
        #expect(changed.cpu?.shares == nil)
        // The two belong together.
        let quota = try update(present) { $0.cpuQuota = 20_000 }.changed
        #expect(quota.cpu?.quota == 20_000 && quota.cpu?.period == 100_000)
        #expect(throws: UsageError.self) {
            try update(present) {
                $0.cpus = try CPUAmount(parsing: "0.5")
                $0.cpuQuota = 1_000
            }
        }
    }
}
