import ContainerRuntime
import LinuxKernel
import OCISpec
import Testing

/// What is written to version 1 hierarchies beside a version 2 tree, shown on folders that stand for them.
struct CgroupLegacyTests {
    private func create(_ host: FakeHost, _ resources: RuntimeSpec.Resources) throws -> CgroupRecord {
        try ContainerCgroup.create(
            cgroupsPath: "/c1", id: "", resources: resources, layout: host.hybridLayout
        ).record
    }

    @Test func eachControllerIsDrivenWhereItIs() throws {
        let host = try FakeHost(controllers: "hugetlb")
        try host.group("/c1", controllers: "hugetlb", files: ["hugetlb.2MB.max"])
        try host.legacyGroup("memory", "/c1", files: ["memory.limit_in_bytes", "memory.soft_limit_in_bytes"])
        try host.write("\(host.root)/v1/memory/c1/memory.oom_control", "under_oom 0\noom_kill 4\n")
        try host.legacyGroup("cpu", "/c1", files: ["cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"])
        var resources = RuntimeSpec.Resources()
        resources.memory = .init()
        resources.memory!.limit = 1000
        resources.memory!.reservation = 500
        resources.cpu = .init()
        resources.cpu!.shares = 512
        resources.cpu!.quota = 20_000
        resources.cpu!.period = 50_000
        resources.hugepageLimits = [.init(pageSize: "2MB", limit: 0)]
        let record = try create(host, resources)
        #expect(record.legacy.map(\.key) == ["cpu", "memory"])
        #expect(record.killsBefore == 4)
        #expect(host.legacyText("/memory/c1/memory.limit_in_bytes") == "1000")
        #expect(host.legacyText("/memory/c1/memory.soft_limit_in_bytes") == "500")
        #expect(host.legacyText("/cpu/c1/cpu.shares") == "512")
        #expect(host.legacyText("/cpu/c1/cpu.cfs_quota_us") == "20000")
        #expect(host.legacyText("/cpu/c1/cpu.cfs_period_us") == "50000")
        #expect(host.text("/c1/hugetlb.2MB.max") == "0")
    }

    /// After an update that failed; files of both versions.
    @Test(arguments: [
        ("memory.max", "67108864\n", "1000\n", ["67108864"]),
        ("cpu.max", "max 100000\n", "20000 50000\n", ["max 100000"]),
        ("cpuset.cpus", "\n", "0-1\n", ["\n"]),
        (
            "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", "oom_kill_disable 1\nunder_oom 0\n",
            ["0"]
        ),
        (
            "io.max", "8:0 rbps=1000 wbps=max riops=max wiops=max\n",
            "8:0 rbps=7 wbps=max riops=max wiops=max\n8:16 rbps=1 wbps=max riops=max wiops=max\n",
            [
                "8:16 rbps=max wbps=max riops=max wiops=max", "8:0 rbps=1000 wbps=max riops=max wiops=max",
            ]
        ),
        ("io.weight", "default 100\n", "default 50\n8:0 20\n", ["8:0 default", "default 100"]),
        ("blkio.throttle.read_bps_device", "", "8:0 1000\n", ["8:0 0"]),
    ])
    func whatPutsBack(file: String, before: String, now: String, lines: [String]) {
        #expect(CgroupJournal.lines(restoring: Array(before.utf8), of: file, now: Array(now.utf8)) == lines)
    }

    @Test func anUpdateThatFailsPutsBack() throws {
        struct Refusal: Error {}
        let host = try FakeHost(controllers: "")
        try host.group("/c1")
        try host.legacyGroup("memory", "/c1", files: [])
        try host.legacyGroup("cpu", "/c1", files: [])
        let folders = (memory: host.root + "/v1/memory/c1", cpu: host.root + "/v1/cpu/c1")
        for file in ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] {
            try host.write("\(folders.memory)/\(file)", "9000\n")
        }
        try host.write("\(folders.cpu)/cpu.shares", "512\n")
        var group = try ContainerCgroup(
            record: CgroupRecord(
                unified: host.unified + "/c1", legacy: ["cpu": folders.cpu, "memory": folders.memory]))
        var resources = RuntimeSpec.Resources()
        resources.memory = .init()
        resources.memory!.limit = 1000
        resources.memory!.swap = 2000
        resources.cpu = .init()
        resources.cpu!.shares = 300
        var during: [String?] = []
        do {
            try group.update(
                resources, layout: host.hybridLayout,
                alongWith: { _ in
                    during = [
                        host.legacyText("/memory/c1/memory.limit_in_bytes"),
                        host.legacyText("/cpu/c1/cpu.shares"),
                    ]
                    throw Refusal()
                })
            Issue.record("the update went through")
        } catch is Refusal {}
        #expect(during == ["1000", "300"])
        #expect(host.legacyText("/memory/c1/memory.limit_in_bytes") == "9000")
        #expect(host.legacyText("/memory/c1/memory.memsw.limit_in_bytes") == "9000")
        #expect(host.legacyText("/cpu/c1/cpu.shares") == "512")
        #expect(group.warnings == [])
    }

    @Test func whatItUsesAndMay() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/c1")
        try host.legacyGroup("memory", "/c1", files: [])
        try host.legacyGroup("cpu", "/c1", files: [])
        let folders = (memory: host.root + "/v1/memory/c1", cpu: host.root + "/v1/cpu/c1")
        for (path, text) in [
            folders.memory + "/memory.usage_in_bytes": "1000\n",
            folders.memory + "/memory.kmem.usage_in_bytes": "30\n",
            folders.memory + "/memory.stat":
                "pgfault 1\npgmajfault 2\ntotal_mapped_file 40\ntotal_pgfault 11\ntotal_pgmajfault 12\n",
            folders.memory + "/memory.soft_limit_in_bytes": "9223372036854771712\n",
            folders.memory + "/memory.memsw.limit_in_bytes": "2000\n",
            folders.cpu + "/cpu.shares": "512\n", folders.cpu + "/cpu.cfs_period_us": "50000\n",
            folders.cpu + "/cpu.cfs_quota_us": "-1\n",
        ] { try host.write(path, text) }
        let group = try ContainerCgroup(
            record: CgroupRecord(
                unified: host.unified + "/c1", legacy: ["cpu": folders.cpu, "memory": folders.memory]))
        let memory = try #require(try group.statistics().memory)
        #expect(memory.kernel == 30 && memory.mappedFile == 40)
        #expect(memory.ownPageFaults == 1 && memory.pageFaults == 11)
        #expect(memory.ownMajorPageFaults == 2 && memory.majorPageFaults == 12)
        var settings = CgroupSettings()
        (settings.cpuShares, settings.cpuPeriod, settings.swapLimit) = (512, 50_000, 2000)
        #expect(try group.settings() == settings)
    }

    @Test(arguments: [1, 262_145] as [UInt64])
    func sharesOutOfRange(shares: UInt64) throws {
        let host = try FakeHost(controllers: "")
        try host.group("/c1")
        try host.legacyGroup("cpu", "/c1", files: ["cpu.shares"])
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.shares = shares
        let error = #expect(throws: CgroupError.self) { _ = try create(host, resources) }
        #expect("\(error!)".contains("allowed cpu-shares"))
    }

    @Test func controllersThatNoHierarchyHas() throws {
        let host = try FakeHost(controllers: "hugetlb")
        try host.group("/c1")
        try host.legacyGroup("memory", "/c1", files: [])
        var resources = RuntimeSpec.Resources()
        resources.pids = .init(limit: 10)
        let error = #expect(throws: CgroupError.self) { _ = try create(host, resources) }
        #expect(
            error?.description
                == "cannot set linux.resources.pids: no mounted cgroup hierarchy has the controller 'pids'")
        resources.pids = nil
        resources.unified = ["memory.high": "1000"]
        #expect(throws: CgroupError.self) { _ = try create(host, resources) }
    }

    @Test func usedGroupsAreRefused() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/c1")
        try host.legacyGroup("memory", "/c1", files: [])
        try host.write(host.root + "/v1/memory/c1/cgroup.procs", "12\n")
        let error = #expect(throws: CgroupError.self) { _ = try create(host, .init()) }
        #expect("\(error!)".contains("not empty: 1 process(es)"))
    }

    @Test func blockDevicesAndTags() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/c1")
        try host.legacyGroup("memory", "/c1", files: [])
        try host.legacyGroup("blkio", "/c1", files: ["blkio.bfq.weight", "blkio.throttle.read_bps_device"])
        try host.legacyGroup("net_cls", "/c1", files: ["net_cls.classid"])
        var resources = RuntimeSpec.Resources()
        resources.blockIO = .init()
        resources.blockIO!.weight = 300
        resources.blockIO!.throttleReadBpsDevice = [.init(major: 254, minor: 0, rate: 4096)]
        resources.network = .init()
        resources.network!.classID = 1_048_577
        _ = try create(host, resources)
        #expect(host.legacyText("/blkio/c1/blkio.bfq.weight") == "300")
        #expect(host.legacyText("/blkio/c1/blkio.throttle.read_bps_device") == "254:0 4096")
        #expect(host.legacyText("/net_cls/c1/net_cls.classid") == "1048577")
    }

    @Test func processorSetsAreInheritedFromTheTop() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/a/c1")
        try host.legacyGroup("memory", "/a/c1", files: [])
        let files = ["cpuset.cpus", "cpuset.mems"]
        try host.legacyGroup("cpuset", "", files: files)
        try host.legacyGroup("cpuset", "/a", files: files)
        try host.legacyGroup("cpuset", "/a/c1", files: files)
        try host.write(host.root + "/v1/cpuset/cpuset.cpus", "0-3\n")
        try host.write(host.root + "/v1/cpuset/cpuset.mems", "0\n")
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.cpus = "2"
        _ = try ContainerCgroup.create(
            cgroupsPath: "/a/c1", id: "", resources: resources, layout: host.hybridLayout)
        #expect(host.legacyText("/cpuset/a/cpuset.cpus") == "0-3")
        #expect(host.legacyText("/cpuset/a/cpuset.mems") == "0")
        #expect(host.legacyText("/cpuset/a/c1/cpuset.cpus") == "2")
        #expect(host.legacyText("/cpuset/a/c1/cpuset.mems") == "0")
    }

    // MARK: Below the caller's groups

    private static let caller = CallerGroups(
        unified: "/svc/run", legacy: [("memory", "/svc/run"), ("pids", "/other"), ("cpu,cpuacct", "")])

    private func hostOfAService() throws -> FakeHost {
        let host = try FakeHost(controllers: "")
        for path in ["/svc/c1", "/c1"] {
            try host.group(path)
            try host.legacyGroup("pids", path, files: ["pids.max"])
        }
        try host.legacyGroup("memory", "/svc/run/c1", files: ["memory.limit_in_bytes"])
        try host.legacyGroup("pids", "/other/c1", files: ["pids.max"])
        return host
    }

    private func pids(_ limit: Int64) -> RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        resources.pids = .init(limit: limit)
        return resources
    }

    /// Where the container was made counts also for a group that an update needs later, whoever calls then.
    @Test func groupsWithoutAPathAreTheCallers() throws {
        let host = try hostOfAService()
        let record = try ContainerCgroup.create(
            cgroupsPath: nil, id: "c1", resources: .init(), layout: host.hybridLayout(caller: Self.caller)
        ).record
        #expect(record.unified == "\(host.unified)/svc/c1")
        #expect(record.legacy == ["memory": "\(host.root)/v1/memory/svc/run/c1"])
        #expect(record.others == ["pids": "/other/c1", "cpu,cpuacct": "/c1"])
        let kept = try CgroupRecord(json: record.json())
        #expect(kept == record)
        var again = try ContainerCgroup(record: kept)
        try again.update(pids(7), layout: host.hybridLayout)
        #expect(host.legacyText("/pids/other/c1/pids.max") == "7")
        #expect(host.legacyText("/pids/svc/c1/pids.max") == "")
        let path = again.record.legacy["pids"]
        #expect(path == "\(host.root)/v1/pids/other/c1")
    }

    @Test func aRelativePathLeadsOnFromTheCaller() throws {
        let host = try FakeHost(controllers: "")
        try host.group("/svc/a/b")
        try host.legacyGroup("memory", "/svc/run/a/b", files: [])
        let record = try ContainerCgroup.create(
            cgroupsPath: "a/b", id: "c1", resources: .init(), layout: host.hybridLayout(caller: Self.caller)
        ).record
        #expect(record.unified == "\(host.unified)/svc/a/b")
        #expect(record.legacy.map(\.value) == ["\(host.root)/v1/memory/svc/run/a/b"])
    }

    @Test func anAbsolutePathIsBelowTheRoots() throws {
        let host = try hostOfAService()
        try host.legacyGroup("memory", "/c1", files: [])
        let record = try ContainerCgroup.create(
            cgroupsPath: "/c1", id: "", resources: .init(), layout: host.hybridLayout(caller: Self.caller)
        ).record
        #expect(record.unified == "\(host.unified)/c1" && record.others.entries.isEmpty)
        #expect(record.legacy.map(\.value) == ["\(host.root)/v1/memory/c1"])
    }

    /// The record of a container that was made before places followed the caller.
    @Test func anEarlierRecordKeepsItsPlaces() throws {
        let host = try hostOfAService()
        let record = try CgroupRecord(json: Array(#"{"unified":"\#(host.unified)/c1"}"#.utf8))
        var group = try ContainerCgroup(record: record)
        try group.update(pids(9), layout: host.hybridLayout(caller: Self.caller))
        #expect(host.legacyText("/pids/c1/pids.max") == "9")
    }
}
