import ContainerShim
import Glibc
import LinuxKernel

/// Reads a container's log, older files first, and what is added to it while somebody watches.
public struct LogReader {
    /// What is shown.
    public struct Selection: Equatable, Sendable {
        public var since: Timestamp?
        public var until: Timestamp?
        /// Only so many of the last lines; nil for all.
        public var tail: Int?
        public var timestamps = false

        public init() {}
    }

    private let path: String
    private let selection: Selection
    /// Which stream's line is not finished yet: no time is put before its next part.
    private var openLines: Set<LogStream> = []

    /// - Parameter path: of the newest file.
    public init(path: String, selection: Selection) {
        self.path = path
        self.selection = selection
    }

    // MARK: What is there

    /// Writes the selected lines to standard output and standard error, as the container did.
    /// - Returns: where reading ended in the newest file.
    public mutating func showPresent() throws -> Position {
        let files = try openFiles(downTo: nil)
        defer { for file in files { close(file.descriptor) } }
        var tail: [LogRecord] = []
        var end = 0
        for file in files.reversed() {
            end = 0
            while let lines = try Self.nextLines(file.descriptor, at: end) {
                end += lines.count
                for record in records(in: lines) {
                    if selection.tail == nil { try show(record) } else { tail.append(record) }
                }
                if let wanted = selection.tail { tail = Self.lastLines(wanted, of: tail, isWhole: false) }
            }
        }
        if let wanted = selection.tail { tail = Self.lastLines(wanted, of: tail, isWhole: true) }
        for record in tail { try show(record) }
        return Position(identity: files.first?.identity, offset: end)
    }

    /// Where reading goes on.
    public struct Position {
        var identity: FileIdentity?
        var offset: Int
    }

    /// Opens the files, the newest first, while they may be moved to higher numbers one after the other.
    /// - Parameter wanted: older files than this one are not needed.
    /// - Returns: descriptors that the caller closes. No file is in it twice, and none is left out between two.
    private func openFiles(
        downTo wanted: FileIdentity?
    ) throws -> [(descriptor: Int32, identity: FileIdentity)] {
        var attempts = 0
        while true {
            attempts += 1
            var files: [(descriptor: Int32, identity: FileIdentity)] = []
            var number = 0
            while let file = try open(number) {
                let identity = try FileIdentity(file)
                // Seen before it moved: what lies between was made since, and comes before it.
                if let index = files.firstIndex(where: { $0.identity == identity }) {
                    close(files.remove(at: index).descriptor)
                }
                files.append((file.release(), identity))
                if identity == wanted { return files }
                number += 1
            }
            // The end of the row, or the gap that a rotation makes for a moment. A wanted file that is not found
            // may also have been the oldest, and be gone.
            let isGap = try open(number + 1) != nil || open(number) != nil
            if !isGap && (wanted == nil || attempts >= 5) || attempts >= 500 { return files }
            for file in files { close(file.descriptor) }
            usleep(1000)
        }
    }

    private func open(_ number: Int) throws(KernelError) -> FileDescriptor? {
        do throws(KernelError) {
            return try FileDescriptor.open(number == 0 ? path : "\(path).\(number)", O_RDONLY)
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }

    /// Bytes that are read at once, more than the longest record has.
    private static let chunk = 256 << 10

    /// The next complete lines of a file, or nil where there are none yet.
    private static func nextLines(_ descriptor: Int32, at offset: Int) throws(KernelError) -> ArraySlice<
        UInt8
    >? {
        var failure: KernelError?
        let bytes = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
            do throws(KernelError) {
                count = try check("read log", "") {
                    pread(descriptor, buffer.baseAddress, buffer.count, offset)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard let end = bytes.lastIndex(of: 10) else {
            // What fills a whole chunk without a newline is no log of ours: it is passed over.
            return bytes.count == chunk ? bytes[...] : nil
        }
        return bytes[...end]
    }

    private func records(in bytes: ArraySlice<UInt8>) -> some Sequence<LogRecord> {
        let selection = selection
        return bytes.split(separator: 10).lazy.compactMap { LogRecord(line: $0) }.filter { record in
            if let since = selection.since, record.time < since { return false }
            if let until = selection.until, record.time > until { return false }
            return true
        }
    }

    /// The records of the last so many lines. Parts of one line count once, also where the other stream's
    /// lines lie between them; a line stands where it ends.
    /// - Parameter isWhole: nothing follows. Otherwise a line that has not ended yet is kept, and not counted.
    package static func lastLines(_ count: Int, of records: [LogRecord], isWhole: Bool) -> [LogRecord] {
        var lines = 0
        var kept: [LogRecord] = []
        // Whether the line of each stream that is being walked through, from its end, is kept.
        var keeps: [LogStream: Bool] = [:]
        for record in records.reversed() {
            let keep: Bool
            if record.isPartial, let known = keeps[record.stream] {
                keep = known
            } else if record.isPartial, !isWhole {
                keep = true
            } else {
                keep = lines < count
                if keep { lines += 1 }
            }
            keeps[record.stream] = keep
            if keep { kept.append(record) }
        }
        return kept.reversed()
    }

    private mutating func show(_ record: LogRecord) throws(KernelError) {
        var line: [UInt8] = []
        if selection.timestamps, !openLines.contains(record.stream) { line += Array("\(record.time) ".utf8) }
        line += record.text
        if record.isPartial {
            openLines.insert(record.stream)
        } else {
            openLines.remove(record.stream)
            line.append(10)
        }
        let descriptor = record.stream == .stdout ? STDOUT_FILENO : STDERR_FILENO
        var failure: KernelError?
        line.withUnsafeBytes { bytes in
            do throws(KernelError) { try Standard.write(bytes, to: descriptor) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    // MARK: What is added

    /// Shows what is added until the container has ended.
    /// - Parameter shim: a connection to its shim; nil for a container that does not run.
    public mutating func follow(from position: Position, container: String, shim: consuming ShimClient?)
        throws
    {
        guard var shim = shim else { return }
        let number = try shim.send(.wait(container: container, exec: nil))
        let watch = FileDescriptor(
            owning: try check("inotify_init", "") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
        let folder = path.splitAtLastComponent.parent
        _ = try check("watch", folder) {
            inotify_add_watch(watch.raw, folder, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO))
        }
        var position = position
        var ended = false
        while true {
            try showAdded(&position)
            if ended { return }
            var polls = [
                pollfd(fd: watch.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: shim.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = try pollAll(&polls)
            if polls[0].revents != 0 { Self.drain(watch) }
            if polls[1].revents != 0 { ended = try Self.hasEnded(&shim, number) }
        }
    }

    private static func drain(_ watch: borrowing FileDescriptor) {
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
            while read(watch.raw, buffer.baseAddress, buffer.count) > 0 {}
        }
    }

    private static func hasEnded(_ shim: inout ShimClient, _ number: UInt64) throws -> Bool {
        do throws(ShimError) {
            while let delivery = try shim.receive(milliseconds: 0) {
                if case .answer(number, _) = delivery.message { return true }
            }
            return false
        } catch {
            if case .gone = error { return true }
            throw error
        }
    }

    /// Reads on from `position`, through a rotation where there was one.
    private mutating func showAdded(_ position: inout Position) throws {
        // The file that was being read may have moved on by any number of places.
        let files = try openFiles(downTo: position.identity)
        defer { for file in files { close(file.descriptor) } }
        for (descriptor, identity) in files.reversed() {
            if identity != position.identity { position = Position(identity: identity, offset: 0) }
            while let lines = try Self.nextLines(descriptor, at: position.offset) {
                for record in records(in: lines) { try show(record) }
                position.offset += lines.count
            }
        }
    }
}
