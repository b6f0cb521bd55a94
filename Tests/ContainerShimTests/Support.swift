import Glibc
import LinuxKernel
import Testing

/// A folder of its own for one test; gone when the value is.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() {
        var template = Array("/tmp/swiftlet-shim-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        do {
            try removeFolder(path)
        } catch {
            Issue.record("remove \(path): \(error)")
        }
    }
}

private func removeFolder(_ path: String) throws {
    let (outcome, output) = try Command(
        path: "/bin/rm", arguments: ["rm", "-rf", "--one-file-system", path], environment: []
    ).run()
    guard outcome == .ended(.exited(0)) else {
        throw KernelError("rm", String(decoding: output, as: UTF8.self), .busy)
    }
}

func text(of path: String) throws -> String {
    String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
}

func write(_ text: String, to path: String) throws {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(text)
}

func makeFolder(_ path: String) throws {
    if mkdir(path, 0o755) != 0 { throw KernelError("mkdir", path) }
}

/// Asks again until the answer is yes.
func eventually(seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = monotonicMilliseconds() + Int(seconds * 1000)
    while monotonicMilliseconds() < deadline {
        if try condition() { return true }
        usleep(5000)
    }
    return false
}

/// Holds the lock of a container's folder for a moment, as whoever asks for its state does.
/// - Returns: for `pclose`, when the lock is held.
func lookAtContainer(in folder: String) throws -> UnsafeMutablePointer<FILE> {
    let look = try #require(popen("flock '\(folder)/lock' sh -c 'echo; exec sleep 0.1'", "re"))
    #expect(fgetc(look) == 10)
    return look
}
