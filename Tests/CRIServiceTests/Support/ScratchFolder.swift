import Dispatch
import Glibc
import LinuxKernel
import Testing

/// A folder of a test's own, removed with the value.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-cri-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        path = String(cString: made)
    }

    deinit {
        do { try runProgram("/bin/rm", "-rf", path) } catch { Issue.record("remove \(path): \(error)") }
    }

    /// - Returns: the file's path.
    @discardableResult
    func write(_ name: String, _ content: [UInt8]) throws -> String {
        let parts = name.split(separator: "/").dropLast()
        var folder = path
        for part in parts {
            folder += "/" + part
            mkdir(folder, 0o700)
        }
        let file = "\(path)/\(name)"
        try FileDescriptor.open(file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(content)
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    func read(_ name: String) throws -> String {
        String(decoding: try FileDescriptor.readFile("\(path)/\(name)"), as: UTF8.self)
    }
}

struct ProgramFailed: Error {
    let program: String
    let output: String
}

/// - Returns: what a program printed; fails with it when the program does.
@discardableResult
func runProgram(_ words: String...) throws -> String { try runProgram(words) }

private func runProgram(_ words: [String]) throws -> String {
    let command = Command(
        path: words[0], arguments: words, environment: ["PATH=/usr/bin:/bin"], timeout: 120_000)
    let (outcome, output) = try command.run()
    let text = String(decoding: output, as: UTF8.self)
    if outcome != .ended(.exited(0)) { throw ProgramFailed(program: words[0], output: text) }
    return text
}

/// The same on a thread of its own, neither of those that tasks share nor of those that the service has for what blocks:
/// the program may be the service's client.
@discardableResult
func runClient(_ words: String...) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: words[0]).async { continuation.resume(with: Result { try runProgram(words) }) }
    }
}

/// A program that runs beside the test, until it is killed.
final class Companion: Sendable {
    let pid: pid_t

    /// - Parameter log: the file that its output goes to.
    init(_ words: [String], environment: [String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pid: pid_t = 0
        let error = withCStrings(words) { argv in
            withCStrings(environment) { posix_spawn(&pid, words[0], &actions, nil, argv, $0) }
        }
        if error != 0 { throw KernelError("start", words[0], Errno(rawValue: error)) }
        self.pid = pid
    }

    /// - Returns: the exit code; -1 when it does not end in time, and is killed.
    func wait(milliseconds: Int) -> Int32 {
        var status: Int32 = 0
        for _ in 0..<(milliseconds / 10) {
            if waitpid(pid, &status, WNOHANG) == pid {
                return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
            }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
        return -1
    }
}
