import CRIProtocol
import CRIService
import LinuxKernel
import OCISpec
import Testing

@Suite struct SandboxPlanTests {
    private func plan(
        _ facts: NodeFacts = NodeFacts(), _ edit: (inout CRIPodSandboxConfig) -> Void = { _ in }
    ) throws -> SandboxPlan {
        var config = TranslationBench.sandboxConfig
        edit(&config)
        return try SandboxPlan(config, facts: facts)
    }

    private func refusal(
        _ facts: NodeFacts = NodeFacts(), _ edit: (inout CRIPodSandboxConfig) -> Void
    ) throws -> String {
        let error = try #require(throws: TranslationError.self) { try plan(facts, edit) }
        #expect(error.kind == .invalidArgument)
        return error.description
    }

    @Test func anOrdinaryPodHasNamespacesOfItsOwn() throws {
        let plan = try plan()
        #expect(plan.namespaces == [.network, .ipc, .uts])
        #expect(!plan.sharesPID)
        #expect(plan.mappings == nil)
        #expect(plan.hostname == "web-0")
        #expect(plan.files.hostname == "web-0\n")
        #expect(plan.files.hosts.hasPrefix("127.0.0.1\tlocalhost\n"))
        #expect(plan.cgroupParent == "/kubepods/podu-1")
        #expect(plan.logDirectory == "/var/log/pods/web")
        #expect(plan.sharedMemory == 67_108_864)
        #expect(plan.sysctls["net.ipv4.ip_unprivileged_port_start"] == "0")
        #expect(plan.sysctls["net.ipv4.ping_group_range"] == "0 2147483647")
    }

    @Test func namespaceModes() throws {
        #expect(try plan { $0.linux.securityContext.namespaceOptions.network = .node }.namespaces == [.ipc])
        #expect(
            try plan { $0.linux.securityContext.namespaceOptions.ipc = .node }.namespaces == [.network, .uts])
        #expect(try plan { $0.linux.securityContext.namespaceOptions.pid = .pod }.sharesPID)
        #expect(try !plan { $0.linux.securityContext.namespaceOptions.pid = .node }.sharesPID)
        #expect(
            try refusal { $0.linux.securityContext.namespaceOptions.network = .container }
                == "config.linux.security_context.namespace_options.network: must be POD or NODE, found CONTAINER"
        )
        #expect(
            try refusal { $0.linux.securityContext.namespaceOptions.pid = .target }
                == "config.linux.security_context.namespace_options.pid: must be POD, CONTAINER or NODE, found TARGET"
        )
    }

    @Test func aPodInTheNodesNetworkHasNoPortsAndNoSysctlsOfIt() throws {
        let plan = try plan { config in
            config.linux.securityContext.namespaceOptions.network = .node
            var port = CRIPortMapping()
            port.hostPort = 80
            port.containerPort = 80
            config.portMappings = [port]
        }
        #expect(plan.network.ports.isEmpty)
        #expect(plan.sysctls.isEmpty)
        #expect(
            try refusal { config in
                config.linux.securityContext.namespaceOptions.network = .node
                config.linux.sysctls = ["net.core.somaxconn": "1024"]
            }
                == "config.linux.sysctls[\"net.core.somaxconn\"]: would change the node: the pod has no network namespace of its own"
        )
    }

    @Test func metadataIsNeeded() throws {
        #expect(try refusal { $0.clearMetadata() } == "config.metadata: missing")
        #expect(try refusal { $0.metadata.name = "" } == "config.metadata.name: must not be empty")
        #expect(try refusal { $0.metadata.namespace = "" } == "config.metadata.namespace: must not be empty")
    }

    @Test(arguments: ["a b", "a/b", "a\nb", String(repeating: "a", count: 65)])
    func hostNamesThatAreNone(_ name: String) throws {
        #expect(try refusal { $0.hostname = name }.hasPrefix("config.hostname: "))
    }

    // MARK: User namespaces

    @Test func mappingsOfAUserNamespace() throws {
        let plan = try plan { config in
            config.linux.securityContext.namespaceOptions.usernsOptions.mode = .pod
            config.linux.securityContext.namespaceOptions.usernsOptions.uids = [CRIIDMapping(0, 65536, 65536)]
            config.linux.securityContext.namespaceOptions.usernsOptions.gids = [
                CRIIDMapping(0, 131072, 65536)
            ]
        }
        #expect(plan.namespaces == [.network, .ipc, .uts, .user])
        #expect(
            plan.mappings?.uids == [RuntimeSpec.IDMapping(containerID: 0, hostID: 65536, size: 65536)])
        #expect(plan.mappings?.root.uid == 65536)
        #expect(plan.mappings?.root.gid == 131072)
        #expect(plan.sysctls["net.ipv4.ping_group_range"] == nil)
    }

    @Test(
        arguments: [
            ([], "uids: missing"),
            ([(0, 65536, 0)], "uids[0].length: must be more than 0"),
            (
                [(0, 4_294_967_290, 10)],
                "uids[0]: host_id 4294967290 and 10 following ids end beyond 4294967294"
            ),
            ([(0, 100, 10), (5, 300, 10)], "uids[1]: overlaps a range before it"),
            ([(0, 100, 10), (50, 105, 10)], "uids[1]: overlaps a range before it"),
            ([(1, 100, 10)], "uids: no range begins with container_id 0"),
        ] as [([(UInt32, UInt32, UInt32)], String)])
    func mappingsThatAreWrong(_ ranges: [(UInt32, UInt32, UInt32)], _ message: String) throws {
        let field = "config.linux.security_context.namespace_options.userns_options."
        #expect(
            try refusal { config in
                config.linux.securityContext.namespaceOptions.usernsOptions.mode = .pod
                config.linux.securityContext.namespaceOptions.usernsOptions.uids = ranges.map {
                    CRIIDMapping($0, $1, $2)
                }
                config.linux.securityContext.namespaceOptions.usernsOptions.gids = [CRIIDMapping(0, 1, 1)]
            } == field + message)
    }

    @Test func aUserNamespaceExcludesTheNodesProcesses() throws {
        #expect(
            try refusal { config in
                config.linux.securityContext.namespaceOptions.usernsOptions.uids = [
                    CRIIDMapping(0, 65536, 65536)
                ]
                config.linux.securityContext.namespaceOptions.usernsOptions.gids = [
                    CRIIDMapping(0, 65536, 65536)
                ]
                config.linux.securityContext.namespaceOptions.pid = .node
            } == "config.linux.security_context.namespace_options.pid: NODE is impossible in a user namespace"
        )
    }

    // MARK: Kernel parameters

    @Test func sysctlsOfThePodsNamespaces() throws {
        let plan = try plan { config in
            config.linux.sysctls = [
                "kernel.shm_rmid_forced": "1", "net.ipv4.ip_local_port_range": "1024\t65535",
                "net/ipv4/conf/eth0.1/rp_filter": "2", "net.ipv4.ip_unprivileged_port_start": "1024",
            ]
        }
        #expect(plan.sysctls["kernel.shm_rmid_forced"] == "1")
        #expect(plan.sysctls["net.ipv4.ip_local_port_range"] == "1024\t65535")
        #expect(plan.sysctls["net.ipv4.conf.eth0/1.rp_filter"] == "2")
        #expect(plan.sysctls["net.ipv4.ip_unprivileged_port_start"] == "1024")
    }

    /// CVE-2022-0811: a value that carries further parameters behind a plus sign; and their kin.
    @Test(arguments: [
        ("kernel.shm_rmid_forced", "1+kernel.core_pattern=|/evil"),
        ("kernel.shm_rmid_forced+kernel.core_pattern", "1"),
        ("kernel.core_pattern", "core"),
        ("kernel.shm_rmid_forced", "1\nkernel.core_pattern=x"),
        ("kernel.shm_rmid_forced", ""),
        ("net.ipv4.ip_forward=1 kernel.x", "1"),
        ("net/../kernel/core_pattern", "core"),
        ("net..ipv4", "1"), ("", "1"), ("kernel.hostname", "x"), ("vm.swappiness", "1"),
    ])
    func sysctlsThatAreRefused(_ key: String, _ value: String) throws {
        #expect(
            try refusal { $0.linux.sysctls = [key: value] }.hasPrefix(
                "config.linux.sysctls[\(JSONError.quoted(key))]: "))
    }

    // MARK: Network and files

    @Test func portsBandwidthAndNameServers() throws {
        let plan = try plan { config in
            config.portMappings = [(Int32(8080), Int32(80), CRIProtocol.udp), (0, 81, .tcp)].map {
                var port = CRIPortMapping()
                (port.hostPort, port.containerPort, port.protocol) = $0
                return port
            }
            config.portMappings[0].hostIp = "10.0.0.1"
            config.annotations = [
                "kubernetes.io/ingress-bandwidth": "10M", "kubernetes.io/egress-bandwidth": "1.5Mi",
            ]
            config.dnsConfig.servers = ["10.96.0.10"]
            config.dnsConfig.searches = ["shop.svc.cluster.local", "svc.cluster.local"]
            config.dnsConfig.options = ["ndots:5"]
        }
        #expect(plan.network.ports.count == 1)
        #expect(plan.network.ports.first?.hostPort == 8080)
        #expect(plan.network.ports.first?.podPort == 80)
        #expect(plan.network.ports.first?.hostIP?.description == "10.0.0.1")
        #expect(plan.network.bandwidth?.ingressRate == 10_000_000)
        #expect(plan.network.bandwidth?.egressRate == 1_572_864)
        #expect(plan.network.dns?.servers == ["10.96.0.10"])
        #expect(
            plan.files.resolver
                == "search shop.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
        )
    }

    @Test(arguments: ["", "10", "fast", "-1M", "2P", "10MM", "1e20"])
    func bandwidthThatIsNone(_ text: String) throws {
        #expect(
            try refusal { $0.annotations = ["kubernetes.io/ingress-bandwidth": text] }
                .hasPrefix("config.annotations[\"kubernetes.io/ingress-bandwidth\"]: "))
    }

    @Test(
        arguments: [
            ("10M", 10_000_000), ("1.5Gi", 1_610_612_736), ("2e6", 2_000_000), ("1500m", 2), ("7", 7),
            ("1Ki", 1024),
        ] as [(String, UInt64)])
    func quantities(_ text: String, _ value: UInt64) {
        #expect(Quantity(text)?.roundedUp == value)
    }

    @Test func namesThatWouldAddLines() throws {
        #expect(
            try refusal { $0.dnsConfig.servers = ["1.1.1.1\nnameserver 6.6.6.6"] }
                == "config.dns_config.servers[0]: \"1.1.1.1\\nnameserver 6.6.6.6\" is not one word")
        #expect(
            try refusal { $0.dnsConfig.searches = ["a", "b c"] }
                == "config.dns_config.searches[1]: \"b c\" is not one word")
    }

    @Test(
        arguments: [
            (0, 80, "config.port_mappings[0].container_port: 0 is out of range, 1 to 65535"),
            (65536, 80, "config.port_mappings[0].container_port: 65536 is out of range, 1 to 65535"),
            (80, 70000, "config.port_mappings[0].host_port: 70000 is out of range, 1 to 65535"),
        ] as [(Int32, Int32, String)])
    func portsOutOfRange(_ container: Int32, _ host: Int32, _ message: String) throws {
        #expect(
            try refusal { config in
                var port = CRIPortMapping()
                port.containerPort = container
                port.hostPort = host
                config.portMappings = [port]
            } == message)
    }

    @Test func aPortOfTheHostIsGivenOnce() throws {
        func port(_ proto: CRIProtocol, _ address: String, _ host: Int32) -> CRIPortMapping {
            .with {
                ($0.protocol, $0.hostIp, $0.hostPort, $0.containerPort) = (proto, address, host, 80)
            }
        }
        #expect(
            try refusal { $0.portMappings = [port(.tcp, "", 80), port(.udp, "", 80), port(.tcp, "", 80)] }
                == "config.port_mappings[2].host_port: 80 is given twice")
        let plan = try plan {
            $0.portMappings = [
                port(.tcp, "", 0), port(.tcp, "", 0), port(.tcp, "0.0.0.0", 80), port(.tcp, "::", 80),
            ]
        }
        #expect(plan.network.ports.count == 2)
    }

    // MARK: Groups

    @Test func groupsBelowTheParent() throws {
        #expect(try plan { $0.linux.cgroupParent = "" }.cgroupParent == "/swiftlet/pods")
        var systemd = NodeFacts()
        systemd.cgroupDriver = .systemd
        let slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podu1.slice"
        #expect(
            try plan(systemd) { $0.linux.cgroupParent = slice }.cgroupParent
                == "kubepods-burstable-podu1.slice")
        #expect(try plan(systemd) { $0.linux.cgroupParent = "" }.cgroupParent == "system.slice")
        #expect(
            try refusal(systemd) { $0.linux.cgroupParent = "/kubepods/podu-1" }.hasSuffix(
                "kubelet and runtime must have the same cgroup driver"))
        #expect(
            try refusal(systemd) { $0.linux.cgroupParent = "a--b.slice" }.hasSuffix(
                "kubelet and runtime must have the same cgroup driver"))
        #expect(
            try refusal { $0.linux.cgroupParent = "/kubepods/../../etc" }
                == "config.linux.cgroup_parent: \"/kubepods/../../etc\" is not the path of a group")
    }

    @Test func usersOfTheSandboxAreChecked() throws {
        #expect(
            try refusal { $0.linux.securityContext.runAsUser.value = 4_294_967_296 }
                == "config.linux.security_context.run_as_user: 4294967296 is out of range, 0 to 2147483647")
        #expect(
            try refusal { $0.linux.securityContext.runAsGroup.value = 5 }
                == "config.linux.security_context.run_as_group: is given without run_as_user")
    }

    @Test func resourcesAndOverhead() throws {
        let plan = try plan { config in
            config.linux.resources.memoryLimitInBytes = 1 << 30
            config.linux.overhead.cpuShares = 10
        }
        #expect(plan.resources?.memory?.limit == 1 << 30)
        #expect(plan.overhead?.cpu?.shares == 10)
    }
}
