import Glibc
import LinuxKernel

/// Small helpers on files.
enum Files {
    static func read(_ path: String) throws -> String {
        String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
    }

    /// The content of a control file of the kernel, without the line's end.
    static func value(_ path: String) throws -> String {
        let text = try read(path)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode).writeAll(text)
        // Whatever the umask says.
        guard chmod(path, mode) == 0 else { throw KernelError("chmod", path) }
    }

    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws {
        guard mkdir(path, mode) == 0 || errno == EEXIST, chmod(path, mode) == 0 else {
            throw KernelError("mkdir", path)
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Where a link leads: `/proc/PID/ns/net`, say.
    static func link(_ path: String) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count >= 0 else { throw KernelError("readlink", path) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
