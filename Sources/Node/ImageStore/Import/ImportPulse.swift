import Glibc
import LinuxKernel
import OCISpec
import Synchronization

/// Shows other processes that an import goes on, by the modification time of its folder in `ingest`; and shows this one
/// whether those that it waits for do, by that and by their downloads.
final class ImportPulse: Sendable {
    private let store: StoreFolder
    /// Of the import's own folder in `ingest`.
    private let name: String
    private let lastBeat = Mutex(0)

    /// Milliseconds between two beats.
    private static let interval = 1000

    init(_ store: StoreFolder, _ name: String) {
        self.store = store
        self.name = name
    }

    /// Something was done. Called as often as one likes.
    func beat() {
        let now = monotonicMilliseconds()
        let isDue = lastBeat.withLock { last in
            if now - last < Self.interval { return false }
            last = now
            return true
        }
        // Whoever cannot see it unpacks what is unpacked here: no harm.
        if isDue { utimensat(store.ingest.raw, name, nil, 0) }
    }

    /// Beats while `body` runs, which may be blocked in the kernel for long: a disk writes as long as it has to. A thread
    /// does it, which stands still with the process when somebody stops that.
    func whileBlocked<Result>(_ body: () throws -> Result) rethrows -> Result {
        let end = Gate<Void>()
        // It can be done without: others may unpack for themselves then.
        let thread = try? JoinableThread { [self] in
            while !end.isOpen(afterMilliseconds: Self.interval) { beat() }
        }
        defer {
            end.open(.success(()))
            thread?.join()
        }
        beat()
        return try body()
    }

    /// How far others are with a layer: the same answer twice means that none of them has done anything in between.
    /// - Parameters:
    ///   - folder: the layer's, in the folder of whatever import unpacks it.
    ///   - blob: what it is downloaded as.
    ///   - image: what all layers of its image are downloaded as: whoever has this one done may be kept waiting by the disk
    ///     with another one.
    func ofOthers(_ folder: String, _ blob: OCISpec.Digest, of image: [OCISpec.Digest]) throws -> [Int64] {
        var signs: [Int64] = []
        for other in try store.names(in: "ingest").sorted() where other != name {
            guard status("ingest/\(other)/\(folder)") != nil, let status = status("ingest/\(other)") else {
                continue
            }
            signs.append(Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
        }
        for other in image {
            guard let (size, beat) = try PartialBlob.signs(of: other, in: store) else { continue }
            if other == blob { signs.append(size) }
            if let beat { signs.append(beat) }
        }
        return signs
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return fstatat(store.root.raw, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }
}
