import Glibc
import Testing

/// Looks for descriptors that the tests of all suites left open, when the test program ends.
@Suite struct DescriptorLeakCheck {
    @Test func isMadeAtTheEnd() {
        #expect(Self.isRegistered)
    }

    private static let isRegistered =
        atexit {
            let left = DescriptorLeakCheck.open()
            if left.isEmpty { return }
            for line in left {
                let text = Array("left open: \(line)\n".utf8)
                _ = write(2, text, text.count)
            }
            _exit(1)
        } == 0

    /// What is open beside the standard streams, without what the libraries under the tests keep.
    private static func open() -> [String] {
        let kept = ["anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[timerfd]"]
        guard let stream = opendir("/proc/self/fd") else { return ["/proc/self/fd cannot be read"] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // Whatever was open before this program began has survived an exec; the project's own never do.
            guard let number = Int32(name), number > 2, number != dirfd(stream),
                fcntl(number, F_GETFD) & FD_CLOEXEC != 0
            else { continue }
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/fd/\(name)", &buffer, buffer.count - 1)
            let target = String(
                decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !kept.contains(target) { found.append("\(name) -> \(target)") }
        }
        return found
    }
}
