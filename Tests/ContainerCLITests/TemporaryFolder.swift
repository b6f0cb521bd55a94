import ContainerShim
import Glibc
import LinuxKernel
import Testing

/// A folder of a test's own, removed with everything in it when the value's life ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        path = String(cString: made)
    }

    deinit {
        do { try removeTree(path) } catch { Issue.record("\(error)") }
    }

    /// A file in it, and the folder, so that it lives as long as the file is used.
    struct File {
        let path: String
        let folder: TemporaryFolder
    }

    func file(_ name: String, _ text: String) throws -> File {
        try file(name, bytes: Array(text.utf8))
    }

    func file(_ name: String, bytes: [UInt8]) throws -> File {
        let path = path + "/" + name
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(bytes)
        return File(path: path, folder: self)
    }
}
