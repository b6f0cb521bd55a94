import CLinux
import Glibc
import LinuxKernel

/// Finding the container's program, and what its environment lacks, in the container's own files.
enum Program {
    /// The path that execve(2) gets for `args[0]`, looked up as a shell does.
    /// - Parameter workingDirectory: open; for names that are relative to it.
    static func find(
        _ name: String, environment: [String], root: borrowing FileDescriptor, workingDirectory: String
    ) throws -> String {
        guard !name.isEmpty else {
            throw RuntimeError("exec: \"\": executable file not found in $PATH", kind: .programNotFound)
        }
        if name.utf8.contains(UInt8(ascii: "/")) {
            let path = name.utf8.first == UInt8(ascii: "/") ? name : "\(workingDirectory)/\(name)"
            switch try look(path, root) {
            case .executable: return name
            case .missing(let errno):
                throw RuntimeError("exec: \"\(name)\": stat \(name): \(errno)", kind: .programNotFound)
            case .notExecutable(let why):
                throw RuntimeError("exec: \"\(name)\": \(why)", kind: .programNotExecutable)
            }
        }
        var refused: String?
        for folder in searchPath(environment) {
            let path = folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
            let absolute = path.utf8.first == UInt8(ascii: "/") ? path : "\(workingDirectory)/\(path)"
            switch try look(absolute, root) {
            case .executable: return path
            case .missing: continue
            case .notExecutable(let why): refused = refused ?? why
            }
        }
        if let refused {
            throw RuntimeError("exec: \"\(name)\": \(refused)", kind: .programNotExecutable)
        }
        throw RuntimeError("exec: \"\(name)\": executable file not found in $PATH", kind: .programNotFound)
    }

    private static func searchPath(_ environment: [String]) -> [Substring] {
        let path = environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5)
        return (path ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(
            separator: ":", omittingEmptySubsequences: false)
    }

    private enum Finding {
        case executable
        case missing(Errno)
        case notExecutable(String)
    }

    private static func look(_ path: String, _ root: borrowing FileDescriptor) throws -> Finding {
        let status: stat
        do throws(KernelError) {
            status = try root.openInRoot(path, O_PATH).status()
        } catch {
            switch error.errno {
            case .noEntry, .notDirectory, .loop: return .missing(error.errno)
            case .accessDenied: return .notExecutable("permission denied")
            default: throw error
            }
        }
        // Docker and podman end with 126 when they find the words of EACCES, which is execve(2)'s answer here.
        if status.st_mode & S_IFMT == S_IFDIR {
            return .notExecutable("is a directory: permission denied")
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o111 != 0 else {
            return .notExecutable("permission denied")
        }
        return .executable
    }

    /// The home folder that /etc/passwd names for a user, `/` where it names none.
    static func home(uid: UInt32, root: borrowing FileDescriptor) -> String {
        // Whatever the image has there: without a regular, readable file the answer is `/`.
        guard let file = try? root.openInRoot("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY),
            let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG,
            let bytes = try? file.readToEnd(limit: 16 << 20)
        else { return "/" }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 6, UInt32(String(decoding: fields[2], as: UTF8.self)) == uid else {
                continue
            }
            return fields[5].isEmpty ? "/" : String(decoding: fields[5], as: UTF8.self)
        }
        return "/"
    }
}
