import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// Limits, on this host's control groups, whichever version they have.
    @Suite struct Limits {
        /// A limit's file in the group of a process: the v2 name or the v1 one.
        static func value(_ pid: Int32, _ unified: String, _ controller: String, _ legacy: String) throws
            -> String
        {
            for line in try Files.read("/proc/\(pid)/cgroup").split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                let path = String(parts[2])
                if parts[1].split(separator: ",").contains(Substring(controller)) {
                    return try Files.value("/sys/fs/cgroup/\(parts[1])\(path)/\(legacy)")
                }
            }
            for line in try Files.read("/proc/\(pid)/cgroup").split(separator: "\n")
            where line.hasPrefix("0::") {
                return try Files.value("/sys/fs/cgroup\(line.dropFirst(3))/\(unified)")
            }
            throw TestFailure("process \(pid) is in no group with \(controller)")
        }

        @Test func valuesAreWritten() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 64 << 20
                    $0.linux?.resources?.pids = .init(limit: 33)
                    $0.linux?.resources?.cpu = .init()
                    $0.linux?.resources?.cpu?.quota = 25_000
                    $0.linux?.resources?.cpu?.period = 50_000
                    $0.linux?.resources?.cpu?.cpus = "0"
                }
                #expect(try Self.value(pid, "memory.max", "memory", "memory.limit_in_bytes") == "\(64 << 20)")
                #expect(try Self.value(pid, "pids.max", "pids", "pids.max") == "33")
                let quota = try Self.value(pid, "cpu.max", "cpu", "cpu.cfs_quota_us")
                #expect(["25000", "25000 50000"].contains(quota))
                #expect(try Self.value(pid, "cpuset.cpus", "cpuset", "cpuset.cpus") == "0")
                #expect(try host.ok("exec", host.id(), "nproc").out == "1\n")
                try host.delete()
            }
        }

        @Test func moreMemoryThanAllowedEndsTheProgram() throws {
            try withHost { host in
                let output = try host.run("head -c 200m /dev/zero | tail | wc -c; echo survived") {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 16 << 20
                    $0.linux?.resources?.memory?.swap = 16 << 20
                }
                // tail keeps a line that never ends: it was killed, and what counts, too, where its memory was not
                // yet given back.
                #expect(output.lines.first == "0" || output.lines == ["survived"], "\(output)")
                #expect(output.err.contains("Killed") || output.lines.last == "survived", "\(output)")
            }
        }

        @Test func moreProcessesThanAllowedAreRefused() throws {
            try withHost { host in
                let output = try host.run("for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait") {
                    $0.linux?.resources?.pids = .init(limit: 5)
                }
                #expect(output.code != 0)
                #expect(output.err.contains("fork"), "\(output)")
            }
        }

        /// Docker wrote 0 for no limit, which version 1.3 of the specification makes a limit.
        @Test(arguments: [("1.2.1", false), ("1.3.0", true), ("1.3.0-rc.1", true)])
        func noProcessesAtAll(_ version: String, _ isLimit: Bool) throws {
            try withHost { host in
                let output = try host.run("true & wait; echo forked") {
                    $0.ociVersion = version
                    $0.linux?.resources?.pids = .init(limit: 0)
                }
                #expect(output.out == (isLimit ? "" : "forked\n"), "\(output)")
                #expect(output.err.contains("fork") == isLimit, "\(output)")
                let pid = try host.background(name: "u") {
                    $0.ociVersion = version
                    $0.linux?.resources?.pids = .init(limit: 20)
                }
                try host.ok("update", "--pids-limit", "0", host.id("u"))
                #expect(try Self.value(pid, "pids.max", "pids", "pids.max") == (isLimit ? "1" : "max"))
                try host.delete("u")
            }
        }

        @Test func aPathOfItsOwn() throws {
            try withHost { host in
                let pid = try host.background { $0.linux?.cgroupsPath = "/\(host.id("pod"))/inner" }
                #expect(try Files.read("/proc/\(pid)/cgroup").contains("/\(host.id("pod"))/inner"))
                try host.delete()
                // The parent is the caller's.
                try host.shell(
                    "for f in /sys/fs/cgroup/*/\(host.id("pod")) /sys/fs/cgroup/\(host.id("pod")); do [ ! -d $f ] || rmdir $f; done"
                )
            }
        }

        /// As with runc: a service's limits hold for the containers that it starts. On version 1 the groups are below
        /// the caller's, on version 2 beside it.
        @Test(arguments: [false, true])
        func withoutAnAbsolutePathTheGroupsAreTheCallers(hasPath: Bool) throws {
            try withHost { host in
                let (service, parent) = (host.id("service"), host.id("far"))
                let path = hasPath ? "\(parent)/away" : nil
                defer {
                    _ = try? host.oci("delete", "--force", host.id())
                    // In hierarchies that the service is not in the parent is at the top.
                    _ = try? host.shell(
                        """
                        for group in /sys/fs/cgroup/\(service) /sys/fs/cgroup/*/\(service) \
                            /sys/fs/cgroup/\(parent) /sys/fs/cgroup/*/\(parent); do
                            [ ! -d $group ] || find $group -depth -type d -exec rmdir {} +
                        done
                        """)
                }
                let roots = ["memory", "pids", "unified", ""].map { "/sys/fs/cgroup/\($0)" }.filter {
                    Files.exists("\($0)/cgroup.procs")
                }
                let bundle = try host.bundle { $0.linux?.cgroupsPath = path }
                let start = """
                    for root in \(roots.joined(separator: " ")); do
                        mkdir -p $root/\(service)/run && echo $$ > $root/\(service)/run/cgroup.procs || exit 9
                    done
                    exec "$@"
                    """
                let command = ["--root", host.state, "run", "--detach", "--bundle", bundle, host.id()]
                let output = try host.start(
                    program: ["/bin/sh", "-c", start, "sh", Host.runtime] + command
                ).wait()
                #expect(output.code == 0, "\(output)")
                let pid = try #require(try host.stateOf(host.id()).pid.flatMap { $0 > 0 ? $0 : nil })
                let name = path ?? host.id()
                let memberships = try Files.read("/proc/\(pid)/cgroup")
                #expect(
                    memberships.split(separator: "\n").contains("0::/\(service)/\(name)"), "\(memberships)")
                if memberships.contains(":memory:") {
                    #expect(memberships.contains(":memory:/\(service)/run/\(name)\n"), "\(memberships)")
                }
                // Its caller is elsewhere.
                try host.ok("update", "--pids-limit", "44", host.id())
                #expect(try Self.value(pid, "pids.max", "pids", "pids.max") == "44")
                if memberships.contains(":pids:") {
                    let now = try Files.read("/proc/\(pid)/cgroup")
                    #expect(now.contains(":pids:/\(service)/run/\(name)\n"), "\(now)")
                }
                #expect(
                    try host.ok("exec", host.id(), "cat", "/proc/self/cgroup").out.contains("/\(service)/"))
                try host.delete()
            }
        }

        /// As with runc, whether or not it is shown its groups: others read there what it uses.
        @Test(arguments: [true, false])
        func everyHierarchyOfVersion1HasAGroup(_ hasMount: Bool) throws {
            try withHost { host in
                let pid = try host.background {
                    if !hasMount { $0.mounts.removeAll { $0.type == "cgroup" } }
                }
                for line in try Files.read("/proc/\(pid)/cgroup").split(separator: "\n") {
                    let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                    let name = parts[1].hasPrefix("name=") ? parts[1].dropFirst(5) : parts[1]
                    guard name.isEmpty || Files.exists("/sys/fs/cgroup/\(name)/cgroup.procs") else {
                        continue
                    }
                    #expect(parts[2].hasSuffix("/\(host.id())"), "\(line)")
                }
                try host.delete()
            }
        }

        @Test(.enabled(if: Files.exists("/sys/fs/cgroup/freezer/cgroup.procs")))
        func aFrozenGroupOfVersion1IsRefused() throws {
            try withHost { host in
                let group = "/sys/fs/cgroup/freezer/\(host.id())"
                try host.shell("mkdir \(group); echo FROZEN > \(group)/freezer.state")
                // A process that joined it would never go on.
                defer {
                    _ = try? host.shell(
                        "[ ! -d \(group) ] || { echo THAWED > \(group)/freezer.state; sleep 0.2; rmdir \(group); }"
                    )
                }
                let output = try host.run("true") { $0.linux?.cgroupsPath = "/\(host.id())" }
                #expect(output.code == 1 && output.err.contains("unexpectedly frozen"), "\(output)")
            }
        }

        @Test func aGroupInUseIsRefusedAndGoesOn() throws {
            try withHost { host in
                let path = "/\(host.id("shared"))"
                let pid = try host.background(name: "first") { $0.linux?.cgroupsPath = path }
                let output = try host.run("true", name: "second") { $0.linux?.cgroupsPath = path }
                #expect(output.code == 1)
                #expect(output.err.contains("cgroup is not empty"), "\(output)")
                #expect(try host.oci("state", host.id("second")).code == 1)
                // The refused container's undoing does not reach the other one's processes and groups.
                #expect(try host.stateOf(host.id("first")).status == .running)
                #expect(try Files.read("/proc/\(pid)/cgroup").contains(path))
                try host.delete("first")
            }
        }

        /// Whoever is killed while it finds the group in use leaves nothing that would reach into it.
        @Test func aGroupInUseOutlivesKilledMakers() throws {
            try withHost { host in
                let path = "/\(host.id("shared"))"
                try host.background(name: "first") { $0.linux?.cgroupsPath = path }
                let bundle = try host.bundle("true", name: "b-second") { $0.linux?.cgroupsPath = path }
                let command = ["create", "--bundle", bundle, host.id("second")]
                let table = "\(host.folder)/trace"
                let refused = try SystemCallWalk.run(host, ["-o", table], command, count: 0)
                #expect(refused.err.contains("cgroup is not empty"), "\(refused)")
                // Every call from the first that has to do with the container on.
                let calls = try Files.read(table).split(separator: "\n").map {
                    String($0.prefix { $0 != "(" })
                }
                var seen: [String: Int] = [:]
                var isNear = false
                var killed = 0
                for (index, call) in calls.enumerated() {
                    seen[call, default: 0] += 1
                    isNear = isNear || call == "mkdir"
                    guard isNear, !call.isEmpty, call != "+++ exited with 1 +++" else { continue }
                    let step = SystemCallStep(call: call, number: seen[call]!)
                    _ = try SystemCallWalk.run(
                        host, at: step, "signal=SIGKILL", command, count: index + 1)
                    try host.ok("delete", "--force", host.id("second"))
                    killed += 1
                    #expect(try host.stateOf(host.id("first")).status == .running, "killed at \(step)")
                    if try host.stateOf(host.id("first")).status != .running { break }
                }
                #expect(killed > 10)
                try host.delete("first")
            }
        }

        /// Somebody moved the container's process elsewhere and removed its groups: it can be ended nevertheless.
        @Test(arguments: [["kill", "--all"], ["delete", "--force"]])
        func groupsRemovedByHand(_ command: [String]) throws {
            try withHost { host in
                let pid = try host.background { $0.linux?.cgroupsPath = "/\(host.id())" }
                try host.shell(
                    """
                    for root in /sys/fs/cgroup/unified /sys/fs/cgroup/*/ /sys/fs/cgroup; do
                        [ -d $root/\(host.id()) ] || continue
                        echo \(pid) > $root/cgroup.procs
                        rmdir $root/\(host.id())
                    done
                    """)
                #expect(try host.stateOf(host.id()).status == .running)
                let statistics = try host.oci("events", "--stats", host.id())
                #expect(statistics.code == 1 && statistics.err.contains("cgroup does not exist"))
                let words =
                    command == ["kill", "--all"] ? command + [host.id(), "KILL"] : command + [host.id()]
                #expect(try host.start(words).wait().code == 0)
                #expect(
                    try eventually {
                        try !Files.exists("/proc/\(pid)") || Files.read("/proc/\(pid)/stat").contains(") Z ")
                    })
                try host.delete()
            }
        }

        @Test(.enabled(if: !Files.exists("/run/systemd/system")))
        func scopesNeedSystemd() throws {
            try withHost { host in
                let bundle = try host.bundle { $0.linux?.cgroupsPath = "a.slice:b:c" }
                let output = try host.oci("--systemd-cgroup", "create", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                #expect(output.err.contains("systemd not running on this host"), "\(output)")
                #expect(output.err.split(separator: "\n").count == 1, "\(output)")
                host.expectNothingLeft()
                // Commands that make no group do not mind.
                #expect(try host.oci("--systemd-cgroup", "list").code == 0)
            }
        }

        @Test func aPathForSystemdHasThreeParts() throws {
            try withHost { host in
                let bundle = try host.bundle { $0.linux?.cgroupsPath = "/a/b" }
                let output = try host.oci("--systemd-cgroup", "create", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                #expect(output.err.contains("SLICE:PREFIX:NAME"), "\(output)")
                host.expectNothingLeft()
            }
        }

        @Test(arguments: [true, false])
        func theViewIsItsOwn(_ hasNamespace: Bool) throws {
            try withHost { host in
                // The last line is what every mount there has as its first option.
                let output = try host.run(
                    """
                    ls -d /sys/fs/cgroup/memory/tasks /sys/fs/cgroup/cgroup.procs 2>/dev/null | wc -l
                    touch /sys/fs/cgroup/x 2>/dev/null || echo refused
                    grep ' /sys/fs/cgroup' /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1 | sort -u
                    """
                ) {
                    $0.linux?.namespaces.removeAll { $0.type == .cgroup }
                    if hasNamespace { $0.linux?.namespaces.append(.init(.cgroup)) }
                }
                #expect(output.lines == ["1", "refused", "ro"], "\(output)")
            }
        }
    }
}
