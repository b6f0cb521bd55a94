import CLinux
import Glibc
import LinuxKernel

/// A group's folder in one hierarchy: a view, valid as long as whoever opened the folder keeps it open.
struct CgroupDirectory {
    /// An O_PATH descriptor, not owned.
    let descriptor: Int32
    /// For messages; files are reached through the descriptor.
    let path: String
    /// Takes note of what is written over.
    var journal: CgroupJournal?

    /// A folder opened for a few calls.
    struct Owned: ~Copyable {
        private let descriptor: FileDescriptor
        private let path: String

        init(path: String, from root: CgroupRoot) throws(CgroupError) {
            descriptor = FileDescriptor(owning: try CgroupDirectory.open(path, from: root))
            self.path = path
        }

        var view: CgroupDirectory { CgroupDirectory(descriptor: descriptor.raw, path: path) }
    }

    /// - Returns: an O_PATH descriptor that the caller has to close.
    static func open(_ path: String, from root: CgroupRoot) throws(CgroupError) -> Int32 {
        let fd = root.openFolder(path)
        if fd < 0 { throw .system("open", path) }
        return fd
    }

    /// A file of the group, opened close-on-exec.
    func open(_ file: String, _ flags: Int32) throws(CgroupError) -> FileDescriptor {
        let fd = clinux_openat(descriptor, file, flags | O_CLOEXEC, 0)
        if fd < 0 { throw .system("open", "\(path)/\(file)") }
        return FileDescriptor(owning: fd)
    }
}

extension CgroupDirectory {
    /// Whether the group was not removed since its folder was opened.
    var isThere: Bool { faccessat(descriptor, "cgroup.procs", F_OK, 0) == 0 || Errno.current != .noEntry }
}

// MARK: Writing

extension CgroupDirectory {
    func write(_ file: String, _ value: String) throws(CgroupError) {
        if let errno = attempt(file, value) { throw refusal(file, value, errno) }
    }

    func write(_ file: String, _ value: some BinaryInteger) throws(CgroupError) {
        try write(file, String(value))
    }

    /// Writes unless the file is not there.
    /// - Returns: whether it was.
    func writeIfThere(_ file: String, _ value: String) throws(CgroupError) -> Bool {
        guard let errno = attempt(file, value) else { return true }
        if errno == .noEntry { return false }
        throw refusal(file, value, errno)
    }

    /// One open, one write, as the kernel takes each write as a whole value.
    /// - Returns: nil, or the kernel's answer.
    func attempt(_ file: String, _ value: String) -> Errno? {
        journal?.note(file, of: self)
        let fd = clinux_openat(descriptor, file, O_WRONLY | O_CLOEXEC, 0)
        if fd < 0 { return .current }
        defer { close(fd) }
        var value = value
        while true {
            let written = value.withUTF8 { Glibc.write(fd, $0.baseAddress, $0.count) }
            if written >= 0 { return nil }
            // A limit below the usage makes the kernel reclaim memory, which a signal interrupts.
            let errno = Errno.current
            if errno != .interrupted { return errno }
        }
    }

    func refusal(_ file: String, _ value: String, _ errno: Errno) -> CgroupError {
        .system("write '\(value)' to", "\(path)/\(file)", errno)
    }
}

// MARK: Reading

extension CgroupDirectory {
    func read(_ file: String) throws(CgroupError) -> [UInt8] {
        guard let bytes = try readIfThere(file) else { throw .system("open", "\(path)/\(file)", .noEntry) }
        return bytes
    }

    /// The whole file; nil when it is not there, or its group is being removed.
    func readIfThere(_ file: String) throws(CgroupError) -> [UInt8]? {
        let fd = clinux_openat(descriptor, file, O_RDONLY | O_CLOEXEC, 0)
        if fd < 0 {
            if Errno.current == .noEntry || Errno.current == .noDevice { return nil }
            throw .system("open", "\(path)/\(file)")
        }
        defer { close(fd) }
        var errno: Errno?
        let bytes = CgroupText.read(fd, &errno)
        guard let errno else { return bytes }
        if errno == .noDevice { return nil }
        throw .system("read", "\(path)/\(file)", errno)
    }

    /// A file with one number, `UInt64.max` standing for `max`; nil when it is not there.
    func number(_ file: String) throws(CgroupError) -> UInt64? {
        guard let bytes = try readIfThere(file) else { return nil }
        return CgroupText.number(bytes[...])
    }

    /// A file with words between blanks.
    func words(_ file: String) throws(CgroupError) -> [String] {
        CgroupText.words(try read(file)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A file with a number behind a word on each line. Does nothing when it is not there.
    func forEachValue(
        _ file: String, _ body: (ArraySlice<UInt8>, UInt64) -> Void
    ) throws(CgroupError) {
        guard let bytes = try readIfThere(file) else { return }
        CgroupText.forEachValue(bytes, body)
    }

    /// The number behind one word of such a file; nil when there is none.
    func value(_ file: String, _ key: String) throws(CgroupError) -> UInt64? {
        var found: UInt64?
        try forEachValue(file) { word, value in
            if word.elementsEqual(key.utf8) { found = value }
        }
        return found
    }
}

/// The forms in which cgroup files have their numbers.
enum CgroupText {
    /// The rest of a kernel file. These come in one piece as far as the buffer goes, so that a read which
    /// leaves room for another line was the last; asking once more would double the calls.
    /// - Parameter errno: set when the kernel refuses.
    static func read(_ fd: Int32, _ errno: inout Errno?) -> [UInt8] {
        var result: [UInt8] = []
        var capacity = 4096
        while true {
            var count = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
                repeat {
                    count = Glibc.read(fd, buffer.baseAddress, capacity)
                } while count < 0
                    && Errno.current == .interrupted
                if count < 0 { errno = .current }
                initialized = max(0, count)
            }
            if result.isEmpty { result = chunk } else { result += chunk }
            if count < capacity - 512 { return result }
            capacity = 16384
        }
    }

    /// The digits at the beginning; `max` is `UInt64.max`; nil for anything else.
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        if bytes.starts(with: "max".utf8) { return .max }
        var result: UInt64?
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            let (high, overflow) = (result ?? 0).multipliedReportingOverflow(by: 10)
            if overflow { return .max }
            result = high &+ UInt64(byte - UInt8(ascii: "0"))
        }
        return result
    }

    static func words(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    static func forEachValue(_ bytes: [UInt8], _ body: (ArraySlice<UInt8>, UInt64) -> Void) {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            if let blank = bytes[start..<end].firstIndex(of: UInt8(ascii: " ")),
                let value = number(bytes[(blank + 1)..<end])
            {
                body(bytes[start..<blank], value)
            }
            start = end + 1
        }
    }
}
