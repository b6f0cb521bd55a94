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
            cgroupsPath: testGroup("life"), id: "", resources: .init(), layout: layout
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
            // Of version 2 alone no controller can be named.
            let isUnified = group.record.legacy.isEmpty
            if isUnified {
                #expect(throws: CgroupError.self) { _ = try group.placement(subgroups: ["memory:."]) }
            }
            let third = try TestShell(
                "grep -c '\(testGroup("sub"))$' /proc/self/cgroup",
                in: try group.placement(subgroups: [isUnified ? "." : "memory:."]))
            #expect(third.line() == String(1 + group.record.legacy.count))
            _ = (shell.wait(), second.wait(), third.wait())
        }
    }

    @Test func aDelegatedGroupIsItsUsersToDivide() throws {
        try withCgroup("delegate") { group, _ in
            let path = group.record.unified
            func owner(_ file: String) -> uid_t? {
                var status = stat()
                return stat(path + file, &status) == 0 ? status.st_uid : nil
            }
            try group.delegate(toUser: 4711)
            for file in ["", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"] {
                #expect(owner(file) == 4711, "\(file)")
            }
            // With these it could leave its limits, or stop itself being stopped.
            for file in ["/cgroup.freeze", "/cgroup.kill", "/cgroup.max.descendants"] {
                #expect([0, nil].contains(owner(file)), "\(file)")
            }
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
            // Between its fork and its exec the shell's child still has the shell's handler, and loses a signal.
            let script = """
                trap 'echo got; exit 3' TERM; sleep 100 &
                until read name < /proc/$!/comm && [ "$name" = sleep ]; do :; done; echo ready; wait
                """
            let shell = try TestShell(script, in: try group.placement())
            #expect(shell.line() == "ready")
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

    @Test func deletingEndsProcessesOnRequest() throws {
        let group = try ContainerCgroup.create(
            cgroupsPath: testGroup("ending"), id: "", resources: .init(), layout: try .detect())
        let record = group.record
        #expect(mkdir(record.unified + "/below", 0o755) == 0)
        let shell = try TestShell(
            "sleep 100 & echo $$ > \(record.unified)/below/cgroup.procs; echo ready; read x",
            in: try group.placement())
        #expect(shell.line() == "ready")
        #expect(throws: CgroupError.self) { try ContainerCgroup.delete(record, within: 20) }
        try ContainerCgroup.delete(record, within: 5000, killing: true)
        for path in [record.unified] + record.legacy.map(\.value) { #expect(!exists(path)) }
        #expect(shell.wait() == .signaled(SIGKILL))
        // Of groups that are gone nobody is to be ended.
        try ContainerCgroup.delete(record, killing: true)
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
}
