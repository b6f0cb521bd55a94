import Glibc
import LinuxKernel
import NIOPosix

/// Where a program is, by `PATH`.
func program(_ name: String, orAt path: String? = nil) -> String? {
    let folders = getenv("PATH").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
    return ([path].compactMap { $0 } + folders.map { "\($0)/\(name)" }).first { access($0, X_OK) == 0 }
}

/// NIO ignores SIGPIPE once; a command that began before puts its old action back, and a client that hangs up would end
/// this process. So it is ignored before any command begins.
private let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

/// Runs a program to its end, away from the threads that serve its connections.
func run(
    _ path: String, _ arguments: [String], environment: [String] = [], input: String = "",
    timeout: Int = 60_000
) async throws -> (outcome: Command.Outcome, output: String) {
    ignoresBrokenPipes
    let result = try await NIOThreadPool.singleton.runIfActive {
        try Command(
            path: path, arguments: [path] + arguments, environment: environment, input: Array(input.utf8),
            timeout: timeout
        ).run()
    }
    return (result.outcome, String(decoding: result.output, as: UTF8.self))
}

/// A folder for a test's files.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/swiftlet-streaming-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(errno)") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        _ = nftw(
            path, { entry, _, _, _ in remove(entry!) }, 16,
            Int32(FTW_DEPTH | FTW_PHYS))
    }
    try await body(path)
}
