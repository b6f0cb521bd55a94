import Foundation
import ImageStore
import LinuxKernel
import Testing

/// Every fixture image, imported, unpacked and mounted, against the tree that the specification's words give.
@Suite struct FixtureTreeTests {
    @Test(arguments: Fixtures.trees)
    func unpacksToTheExpectedTree(_ name: String) throws {
        let expected = try TreeListing.expected(name)
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try #require(try store.load(.path(Fixtures.archive(name))).first).image

        try withMounted(try store.rootFilesystem(of: image), in: temporary) { root in
            compare(expected, try TreeListing(root).files)
        }
        #expect(try store.verify(isDeep: true) == [])
    }

    private func compare(_ expected: [String: ListedFile], _ found: [String: ListedFile]) {
        #expect(Set(found.keys).symmetricDifference(expected.keys).sorted() == [])
        for (path, file) in found {
            guard let wanted = expected[path] else { continue }
            var file = file
            if wanted.mtime == nil { file.mtime = nil }
            // A symbolic link has no mode of its own on Linux.
            if file.type == "symlink" { file.mode = wanted.mode }
            #expect(file == wanted)
        }
    }
}

/// Shows a root file system read-only while `body` runs.
func withMounted(
    _ rootfs: RootFilesystem, in temporary: TemporaryStore, _ body: (String) throws -> Void
) throws {
    let target = try temporary.makeFolder("merged-\(UInt32.random(in: 0 ... .max))")
    try OverlayMount(lowers: rootfs.lowerDirectories).mount(at: target)
    defer { umount2(target, Int32(MNT_DETACH)) }
    try body(target)
}
