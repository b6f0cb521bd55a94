import OCISpec
import Testing

/// Every word of every enumeration, spelled out here once more, and one that does not exist.
@Suite("Words of the specification")
struct WordTests {
    private func check<Word: JSONWord>(_ type: Word.Type, _ noun: String, _ words: [String]) throws {
        #expect(Word.words == words.sorted())
        for word in words {
            let value = try decode("[\"\(word)\"]", as: [Word].self)
            #expect(value.map(\.rawValue) == [word])
            #expect(written(value) == "[\"\(word)\"]")
        }
        for wrong in [words[0].lowercased() + "x", "", words[0] + " ", String(words[0].dropLast())] {
            let error = failure { () throws(JSONError) in try decode(#"["\#(wrong)"]"#, as: [Word].self) }
            #expect(error?.description == "[0]: unknown \(noun) \"\(wrong)\"")
        }
    }

    @Test func namespaces() throws {
        try check(
            RuntimeSpec.Namespace.Kind.self, "namespace type",
            ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"])
    }

    @Test func rlimits() throws {
        let names = [
            "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS",
            "SIGPENDING",
            "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
        ].map { "RLIMIT_" + $0 }
        try check(RuntimeSpec.Rlimit.Resource.self, "rlimit", names)
        // In the kernel's order.
        #expect(names.map { RuntimeSpec.Rlimit.Resource(rawValue: $0)?.number } == (0...15).map(Int32.init))
    }

    @Test func seccompActions() throws {
        try check(
            RuntimeSpec.Seccomp.Action.self, "seccomp action",
            ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG", "NOTIFY"]
                .map { "SCMP_ACT_" + $0 })
    }

    @Test func seccompOperators() throws {
        try check(
            RuntimeSpec.Seccomp.Operator.self, "seccomp operator",
            ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"].map { "SCMP_CMP_" + $0 })
    }

    @Test func seccompArchitectures() throws {
        try check(
            RuntimeSpec.Seccomp.Architecture.self, "seccomp architecture",
            [
                "X86", "X86_64", "X32", "ARM", "AARCH64", "LOONGARCH64", "M68K", "MIPS", "MIPS64",
                "MIPS64N32",
                "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "SH", "SHEB",
                "PARISC",
                "PARISC64", "RISCV64",
            ].map { "SCMP_ARCH_" + $0 })
    }

    @Test func seccompFlags() throws {
        try check(
            RuntimeSpec.Seccomp.Flag.self, "seccomp flag",
            ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"].map { "SECCOMP_FILTER_FLAG_" + $0 })
    }

    @Test func scheduling() throws {
        let policies = ["OTHER", "FIFO", "RR", "BATCH", "ISO", "IDLE", "DEADLINE"].map { "SCHED_" + $0 }
        try check(RuntimeSpec.Scheduler.Policy.self, "scheduling policy", policies)
        #expect(
            policies.map { RuntimeSpec.Scheduler.Policy(rawValue: $0)?.number } == (0...6).map(UInt32.init))
        let flags = [
            "RESET_ON_FORK", "RECLAIM", "DL_OVERRUN", "KEEP_POLICY", "KEEP_PARAMS", "UTIL_CLAMP_MIN",
            "UTIL_CLAMP_MAX",
        ].map { "SCHED_FLAG_" + $0 }
        try check(RuntimeSpec.Scheduler.Flag.self, "scheduling flag", flags)
        #expect(flags.map { RuntimeSpec.Scheduler.Flag(rawValue: $0)?.bit } == (0...6).map { 1 << $0 })
        let classes = ["RT", "BE", "IDLE"].map { "IOPRIO_CLASS_" + $0 }
        try check(RuntimeSpec.IOPriority.Class.self, "I/O priority class", classes)
        #expect(classes.map { RuntimeSpec.IOPriority.Class(rawValue: $0)?.number } == [1, 2, 3])
    }

    @Test func memoryPolicies() throws {
        let modes = [
            "DEFAULT", "PREFERRED", "BIND", "INTERLEAVE", "LOCAL", "PREFERRED_MANY", "WEIGHTED_INTERLEAVE",
        ].map { "MPOL_" + $0 }
        try check(RuntimeSpec.MemoryPolicy.Mode.self, "memory policy mode", modes)
        #expect(modes.map { RuntimeSpec.MemoryPolicy.Mode(rawValue: $0)?.number } == (0...6).map(Int32.init))
        let flags = ["NUMA_BALANCING", "RELATIVE_NODES", "STATIC_NODES"].map { "MPOL_F_" + $0 }
        try check(RuntimeSpec.MemoryPolicy.Flag.self, "memory policy flag", flags)
        #expect(flags.map { RuntimeSpec.MemoryPolicy.Flag(rawValue: $0)?.bit } == [0x2000, 0x4000, 0x8000])
    }

    @Test func others() throws {
        try check(
            RuntimeSpec.Propagation.self, "mount propagation",
            [
                "private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable",
            ])
        try check(RuntimeSpec.Personality.Domain.self, "execution domain", ["LINUX", "LINUX32"])
        try check(RuntimeSpec.Device.Kind.self, "device type", ["c", "u", "b", "p"])
        try check(RuntimeSpec.DeviceRule.Kind.self, "type of devices", ["a", "c", "b"])
        try check(
            ContainerStatus.self, "container status", ["creating", "created", "running", "stopped", "paused"])
    }

    @Test(
        "an unknown word is refused with its path",
        arguments: [
            ("linux.seccomp.defaultAction", #"unknown seccomp action "SCMP_ACT_SHRUG""#, "SCMP_ACT_SHRUG"),
            ("linux.seccomp.architectures[1]", #"unknown seccomp architecture "x86_64""#, "x86_64"),
            (
                "linux.seccomp.syscalls[1].args[0].op", #"unknown seccomp operator "SCMP_CMP_XX""#,
                "SCMP_CMP_XX"
            ),
            ("linux.seccomp.flags[0]", #"unknown seccomp flag "LOG""#, "LOG"),
            ("linux.namespaces[2].type", #"unknown namespace type "mnt""#, "mnt"),
            ("process.rlimits[1].type", #"unknown rlimit "RLIMIT_CORES""#, "RLIMIT_CORES"),
            ("linux.rootfsPropagation", #"unknown mount propagation "public""#, "public"),
        ])
    func inPlace(path: String, reason: String, word: String) throws {
        let document = try Tree(completeConfig)
        let keys = try #require(document.places.first { $0.path == path }?.keys)
        let text = try #require(document.replacing(keys, with: .scalar(quoted(word)))).text
        let error = failure { () throws(JSONError) in try decode(text, as: RuntimeSpec.self) }
        #expect(error?.description == "\(path): \(reason)")
    }
}
