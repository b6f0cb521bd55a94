import Glibc
import LinuxKernel
import OCISpec

/// Unpacks layers once more, and compares what comes out with the folders that containers run from. One layer at a time,
/// so that it takes the room of the largest one.
struct LayerVerification {
    let store: ImageStore
    let progress: ProgressHandler?
    /// Blobs that are known to be wrong already: there is nothing to compare with.
    let damaged: Set<Digest>

    /// A layer as an image has it.
    private struct Source {
        let layer: IncomingImage.Layer
        /// The chains below, the topmost last.
        let below: ArraySlice<ChainID>
    }

    /// What is wrong with an image's documents, or with a layer.
    enum Problem {
        case documents(String)
        case layer(ChainID, String)
    }

    /// - Parameter snapshots: those that are there.
    /// - Returns: what is wrong; lower layers before those above them.
    func problems(_ snapshots: [ChainID: Int64]) throws -> [Problem] {
        let (found, unreadable) = try sources()
        // Of an image that was removed by force a container has the layers, and nobody the blobs.
        let sources = found.filter { snapshots[$0.key] != nil }.values
            .sorted {
                ($0.below.count, $0.layer.chain.description) < ($1.below.count, $1.layer.chain.description)
            }
        let session = try ImportSession(store, purpose: "verify", progress: progress)
        var problems: [(chain: ChainID, text: String)] = []
        do {
            for source in sources {
                let chain = source.layer.chain
                guard var text = try problem(snapshots[chain]!, source, session) else { continue }
                // What a layer's archive leaves out it has from those below.
                if problems.contains(where: { source.below.contains($0.chain) }) {
                    text += " (one below it is wrong, too)"
                }
                problems.append((chain, text))
            }
            try session.close()
        } catch {
            try session.abandon(after: error)
            throw error
        }
        return unreadable.map { .documents($0) } + problems.map { .layer($0.chain, $0.text) }
    }

    /// - Returns: what the images' documents say of layers, and which of them cannot be read.
    private func sources() throws -> (found: [ChainID: Source], unreadable: [String]) {
        var found: [ChainID: Source] = [:]
        var unreadable: [String] = []
        for image in try store.images() where damaged.isDisjoint(with: [image.manifest, image.id]) {
            let layers: [Descriptor]
            let diffIDs: [Digest]
            do {
                layers = try store.manifest(image).layers
                diffIDs = try store.configuration(image).diffIDs
            } catch {
                if try isThere(image) { unreadable.append("\(error) (its layers were not compared)") }
                continue
            }
            let chains = ChainID.chains(of: diffIDs)
            for (index, (layer, chain)) in zip(layers, chains).enumerated() {
                // Other images may have the same layer compressed in another way.
                if found[chain] != nil || damaged.contains(layer.digest) { continue }
                let incoming = IncomingImage.Layer(
                    descriptor: layer, diffID: diffIDs[index], chain: chain,
                    origin: .archive { [store] in
                        try FileRangeSource(try store.folder.openBlob(layer.digest))
                    })
                found[chain] = Source(layer: incoming, below: chains[..<index])
            }
        }
        return (found, unreadable)
    }

    /// Whether nobody has removed an image since it was listed.
    private func isThere(_ image: ImageRecord) throws -> Bool {
        try store.catalog.read { try Catalog.image($0, manifest: image.manifest) != nil }
    }

    private func problem(_ number: Int64, _ source: Source, _ session: ImportSession) throws -> String? {
        let digest = source.layer.descriptor.digest
        do {
            let again = try session.makeSnapshotFolder("compared")
            let ingest = LayerIngest(
                layer: source.layer, limits: store.limits, scratch: store.folder.scratch,
                source: try FileRangeSource(try store.folder.openBlob(digest)), copy: nil,
                onProgress: { done in
                    session.progress(
                        .layer(digest, .unpacking, done: done, total: source.layer.descriptor.size))
                })
            let below = try source.below.reversed().map { try session.existingSnapshot($0) }
            _ = try ingest.unpack(into: again, below: LayerStack(layers: below))
            let comparison = try TreeComparison(again, try store.folder.openSnapshot(number))
            if comparison.count == 0 { return nil }
            let more = comparison.count - comparison.differences.count
            return "(\(StoreFolder.snapshotPath(number))) is not what its blob holds: "
                + comparison.differences.joined(separator: "; ")
                + (more > 0 ? "; and \(more) more" : "")
        } catch let error as ImageError where error.kind != .store {
            return "cannot be compared: \(error)"
        } catch let error as KernelError where error.errno != .noSpace {
            return "cannot be compared: \(error)"
        }
    }
}
