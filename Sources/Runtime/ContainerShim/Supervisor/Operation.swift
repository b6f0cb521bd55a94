import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A short-lived clone of the shim at work: it creates, starts, executes or removes, while the loop goes on.
///
/// The clone has a copy of the shim's memory, so that everything it decodes and builds goes with it. It reports
/// over a socket and ends; its end is what the loop sees (SIGCHLD).
final class Operation {
    let pid: Int32
    /// Processes that it makes are children of the shim and may end before it has told of them.
    let makesProcesses: Bool
    private let socket: FileDescriptor
    private let loop: EventLoop
    private var deadline: EventLoop.TimerID?
    private var isOverdue = false
    private let what: String
    private let completion: (Outcome) -> Void

    /// What came of it.
    struct Outcome {
        var report: CloneReport
        /// A terminal's master, owned by whoever takes the outcome; -1 for none.
        var terminal: Int32
    }

    /// - Parameters:
    ///   - what: for messages.
    ///   - keeping: descriptors that the work needs, besides the standard streams; all others are closed.
    ///   - milliseconds: after which the clone is killed.
    ///   - work: runs in the clone; its argument is the socket, over which a terminal may be sent too.
    init(
        _ what: String, makesProcesses: Bool, keeping: [Int32], milliseconds: Int, loop: EventLoop,
        ownScore: OutOfMemoryScore, work: (Int32) throws -> CloneReport,
        completion: @escaping (Outcome) -> Void
    ) throws(KernelError) {
        let (ours, theirs) = try socketPair().ends()
        let socket = FileDescriptor(owning: ours)
        let cloneSocket = FileDescriptor(owning: theirs)
        try socket.setNonBlocking(true)
        pid = clinux_clone3(0, SIGCHLD, -1, nil)
        if pid == 0 { Self.runInClone(socket: cloneSocket.raw, keeping, ownScore, work) }
        if pid < 0 { throw KernelError("clone3", what) }
        self.socket = socket
        self.what = what
        self.makesProcesses = makesProcesses
        self.loop = loop
        self.completion = completion
        let pid = pid
        deadline = loop.after(milliseconds: milliseconds) { [unowned self] in
            isOverdue = true
            // Not reaped yet, so the number is still its own.
            kill(pid, SIGKILL)
            // The programs that it has started, where it has made a group of them.
            kill(-pid, SIGKILL)
        }
    }

    private static func runInClone(
        socket: Int32, _ keeping: [Int32], _ ownScore: OutOfMemoryScore, _ work: (Int32) throws -> CloneReport
    ) -> Never {
        let report: CloneReport
        do {
            closeAll(but: keeping + [socket])
            // Containers and hooks must not inherit how the shim treats signals, nor its protection.
            signal(SIGPIPE, SIG_DFL)
            try SignalDescriptor.unblockAll()
            try ownScore.restore()
            report = try work(socket)
        } catch {
            report = CloneReport(error)
        }
        let bytes = report.json()
        _ = bytes.withUnsafeBytes { clinux_send_fds(socket, $0.baseAddress, $0.count, nil, 0) }
        _exit(0)
    }

    /// The ends of other containers' pipes and of clients' sockets must not stay open in a clone that waits
    /// for a hook: their peers wait for the end.
    private static func closeAll(but kept: [Int32]) {
        var next: UInt32 = 3
        for fd in kept.filter({ $0 >= 3 }).sorted() {
            let fd = UInt32(fd)
            if fd > next { clinux_close_range(next, fd - 1, 0) }
            next = max(next, fd + 1)
        }
        clinux_close_range(next, .max, 0)
    }

    /// The clone has ended and was reaped.
    /// - Parameter buffer: scratch space for one message.
    func finish(_ status: ExitStatus, _ buffer: UnsafeMutableRawBufferPointer) {
        if let deadline { loop.cancel(deadline) }
        var outcome = Outcome(
            report: CloneReport(ShimFailure(.refused, "\(what): \(cause(of: status))")), terminal: -1)
        if isOverdue {
            outcome.report = CloneReport(ShimFailure(.timedOut, "\(what): took too long and was ended"))
        }
        receive(into: &outcome, buffer)
        completion(outcome)
    }

    /// Why a clone has ended that has reported nothing.
    private func cause(of status: ExitStatus) -> String {
        // A new process shares the clone's memory until it executes its program, and the kernel kills both when the
        // container's group has no room for it.
        makesProcesses && status == .signaled(SIGKILL)
            ? "the new process was OOM-killed (memory limit too low?)"
            : "the shim's clone ended early (\(status.code))"
    }

    /// Everything that the clone has sent lies in the socket.
    private func receive(into outcome: inout Outcome, _ buffer: UnsafeMutableRawBufferPointer) {
        while true {
            let count: Int
            let descriptors: [Int32]
            do throws(KernelError) {
                (count, descriptors) = try socket.receivePacket(into: buffer)
            } catch {
                // EAGAIN: that was all.
                return
            }
            if let first = descriptors.first {
                // The terminal, with its name as data.
                outcome.terminal = first
                for extra in descriptors.dropFirst() { close(extra) }
                continue
            }
            guard count > 0 else { return }
            do throws(JSONError) {
                outcome.report = try CloneReport(json: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                outcome.report = CloneReport(ShimFailure(.refused, "\(what): \(error)"))
            }
        }
    }
}
