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
            // Whom nothing is shown here, the kernel tells when it executes the program for the process's user.
            case .executable, .hidden: return name
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
            case .hidden: refused = refused ?? "permission denied"
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
        /// In a folder that is not open to the runtime.
        case hidden
    }

    private static func look(_ path: String, _ root: borrowing FileDescriptor) throws -> Finding {
        let status: stat
        do throws(KernelError) {
            status = try root.openInRoot(path, O_PATH).status()
        } catch {
            switch error.errno {
            case .noEntry, .notDirectory, .loop: return .missing(error.errno)
            case .accessDenied: return .hidden
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
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            if let home = home(uid: uid, line: bytes[start..<end]) { return home }
            start = end + 1
        }
        return "/"
    }

    /// - Parameter line: of passwd(5): seven fields, the third the user's number and the sixth the folder.
    /// - Returns: nil for another user's.
    private static func home(uid: UInt32, line: ArraySlice<UInt8>) -> String? {
        var field = 0
        var begin = line.startIndex
        for index in line.startIndex...line.endIndex {
            guard index == line.endIndex || line[index] == UInt8(ascii: ":") else { continue }
            let text = line[begin..<index]
            if field == 2, number(text) != UInt64(uid) { return nil }
            if field == 5 { return text.isEmpty ? "/" : String(decoding: text, as: UTF8.self) }
            field += 1
            begin = index + 1
        }
        return nil
    }

    /// - Returns: nil for anything but digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard (1...10).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + UInt64($1 - 48) }
    }
}
