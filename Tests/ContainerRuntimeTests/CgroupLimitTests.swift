import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Limits that this machine's kernel enforces, whichever cgroup versions it has.
@Suite(.enabled(if: canChangeCgroups))
struct CgroupLimitTests {
    @Test func aMemoryHogIsKilledAndItIsSeen() throws {
        var resources = RuntimeSpec.Resources()
        resources.memory = .init()
        resources.memory!.limit = 16 << 20
        resources.memory!.swap = 16 << 20
        try withCgroup("oom", resources) { group, layout in
            guard let watch = try group.watchOOM() else {
                Issue.record("nothing counts memory")
                return
            }
            #expect(try watch.killCount() == 0)
            let epoll = try Epoll()
            try epoll.add(watch.descriptor, watch.events, token: 7)
            #expect(try epoll.wait(milliseconds: 0) { _ in } == 0)

            let shell = try TestShell("exec tail /dev/zero", in: try group.placement())
            var token: UInt64 = 0
            #expect(try epoll.wait(milliseconds: 20_000) { token = $0.token } == 1)
            #expect(token == 7)
            #expect(shell.wait() == .signaled(SIGKILL))
            #expect(try watch.killCount() == 1)
            #expect(try group.oomKillCount() == 1)
            // Taken note of, the event is over.
            while try epoll.wait(milliseconds: 50, { _ in }) > 0 { _ = try watch.killCount() }

            let memory = try #require(try group.statistics().memory)
            #expect(memory.limit == 16 << 20)
            #expect(memory.oomKills == 1)
            // Version 1 of newer kernels has given up counting them.
            #expect(memory.limitHits > 0 || !layout.isUnified)
        }
    }

    @Test func forksEndAtTheLimit() throws {
        var resources = RuntimeSpec.Resources()
        resources.pids = .init(limit: 5)
        try withCgroup("pids", resources) { group, layout in
            let script = """
                n=0; while [ $n -lt 10 ]; do sleep 100 >&- & n=$((n+1)); done 2>&-; echo survived
                """
            let shell = try TestShell(script, in: try group.placement())
            // The shell gives up when it cannot fork.
            #expect(shell.line() != "survived")
            #expect(shell.wait() != .exited(0))
            #expect(try group.processes().count == 4)
            resources.pids = .init(limit: -1)
            try group.update(resources, layout: layout)
            #expect(try group.statistics().pids.limit == nil)
        }
    }

    @Test func processorTime() throws {
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        // So little that it is used up on a busy machine too.
        resources.cpu!.quota = 3000
        resources.cpu!.period = 100_000
        resources.cpu!.burst = 2000
        resources.cpu!.shares = 512
        try withCgroup("cpu", resources) { group, layout in
            let isLegacy = group.record.legacy["cpu"] != nil
            let quota = controlFile(group, "cpu", v1: "cpu.cfs_quota_us", v2: "cpu.max")
            let shares = controlFile(group, "cpu", v1: "cpu.shares", v2: "cpu.weight")
            let burst = controlFile(group, "cpu", v1: "cpu.cfs_burst_us", v2: "cpu.max.burst")
            #expect(readText(quota) == (isLegacy ? "3000" : "3000 100000"))
            #expect(readText(shares) == (isLegacy ? "512" : "59"))
            #expect(readText(burst) == "2000")
            let shell = try TestShell("while :; do :; done", in: try group.placement())
            var cpu = try group.statistics().cpu
            // Its first milliseconds may all go into fork and exec.
            for _ in 0..<100 where cpu.throttledTime == 0 || cpu.user == 0 {
                usleep(50_000)
                cpu = try group.statistics().cpu
            }
            #expect(cpu.throttledPeriods > 0 && cpu.throttledTime > 0 && cpu.periods > 0)
            #expect(cpu.usage > 0 && cpu.user > 0)

            // Down below the burst, and up with a burst above the old quota: the order of writing matters.
            resources.cpu!.shares = nil
            resources.cpu!.quota = 1500
            resources.cpu!.burst = 1000
            try group.update(resources, layout: layout)
            #expect(readText(quota) == (isLegacy ? "1500" : "1500 100000"))
            resources.cpu!.quota = 50_000
            resources.cpu!.burst = 40_000
            try group.update(resources, layout: layout)
            #expect(readText(quota) == (isLegacy ? "50000" : "50000 100000"))
            #expect(readText(burst) == "40000")
            try group.kill()
            _ = shell.wait()
        }
    }

    @Test func limitsComeWithAnUpdate() throws {
        try withCgroup("update") { group, layout in
            let shell = try TestShell("sleep 100 & echo ready; read x; kill %1", in: try group.placement())
            #expect(shell.line() == "ready")
            var resources = RuntimeSpec.Resources()
            resources.cpu = .init()
            resources.cpu!.quota = 30_000
            resources.cpu!.cpus = "0"
            resources.memory = .init()
            resources.memory!.limit = 64 << 20
            resources.memory!.swap = 64 << 20
            var persisted: CgroupRecord?
            try group.update(resources, layout: layout) { persisted = $0 }
            if !layout.isUnified {
                // The groups that were not needed before have the processes now.
                #expect(persisted == group.record)
                for controller in ["cpu", "cpuset"] {
                    let path = try #require(group.record.legacy[controller])
                    #expect(readText("\(path)/cgroup.procs")?.split(separator: "\n").count == 2)
                }
            }
            let cpus = controlFile(group, "cpuset", v1: "cpuset.cpus", v2: "cpuset.cpus")
            #expect(readText(cpus) == "0")
            #expect(readText("/proc/\(shell.pid)/status")?.contains("Cpus_allowed_list:\t0\n") == true)
            let limit = controlFile(group, "memory", v1: "memory.limit_in_bytes", v2: "memory.max")
            #expect(readText(limit) == String(64 << 20))
            // Both up, both down: memory must never exceed memory+swap in between.
            for size in [128 << 20, 32 << 20] as [Int64] {
                resources.memory!.limit = size
                resources.memory!.swap = size
                try group.update(resources, layout: layout)
                #expect(readText(limit) == String(size))
            }
            resources.memory!.limit = -1
            resources.memory!.swap = nil
            try group.update(resources, layout: layout)
            #expect(try group.statistics().memory?.limit == nil)
            _ = shell.wait()
        }
    }

    @Test func processorsOfNewGroups() throws {
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.cpus = "1"
        try withCgroup("cpuset", resources) { group, _ in
            let shell = try TestShell("grep Cpus_allowed_list /proc/self/status", in: try group.placement())
            #expect(shell.line() == "Cpus_allowed_list:\t1")
            _ = shell.wait()
        }
    }

    @Test func hugePages() throws {
        var resources = RuntimeSpec.Resources()
        resources.hugepageLimits = [.init(pageSize: "2MB", limit: 4 << 20)]
        try withCgroup("hugetlb", resources) { group, _ in
            let pages = try group.statistics().hugepages.first { $0.pageSize == "2MB" }
            #expect(pages?.limit == 4 << 20)
            #expect(pages?.usage == 0)
        }
    }

    @Test func refusalsNameFileAndValue() throws {
        var resources = RuntimeSpec.Resources()
        resources.cpu = .init()
        resources.cpu!.cpus = "9999"
        let layout = try CgroupLayout.detect()
        let error = #expect(throws: CgroupError.self) {
            _ = try ContainerCgroup.create(
                cgroupsPath: testGroup("refused"), id: "", resources: resources, layout: layout)
        }
        #expect("\(error!)".hasPrefix("write '9999' to /sys/fs/cgroup"))
        #expect("\(error!)".contains("cpuset.cpus: "))
        #expect(!exists(layout.unified + testGroup("refused")))
        for hierarchy in try layout.legacyHierarchies() {
            #expect(!exists(hierarchy.mountPoint + testGroup("refused")))
        }
    }

    // MARK: Devices

    @Test func devicesAreDenied() throws {
        var resources = RuntimeSpec.Resources()
        let rule: (Bool, Int64) -> RuntimeSpec.DeviceRule = {
            .init(allow: $0, type: .character, major: 1, minor: $1, access: [.read, .write])
        }
        resources.devices = [.init(allow: false), rule(true, 3), rule(true, 5)]
        try withCgroup("devices", resources) { group, layout in
            func attempt() throws -> String {
                let script = """
                    for d in null zero full; do
                      (: < /dev/$d) 2>&- && echo -n "$d "
                    done; mknod /tmp/swiftlet-test-\(getpid()) c 1 3 2>&- && echo -n made; echo
                    """
                let shell = try TestShell(script, in: try group.placement())
                defer { _ = shell.wait() }
                return shell.line()
            }
            #expect(try attempt() == "null zero ")
            resources.devices = [.init(allow: false), rule(true, 7)]
            try group.update(resources, layout: layout)
            #expect(try attempt() == "full ")
            // An update without rules leaves them.
            resources.devices = []
            try group.update(resources, layout: layout)
            #expect(try attempt() == "full ")
            resources.devices = [.init(allow: true)]
            try group.update(resources, layout: layout)
            #expect(try attempt() == "null zero full made")
            unlink("/tmp/swiftlet-test-\(getpid())")
        }
    }

    @Test func everythingAllowedNeedsNoProgram() throws {
        var resources = RuntimeSpec.Resources()
        resources.devices = [.init(allow: false), .init(allow: true)]
        try withCgroup("privileged", resources) { group, _ in
            let folder = try FileDescriptor.open(group.record.unified, O_RDONLY | O_DIRECTORY)
            let program = try BpfDeviceProgram.attached(toCgroup: folder.raw, name: "swiftlet_device")
            let isThere = program != nil
            #expect(!isThere)
        }
    }
}
