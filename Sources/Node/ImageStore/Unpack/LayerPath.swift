/// A path inside a layer: components joined by single slashes, none of them empty, `.` or `..`. Empty means
/// the layer's root. The bytes need not be UTF-8.
package struct LayerPath: Hashable, CustomStringConvertible {
    private(set) var bytes: [UInt8]

    static let root = LayerPath(bytes: [])

    /// Longest path that the kernel takes in one call (PATH_MAX without its NUL).
    static let maximumLength = 4095

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads a name from an archive. Absolute names mean the same below the layer's root, as in every program
    /// that unpacks images; `..` has no use there and is refused wherever it leads.
    package init(archiveName name: [UInt8]) throws {
        bytes = []
        bytes.reserveCapacity(name.count)
        for component in name.split(separator: Self.slash) where !component.elementsEqual(".".utf8) {
            if component.elementsEqual("..".utf8) {
                throw ImageError.invalid("'\(shown(name))' has '..' in its name")
            }
            if component.count > 255 {
                throw ImageError(.unsupported, "'\(shown(name))' has a component longer than 255 bytes")
            }
            if !bytes.isEmpty { bytes.append(Self.slash) }
            bytes.append(contentsOf: component)
        }
        if bytes.count > Self.maximumLength {
            throw ImageError(.unsupported, "'\(shown(name))' is longer than \(Self.maximumLength) bytes")
        }
    }

    static let slash = UInt8(ascii: "/")

    var isRoot: Bool { bytes.isEmpty }

    var components: [ArraySlice<UInt8>] { bytes.split(separator: Self.slash) }

    /// The path without its last component.
    var parent: LayerPath {
        guard let slash = bytes.lastIndex(of: Self.slash) else { return .root }
        return LayerPath(bytes: Array(bytes[..<slash]))
    }

    /// The last component; empty for the root.
    var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: Self.slash) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// - Parameter component: one component, not `.` or `..`.
    func appending(_ component: some Collection<UInt8>) -> LayerPath {
        var joined = bytes
        if !joined.isEmpty { joined.append(Self.slash) }
        joined.append(contentsOf: component)
        return LayerPath(bytes: joined)
    }

    /// The folders above, outermost first, without the root and without the path itself.
    var ancestors: [LayerPath] {
        bytes.indices.filter { bytes[$0] == Self.slash }.map { LayerPath(bytes: Array(bytes[..<$0])) }
    }

    package var description: String { shown(bytes) }

    /// The path for a system call, relative to the layer's root.
    func withCString<Result: ~Copyable>(
        _ body: (UnsafePointer<CChar>) throws -> Result
    ) rethrows -> Result {
        try withCStringOf(bytes.isEmpty ? [UInt8(ascii: ".")] : bytes, body)
    }
}

/// Bytes as a C string.
func withCStringOf<Result: ~Copyable>(
    _ bytes: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) throws -> Result
) rethrows -> Result {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
        var end = 0
        for byte in bytes {
            buffer[end] = CChar(bitPattern: byte)
            end += 1
        }
        buffer[end] = 0
        return try body(UnsafePointer(buffer.baseAddress!))
    }
}
