import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// One connection to a shim.
///
/// Requests go out with `send` and are answered in any order; `call` sends one and waits for its answer, with
/// a deadline, and keeps what else arrives for `receive`. A program that waits for several things at once
/// polls `descriptor` and calls `receive` when it is readable and while `hasMessages`.
public struct ShimClient: ~Copyable {
    private let socket: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    private var lastNumber: UInt64 = 0
    private var kept: [ShimMessage] = []

    /// What the shim said of itself.
    public let greeting: ShimGreeting

    /// Connects to a shim.
    /// - Parameters:
    ///   - state: the run folder of the namespace, `/run/swiftlet/default`.
    ///   - shim: the shim's name in it: its container's id.
    ///   - milliseconds: how long the connection and the greeting may take together.
    public init(state: String, shim: String, milliseconds: Int = ShimPatience.answer) throws(ShimError) {
        let runFolder = RunFolders(state: state).shim(shim)
        let deadline = monotonicMilliseconds() + milliseconds
        let socket = try Self.connect(runFolder, milliseconds)
        greeting = try Self.greeting(socket, deadline: deadline)
        self.socket = socket
        // One byte more than a message may have, to notice one that is too long.
        buffer = .allocate(byteCount: ShimProtocol.maxMessage + 1, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// To be polled for reading.
    public var descriptor: Int32 { socket.raw }

    /// Messages arrived already that `receive` has not given yet.
    public var hasMessages: Bool { !kept.isEmpty }

    private static func connect(_ folder: String, _ milliseconds: Int) throws(ShimError) -> FileDescriptor {
        do throws(KernelError) {
            let folder = try FileDescriptor.open(folder, O_PATH | O_DIRECTORY)
            return try UnixSocket.connect(
                in: folder, name: ShimProtocol.socketName, milliseconds: milliseconds)
        } catch {
            switch error.errno {
            case .noEntry, .connectionRefused: throw .absent(folder: folder)
            case .again: throw .timedOut("connect")
            default: throw .refused(error)
            }
        }
    }

    private static func greeting(
        _ socket: borrowing FileDescriptor, deadline: Int
    ) throws(ShimError) -> ShimGreeting {
        guard try awaitReadable(socket, deadline: deadline) else { throw .timedOut("connect") }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 16)
        defer { buffer.deallocate() }
        let (count, descriptors) = try receivePacket(socket, buffer)
        for fd in descriptors { close(fd) }
        let greeting: ShimGreeting
        do throws(JSONError) {
            greeting = try ShimGreeting(json: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } catch {
            throw .garbled(error)
        }
        guard greeting.commonVersion != nil else { throw .incompatible(greeting) }
        return greeting
    }
}

// MARK: Messages

extension ShimClient {
    /// A message and the descriptor that came with it.
    public struct Delivery: ~Copyable {
        public let message: ShimMessage
        public var descriptor: FileDescriptor?
    }

    /// Sends a request and returns its number, under which the answer will come.
    /// - Parameter descriptors: stay the caller's.
    public mutating func send(
        _ request: ShimRequest, descriptors: [Int32] = []
    ) throws(ShimError) -> UInt64 {
        lastNumber += 1
        let bytes = NumberedRequest(number: lastNumber, request: request).json()
        do throws(KernelError) {
            try socket.sendPacket(bytes, descriptors: descriptors)
        } catch {
            switch error.errno {
            case .brokenPipe, Errno(rawValue: ECONNRESET): throw .gone
            case .again: throw .timedOut("send request")
            default: throw .refused(error)
            }
        }
        return lastNumber
    }

    /// The next message, or nil when none came in time.
    /// - Parameter milliseconds: 0 to take only what is there, -1 to wait without limit.
    public mutating func receive(milliseconds: Int) throws(ShimError) -> Delivery? {
        if !kept.isEmpty { return Delivery(message: kept.removeFirst(), descriptor: nil) }
        return try receiveNew(deadline: Self.deadline(after: milliseconds))
    }

    /// Sends a request and waits for its answer. What else arrives meanwhile is kept for `receive`.
    /// - Throws: `failed` when the shim refuses; `timedOut`.
    public mutating func call(
        _ request: ShimRequest, descriptors: [Int32] = [], milliseconds: Int = ShimPatience.answer
    ) throws(ShimError) -> (ShimAnswer, Int32?) {
        let deadline = Self.deadline(after: milliseconds)
        let number = try send(request, descriptors: descriptors)
        while var delivery = try receiveNew(deadline: deadline) {
            switch delivery.message {
            case .answer(number, .failed(let failure)): throw .failed(failure)
            case .answer(number, let answer): return (answer, delivery.descriptor.take()?.release())
            default: kept.append(delivery.message)
            }
        }
        throw .timedOut(request.name)
    }

    private func receiveNew(deadline: Int?) throws(ShimError) -> Delivery? {
        guard try Self.awaitReadable(socket, deadline: deadline) else { return nil }
        let (count, descriptors) = try Self.receivePacket(socket, buffer)
        // No answer carries more than one.
        for fd in descriptors.dropFirst() { close(fd) }
        let descriptor = descriptors.first.map { FileDescriptor(owning: $0) }
        do throws(JSONError) {
            let message = try ShimMessage(json: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return Delivery(message: message, descriptor: descriptor)
        } catch {
            throw .garbled(error)
        }
    }

    private static func receivePacket(
        _ socket: borrowing FileDescriptor, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(ShimError) -> (Int, [Int32]) {
        do throws(KernelError) {
            let (count, descriptors) = try receiveOnce(socket, buffer)
            if count == 0 { throw KernelError("receive", "", .brokenPipe) }
            return (count, descriptors)
        } catch {
            switch error.errno {
            case .brokenPipe, Errno(rawValue: ECONNRESET): throw .gone
            default: throw .refused(error)
            }
        }
    }

    /// A shim that ends with a request of ours unread makes the kernel say so before it gives us the answers
    /// that are still there.
    private static func receiveOnce(
        _ socket: borrowing FileDescriptor, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(KernelError) -> (Int, [Int32]) {
        do throws(KernelError) {
            return try socket.receivePacket(into: buffer)
        } catch {
            guard error.errno == Errno(rawValue: ECONNRESET) else { throw error }
            return try socket.receivePacket(into: buffer)
        }
    }

    private static func deadline(after milliseconds: Int) -> Int? {
        milliseconds < 0 ? nil : monotonicMilliseconds() + milliseconds
    }

    private static func awaitReadable(
        _ socket: borrowing FileDescriptor, deadline: Int?
    ) throws(ShimError) -> Bool {
        var poll = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
        do throws(KernelError) {
            return try check("poll", "shim") {
                let rest = deadline.map { max(0, $0 - monotonicMilliseconds()) } ?? -1
                return Glibc.poll(&poll, 1, Int32(clamping: rest))
            } > 0
        } catch {
            throw .refused(error)
        }
    }
}

// MARK: The requests, one function each

extension ShimClient {
    /// - Returns: the process id of the container's first process, which waits for `start`.
    public mutating func create(_ container: String, folder: String) throws(ShimError) -> Int32 {
        try started(call(.create(container: container, folder: folder), milliseconds: ShimPatience.work)).pid
    }

    /// - Returns: the process id, once the program runs.
    public mutating func start(_ container: String) throws(ShimError) -> Int32 {
        try started(call(.start(container: container), milliseconds: ShimPatience.work)).pid
    }

    /// Opens the container's streams; before `start`, so that nothing is missed.
    public mutating func attach(
        _ container: String, _ options: AttachOptions
    ) throws(ShimError) -> ContainerStreams {
        let (_, descriptor) = try call(.attach(container: container, options))
        guard let descriptor else { throw .garbled(JSONError(path: "", reason: "no descriptor with attach")) }
        return ContainerStreams(owning: FileDescriptor(owning: descriptor))
    }

    /// Runs a further process with these standard streams, which stay the caller's; give it pipes, not files
    /// or terminals of the host. Its end is told by `wait` with the number in the result.
    /// - Parameter process: JSON of the `process` object of a config.json, of any length.
    public mutating func exec(
        _ container: String, process: [UInt8], stdin: Int32, stdout: Int32, stderr: Int32
    ) throws(ShimError) -> ExecProcess {
        let description = try Self.memoryFile(process)
        let answer = try call(
            .exec(container: container, ExecRequest(terminal: false)),
            descriptors: [description.raw, stdin, stdout, stderr], milliseconds: ShimPatience.work)
        let (pid, exec) = try started(answer)
        return ExecProcess(pid: pid, number: exec, terminal: nil)
    }

    /// Runs a further process on a terminal of its own, whose master is in the result: reading, writing and
    /// resizing it is the caller's; when it is closed, the process gets SIGHUP.
    public mutating func exec(
        _ container: String, terminalProcess process: [UInt8]
    ) throws(ShimError) -> ExecProcess {
        let description = try Self.memoryFile(process)
        let answer = try call(
            .exec(container: container, ExecRequest(terminal: true)), descriptors: [description.raw],
            milliseconds: ShimPatience.work)
        let (pid, exec) = try started(answer)
        guard let master = answer.1 else {
            throw .garbled(JSONError(path: "", reason: "no descriptor with exec"))
        }
        return ExecProcess(pid: pid, number: exec, terminal: FileDescriptor(owning: master))
    }

    /// Waits until the container, or a process that `exec` started, has ended.
    public mutating func wait(
        _ container: String, exec: UInt64? = nil, milliseconds: Int = ShimPatience.forever
    ) throws(ShimError) -> ExitReport {
        try exited(call(.wait(container: container, exec: exec), milliseconds: milliseconds))
    }

    public mutating func kill(
        _ container: String, signal: Int32, _ target: KillTarget = .first
    ) throws(ShimError) {
        _ = try call(.kill(container: container, signal: signal, target))
    }

    /// Stops the container and waits for its end. `timeout` in seconds; see `ShimRequest.stop`.
    public mutating func stop(
        _ container: String, signal: Int32? = nil, timeout: Int? = nil
    ) throws(ShimError) -> ExitReport {
        try exited(
            call(
                .stop(container: container, signal: signal, timeout: timeout),
                milliseconds: ShimPatience.forever))
    }

    public mutating func state(_ container: String) throws(ShimError) -> LiveStatus {
        let (answer, _) = try call(.state(container: container))
        guard case .status(let status) = answer else { throw unexpected(answer) }
        return status
    }

    public mutating func resize(_ container: String, _ size: TerminalSize) throws(ShimError) {
        _ = try call(.resize(container: container, size))
    }

    public mutating func pause(_ container: String) throws(ShimError) {
        _ = try call(.pause(container: container), milliseconds: ShimPatience.work)
    }

    public mutating func resume(_ container: String) throws(ShimError) {
        _ = try call(.resume(container: container), milliseconds: ShimPatience.work)
    }

    public mutating func delete(
        _ container: String, force: Bool, removeFolder: Bool
    ) throws(ShimError) {
        _ = try call(
            .delete(container: container, force: force, removeFolder: removeFolder),
            milliseconds: ShimPatience.work)
    }

    public mutating func setRestartPolicy(
        _ container: String, _ policy: RestartPolicy
    ) throws(ShimError) {
        _ = try call(.setRestartPolicy(container: container, policy))
    }

    /// Goes on in the file that is at the log's path now; one is made where there is none.
    public mutating func reopenLog(_ container: String) throws(ShimError) {
        _ = try call(.reopenLog(container: container))
    }

    /// Changes limits; what `resources` leaves out stays as it is.
    public mutating func update(
        _ container: String, _ resources: RuntimeSpec.Resources
    ) throws(ShimError) {
        _ = try call(.update(container: container, resources), milliseconds: ShimPatience.work)
    }

    public mutating func checkpoint(
        _ container: String, _ request: CheckpointRequest
    ) throws(ShimError) {
        // The shim has a limit of its own.
        _ = try call(.checkpoint(container: container, request), milliseconds: ShimPatience.forever)
    }

    /// From now on `receive` gives events too.
    public mutating func subscribe() throws(ShimError) {
        _ = try call(.subscribe)
    }

    public mutating func podStatus() throws(ShimError) -> PodStatus {
        let (answer, _) = try call(.podStatus)
        guard case .pod(let status) = answer else { throw unexpected(answer) }
        return status
    }

    /// Ends the shim; with a pod's shim the pod is gone then.
    public mutating func shutdown() throws(ShimError) {
        _ = try call(.shutdown, milliseconds: ShimPatience.work)
    }

    private func started(_ answer: (ShimAnswer, Int32?)) throws(ShimError) -> (pid: Int32, exec: UInt64) {
        guard case .started(let pid, let exec) = answer.0 else { throw unexpected(answer.0) }
        return (pid, exec ?? 0)
    }

    private func exited(_ answer: (ShimAnswer, Int32?)) throws(ShimError) -> ExitReport {
        guard case .exited(let report) = answer.0 else { throw unexpected(answer.0) }
        return report
    }

    private func unexpected(_ answer: ShimAnswer) -> ShimError {
        .garbled(JSONError(path: "", reason: "unexpected answer \(answer)"))
    }

    private static func memoryFile(_ bytes: [UInt8]) throws(ShimError) -> FileDescriptor {
        do throws(KernelError) {
            let file = try FileDescriptor.memoryFile("swiftlet-process")
            try file.writeAll(bytes)
            return file
        } catch {
            throw .refused(error)
        }
    }
}

/// A process that `exec` started.
public struct ExecProcess: ~Copyable {
    public let pid: Int32
    /// By which the shim knows it.
    public let number: UInt64
    /// Master of its terminal, if it has one.
    public var terminal: FileDescriptor?
}
