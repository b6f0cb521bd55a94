import Glibc
import LinuxKernel
import OCISpec

/// Bytes that must have a certain digest and length. Reading the last of them checks both; they are copied
/// into a file on the way when one is given.
final class VerifyingSource: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let digest: OCISpec.Digest
    private let size: Int64
    private let copy: SharedFile?
    private let onProgress: @Sendable (Int64) -> Void
    private var hasher: DigestHasher
    private var isVerified = false
    private var reported: Int64 = 0

    init(
        _ source: any ByteSource, digest: OCISpec.Digest, size: Int64, copyTo copy: SharedFile? = nil,
        onProgress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) {
        self.source = source
        self.digest = digest
        self.size = size
        self.copy = copy
        self.onProgress = onProgress
        hasher = DigestHasher(digest.algorithm)
    }

    /// Bytes that have passed.
    var count: Int64 { hasher.count }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if isVerified { return 0 }
        let count = try source.read(into: buffer)
        if count == 0 {
            try verify()
            return 0
        }
        if hasher.count + Int64(count) > size {
            throw ImageError.corrupt("it is longer than the \(size) bytes that it should have")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        hasher.update(bytes)
        if let copy {
            do {
                try copy.descriptor.writeAll(bytes)
            } catch {
                throw KernelError("write", copy.name, error.errno)
            }
        }
        report()
        return count
    }

    private func verify() throws {
        if hasher.count != size {
            throw ImageError.corrupt("it ends after \(hasher.count) of \(size) bytes")
        }
        let found = hasher.digest()
        if found != digest { throw ImageError.corrupt("its digest is \(found), not \(digest)") }
        isVerified = true
        onProgress(size)
    }

    private func report() {
        if hasher.count - reported >= 256 << 10 {
            reported = hasher.count
            onProgress(reported)
        }
    }
}

/// The archive inside a layer's blob: decompressed, within limits, and complete only when the blob is what
/// its digest says.
final class LayerStream: ByteSource, @unchecked Sendable {
    private let blob: VerifyingSource
    private let archive: any ByteSource
    private let limits: ImportLimits
    private var count: Int64 = 0
    let compression: Compression

    /// - Parameter scratch: a folder for temporary files without names.
    init(_ blob: VerifyingSource, limits: ImportLimits, scratch: String) throws {
        let start = PeekableSource(blob)
        self.blob = blob
        self.limits = limits
        compression = Compression(signature: try start.peek())
        // What decompresses takes memory, as much as the blob says.
        _ = try compression.layerType()
        archive = try compression.decompress(start, scratch: scratch)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count: Int
        do {
            count = try archive.read(into: buffer)
        } catch let error as ImageError where error.kind == .corrupt {
            // A blob that is not the right one explains more than where the decoder stumbled over it.
            try blob.drain()
            throw error
        }
        if count == 0 {
            try blob.drain()
            return 0
        }
        self.count += Int64(count)
        if self.count > limits.layerBytes {
            throw ImageError(
                .limit, "it holds more than the \(limits.layerBytes) bytes that a layer may have")
        }
        if limits.isBomb(unpacked: self.count, packed: blob.count) {
            throw ImageError(
                .limit, "it becomes more than \(limits.expansionRatio) times larger when decompressed")
        }
        return count
    }
}

extension Compression {
    /// The type of a layer that is compressed so.
    /// - Throws: `ImageError` (`.unsupported`) for what no image format has, and containerd does not read either.
    func layerType() throws -> MediaType {
        switch self {
        case .none: .ociLayer
        case .gzip: .ociLayerGzip
        case .zstd: .ociLayerZstd
        case .bzip2, .xz:
            throw ImageError(.unsupported, "it is compressed by \(name), which no image format has")
        }
    }
}

/// Computes the digest of what passes.
final class HashingSource: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private var hasher: DigestHasher

    init(_ source: any ByteSource, _ algorithm: OCISpec.Digest.Algorithm) {
        self.source = source
        hasher = DigestHasher(algorithm)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    var digest: OCISpec.Digest { hasher.digest() }
}
