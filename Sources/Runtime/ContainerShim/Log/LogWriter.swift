import Glibc
import LinuxKernel

/// Writes a container's log and begins a new file when one is full.
///
/// A disk that refuses (it is full, say) loses records but never the container's output to others; the last
/// refusal is kept in `failure` for the container's status.
package final class LogWriter {
    private let options: LogOptions
    private var file: FileDescriptor
    /// Bytes in the newest file, those still in `buffer` included.
    private var size: Int
    private let buffer: UnsafeMutableRawBufferPointer
    private var buffered = 0
    /// A write was cut off inside a line.
    private var isTorn = false
    /// After a rotation that failed: the size at which the next one is tried.
    private var rotationDelayedTo = 0

    package private(set) var failure: String?
    /// Bytes of records that were refused.
    package private(set) var bytesLost = 0
    /// Beginnings of lines whose ends can be read already.
    private var held: (stdout: [UInt8], stderr: [UInt8]) = ([], [])
    /// Files are not exchanged any more: the log's folder is about to go.
    var isDetached = false

    /// `time stdout F ` with its spaces.
    package static let headLength = Timestamp.textLength + 10
    /// Most bytes of text in one record.
    package static let maxText = 16 << 10

    /// Opens the log for appending.
    /// - Parameter buffer: shared scratch space, empty between calls; larger than one record.
    package init(_ options: LogOptions, buffer: UnsafeMutableRawBufferPointer) throws(KernelError) {
        precondition(buffer.count > Self.headLength + Self.maxText)
        self.options = options
        self.buffer = buffer
        file = try Self.open(options.path)
        size = 0
        size = Int(try file.status().st_size)
    }

    /// A regular file, and nothing else: a FIFO that nobody reads, or a terminal, would stop the shim with all containers
    /// of its pod, here or at a write.
    private static func open(_ path: String) throws(KernelError) -> FileDescriptor {
        do throws(KernelError) {
            let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
            let file = try FileDescriptor.open(path, flags, mode: 0o640)
            guard try file.status().st_mode & S_IFMT == S_IFREG else {
                throw KernelError("open", path, Errno(rawValue: ENXIO))
            }
            return file
        } catch {
            // The kernel's word for a FIFO that nobody reads.
            guard error.errno == Errno(rawValue: ENXIO) else { throw error }
            throw KernelError("open log", "\(path), which is not a regular file", .invalidArgument)
        }
    }

    /// Appends what the container wrote, as one record per line.
    /// - Parameter goesOn: more of the stream can be read at once: a last line without its end waits for that, or for
    ///   `finish`.
    package func append(
        _ stream: LogStream, _ data: UnsafeRawBufferPointer, at time: Timestamp = .now, goesOn: Bool = false
    ) {
        var head: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &head) { Self.fill($0, stream, time) }
        var begin = takeHeld(stream)
        var rest = data
        while !rest.isEmpty {
            let room = Self.maxText - begin.count
            let line = UnsafeRawBufferPointer(rebasing: rest.prefix(room + 1))
            let newline = line.firstIndex(of: UInt8(ascii: "\n"))
            if newline == nil, goesOn, line.count <= room {
                hold(begin + line, of: stream)
                break
            }
            let length = newline ?? min(line.count, room)
            withUnsafeBytes(of: head) { head in
                begin.withUnsafeBytes { begin in
                    add(
                        head: head, begin: begin, text: UnsafeRawBufferPointer(rebasing: line[..<length]),
                        isPartial: newline == nil)
                }
            }
            begin = []
            rest = UnsafeRawBufferPointer(rebasing: rest[(length + (newline == nil ? 0 : 1))...])
        }
        flush()
    }

    /// The stream has nothing more for now: what waits for the end of its line is logged without.
    package func finish(_ stream: LogStream) {
        let text = takeHeld(stream)
        if !text.isEmpty { text.withUnsafeBytes { append(stream, $0) } }
    }

    private func takeHeld(_ stream: LogStream) -> [UInt8] {
        var taken: [UInt8] = []
        switch stream {
        case .stdout: swap(&taken, &held.stdout)
        case .stderr: swap(&taken, &held.stderr)
        }
        return taken
    }

    private func hold(_ text: [UInt8], of stream: LogStream) {
        switch stream {
        case .stdout: held.stdout = text
        case .stderr: held.stderr = text
        }
    }

    /// `… stdout ? `: the tag is put in for each record.
    private static func fill(_ head: UnsafeMutableRawBufferPointer, _ stream: LogStream, _ time: Timestamp) {
        precondition(head.count == headLength)
        time.write(to: head.baseAddress!.assumingMemoryBound(to: UInt8.self))
        let name: StaticString = stream == .stdout ? " stdout ? " : " stderr ? "
        memcpy(head.baseAddress! + Timestamp.textLength, name.utf8Start, name.utf8CodeUnitCount)
    }

    /// - Parameter begin: of the text.
    private func add(
        head: UnsafeRawBufferPointer, begin: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer,
        isPartial: Bool
    ) {
        let length = head.count + begin.count + text.count + 1
        if buffered + length > buffer.count { flush() }
        if options.maxSize > 0, size > 0, size + length > options.maxSize, size >= rotationDelayedTo,
            !isDetached
        {
            flush()
            rotate()
        }
        let start = buffer.baseAddress! + buffered
        memcpy(start, head.baseAddress!, head.count)
        let tag = isPartial ? UInt8(ascii: "P") : UInt8(ascii: "F")
        start.storeBytes(of: tag, toByteOffset: head.count - 2, as: UInt8.self)
        if !begin.isEmpty { memcpy(start + head.count, begin.baseAddress!, begin.count) }
        if !text.isEmpty { memcpy(start + head.count + begin.count, text.baseAddress!, text.count) }
        start.storeBytes(of: UInt8(ascii: "\n"), toByteOffset: length - 1, as: UInt8.self)
        buffered += length
        size += length
    }

    private func flush() {
        guard buffered > 0 else { return }
        defer { buffered = 0 }
        if isTorn {
            // Ends the line that was cut off, so that the next record begins one.
            guard write(file.raw, "\n", 1) == 1 else { return noteFailure(losing: buffered) }
            isTorn = false
            size += 1
        }
        var done = 0
        while done < buffered {
            let count = write(file.raw, buffer.baseAddress! + done, buffered - done)
            if count < 0 {
                if Errno.current == .interrupted { continue }
                noteFailure(losing: buffered - done)
                isTorn = done > 0 && buffer[done - 1] != UInt8(ascii: "\n")
                return
            }
            done += count
        }
    }

    private func noteFailure(losing count: Int) {
        failure = KernelError("write", options.path).description
        bytesLost += count
        size -= count
    }

    /// Goes on in the file that is at the log's path now; one is made where there is none.
    /// - Throws: and goes on in the file that it has.
    package func reopen() throws(KernelError) {
        let new = try Self.open(options.path)
        size = Int(try new.status().st_size)
        file = new
        isTorn = false
        rotationDelayedTo = 0
    }

    // MARK: Rotation

    /// `log` becomes `log.1`, `log.1` becomes `log.2` …; the oldest goes.
    private func rotate() {
        do throws(KernelError) {
            if options.maxFiles == 1 {
                // A reader that has the old file open reads it to its end.
                if unlink(options.path) != 0, Errno.current != .noEntry {
                    throw KernelError("remove", options.path)
                }
            } else {
                for number in stride(from: options.maxFiles - 1, through: 1, by: -1) {
                    let from = number == 1 ? options.path : "\(options.path).\(number - 1)"
                    if rename(from, "\(options.path).\(number)") != 0, Errno.current != .noEntry {
                        throw KernelError("rename", from)
                    }
                }
            }
            file = try Self.open(options.path)
            size = 0
        } catch {
            // Goes on in the old file rather than lose output.
            failure = error.description
            rotationDelayedTo = size + options.maxSize
        }
    }
}
