import Crypto
import OCISpec

/// Computes the digest of bytes as they pass.
package struct DigestHasher {
    // One of the two is there. Not an enumeration: changing a payload in place would copy the hash's state.
    private var sha256: SHA256?
    private var sha512: SHA512?
    /// Bytes so far.
    package private(set) var count: Int64 = 0

    package init(_ algorithm: OCISpec.Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: sha256 = SHA256()
        case .sha512: sha512 = SHA512()
        }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += Int64(bytes.count)
        sha256?.update(bufferPointer: bytes)
        sha512?.update(bufferPointer: bytes)
    }

    /// The digest of everything so far.
    package func digest() -> OCISpec.Digest {
        if let sha512 { return OCISpec.Digest(.sha512, hex: Self.hex(sha512.finalize()))! }
        return OCISpec.Digest(.sha256, hex: Self.hex(sha256!.finalize()))!
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package static func digest(of bytes: [UInt8], _ algorithm: OCISpec.Digest.Algorithm = .sha256)
        -> OCISpec.Digest
    {
        var hasher = DigestHasher(algorithm)
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.digest()
    }
}
