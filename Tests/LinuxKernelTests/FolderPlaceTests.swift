import Glibc
import LinuxKernel
import Testing

/// Walks through trees that containers have made.
@Suite struct FolderPlaceTests {
    /// - Returns: the names that were found, folders before what is in them.
    private func walk(_ root: String) throws -> [String] {
        var waiting = [FolderPlace(root: try FileDescriptor.open(root, O_RDONLY | O_DIRECTORY))]
        var found: [String] = []
        while let place = waiting.popLast() {
            guard let open = try place.open() else { continue }
            for entry in try open.folder.listing() {
                found.append(entry.name)
                guard let status = try open.status(of: entry.bytes), status.st_mode & S_IFMT == S_IFDIR
                else { continue }
                waiting.append(place.folder(entry.bytes, in: open))
            }
        }
        return found
    }

    @Test func treesThatAreDeeperThanAPath() throws {
        let folder = try Folder()
        let name = String(repeating: "d", count: 200)
        var place = try folder.open()
        for _ in 0..<60 {
            try #require(mkdirat(place.raw, name, 0o700) == 0)
            place = try place.openAt(name, O_RDONLY | O_DIRECTORY)
        }
        try #require(mkdirat(place.raw, "end", 0o700) == 0)
        #expect(try walk(folder.path) == Array(repeating: name, count: 60) + ["end"])
    }

    /// What was a folder when it was found, and is none any more.
    @Test func nothingOutsideIsReached() throws {
        let folder = try Folder()
        for name in ["tree", "tree/inner", "outside", "outside/secret"] { try folder.folder(name) }
        let top = FolderPlace(root: try FileDescriptor.open(folder.path + "/tree", O_RDONLY | O_DIRECTORY))
        let open = try #require(try top.open())
        let inner = top.folder(Array("inner".utf8CString), in: open)
        #expect(try inner.open() != nil)
        try #require(rmdir(folder.path + "/tree/inner") == 0)
        #expect(try inner.open() == nil)
        try folder.link("tree/inner", to: "../outside")
        #expect(try inner.open() == nil)
        #expect(try top.folder(Array("..".utf8CString), in: open).open() == nil)
        #expect(try walk(folder.path + "/tree") == ["inner"])
    }

    @Test(.enabled(if: geteuid() == 0)) func mountsAreNotCrossed() throws {
        let folder = try Folder()
        for name in ["tree", "tree/mounted", "other", "other/file"] { try folder.folder(name) }
        // Of the same file system: the device number does not tell.
        let place = folder.path + "/tree/mounted"
        try #require(mount(folder.path + "/other", place, nil, UInt(MS_BIND), nil) == 0)
        defer { umount2(place, Int32(MNT_DETACH)) }
        #expect(try walk(folder.path + "/tree") == ["mounted"])
    }
}
