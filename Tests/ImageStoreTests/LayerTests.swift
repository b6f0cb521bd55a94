import Foundation
import ImageStore
import LinuxKernel
import Testing

/// Layers that the fixtures do not have.
@Suite struct LayerTests {
    private func merged(_ layers: [Tar], _ body: (TreeListing) throws -> Void) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let image = try ImageBuilder.load(layers, in: temporary)
        let rootfs = try temporary.open().rootFilesystem(of: image)
        try withMounted(rootfs, in: temporary) { try body(try TreeListing($0)) }
    }

    @Test func opaqueRootHidesEverything() throws {
        let below = ImageBuilder.tar {
            $0.folder("etc"); $0.file("etc/old"); $0.file("file"); $0.symlink("link", "etc")
        }
        let above = ImageBuilder.tar {
            $0.file(".wh..wh..opq", ""); $0.folder("etc"); $0.file("etc/new"); $0.file("only")
        }
        try merged([below, above]) { tree in
            #expect(tree.files.keys.sorted() == ["etc", "etc/new", "only"])
        }
    }

    @Test func layersOfNoBytesChangeNothing() throws {
        let below = ImageBuilder.tar { $0.file("file") }
        var nothing = Tar()
        nothing.hasEnd = false
        var (gzip, zstd) = (nothing, nothing)
        // `gzip -n < /dev/null`
        gzip.packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        // `zstd --no-check < /dev/null`
        zstd.packed = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00]
        let above = ImageBuilder.tar { $0.file("other") }
        try merged([below, nothing, gzip, zstd, Tar(), above]) { tree in
            #expect(tree.files.keys.sorted() == ["file", "other"])
        }
    }

    /// The longest path that the kernel takes in one call, and one byte more.
    @Test func aPathMayHave4095Bytes() throws {
        func layer(_ path: String) -> Tar {
            var layer = Tar()
            layer.extended([("path", path)])
            layer.file("short", "content")
            return layer
        }
        func names(_ lengths: [Int]) -> String {
            lengths.map { String(repeating: "d", count: $0) }.joined(separator: "/")
        }
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let longer = names(Array(repeating: 255, count: 15) + [127, 128])
        #expect(longer.utf8.count == 4096)
        let refusal = message { try ImageBuilder.load([layer(longer)], in: temporary) }
        #expect(refusal?.contains("is longer than 4095 bytes") == true, "\(refusal ?? "it was loaded")")
        #expect(refusal?.contains("\n") == false && temporary.leftovers == [])

        let longest = names(Array(repeating: 255, count: 16))
        #expect(longest.utf8.count == 4095)
        let image = try ImageBuilder.load([layer(longest)], in: temporary)
        #expect(try store.verify(isDeep: true) == [])
        var folder = try FileDescriptor.open(
            try store.rootFilesystem(of: image).lowerDirectories[0], O_RDONLY | O_DIRECTORY)
        for name in longest.split(separator: "/").dropLast() {
            folder = try folder.openAt(String(name), O_RDONLY | O_DIRECTORY)
        }
        let file = try folder.openAt(names([255]), O_RDONLY)
        #expect(try file.status().st_size == 7)
        // FileManager, which removes the rest, does not find its way so deep.
        _ = try store.remove("test/built")
        #expect(temporary.leftovers == [])
    }

    @Test func bytesThatAreNoArchiveAreNotTakenForNothing() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        for content in [Array("text".utf8), [UInt8](repeating: 0, count: 100)] {
            var layer = Tar(bytes: content)
            layer.hasEnd = false
            let refusal = message { try ImageBuilder.load([layer], in: temporary) }
            #expect(refusal?.contains("not a tar archive") == true, "\(refusal ?? "")")
        }
        // The beginnings of gzip and of zstd, and no more of them.
        var cut = Tar()
        cut.hasEnd = false
        for packed: [UInt8] in [[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00]] {
            cut.packed = packed
            let refusal = message { try ImageBuilder.load([cut], in: temporary) }
            #expect(refusal?.contains("ends early") == true, "\(refusal ?? "")")
        }
    }

    /// Their media type says gzip: what they are is told by their bytes.
    @Test(arguments: ["xz", "bzip2"])
    func layersOfNoImageFormatAreRefused(_ program: String) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        var layer = ImageBuilder.tar { $0.file("file") }
        layer.packed = try StreamTests.compressed(layer.archive, by: program)
        let refusal = message { try ImageBuilder.load([layer], in: temporary) }
        #expect(
            refusal?.contains("it is compressed by \(program), which no image format has") == true,
            "\(refusal ?? "it was loaded")")
        #expect(temporary.leftovers == [])
    }

    @Test func whiteoutsInFoldersThatOnlyTheirLayerHasLeaveNothing() throws {
        let below = ImageBuilder.tar { $0.file("unrelated") }
        let above = ImageBuilder.tar {
            $0.folder("new"); $0.whiteout("new/never"); $0.whiteout("new/deep/never")
        }
        try merged([below, above]) { tree in
            #expect(tree.files.keys.sorted() == ["new", "new/deep", "unrelated"])
        }
    }

    @Test func hardLinksToALowerFileAreOneFile() throws {
        let below = ImageBuilder.tar { $0.file("tool", "content") }
        let above = ImageBuilder.tar {
            $0.hardLink("a", "tool"); $0.hardLink("b", "tool"); $0.hardLink("c", "b")
        }
        try merged([below, above]) { tree in
            #expect(["a", "b", "c"].map { tree.files[$0]?.linkedTo } == ["a", "a", "a"])
            #expect(tree.files["a"]?.sha256 == tree.files["tool"]?.sha256)
            #expect(tree.files["tool"]?.linkedTo == nil)
        }
    }

    @Test func aLinkMadeAnewIsNotTheOldFile() throws {
        let below = ImageBuilder.tar { $0.file("tool", "content") }
        let above = ImageBuilder.tar {
            $0.hardLink("a", "tool")
            $0.file("a", "written anew")
            $0.hardLink("b", "tool")
        }
        try merged([below, above]) { tree in
            #expect(tree.files["b"]?.sha256 == tree.files["tool"]?.sha256)
            #expect(tree.files["a"]?.sha256 != tree.files["tool"]?.sha256)
        }
    }

    @Test func aFolderOverARemovedFolderStartsEmpty() throws {
        let below = ImageBuilder.tar {
            $0.folder("d"); $0.file("d/old"); $0.folder("e"); $0.file("e/old")
        }
        let above = ImageBuilder.tar {
            $0.file("d", "a file for a moment")
            $0.folder("d")
            $0.file("d/new")
            // No entry for the folder itself.
            $0.whiteout("e")
            $0.file("e/new")
        }
        try merged([below, above]) { tree in
            #expect(tree.files.keys.sorted() == ["d", "d/new", "e", "e/new"])
        }
    }

    @Test func sparseFilesStaySparse() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let tree = try temporary.makeFolder("tree")
        let file = try FileDescriptor.open(tree + "/sparse", O_WRONLY | O_CREAT, mode: 0o600)
        #expect(pwrite(file.raw, "data", 4, 50 << 20) == 4)
        #expect(ftruncate(file.raw, 100 << 20) == 0)
        let layer = temporary.folder + "/layer.tar"
        try run("tar", ["--sparse", "--format=pax", "-C", tree, "-cf", layer, "sparse"])
        let image = try loadRaw(try FileDescriptor.readFile(layer), temporary)
        let path = try temporary.open().rootFilesystem(of: image).lowerDirectories[0] + "/sparse"
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 100 << 20)
        #expect(status.st_blocks < 64, "it takes no more than its data")
        let found = try FileDescriptor.open(path, O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: 4)
        #expect(pread(found.raw, &bytes, 4, 50 << 20) == 4 && bytes == Array("data".utf8))
    }

    private func loadRaw(_ archive: [UInt8], _ temporary: TemporaryStore) throws -> ImageRecord {
        let folder = temporary.folder + "/raw"
        try ImageBuilder.write([Tar(archive: archive)], to: folder)
        return try temporary.open().load(.path(folder))[0].image
    }

    /// Somebody else than the store has removed it or cut it off; the records say that it is there.
    @Test(arguments: ["a blob", "the end of a blob", "the configuration", "a layer"])
    func whatIsGoneIsBroughtAgain(_ what: String) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let layers = [ImageBuilder.tar { $0.file("below") }, ImageBuilder.tar { $0.file("above") }]
        let image = try ImageBuilder.load(layers, in: temporary)
        let store = try temporary.open()
        let blobs = temporary.root + "/blobs/sha256/"
        let layer = blobs + DigestHasher.digest(of: layers[0].archive).hex
        switch what {
        case "a blob": try FileManager.default.removeItem(atPath: layer)
        case "the end of a blob": #expect(truncate(layer, 100) == 0)
        case "the configuration": try FileManager.default.removeItem(atPath: blobs + image.id.hex)
        default:
            let folders = try store.rootFilesystem(of: image).lowerDirectories
            try FileManager.default.removeItem(atPath: try #require(folders.last))
        }
        #expect(try !store.verify().isEmpty)
        _ = try ImageBuilder.load(layers, in: temporary)
        #expect(try store.verify(isDeep: true) == [])
        #expect(try store.images().map(\.manifest) == [image.manifest])
    }

    @Test func hundredThousandEntriesAreFine() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let tar = ImageBuilder.tar { tar in
            for number in 0..<100_000 { tar.symlink("l\(number)", "x") }
        }
        let image = try ImageBuilder.load([tar], in: temporary)
        #expect(
            Fixtures.names(in: try temporary.open().rootFilesystem(of: image).lowerDirectories[0]).count
                == 100_000)
    }

    // MARK: Limits

    @Test func limitsAreNamed() throws {
        let tar = ImageBuilder.tar { tar in
            for number in 0..<20 { tar.file("f\(number)", String(repeating: "x", count: 1000)) }
        }
        func refusal(_ change: (inout ImportLimits) -> Void) throws -> String? {
            let temporary = try TemporaryStore()
            defer { temporary.remove() }
            var limits = ImportLimits()
            change(&limits)
            let error = message { try ImageBuilder.load([tar, tar], in: temporary, limits: limits) }
            #expect(temporary.leftovers == [])
            return error
        }
        #expect(try refusal { $0.layerEntries = 19 }?.contains("more than 19 entries") == true)
        #expect(try refusal { $0.layerBytes = 19_000 }?.contains("19000 bytes") == true)
        #expect(try refusal { $0.layers = 1 }?.contains("2 layers; 1 are the most") == true)
        #expect(try refusal { $0.documentBytes = 100 }?.contains("100 are the most") == true)
    }

    /// The disk is full while the layer is unpacked, and when it is to be recorded.
    @Test(arguments: [1000, 2000, 2500, 3000, 3100, 3200])
    func aFullDiskIsOneLineAndLeavesNothing(_ kilobytes: Int) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let small = try temporary.makeFolder("images")
        #expect(mount("tmpfs", small, "tmpfs", 0, "size=\(kilobytes)k") == 0)
        defer { umount2(small, Int32(MNT_DETACH)) }
        let error = message { try temporary.open().load(.path(Fixtures.archive("busybox"))) }
        guard let error else {
            // The largest of these sizes may be enough.
            #expect(kilobytes > 3000)
            #expect(try temporary.open().verify() == [])
            return
        }
        #expect(error.contains("no space left on device") || error.contains("disk is full"), "\(error)")
        #expect(!error.contains("\n"))
        #expect(temporary.leftovers == [])
        #expect(try temporary.open().images() == [])
    }

    @Test func deepTreesAreRemoved() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        var folder = try FileDescriptor.open(try temporary.makeFolder("deep"), O_RDONLY | O_DIRECTORY)
        for _ in 0..<3000 {
            #expect(mkdirat(folder.raw, "d", 0o700) == 0)
            folder = try folder.openAt("d", O_RDONLY | O_DIRECTORY)
        }
        let parent = try FileDescriptor.open(temporary.folder, O_RDONLY | O_DIRECTORY)
        try TreeRemoval.remove(Array("deep".utf8), in: parent)
        #expect(Fixtures.names(in: temporary.folder) == [])
    }
}

extension Tar {
    /// A whole archive that another program wrote.
    init(archive: [UInt8]) {
        self.init(bytes: archive)
    }
}
