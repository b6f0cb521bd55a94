import Glibc
import LinuxKernel
import Testing

/// A folder of a test's own, which goes with it.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-kernel-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        path = String(cString: made)
    }

    deinit {
        do {
            let remove = Command(path: "/bin/rm", arguments: ["rm", "-rf", path], environment: [])
            let (outcome, _) = try remove.run()
            if outcome != .ended(.exited(0)) { Issue.record("rm: \(outcome)") }
        } catch {
            Issue.record("\(error)")
        }
    }

    func open() throws -> FileDescriptor { try .open(path, O_RDONLY | O_DIRECTORY) }

    /// Makes a file in it, with the folders on the way.
    @discardableResult func file(_ name: String, _ text: String = "") throws -> String {
        let full = "\(path)/\(name)"
        var walked = path
        for part in name.split(separator: "/").dropLast() {
            walked += "/\(part)"
            mkdir(walked, 0o755)
        }
        try FileDescriptor.open(full, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(text)
        return full
    }

    func folder(_ name: String) throws {
        guard mkdir("\(path)/\(name)", 0o755) == 0 else { throw KernelError("mkdir", name) }
    }

    func link(_ name: String, to target: String) throws {
        guard symlink(target, "\(path)/\(name)") == 0 else { throw KernelError("symlink", name) }
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }
}

/// O_PATH of open(2), which the C library shows to programs with GNU extensions only.
let pathOnly: Int32 = 0o10_000_000
