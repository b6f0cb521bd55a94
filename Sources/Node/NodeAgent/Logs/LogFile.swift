import Glibc
import LinuxKernel

/// An open file of a log, read in pieces of whole lines.
struct LogFile: ~Copyable {
    private let file: FileDescriptor
    /// Which file it is, whatever its name is by now.
    let identity: Identity
    /// Where the next piece begins.
    private var offset = 0

    struct Identity: Equatable {
        let device: UInt
        let inode: UInt

        init(_ status: stat) {
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
        }

        /// Of the file that has the name now; nil where none has.
        init?(at path: String) throws(KernelError) {
            var status = stat()
            guard stat(path, &status) == 0 else {
                if Errno.current == .noEntry { return nil }
                throw KernelError("stat", path)
            }
            self.init(status)
        }
    }

    /// Bytes that are read at once, more than the longest line that a runtime writes.
    private static let piece = 64 << 10
    /// What is longer without a newline is no line of a log.
    private static let longestLine = 1 << 20

    init(_ path: String) throws(KernelError) {
        let file = try FileDescriptor.open(path, O_RDONLY)
        identity = Identity(try file.status())
        self.file = file
    }

    /// The next lines with their newlines; nil at the end, where a line that is not finished yet may follow.
    mutating func nextLines() throws(KernelError) -> [UInt8]? {
        var bytes = try read(at: offset, Self.piece)
        while true {
            if let end = bytes.lastIndex(of: 10) {
                bytes.removeSubrange((end + 1)...)
                offset += bytes.count
                return bytes
            }
            if bytes.count >= Self.longestLine {
                // Passed over: nothing of it is ever told.
                offset += bytes.count
                bytes = []
            }
            let more = try read(at: offset + bytes.count, Self.piece)
            if more.isEmpty {
                guard try file.status().st_size < offset else { return nil }
                // The file became shorter: it begins anew.
                offset = 0
                bytes = try read(at: 0, Self.piece)
                if bytes.isEmpty { return nil }
                continue
            }
            bytes += more
        }
    }

    /// Goes to where the last lines begin. A line of the container that is stored in parts is one, and so is the newest
    /// as far as it is written.
    mutating func seek(toLast lines: Int) throws(KernelError) {
        let size = Int(try file.status().st_size)
        // What follows the last newline is not finished.
        var end = try lastNewline(before: size).map { $0 + 1 } ?? 0
        guard lines > 0 else {
            offset = end
            return
        }
        var found = 0
        var isNewest = true
        // What was read of a line whose beginning was not, with its newline.
        var rest: [UInt8] = []
        while end > 0 {
            let start = max(0, end - Self.piece)
            let bytes = try read(at: start, end - start) + rest
            // Backwards from newline to newline, each the end of a stored line.
            var newline = bytes.count - 1
            while newline >= 0 {
                let previous = bytes[..<newline].lastIndex(of: 10)
                guard previous != nil || start == 0 else { break }
                let begin = previous.map { $0 + 1 } ?? 0
                if let line = ContainerLogLine(bytes[begin..<newline]) {
                    if isNewest || !line.isPartial { found += 1 }
                    isNewest = false
                    if found > lines {
                        offset = start + newline + 1
                        return
                    }
                }
                newline = previous ?? -1
            }
            // What is too long is no line, and need not be kept to see that.
            rest = newline < 0 ? [] : newline < Self.longestLine ? Array(bytes[...newline]) : [10]
            end = start
        }
        offset = 0
    }

    /// The place of the last newline before an offset.
    private func lastNewline(before end: Int) throws(KernelError) -> Int? {
        var end = end
        while end > 0 {
            let start = max(0, end - 4096)
            let bytes = try read(at: start, end - start)
            if let index = bytes.lastIndex(of: 10) { return start + index }
            end = start
        }
        return nil
    }

    private func read(at offset: Int, _ count: Int) throws(KernelError) -> [UInt8] {
        var failure: KernelError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let result = pread(file.raw, buffer.baseAddress, count, offset)
            if result < 0 { failure = KernelError("read log", "") }
            filled = max(0, result)
        }
        if let failure { throw failure }
        return bytes
    }
}
