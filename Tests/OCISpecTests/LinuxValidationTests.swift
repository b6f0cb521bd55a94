import OCISpec
import Testing

@Suite("What the section for Linux means")
struct LinuxValidationTests {
    @Test(
        "namespaces",
        arguments: [
            BadConfiguration("linux.namespaces[8].type: uts is given twice") {
                $0.l.namespaces.append(RuntimeSpec.Namespace(.uts))
            },
            BadConfiguration(#"linux.namespaces[0].path: must be an absolute path, found "proc/1/ns/pid""#) {
                $0.l.namespaces[0].path = "proc/1/ns/pid"
            },
            BadConfiguration("linux.uidMappings: needs a user namespace") { $0.remove(.user) },
            BadConfiguration("linux.gidMappings: needs a user namespace") {
                $0.remove(.user)
                $0.l.uidMappings = []
            },
            BadConfiguration("linux.uidMappings: missing: a new user namespace needs it") {
                $0.l.uidMappings = []
            },
            BadConfiguration("linux.gidMappings: missing: a new user namespace needs it") {
                $0.l.gidMappings = []
            },
            BadConfiguration("linux.gidMappings[0].size: must be more than 0") {
                $0.l.gidMappings[0].size = 0
            },
            BadConfiguration("linux.uidMappings[0]: the range on the host ends beyond 4294967294") {
                $0.l.uidMappings[0] = RuntimeSpec.IDMapping(containerID: 0, hostID: 1, size: .max)
            },
            BadConfiguration("linux.uidMappings[0]: the range in the container ends beyond 4294967294") {
                $0.l.uidMappings[0] = RuntimeSpec.IDMapping(containerID: .max, hostID: 0, size: 1)
            },
            BadConfiguration("linux.uidMappings[1]: overlaps with linux.uidMappings[0]") {
                $0.l.uidMappings.append(RuntimeSpec.IDMapping(containerID: 65_535, hostID: 0, size: 1))
            },
            BadConfiguration("linux.uidMappings[1]: overlaps with linux.uidMappings[0]") {
                $0.l.uidMappings.append(RuntimeSpec.IDMapping(containerID: 65_536, hostID: 99_999, size: 2))
            },
            BadConfiguration("linux.uidMappings: has 341 ranges, the kernel takes 340") {
                $0.l.uidMappings = (0..<341).map {
                    RuntimeSpec.IDMapping(containerID: $0, hostID: $0, size: 1)
                }
            },
            BadConfiguration("linux.timeOffsets: needs a new time namespace") { $0.remove(.time) },
            BadConfiguration("linux.timeOffsets: needs a new time namespace") {
                $0.l.namespaces[7].path = "/proc/1/ns/time"
            },
            BadConfiguration(
                "linux.timeOffsets.boottime.nanosecs: 1000000000 is out of range, 0 to 999999999"
            ) {
                $0.l.timeOffsets?.boottime?.nanosecs = 1_000_000_000
            },
            BadConfiguration(
                "linux.timeOffsets.monotonic.nanosecs: 4294967295 is out of range, 0 to 999999999"
            ) {
                $0.l.timeOffsets?.monotonic?.nanosecs = .max
            },
        ])
    func namespaces(bad: BadConfiguration) throws { try bad.check() }

    @Test("id mappings that the kernel takes pass")
    func goodMappings() throws {
        var spec = try decode(completeConfig, as: RuntimeSpec.self)
        spec.l.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: 0, size: .max)]
        spec.l.gidMappings = (0..<340).map {
            RuntimeSpec.IDMapping(containerID: $0, hostID: 1000 + $0, size: 1)
        }
        try spec.validate()
        // A namespace that exists has its mappings already.
        spec.l.namespaces[5].path = "/proc/1/ns/user"
        (spec.l.uidMappings, spec.l.gidMappings) = ([], [])
        try spec.validate()
    }

    @Test(
        "kernel parameters",
        arguments: [
            BadConfiguration(
                #"linux.sysctl["net.ipv4.ip_forward"]: would change the host, there is no network namespace"#
            ) {
                $0.remove(.network)
            },
            BadConfiguration(
                #"linux.sysctl["kernel.shmmax"]: would change the host, there is no ipc namespace"#
            ) {
                $0.remove(.ipc)
            },
            BadConfiguration(
                #"linux.sysctl["fs.mqueue.msg_max"]: would change the host, there is no ipc namespace"#
            ) {
                $0.l.sysctl = ["fs.mqueue.msg_max": "1"]
                $0.remove(.ipc)
            },
            BadConfiguration(
                #"linux.sysctl["kernel.domainname"]: would change the host, there is no uts namespace"#
            ) {
                $0.l.sysctl = ["kernel.domainname": "x"]
                ($0.hostname, $0.domainname) = (nil, nil)
                $0.remove(.uts)
            },
            BadConfiguration(#"linux.sysctl["kernel.hostname"]: is set by hostname, not here"#) {
                $0.l.sysctl["kernel.hostname"] = "x"
            },
            BadConfiguration(#"linux.sysctl["kernel/hostname"]: is set by hostname, not here"#) {
                $0.l.sysctl["kernel/hostname"] = "x"
            },
            BadConfiguration(
                #"linux.sysctl["kernel.core_pattern"]: would change the host, it belongs to no namespace"#
            ) {
                $0.l.sysctl["kernel.core_pattern"] = "|/x"
            },
            BadConfiguration(
                #"linux.sysctl["vm.swappiness"]: would change the host, it belongs to no namespace"#
            ) {
                $0.l.sysctl["vm.swappiness"] = "1"
            },
            BadConfiguration("linux.sysctl.networks: would change the host, it belongs to no namespace") {
                $0.l.sysctl["networks"] = "1"
            },
            BadConfiguration(
                #"linux.sysctl["net./../kernel/core_pattern"]: is not the name of a kernel parameter"#
            ) {
                $0.l.sysctl = ["net./../kernel/core_pattern": "|/x"]
            },
            BadConfiguration(
                #"linux.sysctl["net/../kernel/core_pattern"]: is not the name of a kernel parameter"#
            ) {
                $0.l.sysctl = ["net/../kernel/core_pattern": "|/x"]
            },
            BadConfiguration(#"linux.sysctl["net..ipv4"]: is not the name of a kernel parameter"#) {
                $0.l.sysctl = ["net..ipv4": "1"]
            },
        ])
    func sysctl(bad: BadConfiguration) throws { try bad.check() }

    @Test(
        "paths and devices",
        arguments: [
            BadConfiguration("linux.maskedPaths: needs a mount namespace: it would change the host's files") {
                $0.remove(.mount)
            },
            BadConfiguration("linux.readonlyPaths: needs a mount namespace: it would change the host's files")
            {
                $0.remove(.mount)
                $0.l.maskedPaths = []
            },
            BadConfiguration(#"linux.maskedPaths[1]: must be an absolute path, found "proc/x""#) {
                $0.l.maskedPaths.append("proc/x")
            },
            BadConfiguration(#"linux.readonlyPaths[0]: must be an absolute path, found """#) {
                $0.l.readonlyPaths = [""]
            },
            BadConfiguration(#"linux.cgroupsPath: must not contain .., found "/a/../../b""#) {
                $0.l.cgroupsPath = "/a/../../b"
            },
            BadConfiguration(#"linux.cgroupsPath: must not contain .., found "..""#) {
                $0.l.cgroupsPath = ".."
            },
            BadConfiguration(#"linux.devices[0].path: must be an absolute path, found "dev/fuse""#) {
                $0.l.devices[0].path = "dev/fuse"
            },
            BadConfiguration("linux.devices[0].major: -1 is out of range, 0 to 4095") {
                $0.l.devices[0].major = -1
            },
            BadConfiguration("linux.devices[0].minor: 1048576 is out of range, 0 to 1048575") {
                $0.l.devices[0].minor = 1 << 20
            },
            BadConfiguration("linux.netDevices: needs a network namespace") {
                $0.l.sysctl = [:]
                $0.remove(.network)
            },
            BadConfiguration(#"linux.netDevices["a/b"]: is not a device name"#) {
                $0.l.netDevices["a/b"] = RuntimeSpec.NetDevice()
            },
            BadConfiguration(#"linux.netDevices.eth1.name: "a234567890123456" is not a device name"#) {
                $0.l.netDevices["eth1"] = RuntimeSpec.NetDevice(name: "a234567890123456")
            },
            BadConfiguration(#"linux.netDevices.eth1: becomes "ens4", as "ens4" does"#) {
                $0.l.netDevices["eth1"] = RuntimeSpec.NetDevice(name: "ens4")
            },
            BadConfiguration(#"linux.personality.flags[0]: unknown flag "ADDR_NO_RANDOMIZE""#) {
                $0.l.personality?.flags = ["ADDR_NO_RANDOMIZE"]
            },
        ])
    func pathsAndDevices(bad: BadConfiguration) throws { try bad.check() }

    @Test("cgroup paths with dots in names pass", arguments: ["/a..b/...", "a.slice:x:y", "/.hidden", "a/."])
    func cgroupsPath(path: String) throws {
        var spec = try decode(completeConfig, as: RuntimeSpec.self)
        spec.l.cgroupsPath = path
        try spec.validate()
    }

    @Test(
        "resources",
        arguments: [
            BadConfiguration("linux.resources.devices[1].minor: -2 is not a device number") {
                $0.l.resources?.devices[1].minor = -2
            },
            BadConfiguration("linux.resources.devices[1].major: 4294967296 is not a device number") {
                $0.l.resources?.devices[1].major = 1 << 32
            },
            BadConfiguration("linux.resources.memory.swappiness: 101 is out of range, 0 to 100") {
                $0.l.resources?.memory?.swappiness = 101
            },
            BadConfiguration("linux.resources.cpu.idle: expected 0 or 1, found 2") {
                $0.l.resources?.cpu?.idle = 2
            },
            BadConfiguration("linux.resources.blockIO.weight: 9 is out of range, 10 to 1000") {
                $0.l.resources?.blockIO?.weight = 9
            },
            BadConfiguration("linux.resources.blockIO.leafWeight: 1001 is out of range, 10 to 1000") {
                $0.l.resources?.blockIO?.leafWeight = 1001
            },
            BadConfiguration(
                "linux.resources.blockIO.weightDevice[0].weight: missing: this or leafWeight is needed"
            ) {
                $0.l.resources?.blockIO?.weightDevice[0] = .init(major: 8, minor: 0)
            },
            BadConfiguration(
                "linux.resources.blockIO.weightDevice[0].leafWeight: 5 is out of range, 10 to 1000"
            ) {
                $0.l.resources?.blockIO?.weightDevice[0].leafWeight = 5
            },
            BadConfiguration(
                #"linux.resources.hugepageLimits[0].pageSize: expected a size like 2MB, found "2M""#
            ) {
                $0.l.resources?.hugepageLimits[0].pageSize = "2M"
            },
            BadConfiguration(
                #"linux.resources.hugepageLimits[0].pageSize: expected a size like 2MB, found "../MB""#
            ) {
                $0.l.resources?.hugepageLimits[0].pageSize = "../MB"
            },
            BadConfiguration(
                #"linux.resources.hugepageLimits[0].pageSize: expected a size like 2MB, found "MB""#
            ) {
                $0.l.resources?.hugepageLimits[0].pageSize = "MB"
            },
            BadConfiguration(
                #"linux.resources.hugepageLimits[0].pageSize: expected a size like 2MB, found "64""#
            ) {
                $0.l.resources?.hugepageLimits[0].pageSize = "64"
            },
            BadConfiguration(#"linux.resources.unified["../cgroup.procs"]: is not the name of a cgroup file"#)
            {
                $0.l.resources?.unified["../cgroup.procs"] = "1"
            },
            BadConfiguration(#"linux.resources.unified[".."]: is not the name of a cgroup file"#) {
                $0.l.resources?.unified[".."] = "1"
            },
        ])
    func resources(bad: BadConfiguration) throws { try bad.check() }

    @Test(
        "seccomp",
        arguments: [
            BadConfiguration("linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default") {
                $0.l.seccomp?.defaultAction = .notify
            },
            BadConfiguration("linux.seccomp.listenerMetadata: needs listenerPath") {
                $0.l.seccomp?.listenerPath = nil
            },
            BadConfiguration(#"linux.seccomp.listenerPath: must be an absolute path, found "agent.sock""#) {
                $0.l.seccomp?.listenerPath = "agent.sock"
            },
            BadConfiguration("linux.seccomp.defaultErrnoRet: 4096 is out of range, 0 to 4095") {
                $0.l.seccomp?.defaultErrnoRet = 4096
            },
            BadConfiguration("linux.seccomp.syscalls[0].names: must not be empty") {
                $0.l.seccomp?.syscalls[0].names = []
            },
            BadConfiguration("linux.seccomp.syscalls[0].names[1]: must not be empty") {
                $0.l.seccomp?.syscalls[0].names[1] = ""
            },
            BadConfiguration("linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY is impossible for write") {
                $0.l.seccomp?.syscalls[0].action = .notify
            },
            BadConfiguration("linux.seccomp.syscalls[1].action: SCMP_ACT_NOTIFY needs listenerPath") {
                $0.l.seccomp?.syscalls[1].action = .notify
                $0.l.seccomp?.listenerPath = nil
                $0.l.seccomp?.listenerMetadata = nil
            },
            BadConfiguration("linux.seccomp.syscalls[1].errnoRet: 5000 is out of range, 0 to 4095") {
                $0.l.seccomp?.syscalls[1].errnoRet = 5000
            },
            BadConfiguration("linux.seccomp.syscalls[1].errnoRet: 65536 is out of range, 0 to 65535") {
                $0.l.seccomp?.syscalls[1].action = .trace
                $0.l.seccomp?.syscalls[1].errnoRet = 65_536
            },
            BadConfiguration("linux.seccomp.syscalls[1].args[0].index: 6 is out of range, 0 to 5") {
                $0.l.seccomp?.syscalls[1].args[0].index = 6
            },
        ])
    func seccomp(bad: BadConfiguration) throws { try bad.check() }

    @Test(
        "Intel RDT and memory policy",
        arguments: [
            BadConfiguration(#"linux.intelRdt.closID: ".." is not a folder's name"#) {
                $0.l.intelRdt?.closID = ".."
            },
            BadConfiguration(#"linux.intelRdt.closID: "a/b" is not a folder's name"#) {
                $0.l.intelRdt?.closID = "a/b"
            },
            BadConfiguration("linux.intelRdt.schemata[1]: must be one line") {
                $0.l.intelRdt?.schemata[1] = "MB:1\nL3:2"
            },
            BadConfiguration("linux.intelRdt.l3CacheSchema: must not set the memory bandwidth (MB:)") {
                $0.l.intelRdt?.l3CacheSchema = "L3:0=1\nMB:0=2"
            },
            BadConfiguration("linux.intelRdt.memBwSchema: must be one line that starts with MB:") {
                $0.l.intelRdt?.memBwSchema = "L3:0=1"
            },
            BadConfiguration("linux.intelRdt.memBwSchema: must be one line that starts with MB:") {
                $0.l.intelRdt?.memBwSchema = "MB:0=1\nL3:0=1"
            },
            BadConfiguration(#"linux.memoryPolicy.nodes: expected a list of nodes like 0-3,7, found "3-1""#) {
                $0.l.memoryPolicy?.nodes = "3-1"
            },
            BadConfiguration("linux.memoryPolicy.nodes: MPOL_LOCAL takes none") {
                $0.l.memoryPolicy?.mode = .local
            },
            BadConfiguration("linux.memoryPolicy.nodes: missing: MPOL_BIND needs them") {
                $0.l.memoryPolicy?.nodes = nil
            },
            BadConfiguration(
                "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"
            ) { $0.l.memoryPolicy?.flags.append(.relativeNodes) },
        ])
    func rdtAndMemory(bad: BadConfiguration) throws { try bad.check() }
}
