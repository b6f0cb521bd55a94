import LinuxKernel
import Synchronization

/// Shows whoever waits for a download that it goes on while the disk keeps it waiting, which a single write may do for
/// as long as a disk hangs or a file system is frozen. A thread does it, which stands still with the process when
/// somebody stops that.
///
/// A write of any download counts: they have few threads together, and one that is blocked may hold up all.
final class DownloadPulse: Sendable {
    private let partial: PartialBlob
    private let end = Gate<Void>()
    /// It can be done without: others may fetch for themselves then.
    private let thread: JoinableThread?

    /// Milliseconds between two beats, and those after which a write is one that is waited for.
    private static let interval = 1000
    /// When the writes of this process began that go on.
    private static let writes = Mutex<[ObjectIdentifier: Int]>([:])

    /// Begins to watch. `stop` has to be called, before the file is somebody else's.
    init(_ partial: PartialBlob) {
        self.partial = partial
        let end = end
        thread = try? JoinableThread {
            while !end.isOpen(afterMilliseconds: Self.interval) {
                if Self.isDiskSlow { try? partial.beat() }
            }
        }
    }

    func stop() {
        end.open(.success(()))
        thread?.join()
        try? partial.endBeats()
    }

    private static var isDiskSlow: Bool {
        let now = monotonicMilliseconds()
        return writes.withLock { $0.values.contains { now - $0 >= interval } }
    }

    /// One write of a download, which makes one at a time.
    static func whileWriting<Result>(_ download: BlobFetch, _ body: () throws -> Result) rethrows -> Result {
        let begin = monotonicMilliseconds()
        writes.withLock { $0[ObjectIdentifier(download)] = begin }
        defer { writes.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(download)) } }
        return try body()
    }
}
