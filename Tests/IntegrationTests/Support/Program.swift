import Glibc
import LinuxKernel
import Testing

/// How a program ended, and what it wrote.
struct Output {
    /// The shell's convention: 128 plus the signal's number.
    let code: Int32
    let out: String
    let err: String

    /// The lines of standard output.
    var lines: [String] { out.split(separator: "\n").map(String.init) }
}

/// A program that was started, with its outputs in files: whoever inherits them keeps nobody waiting.
struct RunningProgram: ~Copyable {
    private let process: ProcessHandle
    private let outPath: String
    private let errPath: String

    var pid: Int32 { process.pid }

    /// - Parameters:
    ///   - input: a file for standard input; nil: /dev/null.
    ///   - passed: become descriptors 3, 4 ….
    init(
        _ arguments: [String], environment: [String], output: String, input: String? = nil,
        passed: [Int32] = [], directory: String? = nil
    ) throws {
        outPath = output + ".out"
        errPath = output + ".err"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
        let out = try FileDescriptor.open(outPath, flags, mode: 0o644)
        let err = try FileDescriptor.open(errPath, flags, mode: 0o644)
        let source = try FileDescriptor.open(input ?? "/dev/null", O_RDONLY)
        // High numbers first: none of them is overwritten before it is copied.
        var copies: [Int32] = []
        for number in passed {
            copies.append(try FileDescriptor(owning: dup(number)).duplicate(atLeast: 500).release())
        }
        defer { for copy in copies { close(copy) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in ([source.raw, out.raw, err.raw] + copies).enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var words = arguments
        if let directory {
            words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + arguments
        }
        var pid: pid_t = 0
        let error = withCStrings(words) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, words[0], &actions, nil, argv, envp) }
        }
        guard error == 0 else { throw KernelError("start", words[0], Errno(rawValue: error)) }
        process = try ProcessHandle.open(pid)
    }

    func kill(_ signal: Int32 = SIGKILL) throws { try process.send(signal: signal) }

    /// Waits for the end; a program that takes longer is killed, and the test fails.
    consuming func wait(seconds: Int32 = 20) throws -> Output {
        if try !process.waitForEnd(milliseconds: seconds * 1000) {
            try process.send(signal: SIGKILL)
            Issue.record("the program did not end within \(seconds) seconds")
        }
        let status = try process.wait()
        return Output(code: status.code, out: try read(outPath), err: try read(errPath))
    }

    /// What the program, or one that it has left behind, has written until now.
    func outputSoFar() throws -> String { try read(outPath) }

    private func read(_ path: String) throws -> String {
        String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
    }
}

/// Asks until the answer is yes, every 5 ms, at most `seconds`.
func eventually(seconds: Int = 5, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = monotonicMilliseconds() + seconds * 1000
    while true {
        if try condition() { return true }
        if monotonicMilliseconds() > end { return false }
        usleep(5000)
    }
}
