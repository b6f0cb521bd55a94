import CLinux
import Glibc

/// How a child process is made (clone3(2)).
public struct CloneOptions: Sendable {
    /// CLONE_NEW… flags.
    public var namespaces: UInt64 = 0
    /// The child becomes a child of this process's parent, which then reaps it (CLONE_PARENT).
    public var sibling = false
    /// The child shares this program's memory until it executes another program (CLONE_VM): no page tables
    /// are copied and no page is copied on write. Not possible across time namespaces.
    public var sharesMemory = false
    /// A cgroup v2 folder in which the child begins, or -1 (CLONE_INTO_CGROUP).
    public var cgroup: Int32 = -1

    public init() {}
}

/// Makes a child that runs `body` once a byte arrives on `gate`, and ends with its result.
///
/// This program has one thread. With shared memory, parent and child must never run Swift code at the same
/// time: the parent opens the gate with `clinux_send_and_wait` on the other end of `gate` and so sleeps until
/// the child answers, and the child answers the same way.
///
/// - Parameters:
///   - gate: the child's end of a seqpacket socket pair.
///   - peer: this program's end of it. The child closes its copy, so that its conversation ends when this
///     program is killed.
/// - Throws: what clone3(2) answers; ENOSPC stands for a namespace limit (/proc/sys/user).
public func spawnChild(
    _ options: CloneOptions, gate: Int32, peer: Int32, body: @escaping () -> Int32
) throws(KernelError) -> ProcessHandle {
    var pidfd: Int32 = -1
    var flags = options.namespaces
    if options.sibling { flags |= UInt64(CLONE_PARENT) }
    // A sibling takes over our own exit signal; the kernel refuses another.
    let exitSignal = options.sibling ? 0 : SIGCHLD
    let pid: pid_t
    if options.sharesMemory {
        let size = 1 << 20
        let stack = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0)
        guard let stack, stack != MAP_FAILED else { throw KernelError("mmap", "stack of a child") }
        // The lowest page stays out of reach, so that an overflow ends the child instead of corrupting us.
        mprotect(stack, 4096, PROT_NONE)
        let context = Unmanaged.passRetained(ChildBody(body)).toOpaque()
        pid = clinux_clone_shared(
            flags, exitSignal, options.cgroup, &pidfd, stack, size, gate, peer,
            { Unmanaged<ChildBody>.fromOpaque($0!).takeUnretainedValue().run() }, context)
    } else {
        pid = clinux_clone3(flags, exitSignal, options.cgroup, &pidfd)
        if pid == 0 {
            Glibc.close(peer)
            var byte: UInt8 = 0
            var count = 0
            repeat { count = read(gate, &byte, 1) } while count < 0 && Errno.current == .interrupted
            _exit(count == 1 ? body() : 1)
        }
    }
    if pid < 0 { throw KernelError("clone3", "new process") }
    return ProcessHandle(owning: FileDescriptor(owning: pidfd), pid: pid)
}

private final class ChildBody {
    let run: () -> Int32
    init(_ run: @escaping () -> Int32) { self.run = run }
}

/// A pair of connected seqpacket sockets, close-on-exec.
public func socketPair() throws(KernelError) -> Pipe {
    var ends: (Int32, Int32) = (-1, -1)
    _ = try check("socketpair", "") {
        withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) {
                socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, $0)
            }
        }
    }
    return Pipe(read: FileDescriptor(owning: ends.0), write: FileDescriptor(owning: ends.1))
}
