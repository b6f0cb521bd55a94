import CLinux
import Foundation
import ImageStore
import LinuxKernel
import Testing

/// Mounting more layers than one page of options could name.
@Suite struct OverlayTests {
    /// How the layers reach the kernel.
    enum Way: CaseIterable, Sendable {
        /// As `mount` finds best: one by one, where the kernel takes them so.
        case asThisKernelTakesThem
        /// In one page of options: what kernels before 6.8 get.
        case inOneCall
    }

    static let shapes: [(count: Int, nameLength: Int)] = [
        (1, 1), (2, 1), (130, 1), (130, 200), (300, 1), (300, 200), (499, 1),
    ]

    /// Layers, the topmost first. The bottom has a file for each layer above it, of which each removes one, has one
    /// of its own, and one that all have.
    private func layers(_ count: Int, in temporary: TemporaryStore, nameLength: Int) throws -> [String] {
        try (0..<count).map { number in
            let name = String(repeating: "n", count: nameLength) + "\(number)"
            let path = try temporary.makeFolder("layers/" + name)
            try write("\(number)", path + "/only-\(number)")
            try write("\(number)", path + "/every")
            guard number == count - 1 else {
                try #require(mknod(path + "/gone-\(number)", S_IFCHR, 0) == 0)
                return path
            }
            for above in 0..<count { try write("below", path + "/gone-\(above)") }
            return path
        }
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func mount(_ overlay: OverlayMount, _ way: Way, at target: String) throws {
        switch way {
        case .asThisKernelTakesThem: try overlay.mount(at: target)
        case .inOneCall: try overlay.mountInOneCall(at: target)
        }
    }

    @Test(arguments: shapes, Way.allCases)
    func showsEveryLayer(_ shape: (count: Int, nameLength: Int), _ way: Way) throws {
        let count = shape.count
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(count, in: temporary, nameLength: shape.nameLength)
        let target = try temporary.makeFolder("target")
        let upper = try temporary.makeFolder("upper")
        let work = try temporary.makeFolder("work")
        let writable = OverlayMount.Writable(upper: upper, work: work, isVolatile: true)
        let place = FileManager.default.currentDirectoryPath
        try mount(OverlayMount(lowers: lowers, writable: writable), way, at: target)
        defer { umount2(target, Int32(MNT_DETACH)) }
        #expect(FileManager.default.currentDirectoryPath == place, "only the process beside went elsewhere")
        let expected = ["every", "gone-\(count - 1)"] + (0..<count).map { "only-\($0)" }
        #expect(Fixtures.names(in: target) == expected.sorted())
        for number in 0..<count {
            #expect(try String(contentsOfFile: target + "/only-\(number)", encoding: .utf8) == "\(number)")
        }
        #expect(
            try String(contentsOfFile: target + "/every", encoding: .utf8) == "0", "the first is the topmost")
        try write("changed", target + "/every")
        #expect(try String(contentsOfFile: upper + "/every", encoding: .utf8) == "changed")
        #expect(try String(contentsOfFile: lowers[0] + "/every", encoding: .utf8) == "0")
    }

    /// A name that means something among options goes in as a descriptor, alone in a short text, too.
    @Test(arguments: Way.allCases) func namesMayHaveAnyCharacter(_ way: Way) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let base = try temporary.makeFolder("with,comma:colon\\back")
        var folders: [String] = []
        for name in ["lower", "upper", "work", "target"] {
            folders.append(base + "/" + name)
            try FileManager.default.createDirectory(atPath: folders.last!, withIntermediateDirectories: false)
        }
        try write("below", folders[0] + "/file")
        let overlay = OverlayMount(
            lowers: [folders[0]], writable: .init(upper: folders[1], work: folders[2]))
        try mount(overlay, way, at: folders[3])
        defer { umount2(folders[3], Int32(MNT_DETACH)) }
        #expect(try String(contentsOfFile: folders[3] + "/file", encoding: .utf8) == "below")
    }

    @Test func moreLayersThanTheKernelStacksAreRefused() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(501, in: temporary, nameLength: 1)
        let target = try temporary.makeFolder("target")
        for way in Way.allCases {
            #expect(throws: KernelError.self) { try mount(OverlayMount(lowers: lowers), way, at: target) }
        }
        #expect(Fixtures.names(in: target) == [])
    }

    @Test func aReadOnlyViewTakesNoWrites() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        for count in [1, 3] {
            let lowers = try layers(count, in: temporary, nameLength: count)
            let target = try temporary.makeFolder("target")
            try OverlayMount(lowers: lowers).mount(at: target)
            #expect(Fixtures.names(in: target).count == count + 2)
            #expect(open(target + "/new", O_WRONLY | O_CREAT, 0o600) == -1 && errno == EROFS)
            umount2(target, Int32(MNT_DETACH))
        }
    }

    @Test func aMissingLayerIsNamed() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(2, in: temporary, nameLength: 1) + [temporary.folder + "/missing"]
        let target = try temporary.makeFolder("target")
        let refusal = message { try OverlayMount(lowers: lowers).mount(at: target) }
        #expect(refusal?.contains("/missing") == true, "\(refusal ?? "")")
    }

    @Test func theUpperFolderLooksLikeTheImagesRoot() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let tar = ImageBuilder.tar { $0.folder("./", mode: 0o1711) }
        let image = try ImageBuilder.load([tar], in: temporary)
        let rootfs = try temporary.open().rootFilesystem(of: image)
        let upper = temporary.folder + "/upper"
        try rootfs.makeUpper(at: upper)
        var status = stat()
        #expect(stat(upper, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o1711)
        #expect(status.st_mtim.tv_sec == 1_700_000_000)
    }

    // MARK: Strangers' layers

    /// Attributes by which overlayfs would show what the layer does not hold: metacopy (content from another file),
    /// redirect (a folder from elsewhere), opaque, and the same for mounts of ordinary users.
    @Test func marksOfOverlayInALayerAreDropped() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let base = ImageBuilder.tar {
            $0.file("secret", "of the base")
            $0.folder("kept")
            $0.file("kept/file", "below")
        }
        let marks = [
            "trusted.overlay.metacopy", "trusted.overlay.redirect", "trusted.overlay.opaque",
            "trusted.overlay.origin", "user.overlay.metacopy", "user.overlay.redirect",
            "user.overlay.whiteout",
        ]
        let layer = ImageBuilder.tar {
            $0.extended(marks.map { ("SCHILY.xattr.\($0)", $0.hasSuffix("redirect") ? "/secret" : "y") })
            $0.file("decoy", "own")
            $0.extended(marks.map { ("SCHILY.xattr.\($0)", "y") } + [("SCHILY.xattr.user.fine", "yes")])
            $0.folder("kept")
        }
        let image = try ImageBuilder.load([base, layer], in: temporary)
        let rootfs = try temporary.open().rootFilesystem(of: image)
        for path in ["decoy", "kept"] {
            let names = try attributeNames(rootfs.lowerDirectories[0] + "/" + path)
            #expect(names == (path == "kept" ? ["user.fine"] : []), "\(path)")
        }
        let target = try temporary.makeFolder("target")
        try OverlayMount(lowers: rootfs.lowerDirectories).mount(at: target)
        defer { umount2(target, Int32(MNT_DETACH)) }
        #expect(try String(contentsOfFile: target + "/decoy", encoding: .utf8) == "own")
        #expect(Fixtures.names(in: target + "/kept") == ["file"])
    }

    /// Even a layer that has such marks, through a hole in the unpacker say, shows only what it holds.
    @Test(arguments: Way.allCases) func marksOfOverlayInALayerAreNotFollowed(_ way: Way) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let (layer, base) = (try temporary.makeFolder("layer"), try temporary.makeFolder("base"))
        try write("precious", base + "/secret")
        _ = try temporary.makeFolder("base/hidden")
        try write("x", base + "/hidden/file")
        try write("", layer + "/decoy")
        _ = try temporary.makeFolder("layer/door")
        try #require(setxattr(layer + "/decoy", "trusted.overlay.metacopy", "", 0, 0) == 0)
        for name in ["decoy", "door"] {
            let target = name == "door" ? "/hidden" : "/secret"
            try #require(
                setxattr(layer + "/" + name, "trusted.overlay.redirect", target, target.utf8.count, 0) == 0)
        }
        let target = try temporary.makeFolder("target")
        try mount(OverlayMount(lowers: [layer, base]), way, at: target)
        defer { umount2(target, Int32(MNT_DETACH)) }
        #expect((try? String(contentsOfFile: target + "/decoy", encoding: .utf8)) != "precious")
        #expect(!Fixtures.names(in: target + "/door").contains("file"))
        // Foundation takes the first part of such a file for all of it.
        let table = String(decoding: try FileDescriptor.readFile("/proc/self/mountinfo"), as: UTF8.self)
        let line = try #require(table.split(separator: "\n").first { $0.contains(" \(target) ") })
        #expect(!line.contains("metacopy=on") && line.contains("redirect_dir=nofollow"), "\(line)")
        #expect(!line.contains("index=on") && !line.contains("xino=on"), "\(line)")
    }

    private func attributeNames(_ path: String) throws -> [String] {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = listxattr(path, &buffer, buffer.count)
        try #require(count >= 0)
        return buffer[..<count].split(separator: 0).map {
            String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }.filter { $0 != "security.selinux" }
    }

    // MARK: User namespaces

    @Test(arguments: [1, 3], Way.allCases)
    func mappedLayersBelongToTheNamespacesRoot(_ count: Int, _ way: Way) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(count, in: temporary, nameLength: 1)
        try write("x", lowers[0] + "/daemons")
        try #require(chown(lowers[0] + "/daemons", 1, 2) == 0)
        let (upper, work) = (try temporary.makeFolder("upper"), try temporary.makeFolder("work"))
        try #require(chmod(temporary.folder, 0o755) == 0)
        // The namespace's root has to own it to write there.
        try #require(chown(upper, 100_000, 200_000) == 0)
        let target = try temporary.makeFolder("target")
        let namespace = try makeUserNamespace(uids: "0 100000 65536", gids: "0 200000 65536")
        let overlay = OverlayMount(lowers: lowers, writable: .init(upper: upper, work: work))
        let mount = try overlay.make(mappedBy: namespace, scratch: target, inOneCall: way == .inOneCall)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(temporary.folder), "nothing of it was mounted here")
        try mount.attach(on: .open(target, O_PATH), name: target)
        defer { umount2(target, Int32(MNT_DETACH)) }
        var status = stat()
        #expect(stat(target + "/every", &status) == 0 && status.st_uid == 100_000 && status.st_gid == 200_000)
        #expect(
            stat(target + "/daemons", &status) == 0 && status.st_uid == 100_001 && status.st_gid == 200_002)
        #expect(stat(lowers[0] + "/every", &status) == 0 && status.st_uid == 0, "the layer is as it was")
        // In the namespace it is root's, who may change it.
        let seen = try run(
            "nsenter",
            [
                "--user=/proc/\(getpid())/fd/\(namespace.raw)", "--setuid=0", "--setgid=0", "sh", "-c",
                "cd \(target) && stat -c %u:%g every daemons && echo new > new && echo changed > every",
            ])
        #expect(seen == "0:0\n1:2\n")
        for name in ["new", "every"] {
            #expect(stat(upper + "/" + name, &status) == 0 && status.st_uid == 100_000, "\(name)")
            #expect(status.st_gid == 200_000, "\(name)")
        }
        #expect(try String(contentsOfFile: lowers[0] + "/every", encoding: .utf8) == "0")
    }

    /// 300 mapped layers, and a read-only view of one.
    @Test(arguments: Way.allCases) func anyNumberOfLayersIsMapped(_ way: Way) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(300, in: temporary, nameLength: 1)
        let target = try temporary.makeFolder("target")
        let namespace = try makeUserNamespace(uids: "0 100000 65536", gids: "0 100000 65536")
        for layers in [lowers, [lowers[299]]] {
            try OverlayMount(lowers: layers)
                .make(mappedBy: namespace, scratch: target, inOneCall: way == .inOneCall)
                .attach(on: .open(target, O_PATH), name: target)
            var status = stat()
            #expect(stat(target + "/only-299", &status) == 0 && status.st_uid == 100_000)
            #expect(open(target + "/new", O_WRONLY | O_CREAT, 0o600) == -1 && errno == EROFS)
            umount2(target, Int32(MNT_DETACH))
        }
    }

    /// procfs takes no mapping.
    @Test func aFileSystemThatCannotBeMappedIsNamed() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let target = try temporary.makeFolder("target")
        let namespace = try makeUserNamespace(uids: "0 100000 65536", gids: "0 100000 65536")
        let refusal = message {
            _ = try OverlayMount(lowers: ["/proc/sys", target]).make(mappedBy: namespace, scratch: target)
        }
        #expect(
            refusal?.contains("/proc/sys (its file system takes no ID mapping on this kernel)") == true,
            "\(refusal ?? "")")
    }
}
