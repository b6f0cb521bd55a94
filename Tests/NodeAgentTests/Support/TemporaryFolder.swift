import Glibc
import LinuxKernel

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array(
            "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/agent-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    deinit {
        let flags = Int32(FTW_DEPTH | FTW_PHYS)
        _ = nftw(path, { name, _, _, _ in name.map { remove($0) } ?? 0 }, 16, flags)
    }
}

/// Makes the file, or makes it anew.
func writeFile(_ path: String, _ text: String) throws {
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    try file.writeAll(text)
}

/// Waits for what comes a moment later.
func eventually(
    within limit: Duration = .seconds(10), _ condition: () -> Bool
) async -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
        if ContinuousClock.now > end || Task.isCancelled { return false }
        // The only error is the cancellation that the loop looks at.
        try? await Task.sleep(for: .milliseconds(5))
    }
    return true
}
