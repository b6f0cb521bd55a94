import NIOCore
import NIOPosix
import Synchronization

/// Reads a container's log for somebody: `/containerLogs` and `swiftlet logs`.
public struct LogReader: Sendable {
    private let log: ContainerLog
    private let selection: LogSelection

    public init(_ log: ContainerLog, _ selection: LogSelection) {
        self.log = log
        self.selection = selection
    }

    /// Opens the log's file: what keeps it from being read is thrown here already.
    public func opened() async throws -> OpenLog {
        let lines = try await blocking { [log, selection] in
            try LogLines(log.path, tail: selection.tailLines)
        }
        return OpenLog(log: log, selection: selection, lines: lines)
    }
}

/// A log that is about to be read, once.
public struct OpenLog: Sendable {
    fileprivate let log: ContainerLog
    fileprivate let selection: LogSelection
    fileprivate let lines: LogLines

    /// Hands out the selected part, piece by piece, and what is added to it where it is followed. Returns at the end of
    /// the file, or when the container has ended and everything of it was said, or at the limit.
    ///
    /// - Parameter write: sets the pace; what it throws ends the reading.
    public func read(_ write: (ByteBuffer) async throws -> Void) async throws {
        var formatter = LogFormatter(selection)
        var changes: FolderChanges?
        var ending: Ending?
        defer {
            changes?.stop()
            ending?.stop()
        }
        while !formatter.isFull {
            // Looked at before reading: what was written until the end is then read after it.
            let isLast = ending?.hasCome ?? !selection.follow
            if let bytes = try await blocking({ try lines.next() }) {
                let text = formatter.format(bytes)
                if text.readableBytes > 0 { try await write(text) }
            } else if isLast {
                return
            } else if let changes {
                try await changes.wait()
            } else {
                // Once more around, for what came before the watch.
                let watched = try await FolderChanges(around: log.path)
                changes = watched
                ending = Ending(log.ended) { watched.wake() }
            }
        }
    }
}

/// A file may be on a disk that is slow.
private func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}

/// The lines of a log, from file to file.
fileprivate final class LogLines: Sendable {
    private let path: String
    private let file: Mutex<LogFile>

    init(_ path: String, tail: Int?) throws {
        self.path = path
        var file = try LogFile(path)
        if let tail { try file.seek(toLast: tail) }
        self.file = Mutex(file)
    }

    /// The next lines; nil where there are none yet.
    func next() throws -> [UInt8]? {
        try file.withLock { file in
            if let lines = try file.nextLines() { return lines }
            guard let current = try LogFile.Identity(at: path), current != file.identity else { return nil }
            // The file was rotated. Between the two looks something may have been written to the old one.
            if let lines = try file.nextLines() { return lines }
            file = try LogFile(path)
            return try file.nextLines()
        }
    }
}

/// Notices that a container has ended.
private final class Ending: Sendable {
    private let task: Task<Void, Never>
    private let flag: Flag

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    init(_ ended: @escaping @Sendable () async -> Void, then wake: @escaping @Sendable () -> Void) {
        let flag = Flag()
        self.flag = flag
        task = Task {
            await ended()
            guard !Task.isCancelled else { return }
            flag.isSet.store(true, ordering: .releasing)
            wake()
        }
    }

    var hasCome: Bool { flag.isSet.load(ordering: .acquiring) }

    func stop() { task.cancel() }
}
