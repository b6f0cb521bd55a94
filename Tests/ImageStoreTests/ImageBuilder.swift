import Foundation
import ImageStore
import LinuxKernel
import OCISpec

/// Entries of a tar archive, for layers that a test makes up itself.
struct Tar {
    private(set) var bytes: [UInt8]
    /// Whether the two blocks stand behind it that end an archive.
    var hasEnd = true
    /// The blob, where that is not the archive as it is.
    var packed: [UInt8]?

    init(bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    /// - Parameter type: the header's type flag.
    mutating func entry(
        _ name: String, type: Character = "0", content: [UInt8] = [], link: String = "", mode: Int = 0o644,
        uid: Int = 0, mtime: Int = 1_700_000_000
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, _ width: Int) -> String {
            let digits = String(value, radix: 8)
            return String(repeating: "0", count: width - 1 - digits.count) + digits
        }
        put(name, 0)
        put(octal(mode, 8), 100)
        put(octal(uid, 8), 108)
        put(octal(0, 8), 116)
        put(octal(content.count, 12), 124)
        put(octal(mtime, 12), 136)
        put("        ", 148)
        put(String(type), 156)
        put(link, 157)
        put("ustar\u{0}00", 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, 7) + "\0", 148)
        bytes += block + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func folder(_ name: String, mode: Int = 0o755) { entry(name + "/", type: "5", mode: mode) }
    mutating func file(_ name: String, _ content: String = "x") { entry(name, content: Array(content.utf8)) }
    mutating func symlink(_ name: String, _ target: String) {
        entry(name, type: "2", link: target, mode: 0o777)
    }
    mutating func hardLink(_ name: String, _ target: String) { entry(name, type: "1", link: target) }
    mutating func whiteout(_ name: String) {
        let parts = name.split(separator: "/")
        file((parts.dropLast() + [".wh." + parts.last!]).joined(separator: "/"), "")
    }

    /// Attributes of the next entry (pax(1), extended header).
    mutating func extended(_ records: [(name: String, value: String)]) {
        var content: [UInt8] = []
        for record in records {
            let rest = " \(record.name)=\(record.value)\n"
            var length = rest.utf8.count + 1
            while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
            content += Array("\(length)\(rest)".utf8)
        }
        entry("pax", type: "x", content: content)
    }

    var archive: [UInt8] { bytes + [UInt8](repeating: 0, count: hasEnd ? 1024 : 0) }
}

/// Writes an OCI layout folder of layers, uncompressed unless they say otherwise.
enum ImageBuilder {
    static func write(
        _ layers: [Tar], to folder: String, name: String = "test/built:latest",
        platform: Platform = PlatformMatch.host()
    ) throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/blobs/sha256", withIntermediateDirectories: true)
        func blob(_ bytes: [UInt8], _ type: MediaType) throws -> Descriptor {
            let digest = DigestHasher.digest(of: bytes)
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/blobs/sha256/\(digest.hex)"))
            return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        }
        let descriptors = try layers.map { try blob($0.packed ?? $0.archive, .ociLayer) }
        let config = ImageConfig(
            platform: platform, diffIDs: layers.map { DigestHasher.digest(of: $0.archive) })
        let manifest = ImageManifest(config: try blob(config.json(), .ociConfig), layers: descriptors)
        var found = try blob(manifest.json(), .ociManifest)
        found.annotations["org.opencontainers.image.ref.name"] = name
        try Data(ImageIndex(manifests: [found]).json()).write(
            to: URL(fileURLWithPath: folder + "/index.json"))
        try Data(ImageLayout().json()).write(to: URL(fileURLWithPath: folder + "/oci-layout"))
    }

    /// Loads an image of such layers.
    static func load(
        _ layers: [Tar], in temporary: TemporaryStore, limits: ImportLimits = ImportLimits(),
        name: String = "test/built:latest"
    ) throws -> ImageRecord {
        let folder = temporary.folder + "/layout-\(UInt32.random(in: 0 ... .max))"
        try write(layers, to: folder, name: name)
        return try temporary.open(limits: limits).load(.path(folder))[0].image
    }

    static func tar(_ body: (inout Tar) -> Void) -> Tar {
        var tar = Tar()
        body(&tar)
        return tar
    }
}
