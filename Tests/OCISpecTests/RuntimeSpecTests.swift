import OCISpec
import Testing

@Suite("config.json")
struct RuntimeSpecTests {
    @Test("complete: every member is read")
    func values() throws {
        let spec = try decode(completeConfig, as: RuntimeSpec.self)
        let process = try #require(spec.process)
        #expect(spec.ociVersion == "1.3.0" && spec.hostname == "box" && spec.domainname == "example.org")
        #expect(spec.root == RuntimeSpec.Root(path: "rootfs", readonly: true))
        #expect(process.terminal && process.noNewPrivileges && process.cwd == "/home/joe")
        #expect(process.consoleSize == RuntimeSpec.ConsoleSize(height: 25, width: 80))
        #expect(process.user.uid == 1000 && process.user.gid == 1001 && process.user.umask == 0o22)
        #expect(process.user.additionalGids == [5, 6] && process.user.username == "joe")
        #expect(process.args == ["sh", "-c", "echo \"hello\"\n"])
        #expect(process.env == ["PATH=/usr/bin:/bin", "TERM=xterm", "EMPTY="])
        #expect(process.capabilities?.bounding == ["CAP_KILL", "CAP_CHOWN"])
        #expect(process.capabilities?.ambient == ["CAP_CHOWN"])
        #expect(process.rlimits[0] == RuntimeSpec.Rlimit(type: .openFiles, hard: 4096, soft: 1024))
        #expect(process.rlimits[1] == RuntimeSpec.Rlimit(type: .core, hard: .max, soft: 0))
        #expect(process.oomScoreAdj == -500 && process.apparmorProfile == "docker-default")
        #expect(process.scheduler?.policy == .deadline && process.scheduler?.flags == [.reclaim])
        #expect(process.scheduler?.period == 30_000_000 && process.scheduler?.nice == 5)
        #expect(process.ioPriority == RuntimeSpec.IOPriority(class: .bestEffort, priority: 4))
        #expect(process.execCPUAffinity == RuntimeSpec.CPUAffinity(initial: "0-1", final: "2,3"))

        let mapping = RuntimeSpec.IDMapping(containerID: 0, hostID: 100_000, size: 65_536)
        #expect(spec.mounts[0] == RuntimeSpec.Mount(destination: "/proc", type: "proc", source: "proc"))
        #expect(spec.mounts[1].uidMappings == [mapping] && spec.mounts[1].isBind && !spec.mounts[0].isBind)
        #expect(
            spec.hooks.createRuntime == [
                RuntimeSpec.Hook(path: "/bin/b", args: ["b", "1"], env: ["K=V"], timeout: 5)
            ])
        #expect(spec.hooks.poststop == [RuntimeSpec.Hook(path: "/bin/f")])
        #expect(spec.annotations == ["org.example/owner": "me", "a": ""])

        let linux = try #require(spec.linux)
        #expect(linux.uidMappings == [mapping] && linux.gidMappings[0].hostID == 200_000)
        #expect(linux.sysctl["net.ipv4.ip_forward"] == "1" && linux.cgroupsPath == "/swiftlet/box")
        #expect(linux.namespaces.map(\.type) == [.pid, .network, .mount, .ipc, .uts, .user, .cgroup, .time])
        #expect(linux.namespace(.pid)?.path == "/proc/1234/ns/pid" && linux.namespace(.uts)?.path == nil)
        #expect(
            linux.devices[0]
                == RuntimeSpec.Device(
                    path: "/dev/fuse", type: .character, major: 10, minor: 229, fileMode: 0o666, uid: 0,
                    gid: 0))
        #expect(linux.devices[1] == RuntimeSpec.Device(path: "/dev/pipe", type: .fifo, major: -1, minor: -1))
        #expect(linux.netDevices.map(\.key) == ["ens4", "eth1"])
        #expect(linux.netDevices["eth1"] == RuntimeSpec.NetDevice(name: "container_eth1"))
        #expect(linux.netDevices["ens4"] == RuntimeSpec.NetDevice())
        #expect(linux.rootfsPropagation == .slave && linux.maskedPaths == ["/proc/kcore"])
        #expect(linux.intelRdt?.schemata == ["L3:0=7f0;1=1f", "MB:0=20;1=70"])
        #expect(linux.intelRdt?.enableMonitoring == true && linux.intelRdt?.closID == "guaranteed")
        #expect(
            linux.memoryPolicy
                == RuntimeSpec.MemoryPolicy(mode: .bind, nodes: "0-1", flags: [.staticNodes]))
        #expect(linux.personality == RuntimeSpec.Personality(domain: .linux32))
        #expect(linux.timeOffsets?.monotonic == RuntimeSpec.TimeOffsets.Offset(secs: -172_800, nanosecs: 7))
        #expect(linux.timeOffsets?.boottime == RuntimeSpec.TimeOffsets.Offset(secs: 10, nanosecs: 50))
    }

    @Test("complete: resources")
    func resources() throws {
        let spec = try decode(completeConfig, as: RuntimeSpec.self)
        let resources = try #require(spec.linux?.resources)
        #expect(resources.devices[0] == RuntimeSpec.DeviceRule(allow: false))
        #expect(
            resources.devices[1]
                == RuntimeSpec.DeviceRule(
                    allow: true, type: .character, major: 10, minor: 229, access: [.read, .write]))
        #expect(resources.memory?.limit == 536_870_912 && resources.memory?.kernel == -1)
        #expect(resources.memory?.swap == 1_073_741_824 && resources.memory?.swappiness == 60)
        #expect(resources.memory?.disableOOMKiller == false && resources.memory?.checkBeforeUpdate == true)
        #expect(resources.cpu?.shares == 1024 && resources.cpu?.burst == 1000 && resources.cpu?.idle == 0)
        #expect(resources.cpu?.cpus == "0-3" && resources.cpu?.realtimeRuntime == 950_000)
        #expect(resources.pids == RuntimeSpec.Resources.Pids(limit: 100))
        #expect(resources.blockIO?.weight == 500 && resources.blockIO?.weightDevice[0].leafWeight == 300)
        let rates = [
            resources.blockIO?.throttleReadBpsDevice, resources.blockIO?.throttleWriteBpsDevice,
            resources.blockIO?.throttleReadIOPSDevice, resources.blockIO?.throttleWriteIOPSDevice,
        ].map { $0?.map(\.rate) }
        #expect(rates == [[600], [601], [602], [603]])
        #expect(
            resources.hugepageLimits == [
                RuntimeSpec.Resources.HugepageLimit(pageSize: "2MB", limit: 209_715_200)
            ])
        #expect(resources.network?.classID == 1_048_577 && resources.network?.priorities[0].name == "eth0")
        #expect(resources.rdma["mlx5_1"] == RuntimeSpec.Resources.Rdma(hcaHandles: 3, hcaObjects: 10_000))
        #expect(resources.unified["memory.high"] == "1073741824")
    }

    @Test("complete: seccomp")
    func seccomp() throws {
        let spec = try decode(completeConfig, as: RuntimeSpec.self)
        let seccomp = try #require(spec.linux?.seccomp)
        #expect(seccomp.defaultAction == .errno && seccomp.defaultErrnoRet == 38)
        #expect(seccomp.architectures == [.x86_64, .x86] && seccomp.flags == [.log])
        #expect(seccomp.listenerPath == "/run/agent.sock" && seccomp.listenerMetadata == "box")
        #expect(seccomp.syscalls[0].names == ["read", "write", "clock_nanosleep_time64"])
        #expect(
            seccomp.syscalls[1]
                == RuntimeSpec.Seccomp.Syscall(
                    names: ["clone"], action: .errno, errnoRet: 1,
                    args: [.init(index: 0, value: 2_114_060_288, valueTwo: .max, op: .maskedEqual)]))
    }

    @Test("is written as it was read", arguments: [completeConfig, smallConfig, runcExample])
    func roundTrip(text: String) throws {
        let spec = try decode(text, as: RuntimeSpec.self)
        for style in [JSONWriter.Style.compact, .tabs, .spaces(4)] {
            let written = spec.json(style)
            #expect(try RuntimeSpec(json: written) == spec)
            #expect(spec.json(style) == written)
        }
        let again = try Tree(written(spec))
        // The order of two members that are maps is the writer's.
        let original = try Tree(
            text.replacing(
                #"{"eth1": {"name": "container_eth1"}, "ens4": {}}"#,
                with: #"{"ens4": {}, "eth1": {"name": "container_eth1"}}"#))
        #expect(again.text == original.text)
    }

    @Test("a value of a wrong type is refused, with its path, wherever it stands")
    func wrongTypes() throws {
        let document = try Tree(completeConfig)
        var checked = 0
        for (path, keys) in document.places {
            for wrong in ["[[]]", #"{"x":{}}"#, #""word""#, "1.5", "true"] {
                let value = document.at(keys)
                let wrong = try Tree(wrong)
                if sameKind(value, wrong) { continue }
                // Numbers with a fraction and words are wrong in their own ways, elsewhere.
                let text = try #require(document.replacing(keys, with: wrong)).text
                let error = failure { () throws(JSONError) in try decode(text, as: RuntimeSpec.self) }
                #expect(error?.path == path, "\(wrong.text) at \(path): \(error?.description ?? "")")
                #expect(error?.reason.hasPrefix("expected ") == true, "\(error?.description ?? "")")
                #expect(error?.reason.contains(", found ") == true, "\(error?.description ?? "")")
                checked += 1
            }
        }
        #expect(checked > 1000)
    }

    private func sameKind(_ left: Tree, _ right: Tree) -> Bool {
        switch (left, right) {
        case (.array, .array), (.object, .object): return true
        case (.scalar(let left), .scalar(let right)):
            func kind(_ text: String) -> Int {
                text.first == "\"" ? 0 : text == "true" || text == "false" ? 1 : 2
            }
            return kind(left) == kind(right) && right != "1.5"
        default: return false
        }
    }

    /// Last parts of the paths of members that must be there.
    private static let required: Set<String> = [
        "ociVersion", "process.cwd", "process.consoleSize.height", "process.consoleSize.width",
        "process.rlimits[].type", "process.rlimits[].hard", "process.rlimits[].soft",
        "process.scheduler.policy",
        "process.ioPriority.class", "root.path", "mounts[].destination", "hooks.prestart[].path",
        "hooks.createRuntime[].path", "hooks.createContainer[].path", "hooks.startContainer[].path",
        "hooks.poststart[].path", "hooks.poststop[].path", "linux.resources.devices[].allow",
        "linux.resources.blockIO.weightDevice[].major", "linux.resources.blockIO.weightDevice[].minor",
        "linux.resources.hugepageLimits[].pageSize", "linux.resources.hugepageLimits[].limit",
        "linux.resources.network.priorities[].name", "linux.resources.network.priorities[].priority",
        "linux.namespaces[].type", "linux.devices[].path", "linux.devices[].type", "linux.devices[0].major",
        "linux.devices[0].minor", "linux.seccomp.defaultAction", "linux.seccomp.syscalls[].names",
        "linux.seccomp.syscalls[].action", "linux.seccomp.syscalls[].args[].index",
        "linux.seccomp.syscalls[].args[].value", "linux.seccomp.syscalls[].args[].op",
        "linux.memoryPolicy.mode",
        "linux.personality.domain",
    ]

    @Test("a missing required member is refused, an optional one is not; null is missing")
    func missing() throws {
        let document = try Tree(completeConfig)
        var refused = Set<String>()
        for (path, keys) in document.places {
            guard case .member? = keys.last else { continue }
            let anyIndex = path.replacing(/\[\d+\]/, with: "[]")
            let isRequired =
                Self.required.contains(anyIndex) || Self.required.contains(path)
                || anyIndex.contains(/(uid|gid)Mappings\[\]\.|throttle\w+\[\]\./)
            for replacement in [nil, try Tree("null")] {
                let text = try #require(document.replacing(keys, with: replacement)).text
                do throws(JSONError) {
                    _ = try decode(text, as: RuntimeSpec.self)
                    #expect(!isRequired, "\(path) may be missing")
                } catch {
                    #expect(error.description == "\(path): missing")
                    #expect(isRequired, "\(error)")
                    refused.insert(path)
                    refused.insert(anyIndex)
                }
            }
        }
        #expect(Self.required.subtracting(refused).isEmpty)
    }

    @Test("unknown members are tolerated everywhere")
    func unknown() throws {
        let document = try Tree(completeConfig)
        let plain = try decode(completeConfig, as: RuntimeSpec.self)
        let openMaps = [
            "annotations", "linux.sysctl", "linux.resources.rdma", "linux.resources.unified",
            "linux.netDevices",
            "linux.timeOffsets",
        ]
        for (path, keys) in document.places where !openMaps.contains(path) {
            guard case .object(let members) = document.at(keys) else { continue }
            let extended = Tree.object([("x-new", try Tree("[{}]"))] + members)
            let text = try #require(document.replacing(keys, with: extended)).text
            #expect(try decode(text, as: RuntimeSpec.self) == plain, "\(path)")
        }
        let other = #"{"windows":{"layerFolders":[1]},"vm":3,"solaris":[],"zos":null,"freebsd":"","#
        #expect(try decode(other + completeConfig.dropFirst(), as: RuntimeSpec.self) == plain)
    }

    @Test("empty text is absent where the text is optional")
    func emptyText() throws {
        let spec = try decode(
            #"""
            {"ociVersion":"1.0.0","hostname":"","domainname":"",
            "mounts":[{"destination":"/a","type":"","source":""}],
            "process":{"cwd":"/","apparmorProfile":"","selinuxLabel":""},
            "linux":{"cgroupsPath":"","rootfsPropagation":"","mountLabel":"",
            "namespaces":[{"type":"pid","path":""}],
            "resources":{"devices":[{"allow":true,"type":"","access":"","major":-1,"minor":-1}],
            "cpu":{"cpus":""}}}}
            """#, as: RuntimeSpec.self)
        var expected = RuntimeSpec(ociVersion: "1.0.0")
        expected.mounts = [RuntimeSpec.Mount(destination: "/a")]
        expected.process = RuntimeSpec.Process(args: [])
        var linux = RuntimeSpec.Linux()
        linux.namespaces = [RuntimeSpec.Namespace(.pid)]
        var resources = RuntimeSpec.Resources()
        resources.devices = [RuntimeSpec.DeviceRule(allow: true)]
        resources.cpu = RuntimeSpec.Resources.CPU()
        linux.resources = resources
        expected.linux = linux
        #expect(spec == expected)
    }

    @Test("a scheduler's priority")
    func schedulerPriority() throws {
        let text = #"{"policy":"SCHED_RR","priority":10}"#
        let scheduler = try decode(text, as: RuntimeSpec.Scheduler.self)
        #expect(scheduler.policy == .roundRobin && scheduler.priority == 10)
        #expect(written(scheduler) == text)
        let wrong = #"{"policy":"SCHED_RR","priority":"high"}"#
        let error = failure { () throws(JSONError) in try decode(wrong, as: RuntimeSpec.Scheduler.self) }
        #expect(error?.description == "priority: expected an integer, found a string")
    }

    @Test("the absence of seccomp flags and an empty list of them differ")
    func seccompFlags() throws {
        func flags(_ text: String) throws -> [RuntimeSpec.Seccomp.Flag]? {
            try decode(#"{"defaultAction":"SCMP_ACT_ALLOW"\#(text)}"#, as: RuntimeSpec.Seccomp.self).flags
        }
        #expect(try flags("") == nil)
        #expect(try flags(#","flags":[]"#) == [])
    }

    @Test(
        "numbers out of range are refused",
        arguments: [
            ("process.user.uid", "-1", "-1 is out of range, 0 to 4294967295"),
            ("process.user.gid", "4294967296", "4294967296 is out of range, 0 to 4294967295"),
            ("process.consoleSize.width", "65536", "65536 is out of range, 0 to 65535"),
            ("process.rlimits[0].hard", "-1", "-1 is out of range, 0 to 18446744073709551615"),
            ("process.oomScoreAdj", "3000000000", "3000000000 is out of range, -2147483648 to 2147483647"),
            (
                "linux.resources.memory.limit", "9223372036854775808",
                "9223372036854775808 is out of range, -9223372036854775808 to 9223372036854775807"
            ),
            ("linux.resources.blockIO.weight", "70000", "70000 is out of range, 0 to 65535"),
            (
                "linux.seccomp.syscalls[1].args[0].value", "-1",
                "-1 is out of range, 0 to 18446744073709551615"
            ),
            ("linux.resources.memory.limit", "\"1G\"", "expected an integer, found a string"),
            ("linux.resources.memory.limit", "1e9", "expected an integer, found 1e9"),
            ("linux.timeOffsets.monotonic.nanosecs", "-1", "-1 is out of range, 0 to 4294967295"),
        ])
    func ranges(path: String, value: String, reason: String) throws {
        let document = try Tree(completeConfig)
        let keys = try #require(document.places.first { $0.path == path }?.keys)
        let text = try #require(document.replacing(keys, with: try Tree(value))).text
        let error = failure { () throws(JSONError) in try decode(text, as: RuntimeSpec.self) }
        #expect(error?.description == "\(path): \(reason)")
    }

    @Test(
        "names a clock or a kind of access that does not exist",
        arguments: [
            (
                #"{"timeOffsets":{"realtime":{"secs":1}}}"#,
                "timeOffsets.realtime: a time namespace has no such clock"
            ),
            (
                #"{"resources":{"devices":[{"allow":true,"access":"rx"}]}}"#,
                #"resources.devices[0].access: unknown access in "rx", expected letters of rwm"#
            ),
        ])
    func otherWords(text: String, message: String) {
        #expect(
            failure { () throws(JSONError) in try decode(text, as: RuntimeSpec.Linux.self) }?.description
                == message)
    }

    @Test(
        "that is no configuration is refused",
        arguments: [
            ("", "line 1, column 1: expected a value, found the end of the text"),
            ("[]", "line 1, column 1: expected an object, found an array"),
            ("{}", "ociVersion: missing"),
            ("null", "line 1, column 1: expected an object, found null"),
            ("<xml/>", "line 1, column 1: expected a value, found '<'"),
            (smallConfig + "x", "line 5, column 2: unexpected 'x' after the document"),
        ])
    func notAConfiguration(text: String, message: String) {
        #expect(
            failure { () throws(JSONError) in try decode(text, as: RuntimeSpec.self) }?.description == message
        )
    }
}
