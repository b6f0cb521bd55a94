import GRDB
import Glibc
import LinuxKernel
import OCISpec
import Synchronization

/// Brings images into the store: all that are added become visible together, or none does.
///
/// What is being made lies in a folder of the session's lease, what comes over the network in `partial`. `finish`
/// writes it to the disk, moves it to its place and records it; whatever happens before leaves no trace but that
/// folder, which `close` removes, or after a crash the next import, and downloads to go on with.
package final class ImportSession: Sendable {
    let store: ImageStore
    let progress: ProgressHandler
    private let lease: Lease
    private let locks: LayerLocks
    private let pulse: ImportPulse
    /// Of this session's folder in `ingest`.
    private let name: String
    /// The same below the store's folder.
    private let folderName: String
    private let folder: FileDescriptor
    private let state = Mutex(State())
    private let running = Mutex<LayerImport?>(nil)
    private let isCancelled = Atomic(false)

    /// What was brought and is not recorded yet.
    private struct State: Sendable {
        var blobs: [Digest: NewBlob] = [:]
        var snapshots: [NewSnapshot] = []
        var images: [IncomingImage] = []
    }

    enum BlobPlace: Sendable {
        /// A file of this name in the session's folder.
        case own(String)
        /// A download, which other sessions may use, too.
        case shared(PartialBlob)
    }

    private struct NewBlob: Sendable {
        let place: BlobPlace
        let size: Int64
    }

    private struct NewSnapshot: Sendable {
        let chain: ChainID
        let parent: ChainID?
        let folder: String
        let layer: UnpackedLayer
    }

    package init(_ store: ImageStore, purpose: String, progress: ProgressHandler? = nil) throws {
        self.store = store
        lease = try store.catalog.makeLease(purpose)
        locks = LayerLocks(store.folder)
        name = StoreFolder.ingestName(lease: lease.number)
        let pulse = ImportPulse(store.folder, name)
        self.pulse = pulse
        self.progress = { step in
            pulse.beat()
            progress?(step)
        }
        folderName = "ingest/" + name
        if mkdirat(store.folder.root.raw, folderName, 0o700) != 0 {
            throw KernelError("make folder", "\(store.folder.path)/\(folderName)")
        }
        folder = try store.folder.root.openAt(folderName, O_RDONLY | O_DIRECTORY)
    }

    /// Removes what was made and not recorded, but for downloads.
    package func close() throws {
        locks.releaseAll()
        state.withLock { $0 = State() }
        try TreeRemoval.remove(name.utf8, in: store.folder.ingest)
        try lease.end()
    }

    /// Closes after a failure, which is worth more than a failure to clean up; the next import cleans up too.
    package func abandon(after error: any Error) throws {
        do {
            try close()
        } catch let second {
            throw ImageError(.store, "\(error) (cleaning up failed too: \(second))")
        }
    }

    /// Ends what is being added, which then throws `CancellationError`. Downloads stay for the next one.
    package func cancel() {
        isCancelled.store(true, ordering: .sequentiallyConsistent)
        running.withLock { $0 }?.cancel()
    }

    // MARK: Adding

    /// Reads, verifies and unpacks the layers of an image that are not there yet, several at a time.
    package func add(_ image: IncomingImage) throws {
        for (digest, bytes) in image.documents where try !isThere(digest) {
            try addDocument(digest, bytes)
        }
        let layers = LayerImport(self, image.layers)
        running.withLock { $0 = layers }
        defer { running.withLock { $0 = nil } }
        // Somebody may have cancelled before there was anything to end.
        if isCancelled.load(ordering: .sequentiallyConsistent) { throw CancellationError() }
        try layers.run()
        state.withLock { $0.images.append(image) }
        try lease.renew()
    }

    private func addDocument(_ digest: Digest, _ bytes: [UInt8]) throws {
        let file = try makeBlobFile(digest)
        try file.descriptor.writeAll(bytes)
        add(digest, at: .own(digest.hex), size: Int64(bytes.count))
    }

    func add(_ digest: Digest, at place: BlobPlace, size: Int64) {
        state.withLock { $0.blobs[digest] = NewBlob(place: place, size: size) }
    }

    func add(_ layer: UnpackedLayer, chain: ChainID, parent: ChainID?, folder: String) {
        state.withLock {
            $0.snapshots.append(NewSnapshot(chain: chain, parent: parent, folder: folder, layer: layer))
        }
    }

    /// Lets one process at a time unpack a layer, as far as that is possible.
    /// - Parameters:
    ///   - image: the blobs of all layers that its image brings.
    ///   - folder: its name for `makeSnapshotFolder`.
    func lock(
        _ layer: IncomingImage.Layer, of image: [Digest], folder: String, onWait: () -> Void
    ) throws {
        try locks.take(
            layer.chain,
            pulse: {
                if isCancelled.load(ordering: .sequentiallyConsistent) { throw CancellationError() }
                return try pulse.ofOthers(folder, layer.descriptor.digest, of: image)
            }, onWait: onWait)
    }

    func renewLease() throws { try lease.renew() }

    // MARK: What is there

    /// Whether content is recorded, or will be by this session. What is recorded stays until the session
    /// ends. A record whose file somebody has removed or cut off counts for nothing: it is brought again.
    func isThere(_ digest: Digest) throws -> Bool {
        if state.withLock({ $0.blobs[digest] != nil }) { return true }
        let size = try pinned(.content, digest.description) { try Catalog.contentSize($0, digest) }
        return size.map { store.folder.hasBlob(digest, size: $0) } ?? false
    }

    func isThere(_ chain: ChainID) throws -> Bool {
        if state.withLock({ $0.snapshots.contains { $0.chain == chain } }) { return true }
        let number = try pinned(.snapshot, chain.description) { try Catalog.snapshotNumber($0, chain) }
        return number.map(store.folder.hasSnapshot) ?? false
    }

    private func pinned(
        _ kind: PinKind, _ key: String, _ record: (Database) throws -> Int64?
    ) throws -> Int64? {
        guard try store.catalog.read(record) != nil else { return nil }
        return try store.catalog.writeVolatile { database in
            guard let found = try record(database) else { return nil }
            try Catalog.pin(database, lease, kind, [key])
            return found
        }
    }

    /// Content that is not there yet stays, too, from when somebody records it.
    func pin(_ digest: Digest) throws {
        try store.catalog.writeVolatile { try Catalog.pin($0, lease, .content, [digest.description]) }
    }

    func existingBlob(_ digest: Digest) throws -> any ByteSource {
        switch state.withLock({ $0.blobs[digest]?.place }) {
        case nil: return try FileRangeSource(try store.folder.openBlob(digest))
        case .shared(let partial): return try FileRangeSource(partial.file)
        case .own(let name):
            let file = try folder.openAt(name, O_RDONLY | O_NOFOLLOW)
            return try FileRangeSource(SharedFile(file, name: digest.description))
        }
    }

    /// The folder of a layer that is there.
    func existingSnapshot(_ chain: ChainID) throws -> SharedFile {
        if let name = state.withLock({ $0.snapshots.first { $0.chain == chain }?.folder }) {
            return SharedFile(try folder.openAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), name: name)
        }
        guard let number = try store.catalog.read({ try Catalog.snapshotNumber($0, chain) }) else {
            throw ImageError(.store, "the unpacked layer \(chain) was removed during the import")
        }
        return try store.folder.openSnapshot(number)
    }

    func makeBlobFile(_ digest: Digest) throws -> SharedFile {
        // What an earlier attempt of this session left is begun anew.
        let file = try folder.openAt(digest.hex, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        return SharedFile(file, name: "\(store.folder.path)/\(folderName)/\(digest.hex)")
    }

    func makeSnapshotFolder(_ name: String) throws -> SharedFile {
        try TreeRemoval.remove(Array(name.utf8), in: folder)
        if mkdirat(folder.raw, name, 0o700) != 0 {
            throw KernelError("make folder", "\(store.folder.path)/\(folderName)/\(name)")
        }
        return SharedFile(try folder.openAt(name, O_RDONLY | O_DIRECTORY), name: name)
    }

    // MARK: Finishing

    /// Makes everything that was added durable and visible.
    package func finish() throws -> [ImageRecord] {
        let state = self.state.withLock { $0 }
        let records = try pulse.whileBlocked { try record(state) }
        self.state.withLock { $0 = State() }
        locks.releaseAll()
        store.folder.keepReserve()
        return records
    }

    private func record(_ state: State) throws -> [ImageRecord] {
        if !state.blobs.isEmpty || !state.snapshots.isEmpty { try store.folder.syncFileSystem() }
        do {
            return try store.catalog.write { database in
                try checkLease(database)
                try placeBlobs(state.blobs, database)
                try placeSnapshots(state.snapshots, database)
                return try state.images.map { try record($0, database) }
            }
        } catch {
            // A full disk, say, after files came into place.
            try store.removeUnrecorded()
            throw error
        }
    }

    /// What this session relies on was safe only as long as its lease lived.
    private func checkLease(_ database: Database) throws {
        let lives = try Bool.fetchOne(
            database, sql: "SELECT count(*) FROM lease WHERE number = ? AND expires > ?",
            arguments: [lease.number, now()])
        if lives != true {
            throw ImageError(.store, "the import took too long: its lease on the image store expired")
        }
    }

    private func placeBlobs(_ blobs: [Digest: NewBlob], _ database: Database) throws {
        var folders: Set<String> = []
        for (digest, blob) in blobs {
            if let size = try Catalog.contentSize(database, digest), store.folder.hasBlob(digest, size: size)
            {
                // Somebody was faster, with a file of his own: nobody needs this one any more.
                if case .shared(let partial) = blob.place { partial.discard(store.folder) }
                continue
            }
            let path = StoreFolder.blobPath(digest)
            switch blob.place {
            case .own(let name): try store.folder.rename("\(folderName)/\(name)", to: path)
            case .shared(let partial):
                // Another session that uses it may have moved it, and been killed before the record was there.
                if !partial.isSame(path, in: store.folder) { try store.folder.rename(partial.path, to: path) }
            }
            folders.insert("blobs/\(digest.algorithm.rawValue)")
            try database.execute(
                sql: "INSERT OR REPLACE INTO content (digest, size, added) VALUES (?, ?, ?)",
                arguments: [digest.description, blob.size, now()])
        }
        for folder in folders { try store.folder.syncFolder(folder) }
    }

    private func placeSnapshots(_ snapshots: [NewSnapshot], _ database: Database) throws {
        var isChanged = false
        for snapshot in snapshots {
            var number = try Catalog.snapshotNumber(database, snapshot.chain)
            if let number, store.folder.hasSnapshot(number) { continue }
            if number == nil {
                try database.execute(
                    sql: "INSERT INTO snapshot (chain, parent, bytes, entries, added) VALUES (?, ?, ?, ?, ?)",
                    arguments: [
                        snapshot.chain.description, snapshot.parent?.description, snapshot.layer.bytes,
                        snapshot.layer.entries, now(),
                    ])
                number = database.lastInsertedRowID
            }
            let path = StoreFolder.snapshotPath(number!)
            // A crash between this step and the commit leaves a folder whose number is given out again.
            try store.folder.moveToTrash(path)
            try store.folder.rename("\(folderName)/\(snapshot.folder)", to: path)
            // Until the record is on the disk, whoever waits for the layer looks for it here.
            mkdirat(folder.raw, snapshot.folder, 0o700)
            isChanged = true
        }
        if isChanged { try store.folder.syncFolder("snapshots") }
    }

    private func record(_ image: IncomingImage, _ database: Database) throws -> ImageRecord {
        for (parent, child) in image.links {
            try database.execute(
                sql: "INSERT OR IGNORE INTO content_link (parent, child) VALUES (?, ?)",
                arguments: [parent.description, child.description])
        }
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO image
                    (manifest, config, chain, os, architecture, variant, created, added)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                image.manifest.description, image.config.description, image.layers.last?.chain.description,
                image.platform.os, image.platform.architecture, image.platform.variant, image.created, now(),
            ])
        for name in image.names {
            try Catalog.setName(database, name, manifest: image.manifest, target: image.target)
        }
        return try Catalog.image(database, manifest: image.manifest)!
    }
}
