import ContainerRuntime
import OCISpec
import Testing

struct SystemdScopeTests {
    @Test(arguments: [
        ("system.slice", "/system.slice"), ("a-b.slice", "/a.slice/a-b.slice"),
        ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"), ("-.slice", ""),
        (
            "kubepods-besteffort-pod1_2.slice",
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice"
        ),
    ])
    func slices(name: String, group: String) {
        #expect(SystemdScopeName.expand(slice: name) == group)
    }

    @Test(arguments: [
        "", ".slice", "a", "a.scope", "-a.slice", "a-.slice", "a--b.slice", "a/b.slice", "--.slice",
    ])
    func noSlices(name: String) {
        #expect(SystemdScopeName.expand(slice: name) == nil)
    }

    @Test(arguments: [
        ("0::/init.scope\n", ""), ("1:name=systemd:/init.scope\n0::/outer/init.scope\n", "/outer"),
        ("0::/\n", ""), ("0::/somewhere\n", ""), ("", ""),
    ])
    func managersGroup(table: String, group: String) {
        #expect(SystemdSlice.managersGroup(Array(table.utf8)) == group)
    }

    @Test(arguments: [
        ("kubepods-x.slice:cri-containerd:id1", "kubepods-x.slice", "cri-containerd-id1.scope"),
        (":runc:c1", "system.slice", "runc-c1.scope"), ("machine.slice::c1", "machine.slice", "c1.scope"),
        ("", "system.slice", "swiftlet-the-id.scope"), ("-.slice:a:b", "-.slice", "a-b.scope"),
        ("user.slice:libpod:0123abcd", "user.slice", "libpod-0123abcd.scope"),
    ])
    func paths(path: String, slice: String, unit: String) throws {
        let name = try SystemdScopeName(cgroupsPath: path, id: "the-id", instance: .system)
        #expect(name.slice == slice)
        #expect(name.unit == unit)
        #expect(name.group == SystemdScopeName.expand(slice: slice)! + "/" + unit)
    }

    @Test func usersHaveASliceOfTheirOwn() throws {
        let name = try SystemdScopeName(cgroupsPath: nil, id: "c1", instance: .user)
        #expect(name.group == "/user.slice/swiftlet-c1.scope")
    }

    @Test func anIdMayHaveWhatAUnitMayNot() throws {
        let name = try SystemdScopeName(cgroupsPath: nil, id: "a+b_c.d", instance: .system)
        #expect(name.unit == #"swiftlet-a\x2bb_c.d.scope"#)
    }

    @Test(arguments: [
        "/a/b", "a:b", "a.slice:b:c:d", "a.slice:b:", "::", "a:b:c", "a--b.slice:b:c", "a/b.slice:b:c",
        "a.slice:b:c.slice", "a.slice:b:c/d", "a.slice:..:/c", "a.slice:b:c d", "a.slice:b:c\n",
        "a.slice:b:" + String(repeating: "c", count: 250),
    ])
    func refused(path: String) {
        let error = #expect(throws: CgroupError.self) {
            try SystemdScopeName(cgroupsPath: path, id: "c1", instance: .system)
        }
        #expect("\(error!)".contains(path))
    }

    @Test func recordSurvivesJSON() throws {
        var record = CgroupRecord(unified: "/sys/fs/cgroup/system.slice/swiftlet-c1.scope")
        record.scope = SystemdScope("swiftlet-c1.scope", .user)
        var writer = JSONWriter()
        writer.value(record)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"unified":"/sys/fs/cgroup/system.slice/swiftlet-c1.scope","#
                + #""systemd":{"unit":"swiftlet-c1.scope","manager":"user"}}"#)
        #expect(try CgroupRecord(json: writer.bytes) == record)
    }
}

struct SystemdLimitTests {
    private func properties(
        isUnified: Bool = true, _ change: (inout RuntimeSpec.Resources) -> Void
    ) throws -> [SystemdProperty] {
        var resources = RuntimeSpec.Resources()
        change(&resources)
        return try SystemdLimits(resources, isUnified: isUnified).properties
    }

    private func expect(
        _ expected: [(String, DBusValue)], isUnified: Bool = true,
        location: SourceLocation = #_sourceLocation,
        _ change: (inout RuntimeSpec.Resources) -> Void
    ) throws {
        let found = try properties(isUnified: isUnified, change)
        #expect(found == expected.map { SystemdProperty($0.0, $0.1) }, sourceLocation: location)
    }

    private func memory(_ limit: Int64?, swap: Int64? = nil, reservation: Int64? = nil)
        -> RuntimeSpec.Resources.Memory
    {
        var memory = RuntimeSpec.Resources.Memory()
        memory.limit = limit
        memory.swap = swap
        memory.reservation = reservation
        return memory
    }

    private func cpu(_ change: (inout RuntimeSpec.Resources.CPU) -> Void) -> RuntimeSpec.Resources.CPU {
        var cpu = RuntimeSpec.Resources.CPU()
        change(&cpu)
        return cpu
    }

    @Test func nothingAsked() throws {
        try expect([]) { _ in }
        try expect([]) { $0.memory = memory(0, swap: 0) }
        try expect([]) { $0.cpu = cpu { $0.cpus = "" } }
    }

    @Test func memoryLimits() throws {
        try expect([("MemoryMax", .uint64(100)), ("MemoryLow", .uint64(50)), ("MemorySwapMax", .uint64(20))])
        {
            $0.memory = memory(100, swap: 120, reservation: 50)
        }
        try expect([("MemoryMax", .uint64(.max)), ("MemorySwapMax", .uint64(.max))]) {
            $0.memory = memory(-1)
        }
        try expect([("MemoryMax", .uint64(100)), ("MemorySwapMax", .uint64(.max))]) {
            $0.memory = memory(100, swap: -1)
        }
        try expect([("MemoryMax", .uint64(100)), ("MemorySwapMax", .uint64(0))]) {
            $0.memory = memory(100, swap: 100)
        }
        #expect(throws: CgroupError.self) { try properties { $0.memory = memory(100, swap: 99) } }
        #expect(throws: CgroupError.self) { try properties { $0.memory = memory(nil, swap: 99) } }
    }

    @Test func weights() throws {
        try expect([("CPUWeight", .uint64(100))]) { $0.cpu = cpu { $0.shares = 1024 } }
        try expect([("CPUWeight", .uint64(0))]) {
            $0.cpu = cpu {
                $0.shares = 1024
                $0.idle = 1
            }
        }
        try expect([("IOWeight", .uint64(4950))]) {
            $0.blockIO = .init()
            $0.blockIO?.weight = 500
        }
        // Version 1's own numbers.
        try expect([("CPUShares", .uint64(1024)), ("BlockIOWeight", .uint64(500))], isUnified: false) {
            $0.cpu = cpu { $0.shares = 1024 }
            $0.blockIO = .init()
            $0.blockIO?.weight = 500
        }
    }

    @Test(arguments: [
        // quota, period, CPUQuotaPerSecUSec, CPUQuotaPeriodUSec
        (Int64(25_000), UInt64(50_000), UInt64(500_000), UInt64(50_000)), (20_000, 0, 200_000, 0),
        // Percent, rounded up.
        (25_500, 50_000, 510_000, 50_000), (33_333, 100_000, 340_000, 100_000),
        (1, 1_000_000, 10_000, 1_000_000),
        (-1, 100_000, .max, 100_000), (-1, 0, .max, 0), (0, 100_000, .max, 100_000),
        (.max, 1, .max, 1), (.max / 1_000_000, 1, 9_223_372_036_854_000_000, 1),
    ])
    func bandwidth(quota: Int64, period: UInt64, perSecond: UInt64, expectedPeriod: UInt64) throws {
        var expected: [(String, DBusValue)] = []
        if expectedPeriod != 0 { expected.append(("CPUQuotaPeriodUSec", .uint64(expectedPeriod))) }
        expected.append(("CPUQuotaPerSecUSec", .uint64(perSecond)))
        try expect(expected) {
            $0.cpu = cpu {
                $0.quota = quota
                $0.period = period
            }
        }
    }

    @Test(arguments: [
        ("0", [1]), ("0-3,7", [0x8f]), ("8", [0, 1]), ("1,0-1", [3]), ("15-16", [0, 0x80, 1]), ("0 - 1", [3]),
    ])
    func sets(list: String, bits: [UInt8]) throws {
        #expect(SystemdLimits.bits(list) == bits)
        try expect([("AllowedCPUs", .bytes(bits)), ("AllowedMemoryNodes", .bytes(bits))]) {
            $0.cpu = cpu {
                $0.cpus = list
                $0.mems = list
            }
        }
    }

    @Test(arguments: ["", "a", "1-", "-1", "3-1", "1--2", "1-2-3", ",", "1,", "65536", "0-4294967295", "+1x"])
    func noSets(list: String) {
        #expect(SystemdLimits.bits(list) == nil)
    }

    @Test func tasks() throws {
        try expect([("TasksMax", .uint64(7))]) { $0.pids = .init(limit: 7) }
        try expect([("TasksMax", .uint64(.max))]) { $0.pids = .init(limit: -1) }
        try expect([("TasksMax", .uint64(.max))]) { $0.pids = .init(limit: 0) }
        // Not asked for: systemd's own default stays.
        try expect([]) { $0.pids = .init(limit: nil) }
    }

    @Test(
        arguments: [
            (["memory.max": "max"], [("MemoryMax", DBusValue.uint64(.max))]),
            (["memory.high": " 4096\n"], [("MemoryHigh", .uint64(4096))]),
            (["memory.swap.max": "1"], [("MemorySwapMax", .uint64(1))]),
            (
                ["memory.min": "2", "memory.low": "3"],
                [("MemoryLow", .uint64(3)), ("MemoryMin", .uint64(2))]
            ),
            (["pids.max": "9"], [("TasksMax", .uint64(9))]),
            (["cpu.weight": "42"], [("CPUWeight", .uint64(42))]),
            (["cpu.weight": "42", "cpu.idle": "1"], [("CPUWeight", .uint64(0))]), (["cpu.idle": "0"], []),
            (
                ["cpu.max": "max 20000"],
                [("CPUQuotaPeriodUSec", .uint64(20000)), ("CPUQuotaPerSecUSec", .uint64(.max))]
            ),
            (["cpu.max": "30000"], [("CPUQuotaPerSecUSec", .uint64(300_000))]),
            (["cpuset.cpus": "0-1"], [("AllowedCPUs", .bytes([3]))]),
            (["io.weight": "default 200"], [("IOWeight", .uint64(200))]), (["io.weight": "8:0 200"], []),
            (["memory.oom.group": "1", "hugetlb.2MB.max": "0", "io.max": "8:0 rbps=1"], []),
        ] as [([String: String], [(String, DBusValue)])])
    func filesByName(files: [String: String], expected: [(String, DBusValue)]) throws {
        try expect(expected) { $0.unified = SortedMap(files.map { (key: $0.key, value: $0.value) }) }
    }

    @Test func filesWinOverLimits() throws {
        try expect([("MemoryMax", .uint64(200))]) {
            $0.memory = memory(100)
            $0.unified["memory.max"] = "200"
        }
    }

    @Test(arguments: [
        ("memory.max", "1k"), ("memory.max", ""), ("memory.max", "-1"), ("cpu.max", "1 2 3"),
        ("cpu.max", "1 x"),
        ("pids.max", "many"), ("cpuset.cpus", "a"), ("io.weight", "default x"),
    ])
    func noNumbers(file: String, value: String) {
        let error = #expect(throws: CgroupError.self) { try properties { $0.unified[file] = value } }
        #expect("\(error!)".contains(file))
    }
}

struct SystemdAnnotationTests {
    @Test(arguments: [
        ("true", DBusValue.boolean(true)), ("false", .boolean(false)), ("boolean true", .boolean(true)),
        ("7", .int32(7)), ("-7", .int32(-7)), ("0x1f", .int32(31)), ("010", .int32(8)), ("0", .int32(0)),
        ("1.5", .double(1.5)), ("1e3", .double(1000)), ("double 2", .double(2)), ("byte 255", .byte(255)),
        ("int16 -3", .int16(-3)), ("uint16 3", .uint16(3)), ("uint32 3", .uint32(3)),
        ("int64 -3", .int64(-3)),
        ("uint64 123456789", .uint64(123_456_789)), ("@t 5", .uint64(5)), ("uint64  5 ", .uint64(5)),
        ("'text'", .string("text")), (#""it's""#, .string("it's")), (#"'a\'b\\c\n'"#, .string("a'b\\c\n")),
        ("string 'x'", .string("x")), ("['a', 'b']", .strings(["a", "b"])), ("[]", .strings([])),
        ("@as ['a']", .strings(["a"])), ("[ \"a\" ]", .strings(["a"])),
        ("objectpath '/a'", .objectPath("/a")),
    ])
    func values(text: String, value: DBusValue) {
        #expect(GVariantText.parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "x", "'", "'a", "'a' b", "[", "['a'", "['a',]", "[1]", "uint64", "uint64 x", "uint64 -1",
        "byte 256",
        "2147483648", "--1", "0x", "{}", "(1,)", "@a{sv} {}", "true false", #"'\u0041'"#, "'a\0b'",
        "string x",
    ])
    func noValues(text: String) {
        #expect(GVariantText.parse(text) == nil)
    }

    @Test func annotationsThatNameProperties() throws {
        let found = try SystemdAnnotations.properties([
            "org.other": "x", "org.systemd.property.CollectMode": "'inactive-or-failed'",
            "org.systemd.property.TimeoutStopSec": "5", "org.systemd.property.TimeoutStopUSec": "uint64 6",
            "org.systemd.property.RuntimeMaxSec": "1.5",
        ])
        #expect(
            found == [
                SystemdProperty("CollectMode", .string("inactive-or-failed")),
                SystemdProperty("RuntimeMaxUSec", .uint64(1_500_000)),
                SystemdProperty("TimeoutStopUSec", .uint64(5_000_000)),
                SystemdProperty("TimeoutStopUSec", .uint64(6)),
            ])
    }

    @Test(arguments: [
        ("No", "true"), ("", "true"), ("With-Dash", "true"), ("Käse", "true"), ("TimeoutStopSec", "'text'"),
        ("TimeoutStopSec", "-1"), ("TimeoutStopSec", "uint64 18446744073709551615"), ("Wants", "nothing"),
    ])
    func refused(name: String, value: String) {
        let error = #expect(throws: CgroupError.self) {
            try SystemdAnnotations.properties(["org.systemd.property.\(name)": value])
        }
        #expect("\(error!)".contains("org.systemd.property.\(name)"))
    }
}
