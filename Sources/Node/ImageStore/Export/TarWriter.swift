import Glibc
import LinuxKernel

/// Writes tar archives (POSIX.1-2001): regular files and folders, all owned by root and as old as time
/// itself, so that the same images give the same archive.
package struct TarWriter: ~Copyable {
    private let output: SharedFile
    private static let blockSize = 512

    /// - Parameter name: of the output, for messages.
    package init(_ output: consuming FileDescriptor, name: String) {
        self.output = SharedFile(output, name: name)
    }

    func folder(_ name: String) throws {
        try write(header(name + "/", size: 0, type: UInt8(ascii: "5"), mode: 0o755))
    }

    package func file(_ name: String, _ bytes: [UInt8]) throws {
        try begin(name, size: Int64(bytes.count))
        try write(bytes)
        try pad(Int64(bytes.count))
    }

    /// - Parameter size: exactly what the source has.
    func file(_ name: String, size: Int64, from source: any ByteSource) throws {
        try begin(name, size: size)
        let buffer = ByteBuffer(capacity: 256 << 10)
        var written: Int64 = 0
        while try buffer.fill(from: source) {
            written += Int64(buffer.count)
            if written > size { break }
            try write(buffer.filled)
        }
        if written != size { throw ImageError.corrupt("\(name) has \(written) bytes, not \(size)") }
        try pad(size)
    }

    /// Two empty blocks.
    package func finish() throws {
        try write([UInt8](repeating: 0, count: 2 * Self.blockSize))
    }

    private func begin(_ name: String, size: Int64) throws {
        if name.utf8.count > 100 {
            // The ustar header has no room: a pax record before it has the whole name.
            let record = Self.paxRecord("path", name)
            try write(
                header("PaxHeaders/name", size: Int64(record.count), type: UInt8(ascii: "x"), mode: 0o644))
            try write(record)
            try pad(Int64(record.count))
        }
        try write(header(String(name.suffix(100)), size: size, type: UInt8(ascii: "0"), mode: 0o644))
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts itself.
    private static func paxRecord(_ key: String, _ value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n".utf8.count
        var length = rest + 1
        while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
        return Array("\(length) \(key)=\(value)\n".utf8)
    }

    private func header(_ name: String, size: Int64, type: UInt8, mode: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: width - 1 - digits.utf8.count) + digits).utf8) + [0]
        }
        put(name.utf8, at: 0)
        put(octal(mode, 8), at: 100)
        put(octal(0, 8), at: 108)
        put(octal(0, 8), at: 116)
        if size < 1 << 33 {
            put(octal(Int(size), 12), at: 124)
        } else {
            // More than eleven octal digits: GNU's binary form, which every reader of images knows.
            put([0x80], at: 124)
            for index in 0..<8 {
                block[128 + index] = UInt8(truncatingIfNeeded: size >> Int64(56 - 8 * index))
            }
        }
        put(octal(0, 12), at: 136)
        block[156] = type
        put("ustar\0".utf8, at: 257)
        put("00".utf8, at: 263)
        put(octal(0, 8), at: 329)
        put(octal(0, 8), at: 337)
        // The checksum is taken with its own field as spaces.
        put("        ".utf8, at: 148)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(octal(sum, 7), at: 148)
        return block
    }

    private func pad(_ size: Int64) throws {
        let rest = Int(size % Int64(Self.blockSize))
        if rest > 0 { try write([UInt8](repeating: 0, count: Self.blockSize - rest)) }
    }

    private func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try output.descriptor.writeAll(bytes)
        } catch {
            throw KernelError("write", output.name, error.errno)
        }
    }
}
