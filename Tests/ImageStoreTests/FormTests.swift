import Foundation
import ImageStore
import OCISpec
import Synchronization
import Testing

/// One image in every form of archive, and the choice among platforms.
@Suite struct FormTests {
    static let busybox = Fixtures.names(in: Fixtures.folder + "/archive").filter { $0.hasPrefix("busybox") }
        .map { "archive/\($0)" }
    static let docker = Fixtures.names(in: Fixtures.folder + "/docker").filter { $0.hasPrefix("busybox") }
        .map { "docker/\($0)" }

    @Test(arguments: busybox + docker + ["oci/busybox"])
    func readsEveryForm(_ form: String) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let loaded = try temporary.open().load(.path("\(Fixtures.folder)/\(form)"))
        #expect(loaded.flatMap(\.names).map(\.familiar) == ["busybox:latest"])
        let other = try TemporaryStore()
        defer { other.remove() }
        let reference = try other.open().load(.path(Fixtures.archive("busybox")))
        #expect(loaded.map(\.image.id) == reference.map(\.image.id))
        #expect(loaded.map(\.image.size) == reference.map(\.image.size))
    }

    @Test func formsShareTheirSnapshot() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        for form in Self.busybox { _ = try store.load(.path("\(Fixtures.folder)/\(form)")) }
        let image = try store.resolve("busybox")
        #expect(try store.rootFilesystem(of: image).lowerDirectories.count == 1)
        #expect(try store.diskUsage().snapshots == image.size)
    }

    @Test func readsAPipe() throws {
        for name in ["busybox.tar", "busybox.tar.gz", "busybox.tar.zst"] {
            let temporary = try TemporaryStore()
            defer { temporary.remove() }
            let pipe = Pipe()
            let cat = Process()
            cat.executableURL = URL(fileURLWithPath: "/bin/cat")
            cat.arguments = ["\(Fixtures.folder)/archive/\(name)"]
            cat.standardOutput = pipe
            try cat.run()
            let source = ImageSource.descriptor(
                pipe.fileHandleForReading.fileDescriptor, name: "standard input")
            let loaded = try temporary.open().load(source)
            cat.waitUntilExit()
            #expect(loaded.first?.names.map(\.familiar) == ["busybox:latest"])
            #expect(Fixtures.names(in: temporary.root + "/ingest") == [])
        }
    }

    @Test func readsSeveralImages() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let names = try store.load(.path("\(Fixtures.folder)/docker/several.tar")).flatMap(\.names).map(
            \.familiar)
        #expect(names == ["test/layers:latest", "test/config:latest"])
        #expect(try store.images().count == 2)
    }

    @Test func takesTheImageForThisMachine() throws {
        for name in ["multiarch", "nested"] {
            let temporary = try TemporaryStore()
            defer { temporary.remove() }
            let store = try temporary.open()
            let image = try #require(try store.load(.path(Fixtures.archive(name))).first).image
            #expect(image.platform.architecture == PlatformMatch.host().architecture)
            #expect(image.digests.map(\.repository) == ["test/\(name)"])
            // The digest of a name is the index's, which the name was given for.
            #expect(image.digests.first?.digest != image.manifest)
        }
    }

    @Test func takesTheImageForAnotherPlatform() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let platform = Platform(os: "linux", architecture: "arm64")
        let image = try #require(
            try store.load(.path(Fixtures.archive("multiarch")), platform: platform).first)
        #expect(image.image.platform.architecture == "arm64")
        let none = Platform(os: "linux", architecture: "riscv64")
        let refusal = message { try store.load(.path(Fixtures.archive("multiarch")), platform: none) }
        #expect(
            refusal?.contains("no image for linux/riscv64: there are linux/amd64, linux/arm64/v8") == true)
    }

    @Test func saysWhatPlatformsThereAre() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let refusal = message { try temporary.open().load(.path(Fixtures.archive("foreign"))) }
        #expect(refusal?.hasSuffix(": there are linux/mips64le, windows/amd64") == true, "\(refusal ?? "")")
        #expect(temporary.leftovers == [])
    }

    /// `docker save --platform` writes the index of all platforms, and the content of one.
    @Test(arguments: [true, false])
    func takesTheOnlyPlatformThatIsThere(manifestIsThere: Bool) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let folder = try temporary.makeFolder("layout")
        let foreign = Platform(os: "linux", architecture: "riscv64")
        try ImageBuilder.write([ImageBuilder.tar { $0.file("a") }], to: folder, platform: foreign)
        func blob(_ bytes: [UInt8], _ type: MediaType, isThere: Bool = true) throws -> Descriptor {
            let digest = DigestHasher.digest(of: bytes)
            let path = "\(folder)/blobs/sha256/\(digest.hex)"
            if isThere { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
            return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        }
        let path = URL(fileURLWithPath: folder + "/index.json")
        var present = try ImageIndex(json: Array(Data(contentsOf: path))).manifests[0]
        present.platform = foreign
        let missing = ImageManifest(config: try blob([1], .ociConfig, isThere: false), layers: [])
        var own = try blob(missing.json(), .ociManifest, isThere: manifestIsThere)
        own.platform = PlatformMatch.host()
        var all = try blob(ImageIndex(manifests: [own, present]).json(), .ociIndex)
        all.annotations = present.annotations
        try Data(ImageIndex(manifests: [all]).json()).write(to: path)
        let store = try temporary.open()
        let notes = Mutex<[String]>([])
        let loaded = try store.load(.path(folder)) { step in
            if case .message(let text) = step { notes.withLock { $0.append(text) } }
        }
        #expect(loaded.map(\.image.platform) == [foreign])
        #expect(loaded[0].image.digests.map(\.digest) == [all.digest])
        #expect(notes.withLock { $0.contains { $0.contains("is for linux/riscv64, this is ") } })
        // Who asks for a platform gets no other one.
        let refusal = message { try store.load(.path(folder), platform: PlatformMatch.host()) }
        #expect(refusal?.contains(": there is linux/riscv64") == true, "\(refusal ?? "")")
    }

    /// No image gets the tag `latest` that nobody has given it.
    @Test func namesWithADigestGetNoTag() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let zeros = "dig/x@sha256:" + String(repeating: "0", count: 64)

        // As containerd exports what was pulled by a digest.
        let layout = try temporary.makeFolder("layout")
        let index = URL(fileURLWithPath: layout + "/index.json")
        try ImageBuilder.write([ImageBuilder.tar { $0.file("a") }], to: layout)
        var named = try ImageIndex(json: Array(Data(contentsOf: index))).manifests[0]
        for (name, kept) in [("dig/x@\(named.digest)", ["dig/x@\(named.digest)"]), (zeros, [])] {
            named.annotations = ["io.containerd.image.name": name]
            try Data(ImageIndex(manifests: [named]).json()).write(to: index)
            #expect(try store.load(.path(layout)).flatMap(\.names).map(\.familiar) == kept)
        }
        #expect(try store.images().flatMap(\.names).isEmpty)
        #expect(try store.resolve("dig/x@\(named.digest)").manifest == named.digest)

        let folder = try temporary.makeFolder("docker")
        let config = ImageConfig(platform: PlatformMatch.host(), diffIDs: [])
        let entry = DockerArchiveEntry(config: "config.json", repoTags: [zeros], layers: [])
        try Data(config.json()).write(to: URL(fileURLWithPath: folder + "/config.json"))
        try Data([entry].json()).write(to: URL(fileURLWithPath: folder + "/manifest.json"))
        let refusal = message { try store.load(.path(folder)) }
        #expect(refusal?.hasSuffix("\(zeros)' is no name with a tag") == true, "\(refusal ?? "")")
    }

    @Test func imageWithoutLayersHasAnEmptyRoot() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try #require(try store.load(.path(Fixtures.archive("scratch"))).first).image
        let rootfs = try store.rootFilesystem(of: image)
        #expect(image.topChain == nil && image.size == 0)
        #expect(Fixtures.names(in: rootfs.lowerDirectories[0]) == [])
        try rootfs.makeUpper(at: temporary.folder + "/upper")
        let mode = try FileManager.default.attributesOfItem(atPath: temporary.folder + "/upper")[
            .posixPermissions]
        #expect(mode as? Int == 0o755)
    }

    @Test func missingFileIsOneLine() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let refusal = message { try temporary.open().load(.path("/nowhere/image.tar")) }
        #expect(refusal?.contains("/nowhere/image.tar") == true && refusal?.contains("no such file") == true)
    }
}
