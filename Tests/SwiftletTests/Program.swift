import Glibc
import LinuxKernel
import Testing

/// A program that runs with pipes or a terminal of the test's own.
final class Program {
    let pid: Int32
    /// Our end of its input, or the terminal's master; -1 once closed.
    private(set) var input: Int32
    private var output: Int32
    private var error: Int32
    private(set) var outputText: [UInt8] = []
    private(set) var errorText: [UInt8] = []
    private var status: LinuxKernel.ExitStatus?
    private let command: String

    struct Result {
        let code: Int32
        let output: String
        let error: String

        /// The output without the newline at its end.
        var line: String { String(output.hasSuffix("\n") ? output.dropLast() : output[...]) }
        var lines: [String] {
            output.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        }
    }

    /// - Parameter terminal: a terminal of this size as all three streams, in place of pipes.
    init(_ path: String, _ arguments: [String], environment: [String], terminal: TerminalSize? = nil) throws {
        command = ([path] + arguments).joined(separator: " ")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var given: [Int32]
        if let terminal {
            let pair = try PseudoTerminal(master: FileDescriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY))
            try pair.master.setTerminalSize(terminal)
            let (master, slave) = pair.ends()
            (input, output, error) = (master, dup(master), -1)
            given = [slave, slave, slave]
            // The session's first terminal that is opened becomes its controlling one.
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSID))
            posix_spawn_file_actions_addopen(&actions, 0, try Self.name(of: slave), O_RDWR, 0)
            posix_spawn_file_actions_adddup2(&actions, 0, 1)
            posix_spawn_file_actions_adddup2(&actions, 0, 2)
        } else {
            let (inputRead, inputWrite) = try FileDescriptor.pipe().ends()
            let (outputRead, outputWrite) = try FileDescriptor.pipe().ends()
            let (errorRead, errorWrite) = try FileDescriptor.pipe().ends()
            (input, output, error) = (inputWrite, outputRead, errorRead)
            given = [inputRead, outputWrite, errorWrite]
            for (number, descriptor) in given.enumerated() {
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
            }
        }
        var pid: pid_t = 0
        let result = withCStrings([path] + arguments) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, path, &actions, &attributes, argv, envp) }
        }
        for descriptor in Set(given) { close(descriptor) }
        self.pid = pid
        if result != 0 { throw KernelError("start", path, Errno(rawValue: result)) }
    }

    deinit {
        // One that was not started has number 0, which to kill(2) is our whole process group.
        if status == nil, pid > 0 {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        for descriptor in [input, output, error] where descriptor >= 0 { close(descriptor) }
    }

    private static func name(of slave: Int32) throws -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        guard ttyname_r(slave, &buffer, buffer.count) == 0 else { throw KernelError("ttyname", "terminal") }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Talking

    func type(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if count < 0 { throw KernelError("write to", command) }
            bytes = bytes.dropFirst(count)
        }
    }

    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    func resize(_ size: TerminalSize) throws {
        let master = FileDescriptor(owning: dup(input))
        try master.setTerminalSize(size)
    }

    /// Reads until the output contains `text`, and drops what came until its end.
    /// - Throws: when it does not in time.
    func expect(_ text: String, seconds: Int = 30, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let wanted = Array(text.utf8)
        let deadline = monotonicMilliseconds() + seconds * 1000
        var found = outputText.firstRange(of: wanted)
        while found == nil {
            guard try readSome(until: deadline) else {
                let seen = String(decoding: outputText, as: UTF8.self)
                Issue.record("\(command): no '\(text)' in '\(seen)'", sourceLocation: sourceLocation)
                throw KernelError("expect", text, .timedOut)
            }
            found = outputText.firstRange(of: wanted)
        }
        outputText.removeSubrange(..<found!.upperBound)
    }

    /// Closes the input, reads both outputs to their end and waits for the end of the program.
    func finish(seconds: Int = 60, keepingInput: Bool = false) throws -> Result {
        if !keepingInput, error >= 0 { closeInput() }
        let deadline = monotonicMilliseconds() + seconds * 1000
        while try readSome(until: deadline) {}
        var waited: Int32 = 0
        while waitpid(pid, &waited, WNOHANG) == 0 {
            if monotonicMilliseconds() > deadline { throw KernelError("wait for", command, .timedOut) }
            usleep(1000)
        }
        let status = LinuxKernel.ExitStatus(waitStatus: waited)
        self.status = status
        return Result(
            code: status.code, output: String(decoding: outputText, as: UTF8.self),
            error: String(decoding: errorText, as: UTF8.self))
    }

    /// - Returns: false when both outputs have ended, or the time is over.
    private func readSome(until deadline: Int) throws -> Bool {
        var polls = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: error, events: Int16(POLLIN), revents: 0),
        ]
        if polls.allSatisfy({ $0.fd < 0 }) { return false }
        let ready = poll(&polls, 2, Int32(clamping: max(0, deadline - monotonicMilliseconds())))
        if ready == 0 {
            if monotonicMilliseconds() >= deadline { return false }
            return true
        }
        var buffer = [UInt8](repeating: 0, count: 65536)
        if polls[0].revents != 0 {
            let count = read(output, &buffer, buffer.count)
            if count > 0 { outputText += buffer[..<count] } else { output = Self.closed(output) }
        }
        if polls[1].revents != 0 {
            let count = read(error, &buffer, buffer.count)
            if count > 0 { errorText += buffer[..<count] } else { error = Self.closed(error) }
        }
        return true
    }

    private static func closed(_ descriptor: Int32) -> Int32 {
        close(descriptor)
        return -1
    }
}
