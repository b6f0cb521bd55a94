import CLinux
import ContainerRuntime
import OCISpec
import Testing

/// The rewritten program answers what libseccomp's answers.
@Suite struct SeccompTreeTests {
    typealias Seccomp = RuntimeSpec.Seccomp

    private static let enosys = UInt32(SECCOMP_RET_ERRNO) | 38

    /// Every number that means something, and those around the borders of the tables.
    private static let numbers: [UInt32] =
        Array(0..<600) + Array(0x4000_0000..<0x4000_0258)
        + [
            0x3fff_ffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xbfff_ffff, 0xc000_0000, 0xffff_fffe,
            0xffff_ffff,
        ]

    private static let argumentValues: [UInt64] = [
        0, 5, 40, 0x20008, 0xffff_ffff, 0x7e02_0000, 40 + 1 << 32, .max,
    ]

    /// AUDIT_ARCH_…: x86_64, i386, aarch64, arm, and none that exists.
    private static let architectures: [UInt32] = [0xc000_003e, 0x4000_0003, 0xc000_00b7, 0x4000_0028, 0x1234]

    private func expectSameAnswers(_ profile: Seccomp) throws {
        let rules = try SeccompRules(profile)
        let original = try rules.export()
        let compiled = try SeccompCompiler.compile(profile).program
        let rewritten = compiled.withUnsafeBytes { Array($0.bindMemory(to: sock_filter.self)) }
        var differences = 0
        for architecture in Self.architectures {
            for number in Self.numbers {
                let isUnknown = rules.unknownRanges.contains {
                    $0.architecture == architecture && $0.numbers.contains(number)
                }
                for value in Self.argumentValues {
                    let input = FilterInput(
                        number: number, architecture: architecture,
                        arguments: [value, value ^ 5, value, ~value, value, 0])
                    let expected = isUnknown ? Self.enosys : FilterInterpreter.run(original, input)
                    let found = FilterInterpreter.run(rewritten, input)
                    if expected == nil || found != expected {
                        differences += 1
                        if differences < 5 {
                            Issue.record(
                                "\(input): \(String(describing: found)), not \(String(describing: expected))")
                        }
                    }
                }
            }
        }
        #expect(differences == 0)
    }

    @Test func largeProfile() throws { try expectSameAnswers(Profiles.large) }

    @Test func nativeArchitectureAlone() throws {
        var profile = Profiles.large
        profile.architectures = []
        try expectSameAnswers(profile)
    }

    @Test func withoutRules() throws {
        for action in [Seccomp.Action.allow, .errno, .killProcess] {
            try expectSameAnswers(Profiles.make(action, []))
        }
    }

    @Test func denyList() throws {
        try expectSameAnswers(
            Profiles.make(
                .allow,
                [Seccomp.Syscall(names: Profiles.words(Profiles.largeNames).reversed(), action: .errno)]))
    }

    /// Parts of socketcall(2) and ipc(2) on x86.
    @Test func multiplexedCalls() throws {
        try expectSameAnswers(
            Profiles.make(
                .errno,
                [
                    Profiles.allow("socket", "connect", "semget", "shmat"),
                    Profiles.allow("bind", where: [Seccomp.Argument(index: 1, value: 5, op: .equal)]),
                ]))
    }

    @Test func architecturesOfOtherMachines() throws {
        try expectSameAnswers(
            Profiles.make(
                .errno, architectures: [.x86, .arm, .aarch64, .ppc64le, .riscv64], Profiles.large.syscalls))
    }

    /// Many different answers, so that trees are long, returns far and jumps have to be relayed.
    @Test(arguments: 1...8)
    func arbitraryProfiles(_ seed: UInt64) throws {
        var random = Random(state: seed)
        // Rules on these two contradict rules on their parts.
        let names = Profiles.words(Profiles.largeNames).filter { $0 != "ipc" && $0 != "socketcall" }
        var rules: [Seccomp.Syscall] = []
        for name in names where random.next() % 4 != 0 {
            let kind = random.next() % 10
            var rule = Seccomp.Syscall(names: [name], action: .errno, errnoRet: random.next() % 300)
            if kind == 0 { rule.action = .log }
            if kind == 1 { rule.action = .killProcess }
            if kind < 4 {
                let ops = Seccomp.Operator.allCases
                rule.args = (0..<(1 + Int(random.next() % 2))).map { index in
                    Seccomp.Argument(
                        index: UInt32(index), value: random.pick(Self.argumentValues),
                        valueTwo: random.pick(Self.argumentValues), op: random.pick(ops))
                }
            }
            rules.append(rule)
        }
        let fallbacks = [Seccomp.Action.allow, .errno, .trap, .log, .killProcess]
        try expectSameAnswers(Profiles.make(random.pick(fallbacks), errno: 400, rules))
    }

    @Test func programIsSmall() throws {
        let profile = Profiles.large
        let original = try SeccompRules(profile).export().count
        let rewritten = try SeccompCompiler.compile(profile).instructionCount
        #expect(rewritten * 3 < original)
    }

    // MARK: Newer calls

    #if arch(x86_64)
        /// exit_group: 231, for x32 the same with its bit, on x86 252.
        @Test func rangesBeyondTheNewestCall() throws {
            let rules = try SeccompRules(
                Profiles.make(.errno, [Profiles.allow("read", "exit_group", "nonesuch")]))
            let x86_64: UInt32 = 0xc000_003e
            #expect(
                rules.unknownRanges == [
                    .init(architecture: x86_64, numbers: 232...0x3fff_ffff),
                    .init(architecture: x86_64, numbers: 0x8000_0000...0xbfff_ffff),
                    .init(architecture: 0x4000_0003, numbers: 253...0xffff_ffff),
                    .init(architecture: x86_64, numbers: 0x4000_00e8...0x7fff_ffff),
                    .init(architecture: x86_64, numbers: 0xc000_0000...0xffff_ffff),
                ])
        }
    #endif

    @Test func rangesOnlyWhereCallsAreRefused() throws {
        let rules = [Profiles.allow("exit_group"), Seccomp.Syscall(names: ["read"], action: .errno)]
        for action in [Seccomp.Action.allow, .log, .trace] {
            #expect(try SeccompRules(Profiles.make(action, rules)).unknownRanges.isEmpty)
        }
        for action in [Seccomp.Action.errno, .kill, .killThread, .killProcess, .trap] {
            #expect(!(try SeccompRules(Profiles.make(action, rules)).unknownRanges.isEmpty))
        }
    }

    /// A profile that names no call says nothing about when it was written.
    @Test func noRangesWithoutCalls() throws {
        #expect(try SeccompRules(Profiles.make(.errno, [])).unknownRanges.isEmpty)
    }
}

/// A small generator, the same everywhere.
private struct Random {
    var state: UInt64

    mutating func next() -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 33)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int(next()) % elements.count] }
}
