import Glibc
import LinuxKernel
import OCISpec
import Synchronization

/// Brings a blob's bytes from an offset on, in order, and hands over each piece. Its task is cancelled when
/// nobody wants them any more.
package typealias BlobSource =
    @Sendable (_ offset: Int64, _ write: @Sendable (UnsafeRawBufferPointer) throws -> Void) async throws ->
    Void

/// A blob that comes over the network into its file, as fast as the network is, while somebody reads behind.
///
/// The same blob is fetched once, however many pulls need it: who finds its file locked reads what the other one
/// writes, and goes on himself when that one ends early. One that is stopped holds nobody up: after `patience`
/// without a byte, and without a beat while the disk keeps it waiting (`DownloadPulse`), the rest is fetched a second
/// time, into a file of one's own.
final class BlobFetch: Sendable {
    let digest: OCISpec.Digest
    let size: Int64
    /// Whether bytes of an earlier attempt are in the file, or another process writes it: then wrong bytes are not
    /// necessarily the registry's.
    let isInherited: Bool
    private let folder: StoreFolder
    private let growth: Growth
    private let source: BlobSource
    private let own: @Sendable () throws -> SharedFile
    private let onProgress: @Sendable (Int64) -> Void
    /// The shared file; nil when the bytes are in a file of one's own.
    private let partial: Mutex<PartialBlob?>
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// Milliseconds that another process's download may stand still.
    static let patience = 10_000
    /// Milliseconds between two looks at another process's file.
    private static let interval = 20

    /// Begins to fetch, or to follow. Blocks for `patience` at most.
    /// - Parameters:
    ///   - own: makes a file that nobody else knows.
    ///   - onProgress: called with the bytes that are there.
    init(
        _ digest: OCISpec.Digest, size: Int64, in folder: StoreFolder, from source: @escaping BlobSource,
        own: @escaping @Sendable () throws -> SharedFile, onProgress: @escaping @Sendable (Int64) -> Void
    ) throws {
        self.digest = digest
        self.size = size
        self.folder = folder
        self.source = source
        self.own = own
        self.onProgress = onProgress
        let role = try Self.claim(digest, size: size, in: folder)
        switch role {
        case .writer(let partial, let present):
            self.partial = Mutex(partial)
            growth = Growth(partial.file, size: present)
            isInherited = present > 0
            begin { await $0.write(partial.file, from: present) }
        case .follower(let partial):
            self.partial = Mutex(partial)
            growth = Growth(partial.file, size: 0)
            isInherited = true
            begin { await $0.follow(partial) }
        case .nobody:
            partial = Mutex(nil)
            let file = try own()
            growth = Growth(file, size: 0)
            isInherited = false
            begin { await $0.write(file, from: 0) }
        }
    }

    private func begin(_ work: @escaping @Sendable (BlobFetch) async -> Void) {
        task.withLock { $0 = Task { await work(self) } }
    }

    /// The bytes from the beginning on; waits for those that are still to come.
    func bytes() -> any ByteSource { GrowingFile(growth) }

    /// The file that has the bytes, to be moved to its place; nil when it is the one that `own` made.
    var sharedFile: PartialBlob? { partial.withLock { $0 } }

    /// Ends it; who reads gets an error. What has come stays for the next one.
    func cancel() {
        task.withLock { $0?.cancel() }
        growth.finish(.failure(Abandoned()))
    }

    /// Ends it, and removes what has come.
    func discard() {
        cancel()
        sharedFile?.discard(folder)
    }

    // MARK: Whose download it is

    private enum Role {
        case writer(PartialBlob, present: Int64)
        case follower(PartialBlob)
        /// Another process has the file and does nothing with it.
        case nobody
    }

    private static func claim(
        _ digest: OCISpec.Digest, size: Int64, in folder: StoreFolder
    ) throws -> Role {
        var last: (size: Int64, beat: Int64?)?
        var waited = 0
        while true {
            let partial = try PartialBlob.open(digest, in: folder)
            if try partial.tryWriteLock() {
                guard partial.isInPlace(folder) else { continue }
                let present = try partial.size()
                if present <= size { return .writer(partial, present: present) }
                try partial.clear()
                return .writer(partial, present: 0)
            }
            let present = try partial.size()
            if present == size, try partial.tryReadLock() {
                if partial.isInPlace(folder) { return .follower(partial) }
                continue
            }
            let beat = try partial.lastBeat()
            if let last, present > last.size || beat != last.beat { return .follower(partial) }
            if waited >= patience { return .nobody }
            last = (present, beat)
            usleep(useconds_t(interval * 1000))
            waited += interval
        }
    }

    // MARK: Writing

    private func write(_ file: SharedFile, from offset: Int64) async {
        do {
            try await bring(to: file, from: offset)
            // Others may rely on it now.
            _ = try sharedFile?.tryReadLock()
            growth.finish(.success(()))
        } catch {
            // Whoever else wants it may go on.
            try? sharedFile?.unlock()
            growth.finish(.failure(error))
        }
    }

    private func bring(to file: SharedFile, from offset: Int64) async throws {
        let pulse = sharedFile.map { DownloadPulse($0) }
        defer { pulse?.stop() }
        let position = Mutex(offset)
        try await source(offset) { bytes in
            let end = try DownloadPulse.whileWriting(self) {
                try Self.write(bytes, to: file, at: position.withLock { $0 })
            }
            position.withLock { $0 = end }
            growth.reached(end)
            onProgress(end)
        }
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, to file: SharedFile, at offset: Int64
    ) throws -> Int64 {
        var position = offset
        var rest = bytes
        while !rest.isEmpty {
            let count = try check("write", file.name) {
                pwrite(file.descriptor.raw, rest.baseAddress, rest.count, off_t(position))
            }
            position += Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return position
    }

    // MARK: Following

    private func follow(_ partial: PartialBlob) async {
        var reached: Int64 = 0
        var stillFor = 0
        var lastBeat: Int64?
        func isGivenUp() throws -> Bool {
            if let beat = try partial.lastBeat(), beat != lastBeat {
                lastBeat = beat
                stillFor = 0
            }
            return stillFor >= Self.patience
        }
        do {
            while reached < size {
                let present = min(try partial.size(), size)
                if present > reached {
                    reached = present
                    stillFor = 0
                    growth.reached(reached)
                    onProgress(reached)
                    continue
                }
                // Its writer is gone: what is missing is ours to bring.
                if try partial.tryWriteLock() { return await write(partial.file, from: reached) }
                if try isGivenUp() { return try await leave(partial, at: reached) }
                try await Task.sleep(for: .milliseconds(Self.interval))
                stillFor += Self.interval
            }
            // Its writer has a last look at it.
            while try !partial.tryReadLock() {
                if try isGivenUp() { return try await leave(partial, at: reached) }
                try await Task.sleep(for: .milliseconds(Self.interval))
                stillFor += Self.interval
            }
            growth.finish(.success(()))
        } catch {
            growth.finish(.failure(error))
        }
    }

    /// Goes on without the other one, with what came so far.
    private func leave(_ other: PartialBlob, at offset: Int64) async throws {
        let file = try own()
        var position: off_t = 0
        while position < offset {
            let count = try check("copy", file.name) {
                sendfile(file.descriptor.raw, other.file.descriptor.raw, &position, Int(offset) - position)
            }
            if count == 0 { throw ImageError.corrupt("\(other.file.name) became shorter while it was read") }
        }
        partial.withLock { $0 = nil }
        growth.move(to: file)
        await write(file, from: offset)
    }
}
