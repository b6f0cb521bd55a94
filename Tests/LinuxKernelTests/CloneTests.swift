import Glibc
import LinuxKernel
import Testing

/// The children here only call the kernel: the tests' process has other threads, whose locks a copy of its
/// memory would keep for ever. Children that share memory are tested with the runtime, which has one thread.
@Suite struct CloneTests {
    private func code(_ options: CloneOptions, open: Bool = true, _ body: @escaping () -> Int32) throws
        -> LinuxKernel.ExitStatus
    {
        let gate = try socketPair()
        let child = try spawnChild(options, gate: gate.read.raw, peer: gate.write.raw, body: body)
        let ends = gate.ends()
        // The child has its own copy; without this one it sees the end of the conversation.
        close(ends.0)
        if open { _ = send(ends.1, "G", 1, Int32(MSG_NOSIGNAL)) }
        close(ends.1)
        return try child.wait()
    }

    @Test func withoutLeaveTheBodyDoesNotRun() throws {
        #expect(try code(CloneOptions(), open: false) { 0 } == .exited(1))
    }

    @Test func theBodysResultIsTheExitStatus() throws {
        #expect(try code(CloneOptions()) { 23 } == .exited(23))
    }

    @Test func memoryIsACopy() throws {
        let shared = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        defer { shared.deallocate() }
        shared.pointee = 1
        #expect(
            try code(CloneOptions()) {
                shared.pointee = 2
                return shared.pointee
            } == .exited(2))
        #expect(shared.pointee == 1)
    }

    @Test func namespacesAreNew() throws {
        var options = CloneOptions()
        options.namespaces = NamespaceKind.pid.flag | NamespaceKind.uts.flag
        #expect(try code(options) { getpid() } == .exited(1))
    }

    @Test func theChildIsOurs() throws {
        let parent = getpid()
        #expect(try code(CloneOptions()) { getppid() == parent ? 0 : 1 } == .exited(0))
    }

    @Test func impossibleWishesAreErrors() throws {
        var options = CloneOptions()
        options.namespaces = 0xffff_ffff_0000_0000
        let gate = try socketPair()
        do {
            _ = try spawnChild(options, gate: gate.read.raw, peer: gate.write.raw) { 0 }
            Issue.record("made")
        } catch {
            #expect(error.errno == .invalidArgument)
        }
    }

    @Test func kindsHaveTheirNames() throws {
        for kind in NamespaceKind.allCases {
            #expect(access("/proc/self/ns/\(kind.procName)", F_OK) == 0, "\(kind)")
        }
        #expect(Set(NamespaceKind.allCases.map(\.flag)).count == 8)
    }
}
