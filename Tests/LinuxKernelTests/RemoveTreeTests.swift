import Glibc
import LinuxKernel
import Testing

@Suite struct RemoveTreeTests {
    @Test func removesDeepTreesWithOddNames() throws {
        let folder = try Folder()
        let tree = folder.path + "/tree"
        try folder.folder("tree")
        // Deeper than a path can be long, and than descriptors would last.
        var place = try FileDescriptor.open(tree, O_RDONLY | O_DIRECTORY)
        for _ in 0..<5000 {
            try #require(mkdirat(place.raw, "d", 0o700) == 0)
            try #require(symlinkat("/etc", place.raw, "link") == 0)
            place = try place.openAt("d", O_RDONLY | O_DIRECTORY)
        }
        let bytes: [CChar] = [-1, 10, 92, 0]
        try #require(close(openat_(place.raw, bytes)) == 0)
        try removeTree(tree)
        #expect(!folder.exists("tree"))
        #expect(access("/etc/passwd", F_OK) == 0)
        try removeTree(tree + "/")
    }

    /// Somebody who still runs moves what is being removed to the top of the tree: going up from there would end in the
    /// folder beside the tree.
    @Test func neverGoesAboveATreeThatIsBeingMoved() async throws {
        for _ in 0..<20 {
            let folder = try Folder()
            let tree = folder.path + "/tree"
            for name in ["tree", "tree/a", "tree/a/b", "a", "keep"] { try folder.folder(name) }
            // Long enough for the mover to come in between.
            for number in 0..<2000 { try folder.file("tree/a/b/\(number)") }
            try folder.file("keep/file", "precious")
            let mover = Task.detached { rename(tree + "/a/b", tree + "/moved") }
            do {
                try removeTree(tree)
            } catch {
                #expect([.busy, .noEntry, .notEmpty].contains(error.errno), "\(error)")
            }
            _ = await mover.value
            #expect(try FileDescriptor.readFile(folder.path + "/keep/file") == Array("precious".utf8))
            #expect(folder.exists("a"))
        }
    }

    private func openat_(_ folder: Int32, _ name: [CChar]) -> Int32 {
        (try? FileDescriptor(owning: dup(folder)).openAt(name, O_CREAT | O_WRONLY, mode: 0o600).release())
            ?? -1
    }

    @Test(.enabled(if: geteuid() == 0)) func neverRemovesWhatIsMounted() throws {
        let folder = try Folder()
        let (tree, other) = (folder.path + "/tree", folder.path + "/other")
        for name in ["tree", "other", "tree/mounted"] { try folder.folder(name) }
        try folder.file("other/file", "precious")
        // A bind mount of the same file system: the device number does not tell.
        try #require(mount(other, tree + "/mounted", nil, UInt(MS_BIND), nil) == 0)
        defer { umount2(tree + "/mounted", Int32(MNT_DETACH)) }
        let error = #expect(throws: KernelError.self) { try removeTree(tree) }
        #expect(error?.errno == .crossDevice)
        #expect(try FileDescriptor.readFile(other + "/file") == Array("precious".utf8))
        // Nor what is mounted on the tree itself.
        let top = #expect(throws: KernelError.self) { try removeTree(tree + "/mounted") }
        #expect(top?.errno == .crossDevice)
        #expect(folder.exists("other/file"))
    }

    @Test func removesWhatIsNoFolder() throws {
        let folder = try Folder()
        try folder.file("file")
        try folder.folder("other")
        try folder.file("other/kept")
        try folder.file("other/deep/gone")
        try folder.link("link", to: "other")
        for name in ["file", "link", "missing", "missing/below", "other/deep/"] {
            try removeTree("\(folder.path)/\(name)")
        }
        #expect(!folder.exists("file") && !folder.exists("other/deep"))
        #expect(!(try folder.open().listing().map(\.name).contains("link")))
        #expect(folder.exists("other/kept"))
    }
}
