import CLinux
import Glibc

/// An open file of this process, owned: it is closed when the value's life ends, and cannot be used after.
@frozen public struct FileDescriptor: ~Copyable, Sendable {
    /// The number. It stays owned by this value; do not close it.
    public let raw: Int32

    /// Takes ownership of an open descriptor.
    public init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        _ = Glibc.close(raw)
    }

    /// Gives up ownership: the caller has to close the number.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Closes and reports what close(2) answers, which on network file systems is where a write can fail.
    public consuming func close() throws(KernelError) {
        let number = release()
        // Linux releases the number even when it answers EINTR.
        if Glibc.close(number) != 0, Errno.current != .interrupted {
            throw KernelError("close", "descriptor \(number)")
        }
    }

    /// A second descriptor of the same open file description, close-on-exec.
    public func duplicate(atLeast minimum: Int32 = 0) throws(KernelError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("fcntl F_DUPFD", "\(raw)") {
                clinux_fcntl(raw, F_DUPFD_CLOEXEC, Int(minimum))
            })
    }

    /// The path under which the kernel offers this open file to this process.
    public var procPath: String { "/proc/self/fd/\(raw)" }
}

// MARK: Opening

extension FileDescriptor {
    /// open(2), always close-on-exec.
    public static func open(
        _ path: UnsafePointer<CChar>, _ flags: Int32, mode: mode_t = 0
    ) throws(KernelError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("open", String(cString: path)) {
                clinux_open(path, flags | O_CLOEXEC, mode)
            })
    }

    /// openat(2) below this folder, always close-on-exec. A path with `..` or a symlink may lead out of it:
    /// use `openInRoot` for paths that a container controls.
    public func openAt(
        _ path: UnsafePointer<CChar>, _ flags: Int32, mode: mode_t = 0
    ) throws(KernelError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("open", String(cString: path)) {
                clinux_openat(raw, path, flags | O_CLOEXEC, mode)
            })
    }

    /// memfd_create(2): an unlinked file in memory, close-on-exec, sealable.
    public static func memoryFile(_ name: UnsafePointer<CChar>) throws(KernelError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("memfd_create", String(cString: name)) {
                memfd_create(name, UInt32(MFD_CLOEXEC | MFD_ALLOW_SEALING))
            })
    }

    /// pipe2(2), close-on-exec at both ends.
    public static func pipe(flags: Int32 = 0) throws(KernelError) -> (Pipe) {
        var ends: (Int32, Int32) = (-1, -1)
        _ = try check("pipe", "") {
            withUnsafeMutablePointer(to: &ends) {
                $0.withMemoryRebound(to: Int32.self, capacity: 2) { pipe2($0, O_CLOEXEC | flags) }
            }
        }
        return Pipe(read: FileDescriptor(owning: ends.0), write: FileDescriptor(owning: ends.1))
    }
}

/// The two ends of a pipe, or of a socket pair.
@frozen public struct Pipe: ~Copyable {
    public var read: FileDescriptor
    public var write: FileDescriptor

    public init(read: consuming FileDescriptor, write: consuming FileDescriptor) {
        self.read = read
        self.write = write
    }

    /// Takes the pair apart.
    public consuming func ends() -> (Int32, Int32) {
        (read.release(), write.release())
    }
}

// MARK: Reading and writing

extension FileDescriptor {
    /// read(2) once: 0 at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(KernelError) -> Int {
        try check("read", "descriptor \(raw)") { Glibc.read(raw, buffer.baseAddress, buffer.count) }
    }

    /// write(2) until all is written.
    public func writeAll(_ bytes: UnsafeRawBufferPointer) throws(KernelError) {
        var done = 0
        while done < bytes.count {
            done += try check("write", "descriptor \(raw)") {
                Glibc.write(raw, bytes.baseAddress! + done, bytes.count - done)
            }
        }
    }

    public func writeAll(_ text: String) throws(KernelError) {
        var text = text
        let failure: KernelError? = text.withUTF8 { buffer in
            do throws(KernelError) {
                try writeAll(UnsafeRawBufferPointer(buffer))
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    public func writeAll(_ bytes: [UInt8]) throws(KernelError) {
        let failure: KernelError? = bytes.withUnsafeBytes { buffer in
            do throws(KernelError) {
                try writeAll(buffer)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// As `writeAll`, with an error that names the file, for files that somebody may have to make room for.
    /// - Parameter name: evaluated only on failure.
    public func writeAll(_ bytes: [UInt8], named name: @autoclosure () -> String) throws(KernelError) {
        do throws(KernelError) {
            try writeAll(bytes)
        } catch {
            throw KernelError("write", name(), error.errno)
        }
    }

    /// Everything from the current position to the end.
    /// - Parameter limit: more bytes than this are refused with EFBIG.
    public func readToEnd(limit: Int = 64 << 20) throws(KernelError) -> [UInt8] {
        var status = stat()
        var capacity = 4096
        if fstat(raw, &status) == 0, status.st_size > 0 { capacity = Int(min(status.st_size, 1 << 24)) + 1 }
        var result = [UInt8]()
        while true {
            if result.count > limit { throw KernelError("read", "descriptor \(raw)", Errno(rawValue: EFBIG)) }
            var failure: KernelError?
            let chunk = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                do throws(KernelError) {
                    count = try read(into: UnsafeMutableRawBufferPointer(buffer))
                } catch {
                    failure = error
                    count = 0
                }
            }
            if let failure { throw failure }
            if chunk.isEmpty { return result }
            if result.isEmpty { result = chunk } else { result += chunk }
            capacity = max(4096, capacity - chunk.count)
        }
    }

    /// Reads a whole small file.
    public static func readFile(
        _ path: UnsafePointer<CChar>, limit: Int = 64 << 20
    ) throws(KernelError) -> [UInt8] {
        let file = try open(path, O_RDONLY)
        do {
            return try file.readToEnd(limit: limit)
        } catch {
            throw KernelError("read", String(cString: path), error.errno)
        }
    }

    /// Reads a whole small file that need not be there.
    /// - Parameter absent: what else than ENOENT says that it is not: ENOTDIR of a path, ESRCH of a process.
    /// - Returns: nil where there is none.
    public static func readFileIfThere(
        _ path: UnsafePointer<CChar>, limit: Int = 64 << 20, absent: Errno = .noEntry
    ) throws(KernelError) -> [UInt8]? {
        do throws(KernelError) {
            return try readFile(path, limit: limit)
        } catch {
            if error.errno == .noEntry || error.errno == absent { return nil }
            throw error
        }
    }

    /// Writes to an existing file (a control file of the kernel, say) in one write(2).
    public static func writeFile(_ path: UnsafePointer<CChar>, _ text: String) throws(KernelError) {
        let file = try open(path, O_WRONLY)
        do {
            try file.writeAll(text)
        } catch {
            throw KernelError("write '\(text)' to", String(cString: path), error.errno)
        }
    }

    /// fsync(2).
    public func sync() throws(KernelError) {
        _ = try check("fsync", "descriptor \(raw)") { fsync(raw) }
    }

    /// fstat(2).
    public func status() throws(KernelError) -> stat {
        var status = stat()
        _ = try check("stat", "descriptor \(raw)") { fstat(raw, &status) }
        return status
    }

    /// statfs(2): the magic number of the file system that holds this file (linux/magic.h).
    public func fileSystemType() throws(KernelError) -> Int {
        var info = statfs()
        _ = try check("statfs", "descriptor \(raw)") { fstatfs(raw, &info) }
        return Int(info.f_type)
    }

    /// Sets or clears close-on-exec.
    public func setCloseOnExec(_ on: Bool) throws(KernelError) {
        _ = try check("fcntl F_SETFD", "\(raw)") { clinux_fcntl(raw, F_SETFD, on ? Int(FD_CLOEXEC) : 0) }
    }

    /// Sets or clears O_NONBLOCK.
    public func setNonBlocking(_ on: Bool) throws(KernelError) {
        let flags = try check("fcntl F_GETFL", "\(raw)") { clinux_fcntl(raw, F_GETFL, 0) }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        _ = try check("fcntl F_SETFL", "\(raw)") { clinux_fcntl(raw, F_SETFL, Int(wanted)) }
    }
}
