import ContainerRuntime
import LinuxKernel
import OCISpec
import Testing

/// What is written on a host with version 2 alone, shown on folders that stand for it.
struct CgroupUnifiedTests {
    private static let all = "cpuset cpu io memory hugetlb pids rdma"

    /// A host on which all is enabled down to the container's group, which exists with these files.
    private func prepared(_ files: [String]) throws -> FakeHost {
        let host = try FakeHost(controllers: Self.all)
        try host.group("/c1", controllers: Self.all, files: files)
        return host
    }

    private func create(
        _ host: FakeHost, _ resources: RuntimeSpec.Resources
    ) throws -> [String] {
        try ContainerCgroup.create(
            cgroupsPath: "/c1", id: "c1", resources: resources, layout: host.layout
        ).warnings
    }

    // MARK: Memory

    private func memory(
        _ limit: Int64?, swap: Int64? = nil, reservation: Int64? = nil
    ) -> RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        resources.memory = .init()
        resources.memory!.limit = limit
        resources.memory!.swap = swap
        resources.memory!.reservation = reservation
        return resources
    }

    /// (limit, memory+swap, reservation), then memory.max, memory.swap.max, memory.low.
    @Test(
        arguments: [
            (1000, 1500, 700, "1000", "500", "700"),
            (1000, 1000, nil, "1000", "0", ""),
            (1000, -1, nil, "1000", "max", ""),
            (-1, nil, nil, "max", "max", ""),
            (-1, 500, nil, "max", "500", ""),
            (1000, nil, -1, "1000", "", "max"),
            (nil, -1, nil, "", "max", ""),
        ] as [(Int64?, Int64?, Int64?, String, String, String)])
    func memoryLimits(
        limit: Int64?, swap: Int64?, reservation: Int64?, max: String, swapMax: String, low: String
    ) throws {
        let host = try prepared(["memory.max", "memory.swap.max", "memory.low"])
        _ = try create(host, memory(limit, swap: swap, reservation: reservation))
        #expect(host.text("/c1/memory.max") == max)
        #expect(host.text("/c1/memory.swap.max") == swapMax)
        #expect(host.text("/c1/memory.low") == low)
    }

    @Test func swapNeedsMemory() throws {
        let host = try prepared(["memory.swap.max"])
        try host.write(host.unified + "/c1/memory.max", "max\n")
        let error = #expect(throws: CgroupError.self) { try create(host, memory(nil, swap: 2000)) }
        #expect(
            error?.description == "linux.resources.memory.swap: unable to set swap limit without memory limit"
        )
        // An update of swap alone takes the limit that is in force.
        try host.write(host.unified + "/c1/memory.max", "1500\n")
        _ = try create(host, memory(nil, swap: 2000))
        #expect(host.text("/c1/memory.swap.max") == "500")
    }

    @Test func swapBelowMemoryIsRefused() throws {
        let host = try prepared(["memory.max", "memory.swap.max"])
        #expect(throws: CgroupError.self) { try create(host, memory(1000, swap: 500)) }
        #expect(host.text("/c1/memory.max") == "")
    }

    @Test func withoutSwapAccounting() throws {
        let host = try prepared(["memory.max"])
        _ = try create(host, memory(1000, swap: 1000))
        let error = #expect(throws: CgroupError.self) { try create(host, memory(1000, swap: 2000)) }
        #expect("\(error!)".contains("write '1000' to \(host.unified)/c1/memory.swap.max: no such file"))
    }

    @Test func memoryFieldsWithoutMeaningAreWarnedAbout() throws {
        let host = try prepared(["memory.max"])
        var resources = memory(1000)
        resources.memory!.kernel = 5
        resources.memory!.swappiness = 10
        resources.memory!.disableOOMKiller = true
        resources.memory!.useHierarchy = false
        #expect(try create(host, resources).count == 4)
    }

    @Test func limitBelowUsageIsRefusedOnRequest() throws {
        let host = try prepared(["memory.max"])
        try host.write(host.unified + "/c1/memory.current", "5000\n")
        var resources = memory(4096)
        resources.memory!.checkBeforeUpdate = true
        let error = #expect(throws: CgroupError.self) { try create(host, resources) }
        #expect("\(error!)".contains("rejecting memory limit 4096 <= usage 5000"))
        resources.memory!.limit = 6000
        _ = try create(host, resources)
        #expect(host.text("/c1/memory.max") == "6000")
    }

    // MARK: Processor

    @Test(
        arguments: [
            (1, "1"), (2, "1"), (3, "2"), (102, "17"), (1024, "100"), (2000, "170"), (262_144, "10000"),
            (1_000_000, "10000"),
        ] as [(UInt64, String)])
    func sharesBecomeWeight(shares: UInt64, weight: String) throws {
        let host = try prepared(["cpu.weight"])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.shares = shares
        _ = try create(host, resources)
        #expect(host.text("/c1/cpu.weight") == weight)
    }

    @Test(
        arguments: [
            (50_000, 200_000, "50000 200000"), (-1, 200_000, "max 200000"), (50_000, nil, "50000"),
            (-1, nil, "max"),
        ] as [(Int64, UInt64?, String)])
    func quota(quota: Int64, period: UInt64?, expected: String) throws {
        let host = try prepared(["cpu.max", "cpu.max.burst"])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.quota = quota
        resources.cpu!.period = period
        resources.cpu!.burst = 1000
        _ = try create(host, resources)
        #expect(host.text("/c1/cpu.max") == expected)
        #expect(host.text("/c1/cpu.max.burst") == "1000")
    }

    @Test func periodAloneKeepsTheQuota() throws {
        let host = try prepared([])
        try host.write(host.unified + "/c1/cpu.max", "70000 100000\n")
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.period = 1_000_000
        _ = try create(host, resources)
        #expect(host.text("/c1/cpu.max") == "70000 1000000")
    }

    @Test func idleGroupsHaveNoWeight() throws {
        let host = try prepared(["cpu.idle", "cpu.weight"])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.shares = 1024
        resources.cpu!.idle = 1
        _ = try create(host, resources)
        #expect(host.text("/c1/cpu.idle") == "1")
        #expect(host.text("/c1/cpu.weight") == "")
    }

    @Test func realtimeIsRefused() throws {
        let host = try prepared([])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.realtimeRuntime = 10_000
        #expect(throws: CgroupError.self) { try create(host, resources) }
    }

    // MARK: The others

    @Test func processorsAndNodes() throws {
        let host = try prepared(["cpuset.cpus", "cpuset.mems"])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.cpus = "0-1"
        resources.cpu!.mems = "0"
        _ = try create(host, resources)
        #expect(host.text("/c1/cpuset.cpus") == "0-1")
        #expect(host.text("/c1/cpuset.mems") == "0")
    }

    @Test func tasks() throws {
        let host = try prepared(["pids.max"])
        var resources = RuntimeSpec.Resources()
        resources.pids = .init(limit: -1)
        _ = try create(host, resources)
        #expect(host.text("/c1/pids.max") == "")
        resources.pids = .init(limit: 40)
        _ = try create(host, resources)
        #expect(host.text("/c1/pids.max") == "40")
        var group = try ContainerCgroup(record: CgroupRecord(unified: host.unified + "/c1"))
        resources.pids = .init(limit: -1)
        try group.update(resources, layout: host.layout)
        #expect(host.text("/c1/pids.max") == "max")
    }

    @Test func blockDevices() throws {
        let host = try prepared(["io.weight", "io.max"])
        var resources = RuntimeSpec.Resources()
        resources.blockIO = .init()
        resources.blockIO!.weight = 500
        resources.blockIO!.leafWeight = 300
        resources.blockIO!.throttleWriteBpsDevice = [.init(major: 8, minor: 0, rate: 1_048_576)]
        let warnings = try create(host, resources)
        #expect(warnings.count == 1)
        #expect(host.text("/c1/io.weight") == "4950")
        #expect(host.text("/c1/io.max") == "8:0 wbps=1048576")
        resources.blockIO!.throttleWriteBpsDevice = []
        resources.blockIO!.throttleReadIOPSDevice = [.init(major: 8, minor: 16, rate: 0)]
        try host.write(host.unified + "/c1/io.bfq.weight", "")
        try host.write(host.unified + "/c1/io.max", "")
        _ = try create(host, resources)
        #expect(host.text("/c1/io.bfq.weight") == "500")
        #expect(host.text("/c1/io.max") == "8:16 riops=max")
    }

    @Test func hugePagesAndRdma() throws {
        let host = try prepared(["hugetlb.2MB.max", "hugetlb.2MB.rsvd.max", "hugetlb.1GB.max", "rdma.max"])
        var resources = RuntimeSpec.Resources()
        resources.hugepageLimits = [
            .init(pageSize: "2MB", limit: 4_194_304), .init(pageSize: "1GB", limit: 0),
        ]
        resources.rdma = ["mlx5_1": .init(hcaHandles: 3, hcaObjects: 10_000)]
        _ = try create(host, resources)
        #expect(host.text("/c1/hugetlb.2MB.max") == "4194304")
        #expect(host.text("/c1/hugetlb.2MB.rsvd.max") == "4194304")
        #expect(host.text("/c1/hugetlb.1GB.max") == "0")
        #expect(host.text("/c1/rdma.max") == "mlx5_1 hca_handle=3 hca_object=10000")
    }

    @Test func filesNamedInTheConfiguration() throws {
        let host = try prepared(["memory.high", "io.max", "io.latency", "cpu.idle"])
        var resources = RuntimeSpec.Resources()
        resources.unified = [
            "memory.high": "1000", "cgroup.freeze": "0", "io.latency": "8:16 target=2000", "cpu.idle": "1",
        ]
        _ = try create(host, resources)
        #expect(host.text("/c1/memory.high") == "1000")
        #expect(host.text("/c1/io.latency") == "8:16 target=2000")
        #expect(host.text("/c1/cpu.idle") == "1")
        for file in ["../escape.x", "a/b.c", "memory"] {
            resources.unified = [file: "1"]
            #expect(throws: CgroupError.self, "\(file)") { try create(host, resources) }
        }
        resources.unified = ["misc.max": "1"]
        let error = #expect(throws: CgroupError.self) { try create(host, resources) }
        #expect("\(error!)".contains("'misc'"))
    }

    @Test func packetTagsAreWarnedAbout() throws {
        let host = try prepared([])
        var resources = RuntimeSpec.Resources()
        resources.network = .init()
        resources.network!.classID = 0x10_0001
        resources.network!.priorities = [.init(name: "eth0", priority: 3)]
        #expect(try create(host, resources).count == 2)
    }

    // MARK: Enabling controllers

    @Test func controllersAreEnabledFromTheTop() throws {
        let host = try FakeHost(controllers: Self.all)
        try host.group("/a", controllers: "pids", subtree: "")
        try host.group("/a/b", controllers: "", subtree: "")
        try host.group("/a/b/c1", files: ["cpu.weight"])
        try host.write(host.unified + "/cgroup.subtree_control", "pids\n")
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.shares = 1024
        _ = try ContainerCgroup.create(
            cgroupsPath: "/a/b/c1", id: "", resources: resources, layout: host.layout)
        #expect(host.text("/cgroup.subtree_control") == "+cpu +memory +io")
        #expect(host.text("/a/cgroup.subtree_control") == "+cpu +memory +pids +io")
        #expect(host.text("/a/b/cgroup.subtree_control") == "+cpu +memory +pids +io")
        // The container's own group has processes and hands on nothing.
        #expect(host.text("/a/b/c1/cgroup.subtree_control") == "")
    }

    /// For a container that divides its group itself.
    @Test func everyControllerIsEnabledOnRequest() throws {
        let host = try FakeHost(controllers: Self.all)
        try host.group("/a", controllers: "pids", subtree: "pids")
        try host.group("/a/c1", files: ["cpu.weight"])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.shares = 1024
        _ = try ContainerCgroup.create(
            cgroupsPath: "/a/c1", id: "", resources: resources, layout: host.layout, everyController: true)
        #expect(
            host.text("/cgroup.subtree_control") == "+cpu +cpuset +io +memory +hugetlb +pids +rdma")
        #expect(host.text("/a/cgroup.subtree_control") == "+cpu +cpuset +io +memory +hugetlb +rdma")
    }

    @Test func nothingIsWrittenWhereAllIsEnabled() throws {
        let host = try prepared(["memory.max"])
        try host.write(host.unified + "/cgroup.subtree_control", "untouched")
        _ = try create(host, memory(1000))
        #expect(host.text("/cgroup.subtree_control") == "untouched")
    }

    @Test func missingControllersAreNamedUnlessTheyOnlyCount() throws {
        let host = try FakeHost(controllers: "cpu")
        try host.group("/c1")
        _ = try create(host, .init())
        let error = #expect(throws: CgroupError.self) { try create(host, memory(1000)) }
        #expect("\(error!)".contains("'memory'"))
    }

    // MARK: Groups in use

    @Test func usedGroupsAreRefused() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/c1", populated: 1)
        let error = #expect(throws: CgroupError.self) { try create(host, .init()) }
        #expect(
            "\(error!)" == "container's cgroup is not empty: 2 process(es) found in \(host.unified)/c1")
        try host.group("/c1", frozen: 1)
        let second = #expect(throws: CgroupError.self) { try create(host, .init()) }
        #expect("\(second!)".hasPrefix("container's cgroup unexpectedly frozen"))
    }

    @Test func failureLeavesNothing() throws {
        let host = try FakeHost(controllers: "cpu")
        try host.group("/a")
        #expect(throws: CgroupError.self) {
            _ = try ContainerCgroup.create(
                cgroupsPath: "/a/b/c1", id: "", resources: memory(1000), layout: host.layout)
        }
        #expect(!exists(host.unified + "/a/b"))
        #expect(exists(host.unified + "/a"))
    }

    // MARK: Reading

    @Test func statistics() throws {
        let host = try prepared([])
        let folder = host.unified + "/c1"
        let files = [
            "cpu.stat":
                "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 7\nnr_throttled 2\nthrottled_usec 9\n",
            "memory.current": "10000\n", "memory.max": "max\n", "memory.peak": "12000\n",
            "memory.swap.current": "40\n", "memory.swap.max": "50\n",
            "memory.stat":
                "anon 3000\nfile 5000\nkernel 70\nslab 60\nfile_mapped 80\ninactive_file 4000\npgfault 11\npgmajfault 12\n",
            "memory.events": "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n",
            "pids.current": "3\n", "pids.max": "100\n",
            "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n7:0 \n",
        ]
        for (file, text) in files { try host.write("\(folder)/\(file)", text) }
        let group = try ContainerCgroup(record: CgroupRecord(unified: folder))
        let found = try group.statistics()
        #expect(found.cpu.usage == 1_500_000 && found.cpu.user == 1_000_000 && found.cpu.system == 500_000)
        #expect(found.cpu.periods == 7 && found.cpu.throttledPeriods == 2 && found.cpu.throttledTime == 9000)
        let memory = try #require(found.memory)
        #expect(memory.usage == 10_000 && memory.limit == nil && memory.peak == 12_000)
        #expect(memory.workingSet == 6000 && memory.anonymous == 3000 && memory.file == 5000)
        #expect(memory.kernel == 70 && memory.mappedFile == 80)
        #expect(memory.ownPageFaults == 11 && memory.ownMajorPageFaults == 12)
        #expect(memory.swapUsage == 40 && memory.swapLimit == 50)
        #expect(memory.pageFaults == 11 && memory.majorPageFaults == 12)
        #expect(memory.limitHits == 5 && memory.oomKills == 1)
        #expect(found.pids.current == 3 && found.pids.limit == 100)
        let disk = try #require(found.io?.first)
        #expect(disk.major == 8 && disk.readBytes == 1 && disk.writtenBytes == 2)
        #expect(disk.reads == 3 && disk.writes == 4)
        #expect(try group.oomKillCount() == 1)
        guard let watch = try group.watchOOM() else {
            Issue.record("memory.events is there")
            return
        }
        let events = watch.events
        #expect(events == .priority)
        #expect(try watch.killCount() == 1)
    }

    /// What was killed in a group before a container took it over is not the container's.
    @Test func killsBefore() throws {
        let host = try prepared([])
        try host.write("\(host.unified)/c1/memory.events", "oom 3\noom_kill 2\n")
        let record = try ContainerCgroup.create(
            cgroupsPath: "/c1", id: "c1", resources: .init(), layout: host.layout
        ).record
        #expect(record.killsBefore == 2)
        #expect(try CgroupRecord(json: record.json()).killsBefore == 2)
    }

    /// Kernels before 5.18 do not tell the sum of what the kernel has allocated.
    @Test func kernelMemoryOfItsParts() throws {
        let host = try prepared([])
        let folder = host.unified + "/c1"
        try host.write("\(folder)/memory.current", "1\n")
        try host.write(
            "\(folder)/memory.stat", "kernel_stack 1\npagetables 20\nslab 300\nslab_reclaimable 200\n")
        let group = try ContainerCgroup(record: CgroupRecord(unified: folder))
        #expect(try group.statistics().memory?.kernel == 321)
    }

    @Test(arguments: [(1, 2), (100, 1024), (10_000, 262_144)] as [(UInt64, UInt64)])
    func settings(weight: UInt64, shares: UInt64) throws {
        let host = try prepared([])
        let folder = host.unified + "/c1"
        let group = try ContainerCgroup(record: CgroupRecord(unified: folder))
        // What no file tells is the kernel's default.
        #expect(try group.settings() == CgroupSettings())
        for (file, text) in [
            "cpu.weight": "\(weight)\n", "cpu.max": "max 50000\n", "memory.low": "700\n",
            "memory.min": "600\n",
            "memory.swap.max": "40\n",
        ] { try host.write("\(folder)/\(file)", text) }
        var settings = try group.settings()
        #expect(settings.cpuShares == shares && settings.cpuPeriod == 50_000 && settings.cpuQuota == nil)
        #expect(settings.memoryReservation == 700 && settings.swapLimit == 40)
        try host.write("\(folder)/cpu.max", "20000 100000\n")
        try host.write("\(folder)/memory.swap.max", "max\n")
        settings = try group.settings()
        #expect(settings.cpuQuota == 20_000 && settings.swapLimit == nil)
    }

    @Test func processesOfGroupsBelowCount() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/c1", populated: 1)
        try host.group("/c1/inner")
        try host.write(host.unified + "/c1/inner/cgroup.procs", "5\n0\n6\n")
        let group = try ContainerCgroup(record: CgroupRecord(unified: host.unified + "/c1"))
        #expect(try group.processes() == [17, 23, 5, 6])
    }

    @Test func groupsThatAreGone() throws {
        let host = try FakeHost(controllers: "")
        let group = try ContainerCgroup(
            record: CgroupRecord(unified: host.unified + "/no", legacy: ["memory": host.root + "/no"]))
        let isThere = group.exists
        #expect(!isThere)
        #expect(try group.processes() == [])
        #expect(try group.isFrozen() == false)
        try group.kill()
        try group.delete()
        #expect(throws: CgroupError.self) { try group.freeze() }
        #expect(throws: CgroupError.self) { try group.statistics() }
        #expect(throws: CgroupError.self) { _ = try group.placement() }
    }
}
