import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import OCISpec
import Testing

/// What the words of the command line mean.
struct ParsingTests {
    // MARK: Sizes and times

    static let sizesCases: [(String, Int64)] = [
        ("0", 0), ("1024", 1024), ("10b", 10), ("1k", 1024), ("1K", 1024), ("64m", 64 << 20),
        ("64mb", 64 << 20),
        ("64MiB", 64 << 20), ("1.5g", 3 << 29), ("2T", 2 << 40), ("1p", 1 << 50), ("5 MB", 5 << 20),
    ]

    @Test(arguments: sizesCases)
    func sizes(text: String, bytes: Int64) throws {
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test(arguments: ["", "m", "1x", "1mm", "-1", "1.2.3m", "0x10", "1ib", "9999999p"])
    func wrongSizes(text: String) {
        #expect(throws: UsageError.self) { try ByteSize(parsing: text) }
    }

    static let spansCases: [(String, Double)] = [
        ("1s", 1e9), ("90s", 90e9), ("1h30m", 5400e9), ("1.5s", 1.5e9), ("250ms", 0.25e9), ("10us", 1e4),
        ("2m3s", 123e9),
    ]

    @Test(arguments: spansCases)
    func spans(text: String, nanoseconds: Double) {
        #expect(TimeSpan(parsing: text)?.nanoseconds == Int64(nanoseconds))
    }

    @Test(arguments: ["", "10", "s", "1d", "1h30", "-1s"])
    func wrongSpans(text: String) {
        #expect(TimeSpan(parsing: text) == nil)
    }

    @Test func platforms() throws {
        #expect(
            try Platform(parsing: "linux/arm/v7") == Platform(os: "linux", architecture: "arm", variant: "v7")
        )
        #expect(try Platform(parsing: "arm64") == Platform(os: "linux", architecture: "arm64"))
        let own = PlatformMatch.host().architecture
        #expect(try Platform(parsing: "linux") == Platform(os: "linux", architecture: own))
        #expect(try Platform(parsing: "windows") == Platform(os: "windows", architecture: own))
        for text in ["", "linux/", "/arm", "linux//v7", "a/b/c/d"] {
            #expect(throws: UsageError.self) { try Platform(parsing: text) }
        }
    }

    @Test func momentsOfSince() throws {
        let now = Timestamp(seconds: 1_700_000_000, nanoseconds: 500)
        #expect(
            try Timestamp(parsing: "10m", now: now)
                == Timestamp(seconds: 1_700_000_000 - 600, nanoseconds: 500))
        #expect(try Timestamp(parsing: "1600000000", now: now) == Timestamp(seconds: 1_600_000_000))
        #expect(
            try Timestamp(parsing: "1600000000.25", now: now)
                == Timestamp(seconds: 1_600_000_000, nanoseconds: 250_000_000))
        #expect(try Timestamp(parsing: "2023-11-14T22:13:20Z", now: now) == Timestamp(seconds: 1_700_000_000))
        #expect(
            try Timestamp(parsing: "2023-11-14T23:13:20+01:00", now: now) == Timestamp(seconds: 1_700_000_000)
        )
        // Without a zone it is local time; the same moment comes out as long as the zone does not change
        // meanwhile.
        let local = try Timestamp(parsing: "2023-11-14T12:00:00", now: now)
        #expect(local.local.hasPrefix("2023-11-14 12:00:00 "))
        #expect(try Timestamp(parsing: "2023-11-14", now: now).local.hasPrefix("2023-11-14 00:00:00 "))
        for wrong in ["yesterday", "2023-13-01", "2023-11-14T25", "12345678901", ""] {
            #expect(throws: UsageError.self) { try Timestamp(parsing: wrong, now: now) }
        }
    }

    // MARK: Environment

    @Test func variables() throws {
        setenv("SWIFTLET_TEST_VARIABLE", "here", 1)
        defer { unsetenv("SWIFTLET_TEST_VARIABLE") }
        #expect(try EnvironmentOption.resolve("A=b=c") == "A=b=c")
        #expect(try EnvironmentOption.resolve("A=") == "A=")
        #expect(try EnvironmentOption.resolve("SWIFTLET_TEST_VARIABLE") == "SWIFTLET_TEST_VARIABLE=here")
        #expect(try EnvironmentOption.resolve("SWIFTLET_TEST_NOTHING") == nil)
        #expect(throws: UsageError.self) { try EnvironmentOption.resolve("=x") }
    }

    @Test func lastVariableCountsInTheFirstPlace() {
        #expect(
            EnvironmentOption.merge(["PATH=/bin", "A=1"], ["B=2", "A=3"], ["PATH=/usr/bin"])
                == ["PATH=/usr/bin", "A=3", "B=2"])
    }

    @Test func environmentFiles() throws {
        setenv("SWIFTLET_TEST_FROM_FILE", "taken", 1)
        defer { unsetenv("SWIFTLET_TEST_FROM_FILE") }
        let file = try TemporaryFolder().file(
            "env",
            "\u{FEFF}# comment\n\nA=1\r\n  B = x=y # no comment\nSWIFTLET_TEST_FROM_FILE\nC='quoted'\nNOT_SET_HERE"
        )
        #expect(throws: UsageError.self) { try EnvironmentOption.file(file.path) }  // "B " is no name
        let good = try TemporaryFolder().file(
            "env",
            "\u{FEFF}# comment\n\nA=1\r\n  B=x=y # no comment\nSWIFTLET_TEST_FROM_FILE\nC='quoted'\nNOT_SET_HERE"
        )
        #expect(
            try EnvironmentOption.file(good.path)
                == ["A=1", "B=x=y # no comment", "SWIFTLET_TEST_FROM_FILE=taken", "C='quoted'"])
        #expect(throws: UsageError.self) { try EnvironmentOption.file("/nowhere/env") }
        let binary = try TemporaryFolder().file("env", bytes: [65, 61, 0xFF, 0xFE])
        #expect(throws: UsageError.self) { try EnvironmentOption.file(binary.path) }
    }

    // MARK: Mounts

    @Test func volumesOption() throws {
        #expect(
            try MountRequest(volumeOption: "/a/../b:/data/")
                == MountRequest(
                    source: .bind(path: "/b", createMissing: true), target: "/data"))
        #expect(
            try MountRequest(volumeOption: "/b:/data:ro,rslave")
                == MountRequest(
                    source: .bind(path: "/b", createMissing: true), target: "/data", readOnly: true,
                    propagation: "rslave"))
        #expect(
            try MountRequest(volumeOption: "cache:/data:nocopy")
                == MountRequest(
                    source: .volume(name: "cache"), target: "/data", noCopy: true))
        #expect(
            try MountRequest(volumeOption: "/data")
                == MountRequest(source: .volume(name: nil), target: "/data"))
        let here = try MountRequest(volumeOption: "./x:/data")
        #expect(here.source == .bind(path: absolutePath("x"), createMissing: true))
    }

    @Test(arguments: [
        "data", "/a:b", "/a:/", "/a:/b:ro:z", "/a:/b:wrong", "a/b:/c", ":/b", "/a:", "name:/b:rshared",
        "-x:/b",
    ])
    func wrongVolumes(text: String) {
        #expect(throws: UsageError.self) { try MountRequest(volumeOption: text) }
    }

    @Test func volumesFromOption() throws {
        let plain = try VolumesFromOption(parsing: "web")
        #expect(plain.container == "web" && !plain.readOnly && plain.text == "web")
        #expect(try VolumesFromOption(parsing: "web:ro,z").readOnly)
        #expect(try !VolumesFromOption(parsing: "web:rw").readOnly)
        for text in ["", ":ro", "web:", "web:rx", "web:ro:z", "web:nocopy"] {
            #expect(throws: UsageError.self) { try VolumesFromOption(parsing: text) }
        }
    }

    @Test func mountOption() throws {
        #expect(
            try MountRequest(mountOption: "type=bind,src=/a,dst=/b,readonly,bind-propagation=shared")
                == MountRequest(
                    source: .bind(path: "/a", createMissing: false), target: "/b", readOnly: true,
                    propagation: "shared"))
        #expect(
            try MountRequest(mountOption: "source=v,target=/b,readonly=false")
                == MountRequest(
                    source: .volume(name: "v"), target: "/b"))
        #expect(
            try MountRequest(mountOption: "type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=700")
                == MountRequest(
                    source: .tmpfs(options: ["size=1048576", "mode=700"]), target: "/t"))
        #expect(
            try MountRequest(mountOption: "type=bind,\"source=/with,comma\",target=/b").source
                == .bind(path: "/with,comma", createMissing: false))
    }

    @Test(arguments: [
        "type=bind,target=/b", "type=bind,source=/a", "type=magic,source=/a,target=/b",
        "type=tmpfs,source=/a,target=/b",
        "type=volume,target=relative", "type=bind,source=/a,target=/b,volume-nocopy",
        "target=/b,bind-propagation=shared",
        "type=bind,source=/a,target=/b,tmpfs-size=1m", "target=/b,readonly=maybe", "target=/b,unknown=1",
        "type=tmpfs,target=/b,tmpfs-mode=9", "\"type=bind",
    ])
    func wrongMounts(text: String) {
        #expect(throws: UsageError.self) { try MountRequest(mountOption: text) }
    }

    @Test func tmpfsOption() throws {
        #expect(
            try MountRequest(tmpfsOption: "/run:rw,exec,size=64m")
                == MountRequest(
                    source: .tmpfs(options: ["rw", "exec", "size=64m"]), target: "/run"))
        #expect(throws: UsageError.self) { try MountRequest(tmpfsOption: "/run:lowerdir=/etc") }
        #expect(throws: UsageError.self) { try MountRequest(tmpfsOption: "run") }
    }

    // MARK: Keys

    @Test func detachKeys() throws {
        #expect(try DetachKeys(parsing: "ctrl-p,ctrl-q") == .standard)
        #expect(try DetachKeys(parsing: "a,ctrl-\\,ctrl-@").sequence == [97, 28, 0])
        #expect(try DetachKeys(parsing: "").sequence == [])
        for wrong in ["ctrl-", "ctrl-P", "ctrl-ab", "xy"] {
            #expect(throws: UsageError.self) { try DetachKeys(parsing: wrong) }
        }
    }

    @Test func detachScannerHoldsBackOnlyWhatCouldBeTheKeys() {
        var scanner = DetachScanner(.standard)
        var result = scanner.scan([65, 16, 66])
        #expect(result.passed == [65, 16, 66] && !result.detached)
        result = scanner.scan([16])
        #expect(result.passed == [] && !result.detached)
        result = scanner.scan([16])
        #expect(result.passed == [16] && !result.detached)
        result = scanner.scan([17, 99])
        #expect(result.passed == [] && result.detached)
    }

    @Test func detachScannerWithRepeatedKeys() throws {
        // a a b in "a a a b": the first `a` goes through, the rest is the sequence.
        var scanner = DetachScanner(try DetachKeys(parsing: "a,a,b"))
        let result = scanner.scan(Array("aaab".utf8))
        #expect(result.passed == Array("a".utf8) && result.detached)
        var off = DetachScanner(try DetachKeys(parsing: ""))
        #expect(off.scan([16, 17]).passed == [16, 17])
    }

    // MARK: Limits and devices

    @Test func ulimits() throws {
        let open = try UlimitOption(parsing: "nofile=1024:2048")
        #expect(open.type == "RLIMIT_NOFILE" && open.soft == 1024 && open.hard == 2048)
        let core = try UlimitOption(parsing: "core=-1")
        #expect(core.soft == .max && core.hard == .max)
        for wrong in ["nofile", "nofile=", "nofile=2:1", "files=1", "nofile=x", "nofile=1:2:3"] {
            #expect(throws: UsageError.self) { try UlimitOption(parsing: wrong) }
        }
    }

    @Test func devices() throws {
        let plain = try DeviceOption(parsing: "/dev/fuse")
        #expect(plain.hostPath == "/dev/fuse" && plain.containerPath == "/dev/fuse" && plain.access == "rwm")
        let full = try DeviceOption(parsing: "/dev/sda:/dev/disk:r")
        #expect(full.containerPath == "/dev/disk" && full.access == "r")
        #expect(try DeviceOption(parsing: "/dev/sda:rw").access == "rw")
        for wrong in ["sda", "/dev/sda:x", "/dev/sda:/dev/b:q", "/a:/b:/c", "/dev/sda:rr"] {
            #expect(throws: UsageError.self) { try DeviceOption(parsing: wrong) }
        }
    }

    @Test func resources() throws {
        #expect(try CPUAmount(parsing: "1.5").quota == 150_000)
        #expect(try CPUAmount(parsing: "0.01").quota == 1000)
        for wrong in ["0", "-1", "x", "0.001", "nan", "inf"] {
            #expect(throws: UsageError.self) { try CPUAmount(parsing: wrong) }
        }
        var request = ResourceRequest()
        request.memory = 64 << 20
        try request.check()
        #expect(request.effectiveMemorySwap == 128 << 20)
        request.memorySwap = -1
        try request.check()
        #expect(request.effectiveMemorySwap == -1)
        request.memorySwap = 1 << 20
        #expect(throws: UsageError.self) { try request.check() }
        request = ResourceRequest()
        request.memory = 1 << 20
        #expect(throws: UsageError.self) { try request.check() }
        request = ResourceRequest()
        request.cpusetCPUs = "0-1,3"
        try request.check(usable: 4, configured: 4)
        #expect(throws: UsageError.self) { try request.check(usable: 2, configured: 3) }
        for wrong in ["", "1-0", "a", "0,,1", "1-2-3"] {
            request.cpusetCPUs = wrong
            #expect(throws: UsageError.self) { try request.check() }
        }
        request = ResourceRequest()
        request.cpus = try CPUAmount(parsing: "2.5")
        try request.check(usable: 3, configured: 4)
        let error = #expect(throws: UsageError.self) { try request.check(usable: 2, configured: 4) }
        #expect(
            error?.description
                == "--cpus 2.5: this machine has 2 processors, so from 0.01 to 2.00 are possible")
    }

    @Test func capabilities() throws {
        func resolve(_ add: [String], _ drop: [String], privileged: Bool = false) throws -> [String] {
            try CapabilityOption.resolve(
                add: add, drop: drop, privileged: privileged,
                available: ["CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_KILL"])
        }
        #expect(try resolve([], []) == CapabilityOption.standard)
        #expect(try resolve([], []).count == 14)
        #expect(try resolve(["net_admin"], ["CAP_MKNOD"]).contains("CAP_NET_ADMIN"))
        #expect(try !resolve([], ["MKNOD"]).contains("CAP_MKNOD"))
        #expect(try resolve([], ["ALL"]) == [])
        #expect(try resolve(["chown", "CHOWN"], ["all"]) == ["CAP_CHOWN"])
        #expect(try resolve(["ALL"], ["KILL"]) == ["CAP_CHOWN", "CAP_SYS_ADMIN"])
        #expect(try resolve([], ["ALL"], privileged: true).count == 3)
        #expect(throws: UsageError.self) { try resolve(["CAP_FLY"], []) }
    }

    @Test func securityOptions() throws {
        let options = try SecurityOptions(parsing: [
            "seccomp=unconfined", "no-new-privileges", "apparmor=mine",
        ])
        #expect(
            options.seccomp == .unconfined && options.noNewPrivileges && options.apparmorProfile == "mine")
        #expect(try SecurityOptions(parsing: ["seccomp:/p.json"]).seccomp == .file("/p.json"))
        #expect(try SecurityOptions(parsing: ["systempaths=unconfined"]).unmaskAll)
        for wrong in ["seccomp", "seccomp=", "magic=1", "no-new-privileges=x", "label=type:x"] {
            #expect(throws: UsageError.self) { try SecurityOptions(parsing: [wrong]) }
        }
    }

    @Test func logOptions() throws {
        let options = try LogOptions(path: "/x", parsing: ["max-size=1m", "max-file=2"])
        #expect(options.maxSize == 1 << 20 && options.maxFiles == 2)
        #expect(try LogOptions(path: "/x", parsing: ["max-size=-1"]).maxSize == 0)
        for wrong in ["max-size=1", "max-file=0", "max-file=x", "tag=a"] {
            #expect(throws: UsageError.self) { try LogOptions(path: "/x", parsing: [wrong]) }
        }
    }

    @Test(arguments: [
        ("web", true), ("eb-", true), ("^web$", false), ("^web-1$", true), ("^/web-1$", true), ("/web", true),
        ("^eb", false), ("^(db|web)-[0-9]+$", true), ("", true),
    ])
    func namePatterns(pattern: String, matches: Bool) throws {
        #expect(try NamePattern(parsing: pattern).matches("web-1") == matches)
    }

    @Test func noNamePattern() {
        let error = #expect(throws: UsageError.self) { try NamePattern(parsing: "web[") }
        #expect(error?.description.hasPrefix("invalid name 'web[': ") == true)
    }

    @Test func hostEntries() throws {
        #expect(try HostEntry(parsing: "db:10.0.0.1").address == "10.0.0.1")
        #expect(try HostEntry(parsing: "db=[fe80::1]").address == "fe80::1")
        #expect(try HostEntry(parsing: "db:fe80::1").address == "fe80::1")
        for wrong in ["db", "db:", ":1", "d b:1", "db:1\n2 x"] {
            #expect(throws: UsageError.self) { try HostEntry(parsing: wrong) }
        }
    }

    @Test func paths() {
        #expect(normalizedPath("/a//b/./../c/") == "/a/c")
        #expect(normalizedPath("/../..") == "/")
        #expect(normalizedPath("") == "/")
    }
}
