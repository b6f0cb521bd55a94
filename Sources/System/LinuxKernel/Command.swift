import CLinux
import Glibc

/// Another program, run to its end with bytes on its standard input: hooks and helpers.
public struct Command {
    public var path: String
    /// With the program's own name first.
    public var arguments: [String]
    public var environment: [String]
    public var input: [UInt8]
    /// Its working directory; nil for the caller's.
    public var directory: String?
    /// Milliseconds after which the program is killed; nil for no limit.
    public var timeout: Int?

    public init(
        path: String, arguments: [String], environment: [String], input: [UInt8] = [],
        directory: String? = nil, timeout: Int? = nil
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.directory = directory
        self.timeout = timeout
    }

    public enum Outcome: Equatable, Sendable {
        case ended(ExitStatus)
        case timedOut
    }

    /// The pipes between a program and whoever runs it.
    public struct Streams: ~Copyable {
        /// The program's standard input, and both of its outputs.
        public let programInput: FileDescriptor
        public let programOutput: FileDescriptor
        fileprivate let input: FileDescriptor
        fileprivate let output: FileDescriptor

        public init() throws(KernelError) {
            let toProgram = try FileDescriptor.pipe()
            let fromProgram = try FileDescriptor.pipe()
            programInput = toProgram.read
            input = toProgram.write
            output = fromProgram.read
            programOutput = fromProgram.write
        }
    }

    /// - Returns: how it ended, and the last 4 KiB of what it wrote to both outputs.
    /// - Throws: when the program cannot be started.
    public func run() throws(KernelError) -> (outcome: Outcome, output: [UInt8]) {
        let streams = try Streams()
        let pid = spawn(streams.programInput.raw, streams.programOutput.raw)
        if pid.error != 0 { throw KernelError("start", path, Errno(rawValue: pid.error)) }
        return try finish(try ProcessHandle.open(pid.pid), streams)
    }

    /// The same from there on where the program, a child of this one, was started in another way.
    public func finish(
        _ process: borrowing ProcessHandle, _ streams: consuming Streams
    ) throws(KernelError) -> (outcome: Outcome, output: [UInt8]) {
        close(streams.programInput.release())
        close(streams.programOutput.release())
        return try converse(process, input: streams.input, output: streams.output)
    }

    private func spawn(_ input: Int32, _ output: Int32) -> (pid: pid_t, error: Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        _ = clinux_spawn_close_from(&actions, 3)
        if let directory { clinux_spawn_change_directory(&actions, directory) }
        // The caller may have blocked signals, to read them from a descriptor; the program begins without that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let error = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, path, &actions, &attributes, argv, envp) }
        }
        return (pid, error)
    }

    /// Feeds the input and keeps the output's end until the program has ended or its time is over. A
    /// grandchild that holds the output open does not keep us.
    private func converse(
        _ process: borrowing ProcessHandle, input: consuming FileDescriptor, output: borrowing FileDescriptor
    ) throws(KernelError) -> (Outcome, [UInt8]) {
        // A program that ends without reading its input must not end us. What the signal does is the whole process's
        // affair, which others may change meanwhile; whether it comes is this thread's.
        var pipeSignal = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
        defer {
            var atOnce = timespec()
            while sigtimedwait(&pipeSignal, nil, &atOnce) == SIGPIPE {}
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        let deadline = timeout.map { monotonicMilliseconds() + $0 }
        var kept: [UInt8] = []
        var sent = 0
        var inputFD = input.release()
        defer { if inputFD >= 0 { close(inputFD) } }
        _ = clinux_fcntl(inputFD, F_SETFL, Int(O_NONBLOCK))
        try output.setNonBlocking(true)
        var outputOpen = true
        while true {
            var polls = [
                pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: outputOpen ? output.raw : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inputFD, events: Int16(POLLOUT), revents: 0),
            ]
            let wait = deadline.map { max(0, $0 - monotonicMilliseconds()) } ?? -1
            let ready = try check("poll", path) { poll(&polls, 3, Int32(clamping: wait)) }
            if polls[1].revents != 0 { outputOpen = drain(output, into: &kept) }
            if polls[2].revents != 0 {
                let count = self.input[sent...].withUnsafeBytes { write(inputFD, $0.baseAddress, $0.count) }
                if count > 0 { sent += count }
                // A program that does not read its input (EPIPE) is fine.
                if sent == self.input.count || (count < 0 && Errno.current != .again) {
                    close(inputFD)
                    inputFD = -1
                }
            }
            if polls[0].revents != 0 {
                _ = drain(output, into: &kept)
                return (.ended(try process.wait()), kept)
            }
            if ready == 0, deadline != nil {
                try process.send(signal: SIGKILL)
                _ = try process.wait()
                return (.timedOut, kept)
            }
        }
    }

    private func drain(_ output: borrowing FileDescriptor, into kept: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(output.raw, $0.baseAddress, $0.count) }
            if count <= 0 { return count < 0 && Errno.current == .again }
            kept += buffer[..<count]
            if kept.count > 4096 { kept.removeFirst(kept.count - 4096) }
        }
    }
}

/// CLOCK_MONOTONIC in milliseconds.
public func monotonicMilliseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// Calls `body` with a NULL-terminated array of C strings.
public func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { (pointers + index).initialize(to: strdup(string)) }
    (pointers + strings.count).initialize(to: nil)
    defer {
        for index in strings.indices { free(pointers[index]) }
        pointers.deallocate()
    }
    return body(pointers)
}
