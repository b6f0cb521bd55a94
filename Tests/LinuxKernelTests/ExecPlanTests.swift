import Glibc
import LinuxKernel
import Testing

/// Numbers of the system calls in the plans below.
private enum Call {
    #if arch(x86_64)
        static let read = 0, write = 1, writev = 20, execve = 59, chdir = 80, setuid = 105, exitGroup = 231,
            openat = 257
        static let setns = 308
    #else
        static let read = 63, write = 64, writev = 66, execve = 221, chdir = 49, setuid = 146, exitGroup = 94,
            openat = 56
        static let setns = 268
    #endif
}

/// The trampoline, driven by plans of all kinds, each in a process of its own.
@Suite struct ExecPlanTests {
    /// Executes the trampoline with a plan, as the runtime does, but by posix_spawn.
    /// - Returns: how it ended, what it wrote to standard output, and what it reported.
    private func run(
        _ plan: ExecPlan, arguments: [String] = [], status: Int32 = 77
    ) throws -> (status: LinuxKernel.ExitStatus, output: String, report: [UInt8]) {
        let image = try ExecPlan.trampoline()
        let (outputRead, outputWrite) = try FileDescriptor.pipe().ends()
        let (reportRead, reportWrite) = try FileDescriptor.pipe().ends()
        let file = try plan.write(report: 4, failureStatus: status)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Out of the way of the numbers below.
        let planCopy = try file.duplicate(atLeast: 300)
        let reportCopy = try FileDescriptor(owning: reportWrite).duplicate(atLeast: 300)
        posix_spawn_file_actions_adddup2(&actions, outputWrite, 1)
        posix_spawn_file_actions_adddup2(&actions, planCopy.raw, 3)
        posix_spawn_file_actions_adddup2(&actions, reportCopy.raw, 4)
        var pid: pid_t = 0
        let error = withCStrings(["trampoline"] + arguments) { argv in
            withCStrings(["KEY=value", "3"]) { posix_spawn(&pid, image.procPath, &actions, nil, argv, $0) }
        }
        close(outputWrite)
        _ = consume reportCopy
        guard error == 0 else { throw KernelError("start", "trampoline", Errno(rawValue: error)) }
        let output = try FileDescriptor(owning: outputRead).readToEnd()
        let report = try FileDescriptor(owning: reportRead).readToEnd()
        return (try ProcessHandle.open(pid).wait(), String(decoding: output, as: UTF8.self), report)
    }

    @Test func anEmptyPlanEndsWithItsStatus() throws {
        let result = try run(ExecPlan(), status: 42)
        #expect(result.status == .exited(42))
        #expect(result.report == [])
    }

    @Test func callsHappenInTheirOrder() throws {
        var plan = ExecPlan()
        for text in ["one ", "two ", "three"] {
            plan.append("write", Call.write, [.number(1), plan.place(text), .number(text.utf8.count)])
        }
        plan.append("leave", Call.exitGroup, [.number(5)])
        let result = try run(plan)
        #expect(result.output == "one two three")
        #expect(result.status == .exited(5))
    }

    @Test func theProgramGetsItsArgumentsAndEnvironment() throws {
        var plan = ExecPlan()
        plan.append("exec", Call.execve, [plan.place("/bin/sh")], .programArguments)
        let result = try run(plan, arguments: ["sh", "-c", "echo \"$KEY $1\"; exit 3", "x", "second word"])
        #expect(result.output == "value second word\n")
        #expect(result.status == .exited(3))
    }

    @Test func aFailureNamesItsStepAndEndsThePlan() throws {
        var plan = ExecPlan()
        plan.append("open the thing", Call.openat, [.number(-100), plan.place("/no/such/file"), .number(0)])
        plan.append("write", Call.write, [.number(1), plan.place("never"), .number(5)])
        let result = try run(plan)
        #expect(result.status == .exited(77))
        #expect(result.output == "")
        let failure = try #require(ExecPlan.failure(result.report[...]))
        #expect(failure.step == "open the thing")
        #expect(failure.errno == .noEntry)
    }

    @Test func aMissingProgramIsReported() throws {
        var plan = ExecPlan()
        plan.append("exec /nothing", Call.execve, [plan.place("/nothing")], .programArguments)
        let failure = try #require(ExecPlan.failure(try run(plan, arguments: ["x"]).report[...]))
        #expect(failure.step == "exec /nothing" && failure.errno == .noEntry)
    }

    @Test func toleratedFailuresDoNotEndIt() throws {
        var plan = ExecPlan()
        plan.append(
            "any", Call.openat, [.number(-100), plan.place("/no/such/file"), .number(0)], .ignoreError)
        // setns(2) of a descriptor that is none: EBADF is no EPERM.
        plan.append("not this", Call.setns, [.number(99), .number(0)], .tolerateNotPermitted)
        let result = try run(plan)
        let failure = try #require(ExecPlan.failure(result.report[...]))
        #expect(failure.step == "not this" && failure.errno == .badDescriptor)
    }

    @Test func aReadThatNobodyAnswersEndsIt() throws {
        var plan = ExecPlan()
        plan.append("open", Call.openat, [.number(-100), plan.place("/dev/null"), .number(0)])
        // The lowest number that is free: 0, 1, 3 and 4 are taken, and the plan's own is closed.
        plan.append("read", Call.read, [.number(3), plan.place(" "), .number(1)])
        plan.append("write", Call.write, [.number(1), plan.place("on "), .number(3)])
        plan.append("read", Call.read, [.number(3), plan.place(" "), .number(1)], .zeroEnds)
        plan.append("write", Call.write, [.number(1), plan.place("never"), .number(5)])
        let result = try run(plan)
        #expect(result.output == "on ")
        #expect(result.status == .exited(77) && result.report == [])
    }

    @Test func whatIsNotPermittedCanBeTolerated() throws {
        var plan = ExecPlan()
        // An ordinary user may not become root again.
        plan.append("become nobody", Call.setuid, [.number(65534)])
        plan.append("become root", Call.setuid, [.number(0)], .tolerateNotPermitted)
        plan.append("write", Call.write, [.number(1), plan.place("on"), .number(2)])
        plan.append("become root", Call.setuid, [.number(0)])
        let result = try run(plan)
        #expect(result.output == "on")
        #expect(try #require(ExecPlan.failure(result.report[...])).errno == .notPermitted)
    }

    @Test func laterFailuresCanGoElsewhere() throws {
        var plan = ExecPlan()
        plan.reportTo(1)
        plan.append("second half", Call.chdir, [plan.place("/no/such/folder")])
        let result = try run(plan)
        #expect(result.report == [])
        #expect(try #require(ExecPlan.failure(Array(result.output.utf8)[...])).step == "second half")
    }

    /// A structure that holds an address, as the seccomp program's does: here writev(2)'s list of one buffer.
    @Test func addressesInsideOfDataAreRelocated() throws {
        var plan = ExecPlan()
        _ = plan.place("something before")
        let text = plan.place("by address")
        let vector = [plan.pointerValue(of: text), 10].withUnsafeBytes { plan.place($0) }
        plan.relocatePointer(at: vector)
        plan.append("writev", Call.writev, [.number(1), vector, .number(1)])
        #expect(try run(plan).output == "by address")
    }

    @Test func aPointerBehindTheStartOfAStructure() throws {
        var plan = ExecPlan()
        let text = plan.place("second member")
        let empty = plan.place("")
        let vector = [plan.pointerValue(of: empty), 0, plan.pointerValue(of: text), 13].withUnsafeBytes {
            plan.place($0)
        }
        plan.relocatePointer(at: vector)
        plan.relocatePointer(at: ExecPlan.behind(vector, bytes: 16))
        plan.append("writev", Call.writev, [.number(1), vector, .number(2)])
        #expect(try run(plan).output == "second member")
    }

    @Test func manyCallsFitIntoAPlan() throws {
        var plan = ExecPlan()
        for _ in 0..<2000 { plan.append("write", Call.write, [.number(1), plan.place("x"), .number(1)]) }
        #expect(try run(plan).output.utf8.count == 2000)
    }

    @Test func theTrampolineIsSealed() throws {
        let image = try ExecPlan.trampoline()
        #expect(throws: KernelError.self) { try image.writeAll("x") }
        #expect(ftruncate(image.raw, 0) == -1)
        #expect(try image.status().st_size < 8192)
    }

    @Test(arguments: [[], [0x58], [0x59, 0, 0, 0, 1, 0, 0, 0], [0x58, 0, 0, 0]] as [[UInt8]])
    func whatIsNoFailureIsNone(_ bytes: [UInt8]) {
        #expect(ExecPlan.failure(bytes[...]) == nil)
    }
}
