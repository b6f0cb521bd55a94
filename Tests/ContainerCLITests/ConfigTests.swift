import CLinux
import ContainerCLI
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// From what the user wants and what the image says to config.json.
struct ConfigTests {
    static let id = String(repeating: "0123456789abcdef", count: 4)

    private func user(_ text: String = "", files: [String: String] = [:]) throws -> UserLookup {
        let folder = try TemporaryFolder()
        try makeFolders(folder.path + "/etc")
        for (name, content) in files { _ = try folder.file("etc/" + name, content) }
        return try UserLookup(text, in: try FileDescriptor.open(folder.path, O_PATH | O_DIRECTORY))
    }

    private func build(
        image: ImageConfig.Defaults = ImageConfig.Defaults(), mounts: [RuntimeSpec.Mount] = [],
        user: UserLookup? = nil, _ change: (inout ContainerRequest) throws -> Void = { _ in }
    ) throws -> RuntimeSpec {
        var request = ContainerRequest(image: "test")
        request.command = ["/bin/true"]
        try change(&request)
        return try ConfigBuilder(
            request: request, image: image, id: Self.id, user: user ?? self.user(), mounts: mounts,
            availableCapabilities: CapabilityOption.all
        ).build()
    }

    // MARK: Defaults

    @Test func theDefaultProfileOfAppArmorIsForWhoNamesNone() throws {
        func profile(_ option: String? = nil, privileged: Bool = false) throws -> String? {
            var request = ContainerRequest(image: "test")
            request.command = ["/bin/true"]
            request.privileged = privileged
            request.security = try SecurityOptions(parsing: option.map { ["apparmor=" + $0] } ?? [])
            var builder = ConfigBuilder(
                request: request, image: ImageConfig.Defaults(), id: Self.id, user: try user(), mounts: [],
                availableCapabilities: CapabilityOption.all)
            builder.defaultAppArmorProfile = "swiftlet-default"
            return try builder.build().process?.apparmorProfile
        }
        #expect(try profile() == "swiftlet-default")
        #expect(try profile("mine") == "mine")
        #expect(try profile("unconfined") == nil)
        #expect(try profile(privileged: true) == nil)
        #expect(try profile("mine", privileged: true) == "mine")
    }

    @Test func defaultsAreThoseOfDocker() throws {
        let spec = try build()
        let process = try #require(spec.process)
        let linux = try #require(spec.linux)
        #expect(process.args == ["/bin/true"])
        #expect(process.cwd == "/")
        #expect(
            process.env == [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=0123456789ab",
                "HOME=/",
            ])
        #expect(process.capabilities?.bounding.count == 14)
        #expect(process.capabilities?.effective == process.capabilities?.bounding)
        #expect(process.capabilities?.inheritable == [] && process.capabilities?.ambient == [])
        #expect(!process.noNewPrivileges && !process.terminal)
        #expect(spec.hostname == "0123456789ab")
        #expect(
            Set(linux.namespaces.map(\.type)) == [.mount, .pid, .ipc, .uts, .cgroup, .network])
        #expect(linux.seccomp?.defaultAction == .errno)
        #expect(linux.maskedPaths.contains("/proc/kcore") && linux.readonlyPaths.contains("/proc/sys"))
        #expect(linux.resources?.devices == [RuntimeSpec.DeviceRule(allow: false)])
        #expect(linux.resources?.memory == nil && linux.resources?.pids == nil)
        let mounts = Dictionary(uniqueKeysWithValues: spec.mounts.map { ($0.destination, $0) })
        #expect(
            Set(mounts.keys) == [
                "/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm",
            ])
        #expect(mounts["/sys"]?.options.contains("ro") == true)
        #expect(mounts["/sys/fs/cgroup"]?.options.contains("ro") == true)
    }

    /// What is built must be what the runtime accepts.
    @Test func survivesTheRuntimesDecoder() throws {
        let spec = try build { request in
            request.resources.memory = 64 << 20
            request.resources.cpus = try CPUAmount(parsing: "0.5")
            request.resources.pidsLimit = 20
            request.ulimits = [try UlimitOption(parsing: "nofile=64:128")]
            request.labels = [KeyValue(key: "a", value: "b")]
            request.annotations = [KeyValue(key: "org.example/x", value: "y")]
            request.terminal = true
        }
        #expect(try RuntimeSpec(json: spec.json()) == spec)
    }

    // MARK: Program, environment, user

    @Test func entrypointAndCommand() throws {
        var image = ImageConfig.Defaults()
        image.entrypoint = ["/entry", "-x"]
        image.cmd = ["default"]
        func args(_ change: (inout ContainerRequest) -> Void) throws -> [String] {
            try #require(
                try build(image: image) { request in
                    request.command = []
                    change(&request)
                }.process
            ).args
        }
        #expect(try args { _ in } == ["/entry", "-x", "default"])
        #expect(try args { $0.command = ["other"] } == ["/entry", "-x", "other"])
        #expect(try args { $0.entrypoint = ["/mine"] } == ["/mine"])
        #expect(
            try args {
                $0.entrypoint = []; $0.command = ["/prog"]
            } == ["/prog"])
        #expect(try args { $0.usesInit = true } == ["/dev/init", "--", "/entry", "-x", "default"])
        #expect(throws: UsageError.self) { try args { $0.entrypoint = [] } }
    }

    @Test func environmentOrder() throws {
        var image = ImageConfig.Defaults()
        image.env = ["PATH=/image/bin", "LANG=C"]
        let spec = try build(
            image: image, user: user("app", files: ["passwd": "app:x:10:20:App:/home/app:/bin/sh\n"])
        ) {
            $0.environment = ["LANG=de", "X=1"]
            $0.terminal = true
        }
        #expect(
            spec.process?.env == [
                "PATH=/image/bin", "HOSTNAME=0123456789ab", "TERM=xterm", "LANG=de", "X=1", "HOME=/home/app",
            ])
        #expect(try build { $0.environment = ["HOME=/x"] }.process?.env.contains("HOME=/x") == true)
    }

    @Test func workingDirectory() throws {
        var image = ImageConfig.Defaults()
        image.workingDir = "/srv/app/"
        #expect(try build(image: image).process?.cwd == "/srv/app")
        #expect(try build(image: image) { $0.workingDirectory = "/x/../y" }.process?.cwd == "/y")
        image.workingDir = "relative"
        #expect(throws: UsageError.self) { try build(image: image) }
    }

    @Test func otherUsersHoldNoCapabilities() throws {
        let spec = try build(user: user("1000"))
        #expect(spec.process?.capabilities?.effective == [] && spec.process?.capabilities?.permitted == [])
        #expect(spec.process?.capabilities?.bounding.count == 14)
        #expect(spec.process?.user == RuntimeSpec.User(uid: 1000, gid: 0, additionalGids: [0]))
    }

    static let files = [
        "passwd": """
        root:x:0:0:root:/root:/bin/sh
        # comment
        app:x:1000:1001:App:/home/app:/bin/sh
        nohome:x:1002:1002::
        42:x:7:7:digits:/seven:/bin/sh
        broken
        """,
        "group": """
        root:x:0:
        app:x:1001:
        audio:x:29:app,other
        video:x:44:other
        disk:x:6:other,app
        """,
    ]

    static let usersCases: [(String, UInt32, UInt32, [UInt32], String)] = [
        ("", 0, 0, [0], "/root"), ("root", 0, 0, [0], "/root"),
        ("app", 1000, 1001, [1001, 29, 6], "/home/app"),
        ("1000", 1000, 1001, [1001, 29, 6], "/home/app"), ("app:video", 1000, 44, [44], "/home/app"),
        ("app:99", 1000, 99, [99], "/home/app"), ("5:6", 5, 6, [6], "/"), ("5", 5, 0, [0], "/"),
        ("42", 7, 7, [7], "/seven"), (":audio", 0, 29, [29], "/root"), ("nohome", 1002, 1002, [1002], "/"),
    ]

    @Test(arguments: usersCases)
    func users(text: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String) throws {
        let found = try user(text, files: Self.files)
        #expect(found.uid == uid && found.gid == gid && found.groups == groups && found.home == home)
    }

    @Test(arguments: ["nobody", "app:nogroup", "4294967295", "app:4294967296", "-1"])
    func wrongUsers(text: String) {
        #expect(throws: UsageError.self) { try user(text, files: Self.files) }
    }

    /// An image can put anything in the place of /etc/passwd.
    @Test func userFilesThatAreTraps() throws {
        let folder = try TemporaryFolder()
        try makeFolders(folder.path + "/etc")
        let root = try FileDescriptor.open(folder.path, O_PATH | O_DIRECTORY)
        #expect(mkfifo(folder.path + "/etc/passwd", 0o644) == 0)
        #expect(throws: UsageError.self) { try UserLookup("app", in: root) }
        unlink(folder.path + "/etc/passwd")
        // Whose opening would fail, as that of a device can do anything: it is not even tried.
        #expect(mknod(folder.path + "/etc/passwd", S_IFSOCK | 0o644, 0) == 0)
        #expect(throws: UsageError.self) { try UserLookup("app", in: root) }
        unlink(folder.path + "/etc/passwd")
        // A link out of the root ends inside: the host's own file is not read.
        #expect(symlink("/../../../../etc/passwd", folder.path + "/etc/passwd") == 0)
        #expect(throws: (any Error).self) { try UserLookup("daemon", in: root) }
    }

    // MARK: Options

    @Test func privileged() throws {
        let spec = try build { $0.privileged = true }
        #expect(
            spec.linux?.seccomp == nil && spec.linux?.maskedPaths == [] && spec.linux?.readonlyPaths == [])
        #expect(spec.process?.capabilities?.bounding == CapabilityOption.all)
        #expect(spec.linux?.resources?.devices == [RuntimeSpec.DeviceRule(allow: true)])
        #expect(spec.mounts.first { $0.destination == "/sys" }?.options.contains("ro") == false)
    }

    @Test func hostNamespaces() throws {
        let spec = try build {
            $0.network = .host
            $0.hostPID = true
            $0.hostIPC = true
            $0.hostUTS = true
            $0.hostCgroup = true
        }
        #expect(spec.linux?.namespaces.map(\.type) == [.mount])
        #expect(spec.hostname == nil)
        #expect(spec.linux?.sysctl.isEmpty == true)
        #expect(spec.mounts.first { $0.destination == "/dev/shm" }?.source == "/dev/shm")
    }

    /// It has no name and no files of its own for what is the other one's.
    @Test func anothersNetwork() throws {
        let other = try build {
            $0.hostname = "box"
            $0.domainName = "example.org"
        }
        var request = ContainerRequest(image: "test")
        request.command = ["/bin/true"]
        request.network = try #require(ContainerRequest.Network(option: "container:web"))
        #expect(request.network == .container("web"))
        #expect(ContainerRequest.Network(option: "container:") == nil)
        try request.check()
        var builder = ConfigBuilder(
            request: request, image: ImageConfig.Defaults(), id: Self.id, user: try user(), mounts: [],
            availableCapabilities: CapabilityOption.all)
        builder.joined = JoinedContainer(id: "web", folder: "/other", configuration: other, for: "/own")
        builder.networkNamespace = builder.joined?.network.pin
        let spec = try builder.build()
        #expect(spec.hostname == "box" && spec.domainname == "example.org")
        #expect(spec.process?.env.contains("HOSTNAME=box") == true)
        #expect(spec.linux?.namespace(.network)?.path == "/own/network-namespace")
        // They were set by whoever made the namespace.
        #expect(spec.linux?.sysctl.isEmpty == true)
    }

    @Test func whatIsTheOthersIsRefused() throws {
        let changes: [(String, (inout ContainerRequest) throws -> Void)] = [
            ("hostname", { $0.hostname = "x" }), ("domainname", { $0.domainName = "x" }),
            ("dns", { $0.nameServers = ["1.1.1.1"] }), ("dns-search", { $0.searchDomains = ["x"] }),
            ("dns-option", { $0.resolverOptions = ["ndots:1"] }),
            ("publish", { $0.ports = try PortOption.parse("80:80") }),
            ("publish-all", { $0.publishesAll = true }), ("ip", { $0.addresses = [IPAddress("10.0.0.1")!] }),
            ("add-host", { $0.hosts = [try HostEntry(parsing: "x:1.2.3.4")] }),
            ("userns", { $0.userNamespace = try UserNamespaceOption("auto", uidMaps: [], gidMaps: []) }),
        ]
        for (option, change) in changes {
            var request = ContainerRequest(image: "test")
            try change(&request)
            try request.check()
            request.network = .container("web")
            let error = #expect(throws: UsageError.self) { try request.check() }
            #expect(error?.description == "--\(option) and --network container:web exclude each other")
        }
    }

    @Test func resources() throws {
        let resources = try #require(
            try build {
                $0.resources.memory = 100 << 20
                $0.resources.cpus = try CPUAmount(parsing: "1.5")
                $0.resources.cpuShares = 512
                $0.resources.cpusetCPUs = "0"
                $0.resources.pidsLimit = 7
            }.linux?.resources)
        #expect(resources.memory?.limit == 100 << 20 && resources.memory?.swap == 200 << 20)
        #expect(
            resources.cpu?.quota == 150_000 && resources.cpu?.period == 100_000
                && resources.cpu?.shares == 512)
        #expect(resources.cpu?.cpus == "0")
        #expect(resources.pids?.limit == 7)
    }

    @Test func userMountReplacesOurs() throws {
        let shm = RuntimeSpec.Mount(destination: "/dev/shm", type: "bind", source: "/x", options: ["rbind"])
        let spec = try build(mounts: [shm])
        #expect(spec.mounts.filter { $0.destination == "/dev/shm" } == [shm])
    }

    @Test func contradictions() {
        func check(_ change: (inout ContainerRequest) -> Void) throws {
            var request = ContainerRequest(image: "x")
            change(&request)
            try request.check()
        }
        #expect(throws: Never.self) { try check { _ in } }
        #expect(throws: UsageError.self) {
            try check {
                $0.removeAfterwards = true; $0.restart = .always
            }
        }
        #expect(throws: UsageError.self) { try check { $0.name = "-x" } }
        #expect(throws: UsageError.self) { try check { $0.name = "a/b" } }
        for name in ["a_b", "x.y.z", String(repeating: "a", count: 64)] {
            #expect(throws: Never.self) { try check { $0.hostname = name } }
        }
        for name in ["", "a b", "a/b", "a#1", "a\nb", "ä", String(repeating: "a", count: 65)] {
            #expect(throws: UsageError.self) { try check { $0.hostname = name } }
        }
        #expect(throws: UsageError.self) { try check { $0.workingDirectory = "x" } }
        #expect(throws: UsageError.self) {
            try check {
                $0.mounts = [
                    MountRequest(source: .tmpfs(options: []), target: "/a"),
                    MountRequest(source: .volume(name: nil), target: "/a"),
                ]
            }
        }
    }
}
