import CRIProtocol
import CRIService
import ContainerCLI
import OCISpec
import Testing

@Suite struct ContainerSecurityTests {
    private static let context = "config.linux.security_context"

    // MARK: Capabilities

    /// Docker's fourteen, of which every one is in the bench's node.
    private static let standard: Set = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    @Test(
        arguments: [
            ([], [], standard),
            (["NET_ADMIN"], [], standard.union(["CAP_NET_ADMIN"])),
            (["cap_net_admin", "NET_ADMIN"], [], standard.union(["CAP_NET_ADMIN"])),
            ([], ["CHOWN"], standard.subtracting(["CAP_CHOWN"])),
            ([], ["ALL"], []),
            (["NET_BIND_SERVICE"], ["ALL"], ["CAP_NET_BIND_SERVICE"]),
            (["ALL"], [], Set(NodeFacts.everyCapability)),
            (["ALL"], ["SYS_ADMIN"], Set(NodeFacts.everyCapability).subtracting(["CAP_SYS_ADMIN"])),
            (["all"], ["all"], []),
            (["NET_ADMIN"], ["NET_ADMIN"], standard),
        ] as [([String], [String], Set<String>)])
    func capabilities(_ add: [String], _ drop: [String], _ expected: Set<String>) throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.capabilities.addCapabilities = add
        bench.container.linux.securityContext.capabilities.dropCapabilities = drop
        let sets = try #require(try bench.plan().spec.process?.capabilities)
        #expect(Set(sets.bounding) == expected)
        #expect(sets.bounding.count == expected.count)
        #expect(sets.effective == sets.bounding)
        #expect(sets.permitted == sets.bounding)
        // CVE-2022-24769
        #expect(sets.inheritable.isEmpty)
        #expect(sets.ambient.isEmpty)
    }

    @Test func ambientCapabilitiesOfAUser() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.runAsUser.value = 1000
        bench.container.linux.securityContext.capabilities.dropCapabilities = ["ALL"]
        bench.container.linux.securityContext.capabilities.addAmbientCapabilities = ["NET_BIND_SERVICE"]
        let sets = try #require(try bench.plan().spec.process?.capabilities)
        for set in [sets.bounding, sets.permitted, sets.effective, sets.inheritable, sets.ambient] {
            #expect(set == ["CAP_NET_BIND_SERVICE"])
        }
    }

    @Test func anOrdinaryUserHoldsNone() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.runAsUser.value = 1000
        let sets = try #require(try bench.plan().spec.process?.capabilities)
        #expect(Set(sets.bounding) == Self.standard)
        #expect(sets.effective.isEmpty)
        #expect(sets.permitted.isEmpty)
    }

    @Test func capabilitiesThatAreNone() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.capabilities.addCapabilities = ["NET_ADMIN", "FLY"]
        #expect(
            try bench.refusal().description
                == "\(Self.context).capabilities.add_capabilities[1]: unknown capability \"FLY\"")
        bench.container.linux.securityContext.capabilities.addCapabilities = []
        bench.container.linux.securityContext.capabilities.addAmbientCapabilities = ["ALL"]
        #expect(
            try bench.refusal().description
                == "\(Self.context).capabilities.add_ambient_capabilities: ALL is not possible, name them")
    }

    @Test func whatTheNodeCannotGiveIsAWarningWhenAskedFor() throws {
        let bench = try TranslationBench()
        bench.node.capabilities.removeAll { $0 == "CAP_NET_ADMIN" || $0 == "CAP_AUDIT_WRITE" }
        #expect(try bench.plan().warnings.isEmpty)
        bench.container.linux.securityContext.capabilities.addCapabilities = ["NET_ADMIN"]
        let plan = try bench.plan()
        #expect(plan.warnings == ["\(Self.context).capabilities: this node cannot give CAP_NET_ADMIN"])
        #expect(plan.spec.process?.capabilities?.bounding.contains("CAP_NET_ADMIN") == false)
        // In a user namespace everything can be given.
        try bench.useUserNamespace()
        #expect(try bench.plan().spec.process?.capabilities?.bounding.contains("CAP_NET_ADMIN") == true)
    }

    // MARK: Privileged, and not

    @Test func masksAreAsGiven() throws {
        let bench = try TranslationBench()
        #expect(try bench.plan().spec.linux?.maskedPaths == [])
        bench.container.linux.securityContext.maskedPaths = ["/proc/kcore", "/sys/firmware"]
        bench.container.linux.securityContext.readonlyPaths = ["/proc/sys"]
        let linux = try #require(try bench.plan().spec.linux)
        #expect(linux.maskedPaths == ["/proc/kcore", "/sys/firmware"])
        #expect(linux.readonlyPaths == ["/proc/sys"])
        bench.container.linux.securityContext.maskedPaths = ["proc/kcore"]
        #expect(
            try bench.refusal().description
                == "linux.maskedPaths[0]: must be an absolute path, found \"proc/kcore\"")
    }

    @Test func privilegedContainersHaveEverything() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.privileged = true
        #expect(
            try bench.refusal().description == "\(Self.context).privileged: the sandbox is not privileged")
        bench.sandboxConfig.linux.securityContext.privileged = true
        bench.container.linux.securityContext.maskedPaths = ["/proc/kcore"]
        bench.container.linux.securityContext.readonlyPaths = ["/proc/sys"]
        bench.container.linux.securityContext.seccomp.profileType = .runtimeDefault
        bench.container.linux.securityContext.capabilities.dropCapabilities = ["ALL"]
        let spec = try bench.plan().spec
        #expect(spec.process?.capabilities?.bounding == NodeFacts.everyCapability)
        #expect(spec.linux?.maskedPaths == [])
        #expect(spec.linux?.readonlyPaths == [])
        #expect(spec.linux?.seccomp == nil)
        #expect(spec.linux?.resources?.devices == [RuntimeSpec.DeviceRule(allow: true)])
        #expect(spec.linux?.devices.contains { $0.path == "/dev/null" } == true)
        #expect(spec.mount("/sys")?.options.contains("rw") == true)
        #expect(spec.mount("/sys/fs/cgroup")?.options.contains("rw") == true)
        #expect(spec.namespace(.cgroup) == nil)
    }

    @Test func ordinaryContainersHaveLittle() throws {
        let spec = try TranslationBench().plan().spec
        #expect(spec.linux?.resources?.devices == [RuntimeSpec.DeviceRule(allow: false)])
        #expect(spec.linux?.devices.isEmpty == true)
        #expect(spec.mount("/sys")?.options.contains("ro") == true)
        #expect(spec.mount("/sys/fs/cgroup")?.options.contains("ro") == true)
        #expect(spec.namespace(.cgroup) != nil)
        #expect(spec.process?.noNewPrivileges == false)
        #expect(spec.root == RuntimeSpec.Root(path: "rootfs", readonly: false))
    }

    @Test func flags() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.noNewPrivs = true
        bench.container.linux.securityContext.readonlyRootfs = true
        let spec = try bench.plan().spec
        #expect(spec.process?.noNewPrivileges == true)
        #expect(spec.root?.readonly == true)
        #expect(spec.mount("/etc/hosts")?.options.contains("ro") == true)
    }

    // MARK: Seccomp

    @Test func seccompByTheMessage() throws {
        let bench = try TranslationBench()
        #expect(try bench.plan().spec.linux?.seccomp == nil)
        bench.container.linux.securityContext.seccomp.profileType = .runtimeDefault
        let filter = try #require(try bench.plan().spec.linux?.seccomp)
        #expect(filter.defaultAction == .errno)
        func allows(_ name: String, in filter: RuntimeSpec.Seccomp) -> Bool {
            filter.syscalls.contains { $0.action == .allow && $0.args.isEmpty && $0.names.contains(name) }
        }
        #expect(allows("read", in: filter))
        #expect(!allows("mount", in: filter))
        bench.container.linux.securityContext.capabilities.addCapabilities = ["SYS_ADMIN"]
        #expect(allows("mount", in: try #require(try bench.plan().spec.linux?.seccomp)))
        bench.container.linux.securityContext.seccomp.profileType = .unconfined
        #expect(try bench.plan().spec.linux?.seccomp == nil)
    }

    @Test func seccompProfilesOfTheNode() throws {
        let bench = try TranslationBench()
        try bench.write("audit.json", #"{"defaultAction": "SCMP_ACT_LOG"}"#)
        bench.container.linux.securityContext.seccomp.profileType = .localhost
        let field = "\(Self.context).seccomp.localhost_ref"
        #expect(
            try bench.refusal().description == "\(field): must not be empty with profile type Localhost")
        for name in ["\(bench.folder)/audit.json", "localhost/\(bench.folder)/audit.json"] {
            bench.container.linux.securityContext.seccomp.localhostRef = name
            #expect(try bench.plan().spec.linux?.seccomp?.defaultAction == .log)
        }
        bench.container.linux.securityContext.seccomp.localhostRef = "profiles/audit.json"
        #expect(
            try bench.refusal().description == "\(field): \"profiles/audit.json\" is not an absolute path")
        bench.container.linux.securityContext.seccomp.localhostRef = "/nowhere/audit.json"
        #expect(
            try bench.refusal()
                == TranslationError(.notFound, field, "/nowhere/audit.json is not on this node"))
        try bench.write("audit.json", #"{"defaultAction": "SCMP_ACT_SHRUG"}"#)
        bench.container.linux.securityContext.seccomp.localhostRef = "\(bench.folder)/audit.json"
        #expect(try bench.refusal().kind == .invalidArgument)
    }

    @Test func seccompByTheOlderField() throws {
        let bench = try TranslationBench()
        try bench.write("audit.json", #"{"defaultAction": "SCMP_ACT_LOG"}"#)
        for (text, action) in [
            ("runtime/default", RuntimeSpec.Seccomp.Action.errno), ("docker/default", .errno),
            ("localhost/\(bench.folder)/audit.json", .log), ("unconfined", nil), ("", nil),
        ] {
            bench.container.linux.securityContext.seccompProfilePath = text
            #expect(try bench.plan().spec.linux?.seccomp?.defaultAction == action)
        }
        bench.container.linux.securityContext.seccompProfilePath = "strict"
        #expect(
            try bench.refusal().description
                == "\(Self.context).seccomp_profile_path: expected runtime/default, unconfined or localhost/NAME, found \"strict\""
        )
        // The message counts more than the older field.
        bench.container.linux.securityContext.seccomp.profileType = .unconfined
        #expect(try bench.plan().spec.linux?.seccomp == nil)
    }

    @Test func aKernelWithoutSeccomp() throws {
        let bench = try TranslationBench()
        bench.node.hasSeccomp = false
        #expect(try bench.plan().spec.linux?.seccomp == nil)
        bench.container.linux.securityContext.seccomp.profileType = .runtimeDefault
        #expect(
            try bench.refusal()
                == TranslationError(
                    .failedPrecondition, "\(Self.context).seccomp", "this node's kernel has no seccomp"))
    }

    // MARK: AppArmor and SELinux

    @Test func aKernelWithoutAppArmor() throws {
        let bench = try TranslationBench()
        #expect(try bench.plan().warnings.isEmpty)
        bench.container.linux.securityContext.apparmor.profileType = .runtimeDefault
        let plan = try bench.plan()
        #expect(plan.spec.process?.apparmorProfile == nil)
        #expect(plan.warnings == ["\(Self.context).apparmor: this node's kernel has no AppArmor"])
        bench.container.linux.securityContext.apparmor.profileType = .localhost
        bench.container.linux.securityContext.apparmor.localhostRef = "k8s-deny-write"
        #expect(
            try bench.refusal()
                == TranslationError(
                    .failedPrecondition, "\(Self.context).apparmor.localhost_ref",
                    "this node's kernel has no AppArmor"))
    }

    @Test func appArmorProfiles() throws {
        let bench = try TranslationBench()
        try bench.write(
            "profiles", "swiftlet-default (enforce)\nk8s-deny-write (enforce)\n/usr/bin/man (complain)\n")
        bench.node.appArmor = NodeFacts.AppArmor(
            defaultProfile: "swiftlet-default", profiles: AppArmorProfiles(list: "\(bench.folder)/profiles"))
        #expect(try bench.plan().spec.process?.apparmorProfile == "swiftlet-default")
        for text in ["localhost/k8s-deny-write", "runtime/default", "unconfined"] {
            bench.container.linux.securityContext.apparmorProfile = text
            #expect(
                try bench.plan().spec.process?.apparmorProfile
                    == ["localhost/k8s-deny-write": "k8s-deny-write", "runtime/default": "swiftlet-default"][
                        text])
        }
        bench.container.linux.securityContext.apparmor.profileType = .localhost
        bench.container.linux.securityContext.apparmor.localhostRef = "k8s-deny"
        #expect(
            try bench.refusal()
                == TranslationError(
                    .notFound, "\(Self.context).apparmor.localhost_ref",
                    "the profile \"k8s-deny\" is not loaded on this node"))
    }

    @Test func theDefaultProfileOfAppArmor() throws {
        let bench = try TranslationBench()
        try bench.write("profiles", "ours (enforce)\n")
        let profiles = AppArmorProfiles(list: "\(bench.folder)/profiles", parsers: [])
        bench.container.linux.securityContext.apparmor.profileType = .runtimeDefault
        // What the configuration names is not loaded for anybody.
        bench.node.appArmor = NodeFacts.AppArmor(wanted: "ours", profiles: profiles)
        #expect(bench.node.appArmor?.problem == nil)
        #expect(try bench.plan().spec.process?.apparmorProfile == "ours")
        try bench.write("profiles", "others (enforce)\n")
        let reason = "the profile \"ours\" is not loaded on this node"
        #expect(
            try bench.refusal()
                == TranslationError(
                    .failedPrecondition, "apparmor.default_profile of the configuration", reason))
        bench.node.appArmor = NodeFacts.AppArmor(wanted: "ours", profiles: profiles)
        #expect(bench.node.appArmor?.problem?.hasSuffix(reason) == true)
        #expect(throws: TranslationError.self) { try bench.plan() }
        // None, by the configuration, and since nothing can load it.
        for wanted in ["unconfined", ""] {
            bench.node.appArmor = NodeFacts.AppArmor(wanted: wanted, profiles: profiles)
            let plan = try bench.plan()
            #expect(plan.spec.process?.apparmorProfile == nil)
            #expect(plan.warnings == ["\(Self.context).apparmor: this node has no default profile"])
        }
        // A privileged container needs none.
        bench.node.appArmor = NodeFacts.AppArmor(wanted: "ours", profiles: profiles)
        bench.sandboxConfig.linux.securityContext.privileged = true
        bench.container.linux.securityContext.privileged = true
        #expect(try bench.plan().spec.process?.apparmorProfile == nil)
    }

    @Test func selinuxLabels() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.selinuxOptions.type = "spc_t"
        #expect(try bench.plan().spec.process?.selinuxLabel == nil)
        #expect(try bench.plan().spec.linux?.mountLabel == nil)
        let level = SELinuxLabels.level(of: bench.sandboxConfig.metadata)
        var facts = bench.node
        facts.hasSELinux = true
        let labels = try SELinuxLabels.of(bench.container, pod: bench.sandboxConfig, facts: facts)
        #expect(labels?.process == "system_u:system_r:spc_t:\(level)")
        #expect(labels?.files == "system_u:object_r:container_file_t:\(level)")
        // The pod's own files have its level; the next attempt has another one.
        #expect(try SandboxPlan(bench.sandboxConfig, facts: facts).fileLabel == labels?.files)
        #expect(try SandboxPlan(bench.sandboxConfig, facts: bench.node).fileLabel == nil)
        var next = bench.sandboxConfig.metadata
        next.attempt += 1
        #expect(level != SELinuxLabels.level(of: next))
        bench.sandboxConfig.linux.securityContext.selinuxOptions.level = "s0:c1"
        #expect(
            try SandboxPlan(bench.sandboxConfig, facts: facts).fileLabel
                == "system_u:object_r:container_file_t:s0:c1")
        bench.container.linux.securityContext.selinuxOptions.role = "a:b"
        #expect(throws: TranslationError.self) {
            try SELinuxLabels.of(bench.container, pod: bench.sandboxConfig, facts: facts)
        }
    }
}

extension TranslationBench {
    func useUserNamespace() throws {
        sandboxConfig.linux.securityContext.namespaceOptions.usernsOptions.uids = [
            CRIIDMapping(0, 65536, 65536)
        ]
        sandboxConfig.linux.securityContext.namespaceOptions.usernsOptions.gids = [
            CRIIDMapping(0, 65536, 65536)
        ]
        container.linux.securityContext.namespaceOptions.usernsOptions =
            sandboxConfig.linux.securityContext.namespaceOptions.usernsOptions
        namespaces[.user] = "/run/pod/user"
    }
}
