import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Real groups on this machine's kernel, whichever cgroup versions it has.
@Suite(.enabled(if: canChangeCgroups))
struct CgroupKernelTests {
    // MARK: Life

    @Test func nothingIsLeft() throws {
        let layout = try CgroupLayout.detect()
        var persisted: CgroupRecord?
        let group = try ContainerCgroup.create(
            cgroupsPath: nil, id: String(testGroup("life").dropFirst()), resources: .init(), layout: layout
        ) { record in
            persisted = record
            #expect(!exists(record.unified))
        }
        let record = group.record
        #expect(persisted == record)
        #expect(record.unified == layout.unified + testGroup("life"))
        for path in [record.unified] + record.legacy.map(\.value) { #expect(exists(path)) }
        // What an engine in the container makes goes too.
        #expect(mkdir(record.unified + "/a", 0o755) == 0)
        #expect(mkdir(record.unified + "/a/b", 0o755) == 0)
        try group.delete()
        for path in [record.unified] + record.legacy.map(\.value) { #expect(!exists(path)) }
        try group.delete()
    }

    @Test func groupsAboveStay() throws {
        let layout = try CgroupLayout.detect()
        let parent = testGroup("parent")
        let group = try ContainerCgroup.create(
            cgroupsPath: parent + "/c1", id: "", resources: .init(), layout: layout)
        let record = group.record
        try group.delete()
        #expect(!exists(record.unified))
        for path in [record.unified] + record.legacy.map(\.value) {
            #expect(rmdir(String(path.dropLast(3))) == 0)
        }
    }

    @Test func aGroupIsFoundAgainByItsRecord() throws {
        try withCgroup("record") { group, _ in
            var writer = JSONWriter()
            writer.value(group.record)
            let again = try ContainerCgroup(record: try CgroupRecord(json: writer.bytes))
            let (isThere, record) = (again.exists, again.record)
            #expect(isThere)
            #expect(record == group.record)
            let shell = try TestShell("read x", in: try group.placement())
            #expect(try again.processes() == [shell.pid])
            #expect(shell.wait() == .exited(1))
        }
    }

    @Test func usedGroupsAreRefused() throws {
        try withCgroup("used") { group, layout in
            let shell = try TestShell("read x", in: try group.placement())
            let error = #expect(throws: CgroupError.self) {
                _ = try ContainerCgroup.create(
                    cgroupsPath: testGroup("used"), id: "", resources: .init(), layout: layout)
            }
            #expect("\(error!)".contains("cgroup is not empty: 1 process(es)"))
            _ = shell.wait()
            // Empty, it may be used, and what fails then leaves it.
            try group.freeze()
            #expect(throws: CgroupError.self) {
                _ = try ContainerCgroup.create(
                    cgroupsPath: testGroup("used"), id: "", resources: .init(), layout: layout)
            }
            try group.thaw()
            _ = try ContainerCgroup.create(
                cgroupsPath: testGroup("used"), id: "", resources: .init(), layout: layout)
        }
    }

    @Test func everyHierarchyHasAGroupOnRequest() throws {
        let layout = try CgroupLayout.detect()
        let all = try layout.legacyHierarchies()
        let group = try ContainerCgroup.create(
            cgroupsPath: testGroup("every"), id: "", resources: .init(), layout: layout, everyHierarchy: true)
        defer { #expect(throws: Never.self) { try group.delete(within: 5000) } }
        #expect(group.record.legacy.count == all.count)
        let shell = try TestShell(
            "cat /proc/self/cgroup | grep -vc '\(testGroup("every"))$'", in: try group.placement())
        #expect(shell.line() == "0")
        _ = shell.wait()
    }

    // MARK: Processes

    @Test func newProcessesAreInAllGroups() throws {
        var resources = RuntimeSpec.Resources()
        resources.pids = .init(limit: 50)
        try withCgroup("member", resources) { group, _ in
            let shell = try TestShell("echo ready; read x", in: try group.placement())
            #expect(shell.line() == "ready")
            #expect(try group.processes() == [shell.pid])
            for (_, path) in group.record.legacy {
                #expect(readText("\(path)/cgroup.procs") == String(shell.pid))
            }
            let pids = try group.statistics().pids
            #expect(pids.current == 1 && pids.limit == 50)
            _ = shell.wait()
            #expect(try group.processes() == [])
        }
    }

    @Test func foreignProcessesAreMovedIn() throws {
        try withCgroup("attach") { group, _ in
            let own = try withOther { other in
                let shell = try TestShell("read x", in: try other.placement())
                try group.attach(pid: shell.pid, unified: true)
                #expect(try group.processes() == [shell.pid])
                #expect(try other.processes() == [])
                _ = shell.wait()
                return shell.pid
            }
            #expect(own > 0)
        }
    }

    private func withOther<Result>(_ body: (borrowing ContainerCgroup) throws -> Result) throws -> Result {
        let other = try ContainerCgroup.create(
            cgroupsPath: testGroup("other"), id: "", resources: .init(), layout: try .detect())
        defer { #expect(throws: Never.self) { try other.delete(within: 5000) } }
        return try body(other)
    }

    @Test func execChoosesAGroupBelow() throws {
        try withCgroup("sub") { group, layout in
            #expect(throws: CgroupError.self) { _ = try group.placement(subgroups: ["inner"]) }
            #expect(throws: CgroupError.self) { _ = try group.placement(subgroups: ["../other"]) }
            for path in [group.record.unified] + group.record.legacy.map(\.value) {
                #expect(mkdir(path + "/inner", 0o755) == 0)
            }
            let shell = try TestShell(
                "grep -c '\(testGroup("sub"))/inner$' /proc/self/cgroup; read x",
                in: try group.placement(subgroups: ["inner"]))
            #expect(shell.line() == String(1 + group.record.legacy.count))
            #expect(try group.processes().contains(shell.pid))
            // And beside a process that is there, as after systemd has divided the group.
            let second = try TestShell(
                "grep '^0::' /proc/self/cgroup; read x",
                in: try group.placement(besideProcess: shell.pid, layout: layout))
            #expect(second.line() == "0::\(testGroup("sub"))/inner")
            let third = try TestShell(
                "grep -c '\(testGroup("sub"))$' /proc/self/cgroup",
                in: try group.placement(subgroups: ["memory:."]))
            #expect(third.line() == String(1 + group.record.legacy.count))
            _ = (shell.wait(), second.wait(), third.wait())
        }
    }

    @Test func killReachesAll() throws {
        try withCgroup("kill") { group, _ in
            #expect(mkdir(group.record.unified + "/below", 0o755) == 0)
            let shell = try TestShell(
                "sleep 100 & sleep 100 & echo $$ > \(group.record.unified)/below/cgroup.procs; echo ready; wait",
                in: try group.placement())
            #expect(shell.line() == "ready")
            #expect(try group.processes().count == 3)
            try group.freeze()
            try group.kill()
            #expect(shell.wait() == .signaled(SIGKILL))
            try group.waitUntilEmpty(within: 5000)
            #expect(try group.processes() == [])
        }
    }

    @Test func signalsReachAll() throws {
        try withCgroup("signal") { group, _ in
            let shell = try TestShell(
                "trap 'echo got; exit 3' TERM; echo ready; sleep 100 & wait", in: try group.placement())
            #expect(shell.line() == "ready")
            while try group.processes().count < 2 { usleep(1000) }
            try group.signal(SIGTERM)
            #expect(shell.line() == "got")
            #expect(shell.wait() == .exited(3))
            try group.waitUntilEmpty(within: 5000)
        }
    }

    @Test func deletingWaitsForProcessesThatEnd() throws {
        let group = try ContainerCgroup.create(
            cgroupsPath: testGroup("busy"), id: "", resources: .init(), layout: try .detect())
        let shell = try TestShell("read x", in: try group.placement())
        let error = #expect(throws: CgroupError.self) { try group.delete(within: 20) }
        guard case .kernel(let kernel)? = error else { throw error! }
        #expect(kernel.errno == .busy)
        try group.kill()
        try group.delete(within: 5000)
        #expect(!exists(group.record.unified))
        #expect(shell.wait() == .signaled(SIGKILL))
    }

    // MARK: Freezer

    @Test func frozenProcessesDoNothing() throws {
        try withCgroup("freeze") { group, _ in
            let shell = try TestShell("while read x; do echo $x; done", in: try group.placement())
            #expect(try group.isFrozen() == false)
            try group.freeze()
            #expect(try group.isFrozen())
            let before = readText("/proc/\(shell.pid)/stat")
            usleep(20_000)
            #expect(readText("/proc/\(shell.pid)/stat") == before)
            #expect(try group.statistics().pids.current == 1)
            try group.thaw()
            #expect(try group.isFrozen() == false)
            #expect(shell.wait() == .exited(0))
        }
    }

    // MARK: Limits

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
        resources.cpu!.quota = 20_000
        resources.cpu!.period = 100_000
        resources.cpu!.burst = 5000
        resources.cpu!.shares = 512
        try withCgroup("cpu", resources) { group, layout in
            let isLegacy = group.record.legacy["cpu"] != nil
            let quota = controlFile(group, "cpu", v1: "cpu.cfs_quota_us", v2: "cpu.max")
            let shares = controlFile(group, "cpu", v1: "cpu.shares", v2: "cpu.weight")
            let burst = controlFile(group, "cpu", v1: "cpu.cfs_burst_us", v2: "cpu.max.burst")
            #expect(readText(quota) == (isLegacy ? "20000" : "20000 100000"))
            #expect(readText(shares) == (isLegacy ? "512" : "59"))
            #expect(readText(burst) == "5000")
            let shell = try TestShell("while :; do :; done", in: try group.placement())
            var cpu = try group.statistics().cpu
            for _ in 0..<100 where cpu.throttledTime == 0 {
                usleep(50_000)
                cpu = try group.statistics().cpu
            }
            #expect(cpu.throttledPeriods > 0 && cpu.throttledTime > 0 && cpu.periods > 0)
            #expect(cpu.usage > 0 && cpu.user > 0)

            // Down below the burst, and up with a burst above the old quota: the order of writing matters.
            resources.cpu!.shares = nil
            resources.cpu!.quota = 2000
            resources.cpu!.burst = 1000
            try group.update(resources, layout: layout)
            #expect(readText(quota) == (isLegacy ? "2000" : "2000 100000"))
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
