import CLinux
import ContainerRuntime
import Glibc

/// A process under a filter.
///
/// The process of the tests has many threads, so its clone runs nothing but the system calls under test, from
/// memory that was prepared before, and reports through shared memory.
struct Sandbox {
    /// A system call.
    struct Call {
        var number: Int
        var arguments: [Int]

        init(_ number: some BinaryInteger, _ arguments: Int...) {
            self.number = Int(number)
            self.arguments = arguments + [Int](repeating: 0, count: 6 - arguments.count)
        }
    }

    enum End: Equatable {
        case exited(Int32)
        case signaled(Int32)
    }

    struct Report: Equatable {
        /// Of every call that was answered: the result, or the error's number negated.
        var results: [Int]
        var end: End
    }

    /// Not a result of any call.
    private static let unanswered = Int.min

    /// Carries out the calls under the filter, and `meanwhile` beside it.
    /// - Parameters:
    ///   - compat: the calls are made as a 32-bit program makes them (x86 only).
    ///   - meanwhile: gets the process's id, and the listener that the filter's installation resulted in.
    static func run(
        _ filter: SeccompFilter, _ calls: [Call], compat: Bool = false,
        meanwhile: (pid_t, Int32) -> Void = { _, _ in }
    ) -> Report {
        let size = (calls.count + 2) * 8
        let shared = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)!
        defer { munmap(shared, size) }
        let results = shared.bindMemory(to: Int.self, capacity: calls.count + 2)
        for index in 0..<calls.count + 2 { results[index] = unanswered }
        // Last but one: the result of seccomp(2). Last: whether to go on.
        let installed = results + calls.count
        let gate = results + calls.count + 1

        let numbers = UnsafeMutablePointer<Int>.allocate(capacity: calls.count * 7)
        defer { numbers.deallocate() }
        for (index, call) in calls.enumerated() {
            numbers[index * 7] = call.number
            for (place, argument) in call.arguments.enumerated() { numbers[index * 7 + 1 + place] = argument }
        }
        let compatCall = compat ? CompatCall() : nil
        let count = calls.count

        var program = filter.program
        let pid = program.withUnsafeMutableBytes { bytes in
            var header = sock_fprog(
                len: UInt16(filter.instructionCount),
                filter: bytes.baseAddress!.assumingMemoryBound(to: sock_filter.self))
            return withUnsafeMutablePointer(to: &header) { header in
                let pid = clinux_clone3(0, SIGCHLD, -1, nil)
                if pid != 0 { return pid }
                _ = clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
                installed.pointee = clinux_syscall(
                    Int(SYS_seccomp), Int(SECCOMP_SET_MODE_FILTER), Int(filter.flags),
                    Int(bitPattern: header), 0,
                    0, 0)
                while gate.pointee == unanswered {}
                for index in 0..<count {
                    let call = numbers + index * 7
                    let result: Int
                    if let compatCall {
                        result = compatCall.run(call[0])
                    } else {
                        let answer = clinux_syscall(
                            call[0], call[1], call[2], call[3], call[4], call[5], call[6])
                        result = answer == -1 ? -Int(clinux_errno()) : answer
                    }
                    results[index] = result
                }
                while true { _ = clinux_syscall(Int(SYS_exit_group), 7, 0, 0, 0, 0, 0) }
            }
        }
        precondition(pid > 0, "clone3 failed")
        while installed.pointee == unanswered { usleep(100) }
        precondition(installed.pointee >= 0, "the kernel refused the filter")
        let listener = Int32(installed.pointee)
        gate.pointee = 1
        meanwhile(pid, listener)
        let status = reap(pid)
        let end: End =
            clinux_wait_exited(status) != 0
            ? .exited(clinux_wait_exit_status(status)) : .signaled(clinux_wait_term_signal(status))
        return Report(results: (0..<count).map { results[$0] }.filter { $0 != unanswered }, end: end)
    }
}

/// Waits for the end of a child.
/// - Returns: its status as of wait(2).
func reap(_ pid: pid_t) -> Int32 {
    let pidfd = clinux_pidfd_open(pid, 0)
    defer { close(pidfd) }
    var status: Int32 = 0
    while clinux_wait_pidfd(pidfd, 0, &status) < 0 && clinux_errno() == EINTR {}
    return status
}

/// A system call through the gate for 32-bit programs, which a 64-bit one may use as well.
private final class CompatCall: Sendable {
    private let code: UInt

    init() {
        // mov eax, edi; push rbx; int 0x80; pop rbx; cdqe; ret
        let bytes: [UInt8] = [0x89, 0xf8, 0x53, 0xcd, 0x80, 0x5b, 0x48, 0x98, 0xc3]
        let page = mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        page.copyMemory(from: bytes, byteCount: bytes.count)
        code = UInt(bitPattern: page)
    }

    deinit { munmap(UnsafeMutableRawPointer(bitPattern: code), 4096) }

    func run(_ number: Int) -> Int {
        typealias Function = @convention(c) (Int) -> Int
        return unsafeBitCast(UnsafeRawPointer(bitPattern: code), to: Function.self)(number)
    }
}
