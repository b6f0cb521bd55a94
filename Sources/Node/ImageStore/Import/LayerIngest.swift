import OCISpec

/// One layer on its way in: its blob is verified, copied into the store, decompressed, verified again as what
/// it is uncompressed, and unpacked, all in one pass and in constant memory. Two threads share the work: one
/// reads, verifies, copies and decompresses, the other one computes the second digest and writes files.
struct LayerIngest {
    let layer: IncomingImage.Layer
    let limits: ImportLimits
    /// A folder for temporary files without names.
    let scratch: String
    let source: any ByteSource
    /// Where the blob is copied to, if it is not there yet.
    let copy: SharedFile?
    let onProgress: @Sendable (Int64) -> Void

    /// - Parameters:
    ///   - root: an empty folder.
    ///   - below: the layers below, the topmost first.
    func unpack(into root: SharedFile, below: LayerStack) throws -> UnpackedLayer {
        try run { archive in
            try LayerUnpacker(into: root, below: below, limits: limits).unpack(try TarReader(archive))
        }
    }

    /// Only verifies (and copies): the layer is unpacked already.
    func verify() throws {
        try run { try $0.drain() }
    }

    private func run<Result>(_ body: (any ByteSource) throws -> Result) throws -> Result {
        let blob = VerifyingSource(
            source, digest: layer.descriptor.digest, size: layer.descriptor.size, copyTo: copy,
            onProgress: onProgress)
        let stream = try LayerStream(blob, limits: limits, scratch: scratch)
        let ahead = try ReadAheadSource(stream)
        if stream.compression == .none && layer.diffID == layer.descriptor.digest {
            // The two digests are of the same bytes.
            return try complete(ahead, body)
        }
        let archive = HashingSource(ahead, layer.diffID.algorithm)
        let result = try complete(archive, body)
        if archive.digest != layer.diffID {
            throw ImageError.corrupt("uncompressed its digest is \(archive.digest), not \(layer.diffID)")
        }
        return result
    }

    private func complete<Result>(
        _ archive: any ByteSource, _ body: (any ByteSource) throws -> Result
    ) throws -> Result {
        do {
            let result = try body(archive)
            // Bytes behind the end of the archive belong to the digests.
            try archive.drain()
            return result
        } catch let error as ImageError where error.kind == .corrupt {
            // A blob that is not the right one explains more than a damaged archive does.
            try archive.drain()
            throw error
        }
    }
}
