import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A criu that serves one conversation (`criu swrk`).
///
/// Its remote procedure calls and not its command line, because only they tell at which point criu is while it
/// waits for our answer (hooks run when the namespaces are there, the record is written before the restored
/// processes run), hand over the master of a restored terminal, and make the restored process our child.
final class CriuProcess {
    // Descriptors' numbers in criu.
    private static let socketNumber: Int32 = 3
    static let imagesNumber: Int32 = 4
    static let workNumber: Int32 = 5
    static let firstNumber: Int32 = 6

    /// What happens in the new process before it is criu.
    struct Setup {
        /// The folders of the images, and of the log. criu opens them itself, where it is: it mounts below them,
        /// which the kernel refuses for a folder of another mount namespace.
        var folders: (images: String, work: String)?
        /// Become criu's descriptors from `firstNumber` on.
        var descriptors: [Int32] = []
        /// Standard input and outputs; nil for our own.
        var streams: (input: Int32, output: Int32, error: Int32)?
        var cgroup: Placement?
        /// Namespaces and mounts.
        var prepare: () throws -> Void = {}
    }

    let pid: Int32
    private let socket: Int32
    private let patience: Int
    private var isReaped = false

    /// - Parameters:
    ///   - program: criu, by path or by a name that is in `PATH`.
    ///   - patience: seconds that it may say nothing; 0: without end.
    init(program: String, patience: Int, _ setup: Setup) throws {
        self.patience = patience
        let path = try Self.find(program)
        let gate = try socketPair()
        let childGate = gate.write.raw
        var options = CloneOptions()
        if let cgroup = setup.cgroup { options.cgroup = cgroup.value.cloneDescriptor }
        let process = try spawnChild(options, gate: childGate, peer: gate.read.raw) {
            do {
                try Self.become(path, setup, gate: childGate)
            } catch {
                Channel.fail(childGate, error)
            }
        }
        pid = process.pid
        let ends = gate.ends()
        close(ends.1)
        let ours = FileDescriptor(owning: ends.0)
        do {
            socket = try Self.takeSocket(ours.raw)
        } catch {
            _ = try process.wait()
            throw error
        }
        // The gate closes when criu is executed.
        if case .failure(let error) = try Channel.listen(ours.raw) { throw error }
    }

    /// Lets the new process go on, and waits for its end of the conversation.
    private static func takeSocket(_ gate: Int32) throws -> Int32 {
        _ = try check("talk to", "criu's process") {
            Channel.go.withUnsafeBytes { Glibc.send(gate, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        var descriptor: Int32 = -1
        var count: Int32 = 0
        let length = clinux_receive_fds(gate, &buffer, buffer.count, &descriptor, 1, &count)
        if count == 1 { return descriptor }
        if case .failure(let error) = try Channel.interpret(buffer, length) { throw error }
        throw RuntimeError("criu's process ended before it was criu")
    }

    /// criu notices the end of the conversation, and ends.
    deinit {
        finish()
    }

    /// Closes the conversation and waits for criu's end.
    func finish() {
        guard !isReaped else { return }
        isReaped = true
        close(socket)
        while waitpid(pid, nil, 0) < 0, Errno.current == .interrupted {}
    }

    /// - Throws: where there is no such program.
    static func find(_ program: String) throws -> String {
        if program.utf8.contains(UInt8(ascii: "/")) {
            if access(program, X_OK) != 0 { throw KernelError("execute", program) }
            return program
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        for folder in path.split(separator: ":") where access("\(folder)/\(program)", X_OK) == 0 {
            return "\(folder)/\(program)"
        }
        throw RuntimeError("\(program) is not in PATH; checkpoints need it (Debian: apt install criu)")
    }

    private static func become(_ path: String, _ setup: Setup, gate: Int32) throws -> Never {
        try setup.cgroup?.value.joinLegacy()
        try setup.prepare()
        // criu waits for its children by signal, and the restored processes must not inherit what we block.
        try InitProcess.resetSignals()
        // criu learns from this socket whose descriptors our requests name: those of its maker, itself.
        let conversation = try socketPair()
        // High copies first: none is overwritten before it is in its place.
        var wanted: [(copy: Int32, number: Int32)] = []
        func keep(_ descriptor: Int32, as number: Int32) throws {
            let copy = try check("dup", "descriptor \(descriptor)") {
                clinux_fcntl(descriptor, F_DUPFD_CLOEXEC, 200)
            }
            wanted.append((copy, number))
        }
        if let streams = setup.streams {
            try keep(streams.input, as: 0)
            try keep(streams.output, as: 1)
            try keep(streams.error, as: 2)
        }
        try keep(conversation.write.raw, as: socketNumber)
        if let folders = setup.folders {
            let flags = O_RDONLY | O_DIRECTORY
            try keep(try FileDescriptor.open(folders.images, flags).release(), as: imagesNumber)
            try keep(try FileDescriptor.open(folders.work, flags).release(), as: workNumber)
        }
        for (index, descriptor) in setup.descriptors.enumerated() {
            try keep(descriptor, as: firstNumber + Int32(index))
        }
        let ours = [conversation.read.raw]
        var word = UInt8(ascii: "S")
        guard clinux_send_fds(gate, &word, 1, ours, 1) > 0 else { throw KernelError("send", "socket") }
        let report = try check("dup", "gate") { clinux_fcntl(gate, F_DUPFD_CLOEXEC, 200) }
        for (copy, number) in wanted { _ = try check("dup2", "\(number)") { dup2(copy, number) } }
        let last = wanted.map(\.number).max() ?? socketNumber
        // Nothing of ours may come into the restored processes.
        _ = try check("close_range") { clinux_close_range(UInt32(last) + 1, UInt32.max, 1 << 2) }
        _ = withCStrings([path, "swrk", "\(socketNumber)"]) { execve(path, $0, Glibc.environ) }
        let errno = Errno.current
        Channel.fail(report, KernelError("execute", path, errno))
    }

    // MARK: Conversation

    /// Sends a request and answers notifications until criu has carried it out.
    /// - Parameter notify: is handed each notification, with a descriptor where one came along, which becomes
    ///   its to close. What it throws ends criu's work and this call.
    func carryOut(
        _ request: CriuRequest, notify: (CriuResponse.Notification, Int32?) throws -> Void = { _, _ in }
    ) throws -> CriuResponse {
        try send(request)
        var failure: (any Error)?
        while true {
            let (response, descriptor) = try receive()
            guard response.kind == CriuRequest.Kind.notify.rawValue else {
                if let descriptor { close(descriptor) }
                if let failure { throw failure }
                guard response.success else { throw CriuFailure(response) }
                return response
            }
            do {
                try notify(response.notification, descriptor)
            } catch {
                failure = failure ?? error
            }
            try send(CriuRequest(notificationSucceeded: failure == nil))
        }
    }

    private func send(_ request: CriuRequest) throws {
        let bytes = request.bytes
        do throws(KernelError) {
            _ = try check("talk to", "criu") {
                bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
        } catch {
            if error.errno == .brokenPipe { throw CriuFailure(nil) }
            throw error
        }
    }

    private func receive() throws -> (CriuResponse, Int32?) {
        try waitForMessage()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var descriptor: Int32 = -1
        var count: Int32 = 0
        let length = clinux_receive_fds(socket, &buffer, buffer.count, &descriptor, 1, &count)
        // Reset: it ended before it read our request.
        if length < 0, Errno.current.rawValue != ECONNRESET { throw KernelError("hear from", "criu") }
        guard length > 0 else { throw CriuFailure(nil) }
        return (try CriuResponse(buffer[..<length]), count == 1 ? descriptor : nil)
    }
}

extension CriuProcess {
    private func waitForMessage() throws {
        guard patience > 0 else { return }
        let deadline = Deadline.after(patience * 1000)
        while true {
            var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let ready = poll(&watched, 1, deadline.pollMilliseconds)
            if ready > 0 { return }
            if ready < 0 {
                if Errno.current == .interrupted { continue }
                throw KernelError("poll", "criu's socket")
            }
            // What does not answer does not end either when its conversation ends.
            Glibc.kill(pid, SIGKILL)
            throw CriuFailure(silentFor: patience)
        }
    }
}

/// criu's own answer that it did not do what it was asked.
struct CriuFailure: Error, CustomStringConvertible {
    /// What it says in a few words, where it says something.
    let description: String

    init(silentFor seconds: Int) {
        description = "criu said nothing for \(seconds) s and was ended (--criu-timeout)"
    }

    /// - Parameter response: nil when criu ended without one.
    init(_ response: CriuResponse?) {
        guard let response else {
            description = "criu ended without an answer"
            return
        }
        if let message = response.message, !message.isEmpty {
            description = message
        } else if response.errno != 0 {
            description = "criu failed: \(Errno(rawValue: response.errno))"
        } else {
            description = "criu failed"
        }
    }
}
