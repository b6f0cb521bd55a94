import Foundation
import ImageStore
import LinuxKernel
import Testing

/// Hands out bytes in pieces of a chosen size.
final class PieceSource: ByteSource, @unchecked Sendable {
    private let bytes: [UInt8]
    private let piece: Int
    private var position = 0

    init(_ bytes: [UInt8], piece: Int = .max) {
        self.bytes = bytes
        self.piece = piece
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(piece, buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

@Suite struct StreamTests {
    /// Two megabytes that compress, but not to nothing.
    static let plain: [UInt8] = {
        var state: UInt32 = 1
        return (0..<2_000_000).map { index in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 24) : UInt8(ascii: "a")
        }
    }()

    static func compressed(
        _ plain: [UInt8] = plain, by program: String, _ arguments: [String] = []
    ) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, "-c"] + arguments
        let file = try FileDescriptor.memoryFile("plain")
        try file.writeAll(plain)
        lseek(file.raw, 0, SEEK_SET)
        process.standardInput = FileHandle(fileDescriptor: file.raw, closeOnDealloc: false)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return [UInt8](data)
    }

    static func decompress(_ packed: [UInt8], piece: Int = .max, buffer size: Int = 65536) throws -> [UInt8] {
        let compression = packed.withUnsafeBytes { Compression(signature: $0) }
        let source = try compression.decompress(PieceSource(packed, piece: piece), scratch: "/tmp")
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: size)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    @Test(arguments: [(Int.max, 65536), (1000, 7), (1, 65536), (7, 4096)])
    func inflatesInAnyPieces(_ piece: Int, _ buffer: Int) throws {
        let packed = try Self.compressed(by: "gzip")
        #expect(try Self.decompress(packed, piece: piece, buffer: buffer) == Self.plain)
    }

    @Test(arguments: ["gzip", "zstd", "xz", "bzip2"])
    func decompresses(_ program: String) throws {
        let packed = try Self.compressed(by: program, program == "xz" ? ["-9"] : [])
        #expect(try Self.decompress(packed) == Self.plain)
        #expect(try Self.decompress(packed + packed) == Self.plain + Self.plain, "several streams in a row")
    }

    /// Forty megabytes of the same two, eight apart: whoever repeats them keeps what lies between in a file.
    @Test(arguments: [["--long=27"], ["--ultra", "-22"]]) func zstdRepeatsWhatIsFarAway(_ options: [String])
        throws
    {
        let gap = [UInt8](repeating: UInt8(ascii: "."), count: 6_000_000)
        let plain = (0..<5).flatMap { _ in Self.plain + gap }
        let packed = try Self.compressed(plain, by: "zstd", ["-q"] + options)
        #expect(try Self.decompress(packed, buffer: 1 << 20) == plain)
    }

    /// The header of a frame that says: two gigabytes.
    @Test func aWindowOfZstdMayNotBeEndless() throws {
        let error = message { try Self.decompress([0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0]) }
        #expect(error?.contains("more than 512 MiB back") == true, "\(error ?? "it was read")")
    }

    @Test func withoutRoomForAWindowThereIsAnError() throws {
        let packed = try Self.compressed(by: "zstd", ["-q", "--long=27"])
        let source = try Compression.zstd.decompress(PieceSource(packed), scratch: "/nowhere")
        var buffer = [UInt8](repeating: 0, count: 100)
        let error = message { try buffer.withUnsafeMutableBytes { try source.read(into: $0) } }
        #expect(error?.contains("/nowhere") == true, "\(error ?? "it was read")")
    }

    @Test(arguments: ["gzip", "zstd", "xz"])
    func refusesTruncation(_ program: String) throws {
        let packed = try Self.compressed(by: program)
        // Of xz it takes six bytes to know it.
        let shortest = program == "xz" ? 6 : 4
        for length in [shortest, 10, 100, packed.count / 2, packed.count - 9, packed.count - 1] {
            let error = message { try Self.decompress(Array(packed[..<length])) }
            #expect(error != nil, "\(length) of \(packed.count) bytes")
        }
    }

    @Test(arguments: ["gzip", "zstd", "xz"])
    func refusesDamage(_ program: String) throws {
        let packed = try Self.compressed(by: program, program == "zstd" ? ["--check"] : [])
        for position in stride(from: 30, to: packed.count, by: packed.count / 20) {
            var damaged = packed
            damaged[position] ^= 0x10
            let result = try? Self.decompress(damaged)
            #expect(result == nil || result == Self.plain, "byte \(position)")
        }
    }

    /// A few bytes, for which whoever reads them has to make room for 512 MiB.
    @Test func aDictionaryOfXzMayNotBeLarge() throws {
        let bomb = try FileDescriptor.readFile(Fixtures.folder + "/bad/bomb-xz.tar.xz")
        #expect(bomb.count < 100_000)
        let error = message { try Self.decompress(bomb) }
        #expect(error?.contains("takes 512 MiB of memory") == true, "\(error ?? "it was read")")
    }

    @Test func knowsCompressionsByTheirFirstBytes() {
        let known: [([UInt8], Compression)] = [
            ([0x1f, 0x8b, 8, 0], .gzip), ([0x28, 0xb5, 0x2f, 0xfd], .zstd),
            ([0x50, 0x2a, 0x4d, 0x18], .zstd),
            ([0x42, 0x5a, 0x68, 0x39], .bzip2), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], .xz), ([], .none),
            ([0x1f], .none), (Array("etc/".utf8), .none),
        ]
        for (bytes, compression) in known {
            #expect(bytes.withUnsafeBytes { Compression(signature: $0) } == compression)
        }
    }
}

@Suite struct IdentifierTests {
    @Test func chainsAreTheSpecifications() throws {
        // image-spec config.md: the chain of the lowest layer is its digest, of others a digest over both.
        let digests = ["a", "b", "c"].map { DigestHasher.digest(of: Array($0.utf8)) }
        let chains = ChainID.chains(of: digests)
        #expect(chains[0].digest == digests[0])
        let second = DigestHasher.digest(of: Array("\(digests[0]) \(digests[1])".utf8))
        #expect(chains[1].digest == second)
        #expect(chains[2].digest == DigestHasher.digest(of: Array("\(second) \(digests[2])".utf8)))
        #expect(ChainID.chains(of: []) == [])
    }

    @Test func hashesAsTheStandardSays() {
        // FIPS 180-2, appendix B.1 and C.1.
        #expect(
            DigestHasher.digest(of: Array("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            DigestHasher.digest(of: Array("abc".utf8), .sha512).hex.hasPrefix(
                "ddaf35a193617abacc417349ae204131"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_704_067_199, "2023-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func writesTimes(_ seconds: Int64, _ text: String) {
        #expect(Timestamp(seconds: seconds).text == text)
    }

    @Test(arguments: ["a/../b", "..", "../a", "a/..", "/../a"])
    func refusesUpwardNames(_ name: String) {
        #expect(message { try LayerPath(archiveName: Array(name.utf8)) }?.contains("'..'") == true)
    }

    @Test(arguments: [
        ("./a//b/", "a/b"), ("/etc", "etc"), (".", ""), ("./", ""), ("a/./b", "a/b"), ("...", "..."),
    ])
    func normalizesNames(_ name: String, _ path: String) throws {
        #expect(try LayerPath(archiveName: Array(name.utf8)).description == path)
    }
}
