import CLinux
import Glibc
import LinuxKernel
import Synchronization

/// What a shim that starts says to whoever started it, line by line.
enum ShimReport {
    private static let processWord = "pid "

    /// What a spare shim says first.
    static let waitingLine = "waiting"

    /// The line with which a shim that goes on as another process says so.
    static func processLine(_ pid: Int32) -> String { processWord + "\(pid)" }

    /// What a shim says at last.
    static let readyLine = "ok"

    /// The shim writes a line: the one that is awaited, or why not. Before that it may say that it has become another
    /// process, a child of ours too.
    /// - Returns: the shim's process id; nil where it has ended and said nothing.
    static func outcome(
        _ report: borrowing FileDescriptor, awaiting awaited: String = readyLine, pid: Int32, deadline: Int
    ) throws(ShimError) -> Int32? {
        var pid = pid
        var text = ""
        do throws(KernelError) {
            while true {
                if let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(text[..<end])
                    text = String(text[text.utf8.index(after: end)...])
                    guard let other = process(line) else {
                        if line == awaited { return pid }
                        text = line
                        break
                    }
                    // It has ended.
                    waitpid(pid, nil, 0)
                    pid = other
                    continue
                }
                text += try read(report, deadline: deadline)
            }
        } catch {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            if [.brokenPipe, Errno(rawValue: ECONNRESET)].contains(error.errno) { return nil }
            throw .notStarted("\(error)")
        }
        waitpid(pid, nil, 0)
        throw .notStarted(text)
    }

    private static func process(_ line: String) -> Int32? {
        guard line.utf8.starts(with: processWord.utf8) else { return nil }
        return Int32(line.dropFirst(processWord.utf8.count))
    }

    static func read(
        _ report: borrowing FileDescriptor, deadline: Int
    ) throws(KernelError) -> String {
        guard try isThere(report, by: deadline) else {
            throw KernelError("wait for", "its report", .timedOut)
        }
        let text = try report.readText(atMost: 4096)
        if text.isEmpty { throw KernelError("read", "its report", .brokenPipe) }
        return text
    }

    /// Waits until it says something, or ends.
    static func isThere(_ report: borrowing FileDescriptor, by deadline: Int) throws(KernelError) -> Bool {
        var poll = pollfd(fd: report.raw, events: Int16(POLLIN), revents: 0)
        return try check("poll", "report of the shim") {
            Glibc.poll(&poll, 1, Int32(clamping: max(0, deadline - monotonicMilliseconds())))
        } > 0
    }
}

/// A shim that waits for its pod. Ended, and reaped, when nobody refers to it any more and it was not used.
public final class SpareShim: Sendable {
    /// Nil once it has a pod.
    private let line: Mutex<FileDescriptor?>
    public let pid: Int32
    private let another: StartingShim.Launch

    /// Waits until it waits.
    /// - Parameter another: starts one in its place.
    init(
        owning line: consuming FileDescriptor, pid: Int32, deadline: Int,
        another: @escaping StartingShim.Launch
    ) throws(ShimError) {
        let waiting = try ShimReport.outcome(
            line, awaiting: ShimReport.waitingLine, pid: pid, deadline: deadline)
        guard let pid = waiting else { throw .notStarted("it ended and said nothing") }
        self.line = Mutex(consume line)
        self.pid = pid
        self.another = another
    }

    deinit {
        if line.withLock({ $0.take() != nil }) { Self.end(pid) }
    }

    private static func end(_ pid: Int32) {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// The pod is there: its folder, with `pod.json`.
    /// - Returns: nil when the shim has ended meanwhile, or has its pod already: another has to be started.
    public func begin(milliseconds: Int = ShimPatience.work) -> StartingShim? {
        line.withLock { line in
            guard let descriptor = line.take() else { return nil }
            var order: UInt8 = 1
            // Not write(2): no signal when it is gone.
            if send(descriptor.raw, &order, 1, Int32(MSG_NOSIGNAL)) == 1 {
                return StartingShim(
                    owning: descriptor, pid: pid, deadline: monotonicMilliseconds() + milliseconds,
                    spare: StartingShim.Spare(
                        orderedBy: monotonicMilliseconds() + ShimPatience.order, another: another))
            }
            Self.end(pid)
            return nil
        }
    }
}

/// A shim that has been started and has not said yet whether it is there.
public final class StartingShim: Sendable {
    typealias Launch = @Sendable () throws(ShimError) -> StartingShim

    /// Of one that was told over its socket that there is a pod. It may have been killed or stopped before that, and
    /// nobody has noticed.
    struct Spare: Sendable {
        /// When it has to have taken the order.
        let orderedBy: Int
        /// Starts one in its place, if it ends and says nothing: a pod's shim takes away what one before it has left.
        let another: Launch
    }

    private let report: FileDescriptor
    private let pid: Int32
    private let deadline: Int
    private let spare: Spare?

    init(owning report: consuming FileDescriptor, pid: Int32, deadline: Int, spare: Spare? = nil) {
        self.report = report
        self.pid = pid
        self.deadline = deadline
        self.spare = spare
    }

    /// Waits until it listens, and a pod's shim until its namespaces are pinned. To be called once, whatever else
    /// fails: it reaps a shim that does not come up.
    /// - Returns: the shim's process id.
    /// - Throws: `notStarted` with the shim's own line.
    @discardableResult
    public func ready() throws(ShimError) -> Int32 {
        // One that stands still is ended as one that has said nothing. If it goes on at this very moment, its next word
        // ends it (SIGPIPE), as whatever process.
        if let spare, !takesOrder(by: spare.orderedBy) { shutdown(report.raw, Int32(SHUT_RDWR)) }
        if let pid = try ShimReport.outcome(report, pid: pid, deadline: deadline) { return pid }
        guard let spare else { throw .notStarted("it ended and said nothing") }
        return try spare.another().ready()
    }

    /// Whether it has read what was sent to it, or has said something; waits for the latter.
    private func takesOrder(by deadline: Int) -> Bool {
        if (try? ShimReport.isThere(report, by: deadline)) == true { return true }
        // What nobody has read yet takes memory of the socket that it was sent by.
        var unread: Int32 = 0
        return clinux_ioctl(report.raw, UInt(TIOCOUTQ), &unread) != 0 || unread == 0
    }
}

extension FileDescriptor {
    /// One read(2); empty at the end.
    fileprivate func readText(atMost count: Int) throws(KernelError) -> String {
        var failure: KernelError?
        let text = String(unsafeUninitializedCapacity: count) { buffer in
            do throws(KernelError) {
                return try read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return text
    }
}
