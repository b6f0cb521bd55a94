import Glibc
import LinuxKernel
import OCISpec
import Synchronization

/// Brings the layers of one image: several at a time, each downloaded, verified, decompressed and unpacked in one
/// pass.
///
/// The bottom layer begins first. A layer that has to know what lies below it waits until that is complete; most
/// never ask before their end, when the root folder's metadata is taken over.
final class LayerImport: Sendable {
    private let session: ImportSession
    private let layers: [IncomingImage.Layer]
    private let folders: [Gate<SharedFile>]
    /// One for each blob: the same one may be there several times.
    private let blobs: [Digest: Gate<Void>]
    private let firstUse: [Digest: Int]
    private let state = Mutex(State())

    private struct State: Sendable {
        var next = 0
        var failure: (any Error)?
        var fetches: [BlobFetch] = []
    }

    /// Layers at a time, as with Docker and containerd.
    static let workers = 3

    init(_ session: ImportSession, _ layers: [IncomingImage.Layer]) {
        self.session = session
        self.layers = layers
        folders = layers.map { _ in Gate() }
        let digests = layers.map(\.descriptor.digest)
        blobs = Dictionary(digests.map { ($0, Gate()) }) { first, _ in first }
        firstUse = Dictionary(digests.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    /// - Throws: the first failure. Nothing of this works on any more then.
    func run() throws {
        let missing = try layers.indices.filter { try !isComplete(layers[$0]) }
        if missing.isEmpty { return layers.forEach { report($0, .exists, $0.descriptor.size) } }
        let blobs = missing.map { layers[$0].descriptor.digest }
        for index in missing {
            try session.lock(layers[index], of: blobs, folder: folder(index)) {
                report(layers[index], .waiting, 0)
            }
        }
        try session.renewLease()
        let threads = try (0..<min(Self.workers, missing.count)).map { _ in
            try JoinableThread { [self] in work() }
        }
        for thread in threads { thread.join() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Ends it from another thread: `run` throws `CancellationError`.
    func cancel() { fail(CancellationError()) }

    private func isComplete(_ layer: IncomingImage.Layer) throws -> Bool {
        try session.isThere(layer.descriptor.digest) && session.isThere(layer.chain)
    }

    private func work() {
        while let index = take() {
            do {
                try within("layer \(layers[index].descriptor.digest)") { try bring(index) }
            } catch {
                fail(error)
            }
        }
    }

    private func take() -> Int? {
        state.withLock { state in
            guard state.failure == nil, state.next < layers.count else { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    /// Ends everything: who waits for a layer or a blob goes on with an error.
    private func fail(_ error: any Error) {
        let fetches = state.withLock { state in
            // What others say who were only interrupted by the first failure does not matter.
            if state.failure == nil { state.failure = error }
            return state.fetches
        }
        for fetch in fetches { isDiskFull(error) ? fetch.discard() : fetch.cancel() }
        for gate in folders { gate.open(.failure(Abandoned())) }
        for gate in blobs.values { gate.open(.failure(Abandoned())) }
    }

    /// Then what was downloaded is in everybody's way, and of no use until there is room.
    private func isDiskFull(_ error: any Error) -> Bool {
        guard let error = error as? KernelError else { return false }
        return error.errno == .noSpace || error.errno.rawValue == EDQUOT
    }

    // MARK: One layer

    private func bring(_ index: Int) throws {
        let layer = layers[index]
        let digest = layer.descriptor.digest
        let isFirst = firstUse[digest] == index
        if !isFirst { try blobs[digest]!.wait() }
        // Whoever had the lock may have just brought it.
        let hasBlob = try session.isThere(digest)
        let hasSnapshot = try session.isThere(layer.chain)
        if hasBlob && !hasSnapshot {
            try ingest(index, try session.existingBlob(digest), copy: nil, hasSnapshot: false)
        } else if !hasBlob {
            try bringBlob(index, hasSnapshot: hasSnapshot)
        }
        if isFirst { blobs[digest]!.open(.success(())) }
        folders[index].open(.success(try session.existingSnapshot(layer.chain)))
        report(layer, hasBlob && hasSnapshot ? .exists : .done, layer.descriptor.size)
    }

    private func bringBlob(_ index: Int, hasSnapshot: Bool) throws {
        let descriptor = layers[index].descriptor
        switch layers[index].origin {
        case .archive(let open):
            let copy = try session.makeBlobFile(descriptor.digest)
            try ingest(index, try open(), copy: copy, hasSnapshot: hasSnapshot)
            session.add(descriptor.digest, at: .own(descriptor.digest.hex), size: descriptor.size)
        case .remote(let source):
            try session.pin(descriptor.digest)
            do {
                try fetch(index, source, hasSnapshot: hasSnapshot)
            } catch let failure as SpoiltDownload {
                // Bytes of an earlier attempt, or of somebody else's: once more, from the beginning.
                failure.fetch.discard()
                try fetch(index, source, hasSnapshot: hasSnapshot, isLast: true)
            }
        }
    }

    /// What was downloaded is not what it should be, and others have had their hands in it.
    private struct SpoiltDownload: Error {
        let fetch: BlobFetch
    }

    private func fetch(
        _ index: Int, _ source: @escaping BlobSource, hasSnapshot: Bool, isLast: Bool = false
    ) throws {
        let descriptor = layers[index].descriptor
        let fetch = try BlobFetch(
            descriptor.digest, size: descriptor.size, in: session.store.folder, from: source,
            own: { [session] in try session.makeBlobFile(descriptor.digest) },
            onProgress: { [session] done in
                session.progress(
                    .layer(descriptor.digest, .downloading, done: done, total: descriptor.size))
            })
        try register(fetch)
        do {
            try ingest(index, fetch.bytes(), copy: nil, hasSnapshot: hasSnapshot)
        } catch let error as ImageError where error.kind == .corrupt {
            if fetch.isInherited && !isLast { throw SpoiltDownload(fetch: fetch) }
            fetch.discard()
            throw error
        }
        let place = fetch.sharedFile.map { ImportSession.BlobPlace.shared($0) } ?? .own(descriptor.digest.hex)
        session.add(descriptor.digest, at: place, size: descriptor.size)
    }

    private func register(_ fetch: BlobFetch) throws {
        let isWanted = state.withLock { state in
            state.fetches.append(fetch)
            return state.failure == nil
        }
        if !isWanted {
            fetch.cancel()
            throw Abandoned()
        }
    }

    private func ingest(
        _ index: Int, _ source: any ByteSource, copy: SharedFile?, hasSnapshot: Bool
    ) throws {
        let layer = layers[index]
        let ingest = LayerIngest(
            layer: layer, limits: session.store.limits, scratch: session.store.folder.scratch, source: source,
            copy: copy,
            onProgress: { [self] done in report(layer, .unpacking, done) })
        if hasSnapshot { return try ingest.verify() }
        let name = folder(index)
        let root = try session.makeSnapshotFolder(name)
        let below = LowerLayers(folders[..<index].reversed())
        let unpacked = try ingest.unpack(into: root, below: LayerStack(rest: below))
        session.add(
            unpacked, chain: layer.chain, parent: index > 0 ? layers[index - 1].chain : nil, folder: name)
        for warning in unpacked.warnings { session.progress(.message(warning)) }
    }

    /// Where a layer is unpacked, in the session's folder: the same for whoever unpacks it.
    private func folder(_ index: Int) -> String {
        "snapshot-\(index)-\(layers[index].chain.digest.hex.prefix(12))"
    }

    private func report(_ layer: IncomingImage.Layer, _ phase: LayerPhase, _ done: Int64) {
        session.progress(.layer(layer.descriptor.digest, phase, done: done, total: layer.descriptor.size))
    }
}
