import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// `update` and `events`.
    @Suite struct ChangingLimits {
        private func value(
            _ pid: Int32, _ unified: String, _ controller: String, _ legacy: String
        ) throws -> String {
            try Limits.value(pid, unified, controller, legacy)
        }

        @Test func byOptions() throws {
            try withHost { host in
                let pid = try host.background()
                try host.ok(
                    "update", "--memory", "48m", "--pids-limit", "77", "--cpu-quota", "20000", "--cpu-period",
                    "40000", "--cpuset-cpus", "0", host.id())
                #expect(try value(pid, "memory.max", "memory", "memory.limit_in_bytes") == "\(48 << 20)")
                #expect(try value(pid, "pids.max", "pids", "pids.max") == "77")
                let quota = try value(pid, "cpu.max", "cpu", "cpu.cfs_quota_us")
                #expect(["20000", "20000 40000"].contains(quota))
                #expect(try host.ok("exec", host.id(), "nproc").out == "1\n")
                // What is not named stays.
                try host.ok("update", "--pids-limit", "-1", host.id())
                #expect(try value(pid, "pids.max", "pids", "pids.max") == "max")
                #expect(try value(pid, "memory.max", "memory", "memory.limit_in_bytes") == "\(48 << 20)")
                try host.delete()
            }
        }

        @Test func byADocument() throws {
            try withHost { host in
                let pid = try host.background()
                let path = "\(host.folder)/limits.json"
                try Files.write(path, #"{"memory": {"limit": 50331648}, "pids": {"limit": 12}}"#)
                try host.ok("update", "--resources", path, host.id())
                #expect(try value(pid, "pids.max", "pids", "pids.max") == "12")
                try Files.write(path, #"{"pids": {"limit": 13}}"#)
                #expect(try host.oci("update", "-r", "-", host.id(), input: path).code == 0)
                #expect(try value(pid, "pids.max", "pids", "pids.max") == "13")
                #expect(try value(pid, "memory.max", "memory", "memory.limit_in_bytes") == "\(48 << 20)")
                try host.delete()
            }
        }

        /// Limits of a container that is paused change, and it stays so.
        @Test func whilePaused() throws {
            try withHost { host in
                let pid = try host.background()
                try host.ok("pause", host.id())
                try host.ok(
                    "update", "--memory", "48m", "--pids-limit", "55", "--cpuset-cpus", "0", host.id())
                #expect(try host.stateOf(host.id()).status == .paused)
                #expect(try value(pid, "memory.max", "memory", "memory.limit_in_bytes") == "\(48 << 20)")
                #expect(try value(pid, "pids.max", "pids", "pids.max") == "55")
                try host.ok("resume", host.id())
                #expect(try host.ok("exec", host.id(), "nproc").out == "1\n")
                try host.delete()
            }
        }

        /// A device that was forbidden is allowed, and forbidden again, while the container runs.
        @Test func ofDevices() throws {
            try withHost { host in
                try host.background("sleep 60", writable: true) {
                    for keyPath in [
                        \RuntimeSpec.Capabilities.bounding, \.effective, \.permitted,
                    ] { $0.process?.capabilities?[keyPath: keyPath].append("CAP_MKNOD") }
                }
                try host.ok("exec", host.id(), "mknod", "/fuse", "c", "10", "229")
                func reads() throws -> Bool {
                    try host.oci("exec", host.id(), "sh", "-c", "exec 3</fuse").code == 0
                }
                #expect(try !reads())
                let path = "\(host.folder)/limits.json"
                try Files.write(
                    path,
                    #"{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "r"}]}"#
                )
                try host.ok("update", "-r", path, host.id())
                #expect(try reads())
                #expect(try host.oci("exec", host.id(), "sh", "-c", "echo x > /dev/null").code == 0)
                try Files.write(path, #"{"devices": [{"allow": false, "access": "rwm"}]}"#)
                try host.ok("update", "-r", path, host.id())
                #expect(try !reads())
                try host.delete()
            }
        }

        @Test func badValuesChangeNothing() throws {
            try withHost { host in
                try host.background()
                for (arguments, says) in [
                    (["--memory", "much"], "--memory: 'much' is no size"),
                    (["--pids-limit", "few"], "--pids-limit: 'few' is not a number"),
                    (["-r", "/no/such/file"], "/no/such/file"),
                    (
                        ["--mem-bw-schema", "L3:0=f"],
                        "linux.intelRdt.memBwSchema: must be one line that starts with MB:"
                    ),
                    (["--l3-cache-schema", "L3:0=f"], "linux.intelRdt: the resctrl"),
                ] {
                    let output = try host.start(["update"] + arguments + [host.id()]).wait()
                    #expect(output.code == 1 && output.err.contains(says), "\(output)")
                    #expect(output.err.split(separator: "\n").count == 1)
                }
                #expect(try host.oci("update", "--memory", "64m", host.id("other")).code == 1)
                try host.ok("kill", host.id(), "KILL")
                #expect(eventually { (try? host.stateOf(host.id()).status) == .stopped })
                let stopped = try host.oci("update", "--memory", "64m", host.id())
                #expect(stopped.code == 1 && stopped.err.contains("stopped"), "\(stopped)")
                try host.delete()
            }
        }

        /// What a configuration may not say, an update may not either.
        @Test func badDocumentsChangeNothing() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.resources?.pids = .init(limit: 33)
                }
                let path = "\(host.folder)/limits.json"
                for (limits, says) in [
                    (#""cpu": {"idle": 2}"#, "cpu.idle: expected 0 or 1, found 2"),
                    (#""memory": {"swappiness": 101}"#, "memory.swappiness: 101 is out of range"),
                    (#""blockIO": {"weight": 5}"#, "blockIO.weight: 5 is out of range"),
                    (
                        #""unified": {"memory.x/../../memory.high": "1"}"#,
                        "is not the name of a cgroup file"
                    ),
                    (#""hugepageLimits": [{"pageSize": "2XB", "limit": 1}]"#, "hugepageLimits[0].pageSize"),
                    (
                        #""devices": [{"allow": true, "type": "c", "major": 4294967296}]"#,
                        "devices[0].major: 4294967296 is not a device number"
                    ),
                ] {
                    try Files.write(path, #"{"pids": {"limit": 12}, \#(limits)}"#)
                    let output = try host.oci("update", "-r", path, host.id())
                    #expect(output.code == 1 && output.err.contains(says), "\(output)")
                    #expect(output.err.split(separator: "\n").count == 1)
                    #expect(try value(pid, "pids.max", "pids", "pids.max") == "33")
                }
                try host.delete()
            }
        }

        /// As with runc: what the kernel had taken before it refused something is put back.
        @Test func whatTheKernelRefusesChangesNothing() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 64 << 20
                    $0.linux?.resources?.pids = .init(limit: 33)
                    $0.linux?.resources?.cpu = .init()
                    $0.linux?.resources?.cpu?.shares = 512
                }
                func values() throws -> [String] {
                    [
                        try value(pid, "memory.max", "memory", "memory.limit_in_bytes"),
                        try value(pid, "pids.max", "pids", "pids.max"),
                        try value(pid, "cpu.weight", "cpu", "cpu.shares"),
                        try value(pid, "cpu.max", "cpu", "cpu.cfs_quota_us"),
                    ]
                }
                // By an update: it is not the configuration that is put back.
                try host.ok("update", "--pids-limit", "44", host.id())
                let before = try values()
                #expect(before[0...1] == ["\(64 << 20)", "44"])
                let path = "\(host.folder)/limits.json"
                try Files.write(
                    path,
                    #"""
                    {"memory": {"limit": 50331648}, "pids": {"limit": 12},
                     "cpu": {"cpus": "4095", "shares": 300, "quota": 20000, "period": 50000}}
                    """#)
                let output = try host.oci("update", "-r", path, host.id())
                #expect(output.code == 1 && output.err.contains("cpuset.cpus"), "\(output)")
                #expect(output.err.split(separator: "\n").count == 1, "\(output)")
                #expect(try values() == before)
                // What changes with the limits is refused.
                let schema = try host.oci(
                    "update", "--pids-limit", "12", "--mem-bw-schema", "L3:0=f", host.id())
                #expect(schema.code == 1, "\(schema)")
                #expect(try values() == before)
                try host.delete()
            }
        }

        @Test func intervalsAsGoWritesThem() throws {
            try withHost { host in
                try host.background("sleep 1")
                let output = try host.oci("events", "--interval", "0m0.1s50ms", host.id())
                #expect(output.code == 0 && output.lines.count >= 3, "\(output)")
                for text in ["0s", "1x", "s", "1s2", "", "-1s", "1m-3s"] {
                    let refused = try host.oci("events", "--interval", text, host.id())
                    #expect(refused.code == 1 && refused.err.contains("--interval: '\(text)'"), "\(refused)")
                }
                try host.delete()
            }
        }

        @Test func statistics() throws {
            try withHost { host in
                try host.background("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 60") {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 64 << 20
                }
                #expect(
                    try eventually {
                        try number(try host.ok("events", "--stats", host.id()).out, "cpu", "usage", "total")
                            > 1_000_000
                    })
                let line = try host.ok("events", "--stats", host.id()).out
                #expect(line.hasPrefix(#"{"type":"stats","id":"\#(host.id())","data":{"#))
                #expect(try number(line, "memory", "usage", "limit") == 64 << 20)
                #expect(try number(line, "memory", "usage", "usage") > 0)
                #expect(try number(line, "pids", "current") >= 1)
                try host.delete()
                #expect(try host.oci("events", "--stats", host.id()).code == 1)
            }
        }

        /// What runc tells of version 1 hierarchies beside the rest.
        @Test(.enabled(if: Files.exists("/sys/fs/cgroup/cpuset/cpuset.cpus")))
        func statisticsOfVersion1() throws {
            try withHost { host in
                try host.background("while :; do :; done") {
                    $0.linux?.resources?.cpu = .init()
                    $0.linux?.resources?.cpu?.cpus = "0"
                    $0.linux?.resources?.cpu?.mems = "0"
                }
                func line() throws -> String { try host.ok("events", "--stats", host.id()).out }
                func times(_ name: String) throws -> [Int64] {
                    let text = try #require(try line().split(separator: "\"\(name)\":[").dropFirst().first)
                    return text.prefix { $0 != "]" }.split(separator: ",").compactMap { Int64($0) }
                }
                #expect(try eventually { try times("percpu").reduce(0, +) > 1_000_000 })
                #expect(try eventually { try times("percpu_user").reduce(0, +) > 0 })
                #expect(try times("percpu_kernel").count == times("percpu").count)
                let cpuset = #""cpuset":{"cpus":[0],"cpu_exclusive":0,"mems":[0],"mem_hardwall":0,"#
                let line = try line()
                #expect(line.contains(cpuset), "\(line)")
                #expect(try number(line, "cpuset", "sched_load_balance") == 1)
                #expect(try number(line, "cpuset", "sched_relax_domain_level") == -1)
                let files = "/sys/fs/cgroup/memory/memory"
                // As the root's, 9223372036854771712 with pages of 4 KiB.
                let unlimited = try Int64(Files.value("\(files).limit_in_bytes"))
                #expect(try number(line, "memory", "usage", "limit") == unlimited)
                if Files.exists("\(files).kmem.usage_in_bytes") {
                    let kernel = try number(line, "memory", "kernel", "usage")
                    #expect(try kernel > 0 && number(line, "memory", "kernel", "max") > 0)
                    #expect(try number(line, "memory", "kernel", "limit") == unlimited)
                }
                if Files.exists("\(files).memsw.usage_in_bytes") {
                    #expect(try number(line, "memory", "swap", "max") > 0)
                    #expect(try number(line, "memory", "swap", "limit") == unlimited)
                }
                try host.delete()
            }
        }

        /// A number of the document's data.
        private func number(_ line: String, _ path: String...) throws -> Int64 {
            try JSON.read(Array(line.utf8)) { (document) throws(JSONError) in
                var value = document
                for name in ["data"] + path {
                    guard let next = try value.object().members.first(where: { $0.key == name })?.value else {
                        throw value.error("no \(name)")
                    }
                    value = next
                }
                return try value.integer(as: Int64.self)
            }
        }

        @Test func outOfMemoryIsTold() throws {
            try withHost { host in
                // Long enough for one statistics; the kernel may choose the first process, and all ends then.
                try host.background("sleep 1.5; head -c 100m /dev/zero | tail > /dev/null; sleep 1") {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 16 << 20
                    $0.linux?.resources?.memory?.swap = 16 << 20
                }
                // It ends with the container.
                let output = try host.oci("events", "--interval", "1s", host.id())
                #expect(output.code == 0, "\(output)")
                #expect(output.lines.contains(#"{"type":"oom","id":"\#(host.id())"}"#), "\(output)")
                #expect(output.lines.contains { $0.hasPrefix(#"{"type":"stats""#) })
                try host.delete()
            }
        }

        /// Not only when the next one comes, or the container ends: version 1 signals before it counts.
        @Test func outOfMemoryIsToldAtOnce() throws {
            try withHost { host in
                try host.background {
                    $0.linux?.resources?.memory = .init()
                    $0.linux?.resources?.memory?.limit = 16 << 20
                    $0.linux?.resources?.memory?.swap = 16 << 20
                }
                let watch = try host.start(["events", "--interval", "0.1s", host.id()])
                // From then on it watches.
                #expect(try eventually(seconds: 20) { try count("stats", watch) > 0 })
                for round in 1...3 {
                    let before = try count("oom", watch)
                    // The first process is not to be chosen.
                    _ = try host.oci(
                        "exec", host.id(), "sh", "-c",
                        "echo 1000 > /proc/self/oom_score_adj; head -c 100m /dev/zero | tail > /dev/null")
                    #expect(
                        try eventually(seconds: 20) { try count("oom", watch) > before }, "round \(round)")
                }
                #expect(try host.stateOf(host.id()).status == .running)
                try host.delete()
                let code = try watch.wait().code
                #expect(code == 0)
            }
        }

        /// How many events of a kind were told so far.
        private func count(_ kind: String, _ watch: borrowing RunningProgram) throws -> Int {
            try watch.outputSoFar().split(separator: "\n").count { $0.hasPrefix(#"{"type":"\#(kind)""#) }
        }
    }
}
