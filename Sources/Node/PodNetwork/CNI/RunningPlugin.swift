import CLinux
import Glibc
import LinuxKernel

/// A plugin that waits for what it is asked. Both outputs are read to a limit: one is the document, the other what it
/// complains of. One that nobody has asked is killed at the end of this value.
package struct RunningPlugin: ~Copyable {
    private let process: ProcessHandle
    private let path: String
    /// Our ends: of its input, its output, its complaints; closed ones become -1.
    private var ends: [Int32]
    private var isReaped = false

    /// - Parameters:
    ///   - process: a child that is the first of its process group.
    ///   - ends: of its input, its output, its complaints; this value's from now on, and not to block.
    init(_ process: consuming ProcessHandle, path: String, ends: [Int32]) {
        self.process = process
        self.path = path
        self.ends = ends
    }

    deinit {
        // Before its input ends, which it would take for what it is asked. Not reaped yet, so the number is still its own.
        if !isReaped { kill(-process.pid, SIGKILL) }
        for descriptor in ends where descriptor >= 0 { close(descriptor) }
        if !isReaped { _ = try? process.wait() }
    }

    package struct Outcome {
        package var status: ExitStatus?
        package var output: [UInt8] = []
        package var complaint: [UInt8] = []
        /// It was killed, as its time was over.
        package var isTimedOut = false
    }

    private static let limit = 1 << 20
    /// Milliseconds of a program's start, in which it is not to share its processor with what is done meanwhile.
    private static let headStart = 4

    /// Says what is asked, and returns when the program has ended, or was killed.
    /// - Parameters:
    ///   - milliseconds: that it may take from now on.
    ///   - sent: called once it has all of the input.
    ///   - meanwhile: called some milliseconds later, if it still works.
    package mutating func ask(
        _ input: [UInt8], milliseconds: Int, sent: () -> Void = {}, meanwhile: () -> Void = {}
    ) throws(KernelError) -> Outcome {
        // A plugin that ends without reading its input must not end us.
        let previous = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, previous) }
        let deadline = monotonicMilliseconds() + milliseconds
        var outcome = Outcome()
        var count = 0
        var headStart: Int?
        while true {
            var polls = [
                pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: ends[0], events: Int16(POLLOUT), revents: 0),
                pollfd(fd: ends[1], events: Int16(POLLIN), revents: 0),
                pollfd(fd: ends[2], events: Int16(POLLIN), revents: 0),
            ]
            let wait = max(0, min(deadline, headStart ?? deadline) - monotonicMilliseconds())
            _ = try check("poll", path) { poll(&polls, 4, Int32(clamping: wait)) }
            if polls[1].revents != 0 {
                let written = input[count...].withUnsafeBytes { write(ends[0], $0.baseAddress, $0.count) }
                if written > 0 { count += written }
                if count == input.count || (written < 0 && Errno.current != .again) { Self.end(&ends[0]) }
                if ends[0] < 0 {
                    sent()
                    headStart = monotonicMilliseconds() + Self.headStart
                }
            }
            if polls[2].revents != 0 { Self.drain(&ends[1], into: &outcome.output) }
            if polls[3].revents != 0 { Self.drain(&ends[2], into: &outcome.complaint) }
            if polls[0].revents != 0 {
                // What it wrote lies in the pipes; a grandchild that holds them open does not keep us.
                Self.drain(&ends[1], into: &outcome.output)
                Self.drain(&ends[2], into: &outcome.complaint)
                outcome.status = try process.wait()
                isReaped = true
                return outcome
            }
            if let time = headStart, monotonicMilliseconds() >= time {
                headStart = nil
                meanwhile()
            }
            if monotonicMilliseconds() >= deadline {
                // Not reaped yet, so the number is still its own.
                kill(-process.pid, SIGKILL)
                _ = try process.wait()
                isReaped = true
                outcome.isTimedOut = true
                return outcome
            }
        }
    }

    private static func drain(_ descriptor: inout Int32, into bytes: inout [UInt8]) {
        if descriptor < 0 { return }
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, Errno.current == .again { return }
            if count <= 0 { return end(&descriptor) }
            if bytes.count < limit { bytes += buffer[..<count] }
        }
    }

    private static func end(_ descriptor: inout Int32) {
        Glibc.close(descriptor)
        descriptor = -1
    }
}
