import ContainerCLI
import Glibc
import LinuxKernel
import OCISpec
import Testing

struct SeccompProfileTests {
    private func standard(_ capabilities: [String]) -> RuntimeSpec.Seccomp {
        SeccompProfile.standard.resolve(
            capabilities: capabilities, architecture: "amd64", kernel: KernelVersion(6, 1))
    }

    /// Whether some rule allows the call whatever its arguments are.
    private func allows(_ filter: RuntimeSpec.Seccomp, _ name: String) -> Bool {
        filter.syscalls.contains { $0.action == .allow && $0.args.isEmpty && $0.names.contains(name) }
    }

    @Test func whatEveryContainerMay() {
        let filter = standard(CapabilityOption.standard)
        #expect(filter.defaultAction == .errno && filter.defaultErrnoRet == 1)
        for name in [
            "read", "execve", "openat2", "futex", "clone", "socket", "ptrace", "arch_prctl", "chroot",
        ] {
            #expect(
                filter.syscalls.contains { $0.action == .allow && $0.names.contains(name) },
                "\(name) is not allowed")
        }
        // Names are not listed twice: a filter grows with each.
        let always = filter.syscalls[0].names
        #expect(always.count == 364 && Set(always).count == always.count)
    }

    /// What is no file is not opened: a FIFO would keep us waiting.
    @Test func aProfileIsARegularFile() throws {
        let folder = try TemporaryFolder()
        let fifo = folder.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        for path in [fifo, "/dev/zero", folder.path] {
            let error = #expect(throws: UsageError.self) { try SeccompProfile(file: path) }
            #expect(error?.description == "seccomp profile \(path): is not a regular file")
        }
    }

    @Test(arguments: [
        "mount", "umount2", "unshare", "setns", "bpf", "keyctl", "add_key", "request_key", "kexec_load",
        "init_module",
        "open_by_handle_at", "userfaultfd", "io_uring_setup", "perf_event_open", "swapon", "reboot", "iopl",
        "settimeofday", "move_pages", "mbind", "acct", "quotactl", "syslog", "pivot_root", "fsopen",
        "lookup_dcookie",
        "process_madvise", "kcmp", "nfsservctl", "vm86", "uselib", "ustat", "sysfs", "_sysctl",
        "create_module",
    ])
    func whatNoneMay(name: String) {
        #expect(!allows(standard(CapabilityOption.standard), name))
    }

    /// Of the calls that Docker's profile refuses a container with the usual capabilities, ours allows none.
    @Test func asStrongAsDockers() throws {
        let docker = try RuntimeSpec.Seccomp(json: FileDescriptor.readFile(Self.dockers))
        let names = { (filter: RuntimeSpec.Seccomp) in
            Set(filter.syscalls.filter { $0.action == .allow && $0.args.isEmpty }.flatMap(\.names))
        }
        let ours = standard(CapabilityOption.standard)
        #expect(names(docker).count > 300)
        #expect(names(ours).subtracting(names(docker)) == [])
        // Where arguments decide: clone's flags and the personalities are the same, socket's families fewer.
        let conditions = { (filter: RuntimeSpec.Seccomp, name: String) in
            Set(
                filter.syscalls.filter { $0.names == [name] && $0.action == .allow }.flatMap(\.args).map(
                    \.value))
        }
        for name in ["clone", "personality"] {
            #expect(conditions(ours, name) == conditions(docker, name), "\(name)")
        }
        #expect(docker.defaultAction == ours.defaultAction)
    }

    /// What the fixtures have of it (rootfs-fixtures/make seccomp).
    private static var dockers: String {
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
            + "/.fixtures/seccomp-default.json"
    }

    static let whatComesWithACapabilityCases: [(String, String)] = [
        ("CAP_SYS_ADMIN", "mount"), ("CAP_SYS_ADMIN", "clone3"), ("CAP_BPF", "bpf"),
        ("CAP_SYS_TIME", "clock_settime"),
        ("CAP_SYS_NICE", "mbind"), ("CAP_SYS_PTRACE", "kcmp"), ("CAP_SYS_MODULE", "finit_module"),
        ("CAP_DAC_READ_SEARCH", "open_by_handle_at"), ("CAP_SYSLOG", "syslog"), ("CAP_SYS_BOOT", "reboot"),
        ("CAP_SYS_RAWIO", "iopl"), ("CAP_SYS_PACCT", "acct"), ("CAP_SYS_TTY_CONFIG", "vhangup"),
        ("CAP_PERFMON", "perf_event_open"), ("CAP_SYS_CHROOT", "chroot"),
    ]

    @Test(arguments: whatComesWithACapabilityCases)
    func whatComesWithACapability(capability: String, name: String) {
        #expect(allows(standard([capability]), name))
        #expect(!allows(standard([]), name))
    }

    @Test func namespacesAreClosed() throws {
        let filter = standard(CapabilityOption.standard)
        let clone = try #require(filter.syscalls.first { $0.names == ["clone"] })
        #expect(clone.args == [RuntimeSpec.Seccomp.Argument(index: 0, value: 0x7E02_0000, op: .maskedEqual)])
        let clone3 = try #require(filter.syscalls.first { $0.names == ["clone3"] })
        #expect(clone3.action == .errno && clone3.errnoRet == 38)
    }

    @Test func dangerousSocketsAreClosed() {
        let filter = standard(CapabilityOption.standard)
        let rules = filter.syscalls.filter { $0.names == ["socket"] }
        func isOpen(_ family: UInt64) -> Bool {
            rules.contains { rule in
                rule.args.allSatisfy {
                    $0.op == .equal ? $0.value == family : $0.op == .less && family < $0.value
                }
            }
        }
        for family: UInt64 in [1, 2, 10, 16, 17, 44] { #expect(isOpen(family), "\(family)") }
        for family: UInt64 in [12, 38, 40, 46, 100] { #expect(!isOpen(family), "\(family)") }
    }

    @Test func profilesInFiles() throws {
        let file = try TemporaryFolder().file(
            "profile.json",
            """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 13,
             "archMap": [{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
                         {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
             "syscalls": [
               {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
               {"name": "old", "action": "SCMP_ACT_ALLOW"},
               {"names": ["newer"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.2"}},
               {"names": ["arm"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
               {"names": ["admin"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
               {"names": ["plain"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]},
                "args": [{"index": 0, "value": 3, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]}
             ]}
            """)
        let profile = try SeccompProfile(file: file.path)
        func names(_ capabilities: [String], _ kernel: KernelVersion) -> [String] {
            profile.resolve(capabilities: capabilities, architecture: "amd64", kernel: kernel).syscalls
                .flatMap(\.names)
        }
        #expect(names([], KernelVersion(6, 1)) == ["read", "write", "old", "plain"])
        #expect(names(["CAP_SYS_ADMIN"], KernelVersion(6, 2)) == ["read", "write", "old", "newer", "admin"])
        #expect(profile.frame.defaultErrnoRet == 13)
        #if arch(x86_64)
            #expect(profile.frame.architectures == [.x86_64, .x86])
        #endif
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"defaultAction": "SCMP_ACT_SING"}"#,
        #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}"#,
        #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["x"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "new"}}]}"#,
        #"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_TOASTER"]}"#,
    ])
    func wrongProfiles(text: String) throws {
        let file = try TemporaryFolder().file("profile.json", text)
        #expect(throws: UsageError.self) { try SeccompProfile(file: file.path) }
    }

    @Test func kernelVersions() {
        #expect(KernelVersion("6.1.0-13-amd64") == KernelVersion(6, 1))
        #expect(KernelVersion("4.8") == KernelVersion(4, 8))
        #expect(KernelVersion("6.10-rc1") == KernelVersion(6, 10))
        #expect(KernelVersion("new") == nil)
        #expect(KernelVersion(5, 19) < KernelVersion(6, 1))
        #expect(KernelVersion.running > KernelVersion(4, 0))
    }
}
