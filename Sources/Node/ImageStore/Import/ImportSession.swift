import GRDB
import Glibc
import LinuxKernel
import OCISpec

/// Brings images into the store: all that are added become visible together, or none does.
///
/// What is being made lies in a folder of the session's lease. `finish` writes it to the disk, moves it to
/// its place and records it; whatever happens before leaves no trace but that folder, which `close` removes,
/// or after a crash the next import.
package final class ImportSession {
    private let store: ImageStore
    private let lease: Lease
    private let progress: ProgressHandler
    private let locks: LayerLocks
    /// Of this session, below the store's folder.
    private let folderName: String
    private let folder: FileDescriptor

    private var blobs: [Digest: (file: String, size: Int64)] = [:]
    private var snapshots: [(chain: ChainID, parent: ChainID?, folder: String, layer: UnpackedLayer)] = []
    private var images: [IncomingImage] = []

    package init(_ store: ImageStore, purpose: String, progress: ProgressHandler? = nil) throws {
        self.store = store
        self.progress = progress ?? { _ in }
        lease = try store.catalog.makeLease(purpose)
        locks = LayerLocks(store.folder)
        folderName = "ingest/\(lease.number)"
        if mkdirat(store.folder.root.raw, folderName, 0o700) != 0 {
            throw KernelError("make folder", "\(store.folder.path)/\(folderName)")
        }
        folder = try store.folder.root.openAt(folderName, O_RDONLY | O_DIRECTORY)
    }

    /// Removes what was made and not recorded.
    package func close() throws {
        locks.releaseAll()
        try TreeRemoval.remove(Array("\(lease.number)".utf8), in: store.folder.ingest)
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

    // MARK: Adding

    /// Reads, verifies and unpacks the layers of an image that are not there yet.
    package func add(_ image: IncomingImage) throws {
        for (digest, bytes) in image.documents where try !isThere(digest) {
            try addDocument(digest, bytes)
        }
        var below: [ChainID] = []
        for layer in image.layers {
            try within("layer \(layer.descriptor.digest)") { try add(layer, below: below) }
            below.append(layer.chain)
        }
        images.append(image)
        try lease.renew()
    }

    private func addDocument(_ digest: Digest, _ bytes: [UInt8]) throws {
        let file = try makeBlobFile(digest)
        try file.descriptor.writeAll(bytes)
        blobs[digest] = (digest.hex, Int64(bytes.count))
    }

    private func add(_ layer: IncomingImage.Layer, below: [ChainID]) throws {
        if try isThere(layer.descriptor.digest), try isThere(layer.chain) {
            return report(layer, .exists, layer.descriptor.size)
        }
        try locks.take(layer.chain) { report(layer, .waiting, 0) }
        // Whoever had the lock may have just brought it.
        let hasBlob = try isThere(layer.descriptor.digest)
        let hasSnapshot = try isThere(layer.chain)
        if hasBlob && hasSnapshot { return report(layer, .exists, layer.descriptor.size) }
        try lease.renew()
        let ingest = LayerIngest(
            layer: layer, limits: store.limits,
            source: hasBlob ? try existingBlob(layer.descriptor.digest) : try layer.open(),
            copy: hasBlob ? nil : try makeBlobFile(layer.descriptor.digest)
        ) { [progress] done in
            progress(.layer(layer.descriptor.digest, .unpacking, done: done, total: layer.descriptor.size))
        }
        if hasSnapshot {
            try ingest.verify()
        } else {
            let name = "snapshot-\(snapshots.count)"
            let root = try makeSnapshotFolder(name)
            let unpacked = try ingest.unpack(into: root, below: try stack(below))
            snapshots.append((layer.chain, below.last, name, unpacked))
            for warning in unpacked.warnings { progress(.message(warning)) }
        }
        if !hasBlob { blobs[layer.descriptor.digest] = (layer.descriptor.digest.hex, layer.descriptor.size) }
        report(layer, .done, layer.descriptor.size)
    }

    private func report(_ layer: IncomingImage.Layer, _ phase: LayerPhase, _ done: Int64) {
        progress(.layer(layer.descriptor.digest, phase, done: done, total: layer.descriptor.size))
    }

    // MARK: What is there

    /// Whether content is recorded, or will be by this session. What is recorded stays until the session
    /// ends.
    private func isThere(_ digest: Digest) throws -> Bool {
        if blobs[digest] != nil { return true }
        return try pinned(.content, digest.description) { try Catalog.contentSize($0, digest) != nil }
    }

    private func isThere(_ chain: ChainID) throws -> Bool {
        if snapshots.contains(where: { $0.chain == chain }) { return true }
        return try pinned(.snapshot, chain.description) { try Catalog.snapshotNumber($0, chain) != nil }
    }

    private func pinned(_ kind: PinKind, _ key: String, _ exists: (Database) throws -> Bool) throws -> Bool {
        guard try store.catalog.read(exists) else { return false }
        return try store.catalog.writeVolatile { database in
            guard try exists(database) else { return false }
            try Catalog.pin(database, lease, kind, [key])
            return true
        }
    }

    private func existingBlob(_ digest: Digest) throws -> any ByteSource {
        if blobs[digest] == nil { return try FileRangeSource(try store.folder.openBlob(digest)) }
        let file = try folder.openAt(digest.hex, O_RDONLY | O_NOFOLLOW)
        return try FileRangeSource(SharedFile(file, name: digest.description))
    }

    /// The folders of the layers below, the topmost first.
    private func stack(_ below: [ChainID]) throws -> LayerStack {
        let numbers = try store.catalog.read { database in
            try below.reduce(into: [:]) { $0[$1] = try Catalog.snapshotNumber(database, $1) }
        }
        return LayerStack(
            layers: try below.reversed().map { chain in
                if let number = numbers[chain] { return try store.folder.openSnapshot(number) }
                let name = snapshots.first { $0.chain == chain }!.folder
                return SharedFile(try folder.openAt(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), name: name)
            })
    }

    private func makeBlobFile(_ digest: Digest) throws -> SharedFile {
        // What an earlier attempt of this session left is begun anew.
        let file = try folder.openAt(digest.hex, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        return SharedFile(file, name: "\(store.folder.path)/\(folderName)/\(digest.hex)")
    }

    private func makeSnapshotFolder(_ name: String) throws -> SharedFile {
        try TreeRemoval.remove(Array(name.utf8), in: folder)
        if mkdirat(folder.raw, name, 0o700) != 0 {
            throw KernelError("make folder", "\(store.folder.path)/\(folderName)/\(name)")
        }
        return SharedFile(try folder.openAt(name, O_RDONLY | O_DIRECTORY), name: name)
    }

    // MARK: Finishing

    /// Makes everything that was added durable and visible.
    package func finish() throws -> [ImageRecord] {
        if !blobs.isEmpty || !snapshots.isEmpty { try store.folder.syncFileSystem() }
        let records: [ImageRecord]
        do {
            records = try store.catalog.write { database in
                try checkLease(database)
                try placeBlobs(database)
                try placeSnapshots(database)
                return try images.map { try record($0, database) }
            }
        } catch {
            // A full disk, say, after files came into place.
            try store.removeUnrecorded()
            throw error
        }
        blobs = [:]
        snapshots = []
        images = []
        locks.releaseAll()
        return records
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

    private func placeBlobs(_ database: Database) throws {
        var folders: Set<String> = []
        for (digest, blob) in blobs where try Catalog.contentSize(database, digest) == nil {
            try store.folder.rename("\(folderName)/\(blob.file)", to: StoreFolder.blobPath(digest))
            folders.insert("blobs/\(digest.algorithm.rawValue)")
            try database.execute(
                sql: "INSERT INTO content (digest, size, added) VALUES (?, ?, ?)",
                arguments: [digest.description, blob.size, now()])
        }
        for folder in folders { try store.folder.syncFolder(folder) }
    }

    private func placeSnapshots(_ database: Database) throws {
        var isChanged = false
        for snapshot in snapshots where try Catalog.snapshotNumber(database, snapshot.chain) == nil {
            try database.execute(
                sql: "INSERT INTO snapshot (chain, parent, bytes, entries, added) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    snapshot.chain.description, snapshot.parent?.description, snapshot.layer.bytes,
                    snapshot.layer.entries, now(),
                ])
            let path = StoreFolder.snapshotPath(database.lastInsertedRowID)
            // A crash between this step and the commit leaves a folder whose number is given out again.
            try store.folder.moveToTrash(path)
            try store.folder.rename("\(folderName)/\(snapshot.folder)", to: path)
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
            try Catalog.setName(database, name.tagged, manifest: image.manifest, target: image.target)
        }
        return try Catalog.image(database, manifest: image.manifest)!
    }
}
