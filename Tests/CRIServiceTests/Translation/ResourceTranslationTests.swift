import CRIProtocol
import CRIService
import OCISpec
import Testing

@Suite struct ResourceTranslationTests {
    private func resources(
        _ facts: NodeFacts = NodeFacts(), _ edit: (inout CRILinuxContainerResources) -> Void
    ) throws(TranslationError) -> ResourceTranslation {
        var wanted = CRILinuxContainerResources()
        edit(&wanted)
        return try ResourceTranslation(wanted, facts: facts)
    }

    @Test func everyField() throws {
        let found = try resources { wanted in
            wanted.cpuPeriod = 100_000
            wanted.cpuQuota = 50_000
            wanted.cpuShares = 512
            wanted.cpusetCpus = "0-1"
            wanted.cpusetMems = "0"
            wanted.memoryLimitInBytes = 64 << 20
            wanted.oomScoreAdj = 999
            wanted.unified = ["memory.high": "1000000"]
            var pages = CRIHugepageLimit()
            pages.pageSize = "2MB"
            pages.limit = 4 << 20
            wanted.hugepageLimits = [pages]
        }
        #expect(found.warnings.isEmpty)
        #expect(found.oomScoreAdj == 999)
        let cpu = found.resources.cpu
        #expect(cpu?.period == 100_000)
        #expect(cpu?.quota == 50_000)
        #expect(cpu?.shares == 512)
        #expect(cpu?.cpus == "0-1")
        #expect(cpu?.mems == "0")
        // No swap unless there is a word about it.
        #expect(found.resources.memory?.limit == 64 << 20)
        #expect(found.resources.memory?.swap == 64 << 20)
        #expect(found.resources.unified == ["memory.high": "1000000"])
        #expect(
            found.resources.hugepageLimits
                == [RuntimeSpec.Resources.HugepageLimit(pageSize: "2MB", limit: 4 << 20)])
        #expect(found.resources.pids == nil)
    }

    @Test func nothingIsNothing() throws {
        let found = try resources { _ in }
        #expect(found.resources == RuntimeSpec.Resources())
        #expect(found.oomScoreAdj == 0)
    }

    @Test func swap() throws {
        let more = try resources {
            $0.memoryLimitInBytes = 100
            $0.memorySwapLimitInBytes = 150
        }
        #expect(more.resources.memory?.swap == 150)
        var node = NodeFacts()
        node.countsSwap = false
        let uncounted = try resources(node) {
            $0.memoryLimitInBytes = 100
            $0.memorySwapLimitInBytes = 150
        }
        #expect(uncounted.resources.memory?.limit == 100)
        #expect(uncounted.resources.memory?.swap == nil)
    }

    @Test func valuesThatAreWrong() throws {
        let cases: [((inout CRILinuxContainerResources) -> Void, String)] = [
            ({ $0.cpuPeriod = -1 }, "linux.cpu_period: -1 must not be negative"),
            ({ $0.cpuShares = -2 }, "linux.cpu_shares: -2 must not be negative"),
            ({ $0.cpuQuota = -5 }, "linux.cpu_quota: -5 is less than -1, which is no limit"),
            ({ $0.cpuQuota = 999 }, "linux.cpu_quota: 999 is less than 1000 microseconds, the least"),
            ({ $0.cpuPeriod = 999 }, "linux.cpu_period: 999 is out of range, 1000 to 1000000 microseconds"),
            (
                { $0.cpuPeriod = 1_000_001 },
                "linux.cpu_period: 1000001 is out of range, 1000 to 1000000 microseconds"
            ),
            (
                { $0.hugepageLimits = [self.pages("2MB", 0), self.pages("3MB", 0)] },
                "linux.hugepage_limits[1].page_size: \"3MB\" is no size of this node's huge pages: 2MB, 1GB"
            ),
            ({ $0.cpusetCpus = "1-" }, "linux.cpuset_cpus: expected a list like 0-3,7, found \"1-\""),
            ({ $0.cpusetMems = "x" }, "linux.cpuset_mems: expected a list like 0-3,7, found \"x\""),
            (
                { $0.memoryLimitInBytes = -2 },
                "linux.memory_limit_in_bytes: -2 is less than -1, which is no limit"
            ),
            (
                {
                    $0.memoryLimitInBytes = 100
                    $0.memorySwapLimitInBytes = 50
                }, "linux.memory_swap_limit_in_bytes: 50 is less than memory_limit_in_bytes, 100"
            ),
            ({ $0.oomScoreAdj = 1001 }, "linux.oom_score_adj: 1001 is out of range, -1000 to 1000"),
            (
                { $0.unified = ["../cgroup.procs": "1"] },
                "linux.unified[\"../cgroup.procs\"]: is not the name of a cgroup file"
            ),
        ]
        for (edit, message) in cases {
            let error = try #require(throws: TranslationError.self) { try resources(NodeFacts(), edit) }
            #expect(error.description == message)
            #expect(error.kind == .invalidArgument)
        }
    }

    /// As runc, which reads them back.
    @Test func sharesThatVersion1DoesNotHave() throws {
        var old = NodeFacts()
        old.legacyControllers = ["cpu"]
        for shares: Int64 in [1, 262_145] {
            #expect(try resources { $0.cpuShares = shares }.resources.cpu?.shares == UInt64(shares))
            let error = #expect(throws: TranslationError.self) {
                try resources(old) { $0.cpuShares = shares }
            }
            #expect(
                error?.description
                    == "linux.cpu_shares: \(shares) is out of range, 2 to 262144, of this node's cgroup version 1"
            )
        }
        for shares: Int64 in [0, 2, 262_144] {
            #expect(try resources(old) { $0.cpuShares = shares }.warnings.isEmpty)
        }
    }

    @Test func theScoreStaysWithinWhatTheNodeAllows() throws {
        var node = NodeFacts()
        node.lowestOOMScore = -100
        #expect(try resources(node) { $0.oomScoreAdj = -100 }.warnings.isEmpty)
        let clamped = try resources(node) { $0.oomScoreAdj = -997 }
        #expect(clamped.oomScoreAdj == -100)
        #expect(clamped.warnings == ["linux.oom_score_adj: -997 is below what this node allows; it is -100"])

        let bench = try TranslationBench()
        bench.node = node
        #expect(try bench.plan().spec.process?.oomScoreAdj == nil)
        bench.container.linux.resources.oomScoreAdj = -997
        let plan = try bench.plan()
        #expect(plan.spec.process?.oomScoreAdj == -100)
        #expect(plan.warnings.count == 1)
    }

    @Test func hugePagesThatTheNodeCannotLimit() throws {
        var node = NodeFacts()
        node.countsHugePages = false
        var pages = CRIHugepageLimit()
        pages.pageSize = "2MB"
        #expect(try resources(node) { $0.hugepageLimits = [pages] }.warnings.isEmpty)
        pages.limit = 1
        let found = try resources(node) { $0.hugepageLimits = [pages] }
        #expect(found.resources.hugepageLimits.isEmpty)
        #expect(found.warnings.count == 1)
        pages.pageSize = "big"
        #expect(throws: TranslationError.self) { try resources { $0.hugepageLimits = [pages] } }
    }

    // MARK: What ContainerStatus tells

    private func pages(_ size: String, _ limit: UInt64) -> CRIHugepageLimit {
        var pages = CRIHugepageLimit()
        (pages.pageSize, pages.limit) = (size, limit)
        return pages
    }

    @Test func whatAContainerHasIsTold() throws {
        let edit = { @Sendable (wanted: inout CRILinuxContainerResources) in
            wanted.cpuPeriod = 100_000
            wanted.cpuQuota = -1
            wanted.cpuShares = 512
            wanted.cpusetCpus = "0-1"
            wanted.cpusetMems = "0"
            wanted.memoryLimitInBytes = 64 << 20
            wanted.memorySwapLimitInBytes = 96 << 20
            wanted.oomScoreAdj = -997
            wanted.unified = ["memory.high": "1000000"]
            wanted.hugepageLimits = [self.pages("2MB", 4 << 20), self.pages("1GB", 0)]
        }
        var asked = CRILinuxContainerResources()
        edit(&asked)
        #expect(try resources(NodeFacts(), edit).status == asked)
        #expect(try resources { _ in }.status == CRILinuxContainerResources())

        var poor = NodeFacts()
        poor.lowestOOMScore = -100
        poor.countsSwap = false
        poor.countsHugePages = false
        asked.oomScoreAdj = -100
        asked.memorySwapLimitInBytes = 0
        asked.hugepageLimits = []
        #expect(try resources(poor, edit).status == asked)

        let bench = try TranslationBench()
        bench.node = poor
        bench.container.linux.resources.oomScoreAdj = -997
        let plan = try bench.plan()
        #expect(plan.resources.oomScoreAdj == -100)
        #expect(plan.spec.process?.oomScoreAdj == -100)
    }

    @Test func updates() {
        var before = CRILinuxContainerResources()
        before.cpuShares = 100
        before.memoryLimitInBytes = 1000
        before.cpusetCpus = "0"
        before.oomScoreAdj = 7
        before.unified = ["a": "1", "b": "2"]
        before.hugepageLimits = [pages("2MB", 1), pages("1GB", 2)]
        var update = CRILinuxContainerResources()
        update.memoryLimitInBytes = 2000
        update.oomScoreAdj = 500
        update.unified = ["b": "3"]
        update.hugepageLimits = [pages("2MB", 3)]
        let after = before.updated(by: update)
        #expect(after.cpuShares == 100)
        #expect(after.memoryLimitInBytes == 2000)
        #expect(after.cpusetCpus == "0")
        #expect(after.oomScoreAdj == 7)
        #expect(after.unified == ["a": "1", "b": "3"])
        #expect(after.hugepageLimits == [pages("1GB", 2), pages("2MB", 3)])
    }

    @Test func thisNode() throws {
        let facts = try NodeFacts.detect(cgroupDriver: .cgroupfs)
        #expect(facts.kernelCapabilities.count >= facts.capabilities.count)
        #expect(facts.capabilities.contains("CAP_CHOWN"))
        #expect(facts.lowestOOMScore == -1000 || !facts.capabilities.contains("CAP_SYS_RESOURCE"))
    }
}
