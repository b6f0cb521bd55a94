import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Filters in the kernel.
@Suite struct SeccompFilterTests {
    typealias Seccomp = RuntimeSpec.Seccomp
    private let leave = Profiles.allow("exit_group")

    private func compile(_ profile: Seccomp) throws -> SeccompFilter {
        try SeccompCompiler.filter(for: profile, cacheFolder: nil) { Issue.record("unexpected: \($0)") }
    }

    private func run(_ profile: Seccomp, _ calls: Sandbox.Call...) throws -> Sandbox.Report {
        Sandbox.run(try compile(profile), calls)
    }

    // MARK: Actions

    @Test func errnoIsEPERMUnlessGiven() throws {
        let profile = Profiles.make(
            .allow,
            [
                Seccomp.Syscall(names: ["getppid"], action: .errno),
                Seccomp.Syscall(names: ["getuid"], action: .errno, errnoRet: 99),
            ])
        let report = try run(profile, .init(SYS_getppid), .init(SYS_getuid), .init(SYS_getgid))
        #expect(report.results == [-Int(EPERM), -99, Int(getgid())])
        #expect(report.end == .exited(7))
    }

    @Test func defaultErrno() throws {
        let given = try run(Profiles.make(.errno, errno: 6, [leave]), .init(SYS_getppid))
        #expect(given.results == [-6])
        let usual = try run(Profiles.make(.errno, [leave]), .init(SYS_getppid))
        #expect(usual.results == [-Int(EPERM)])
    }

    @Test(arguments: [Seccomp.Action.kill, .killThread, .killProcess, .trap])
    func signals(_ action: Seccomp.Action) throws {
        let rule = Seccomp.Syscall(names: ["getppid"], action: action)
        let report = try run(Profiles.make(.allow, [rule]), .init(SYS_getuid), .init(SYS_getppid))
        #expect(report.results == [Int(getuid())])
        #expect(report.end == .signaled(SIGSYS))
        let asDefault = try run(
            Profiles.make(action, [leave, Profiles.allow("getuid")]), .init(SYS_getuid), .init(SYS_getppid))
        #expect(asDefault == report)
    }

    @Test func logLetsPass() throws {
        let rule = Seccomp.Syscall(names: ["getppid"], action: .log)
        let report = try run(Profiles.make(.allow, [rule]), .init(SYS_getppid))
        #expect(report.results == [Int(getpid())])
    }

    @Test func traceWithoutTracerIsENOSYS() throws {
        let rule = Seccomp.Syscall(names: ["getppid"], action: .trace, errnoRet: 5)
        let report = try run(Profiles.make(.allow, [rule]), .init(SYS_getppid))
        #expect(report.results == [-Int(ENOSYS)])
    }

    @Test(arguments: [nil, [Seccomp.Flag.waitKillable]])
    func agentAnswers(_ flags: [Seccomp.Flag]?) throws {
        var profile = Profiles.make(.allow, [Seccomp.Syscall(names: ["getppid"], action: .notify)])
        profile.listenerPath = "/run/agent.sock"
        profile.listenerMetadata = "note"
        profile.flags = flags
        let filter = try compile(profile)
        #expect(filter.listener == SeccompFilter.Listener(path: "/run/agent.sock", metadata: "note"))
        var seen: Int32?
        let report = Sandbox.run(filter, [.init(SYS_getppid)]) { pid, listener in
            seen = answer(pid: pid, listener: listener, with: 4242)
        }
        #expect(seen == Int32(SYS_getppid))
        #expect(report.results == [4242])
    }

    /// Takes one notification from a process's listener, and answers it.
    /// - Returns: the number of the call.
    private func answer(pid: pid_t, listener: Int32, with value: Int64) -> Int32? {
        let process = clinux_pidfd_open(pid, 0)
        defer { close(process) }
        let getfd = 438  // pidfd_getfd(2), the same everywhere
        let fd = Int32(clinux_syscall(getfd, Int(process), Int(listener), 0, 0, 0, 0))
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var notification = seccomp_notif()
        guard clinux_ioctl(fd, 0xc050_2100, &notification) == 0 else { return nil }
        var response = seccomp_notif_resp(id: notification.id, val: value, error: 0, flags: 0)
        guard clinux_ioctl(fd, 0xc018_2101, &response) == 0 else { return nil }
        return notification.data.nr
    }

    // MARK: Arguments

    /// Values of an argument with their expected outcome under an operator.
    @Test(arguments: [
        (Seccomp.Operator.equal, UInt64(5), UInt64(0), [5], [4, 6, 0x1_0000_0005]),
        (.notEqual, 5, 0, [4, 6, 0x1_0000_0005], [5]),
        (.less, 5, 0, [0, 4], [5, 6, 0x1_0000_0000]),
        (.lessOrEqual, 5, 0, [4, 5], [6, 0x1_0000_0000]),
        (.greater, 5, 0, [6, 0x1_0000_0000], [4, 5]),
        (.greaterOrEqual, 5, 0, [5, 6, 0x1_0000_0000], [0, 4]),
        (.maskedEqual, 0xf0, 0x20, [0x20, 0x12f], [0x30, 0]),
        (.equal, 0x1_0000_0001, 0, [0x1_0000_0001], [1, 0x1_0000_0000]),
    ])
    func operators(
        _ op: Seccomp.Operator, _ value: UInt64, _ valueTwo: UInt64, _ matching: [Int], _ other: [Int]
    ) throws {
        let argument = Seccomp.Argument(index: 1, value: value, valueTwo: valueTwo, op: op)
        // The answer is the filter's, not the call's: sync(2) looks at no argument.
        let rule = Seccomp.Syscall(names: ["getppid"], action: .errno, errnoRet: 77, args: [argument])
        // Only for the native architecture: others have no 64 bits.
        let filter = try compile(Profiles.make(.allow, architectures: [], [rule]))
        let report = Sandbox.run(filter, (matching + other).map { .init(SYS_getppid, 0, $0) })
        #expect(
            report.results
                == [Int](repeating: -77, count: matching.count)
                + [Int](repeating: Int(getpid()), count: other.count))
    }

    @Test func allArgumentsOfARuleMustMatch() throws {
        let rule = Seccomp.Syscall(
            names: ["getppid"], action: .errno, errnoRet: 77,
            args: [
                Seccomp.Argument(index: 0, value: 1, op: .equal),
                Seccomp.Argument(index: 5, value: 2, op: .equal),
            ])
        let report = try run(
            Profiles.make(.allow, [rule]), .init(SYS_getppid, 1, 0, 0, 0, 0, 2),
            .init(SYS_getppid, 1, 0, 0, 0, 0, 3),
            .init(SYS_getppid, 0, 0, 0, 0, 0, 2))
        #expect(report.results == [-77, Int(getpid()), Int(getpid())])
    }

    @Test func conditionsOnOneArgumentAreAlternatives() throws {
        let rule = Seccomp.Syscall(
            names: ["getppid"], action: .errno, errnoRet: 77,
            args: [
                Seccomp.Argument(index: 0, value: 1, op: .equal),
                Seccomp.Argument(index: 0, value: 2, op: .equal),
                Seccomp.Argument(index: 1, value: 9, op: .equal),
            ])
        let report = try run(
            Profiles.make(.allow, [rule]), .init(SYS_getppid, 1, 0), .init(SYS_getppid, 2, 0),
            .init(SYS_getppid, 0, 9), .init(SYS_getppid, 3, 0))
        #expect(report.results == [-77, -77, -77, Int(getpid())])
    }

    @Test func rulesOnOneCallAreAlternatives() throws {
        let report = try run(
            Profiles.large, .init(SYS_personality, 0xffff_ffff), .init(SYS_personality, 5),
            .init(SYS_socket, Int(AF_VSOCK), 1, 0), .init(SYS_unshare, 0))
        #expect(report.results == [0, -1, -1, -1])
    }

    @Test func aRuleMayBeRepeated() throws {
        let rule = Seccomp.Syscall(names: ["getppid", "getppid"], action: .errno, errnoRet: 77)
        let report = try run(Profiles.make(.allow, [rule, rule]), .init(SYS_getppid))
        #expect(report.results == [-77])
    }

    @Test func rulesThatContradictEachOther() {
        let condition = Seccomp.Argument(index: 0, value: 1, op: .equal)
        let rules = [77, 78].map {
            Seccomp.Syscall(names: ["getppid"], action: .errno, errnoRet: $0, args: [condition])
        }
        let error = #expect(throws: RuntimeError.self) { try compile(Profiles.make(.allow, rules)) }
        #expect(error?.message == "seccomp: rule for getppid: file exists")
    }

    // MARK: Calls that are newer than the profile

    #if arch(x86_64)
        /// exit_group is 231, and 252 for 32-bit programs; getcpu 309 and 318, gettid 186 and 224.
        @Test(arguments: [Seccomp.Action.errno, .kill, .killProcess, .trap])
        func newerCallsAreENOSYS(_ fallback: Seccomp.Action) throws {
            let report = try run(
                Profiles.make(fallback, errno: 5, [leave]), .init(SYS_getcpu, 0, 0, 0), .init(100_000),
                .init(-1),
                .init(0x4000_0000 + 309), .init(0x4000_0000 + 100_000))
            #expect(report.results == [Int](repeating: -Int(ENOSYS), count: 5))
            #expect(report.end == .exited(7))
        }

        @Test func olderCallsAreNot() throws {
            let profile = Profiles.make(.errno, errno: 5, [leave])
            let report = try run(profile, .init(SYS_gettid), .init(0x4000_0000 + 186), .init(230))
            #expect(report.results == [-5, -5, -5])
            let compat = Sandbox.run(
                try compile(profile), [.init(224), .init(318), .init(100_000)], compat: true)
            #expect(compat.results == [-5, -Int(ENOSYS), -Int(ENOSYS)])
        }

        @Test func newerCallsPassWherePermitted() throws {
            let rule = Seccomp.Syscall(names: ["getppid"], action: .errno)
            for fallback in [Seccomp.Action.allow, .log] {
                let report = try run(Profiles.make(fallback, [rule]), .init(SYS_getcpu, 0, 0, 0))
                #expect(report.results == [0])
            }
        }

        @Test func architecturesThatAreNotListedAreKilled() throws {
            let profile = Profiles.make(.errno, architectures: [], [leave])
            #expect(
                Sandbox.run(try compile(profile), [.init(224)], compat: true).end == .signaled(SIGSYS))
            #expect(try run(profile, .init(0x4000_0000 + 186)).end == .signaled(SIGSYS))
        }

        @Test func listedArchitecturesAreFiltered() throws {
            // 20 is getpid, 24 getuid.
            let profile = Profiles.make(.errno, errno: 5, [leave, Profiles.allow("getpid")])
            let report = Sandbox.run(try compile(profile), [.init(20), .init(24)], compat: true)
            #expect(report.results.count == 2 && report.results[0] > 1 && report.results[1] == -5)
        }
    #endif

    // MARK: Flags

    @Test func flags() throws {
        var profile = Profiles.make(.allow, [])
        #expect(try compile(profile).flags == UInt32(SECCOMP_FILTER_FLAG_SPEC_ALLOW))
        profile.flags = []
        #expect(try compile(profile).flags == 0)
        profile.flags = [.log, .threadSync, .waitKillable]
        #expect(try compile(profile).flags == UInt32(SECCOMP_FILTER_FLAG_LOG))
        #expect(Sandbox.run(try compile(profile), [.init(SYS_getuid)]).results == [Int(getuid())])
        profile.flags = [.waitKillable, .allowSpeculation]
        profile.listenerPath = "/run/agent.sock"
        #expect(try compile(profile).listener == nil)
        profile.syscalls = [Seccomp.Syscall(names: ["getppid"], action: .notify)]
        #expect(
            try compile(profile).flags
                == UInt32(
                    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
                        | SECCOMP_FILTER_FLAG_SPEC_ALLOW))
    }

    @Test func features() throws {
        let features = SeccompCompiler.features
        #expect(features.enabled == true)
        #expect(features.actions?.count == 9)
        #expect(features.operators?.count == 7)
        #expect(features.knownFlags == features.supportedFlags)
        #expect(features.knownFlags?.count == 4)
        let archs = try #require(features.archs)
        #expect(Profiles.allArchitectures.allSatisfy { archs.contains($0.rawValue) })
        #expect(archs == archs.sorted())
    }

    // MARK: Refusals

    @Test func unknownNamesAreAWarning() throws {
        var warnings: [String] = []
        let profile = Profiles.make(
            .allow, [Seccomp.Syscall(names: ["nonesuch", "getppid", "neither"], action: .errno)])
        let filter = try SeccompCompiler.filter(for: profile, cacheFolder: nil) { warnings.append($0) }
        #expect(warnings == ["seccomp: unknown system calls ignored: nonesuch, neither"])
        #expect(Sandbox.run(filter, [.init(SYS_getppid)]).results == [-Int(EPERM)])
    }

    @Test func architectureOfTheOtherByteOrder() {
        let error = #expect(throws: RuntimeError.self) {
            try compile(Profiles.make(.allow, architectures: [.s390x], []))
        }
        #expect(
            error?.message.hasPrefix("seccomp: SCMP_ARCH_S390X cannot be filtered on this machine: ") == true)
    }

    @Test func architectureThatTheLibraryDoesNotKnow() throws {
        let known = SeccompCompiler.features.archs ?? []
        let unknown = try #require(Seccomp.Architecture.allCases.first { !known.contains($0.rawValue) })
        let error = #expect(throws: RuntimeError.self) {
            try compile(Profiles.make(.allow, architectures: [unknown], []))
        }
        #expect(error?.message.hasPrefix("seccomp: \(unknown.rawValue) is unknown to libseccomp 2.") == true)
    }

    @Test func programTooLong() {
        let values = (0..<2100).map { value in
            Seccomp.Syscall(
                names: ["personality"], action: .errno, errnoRet: UInt32(value + 1),
                args: [Seccomp.Argument(index: 0, value: UInt64(value) << 20, op: .equal)])
        }
        let error = #expect(throws: RuntimeError.self) {
            try compile(Profiles.make(.allow, architectures: [], values))
        }
        #expect(error?.message.contains("instructions, more than the 4096 that the kernel takes") == true)
    }
}
