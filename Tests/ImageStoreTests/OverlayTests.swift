import Foundation
import ImageStore
import LinuxKernel
import Testing

/// Mounting more layers than one page of options could name.
@Suite struct OverlayTests {
    private func layers(_ count: Int, in temporary: TemporaryStore, nameLength: Int) throws -> [String] {
        try (0..<count).map { number in
            let name = String(repeating: "n", count: nameLength) + "\(number)"
            let path = try temporary.makeFolder("layers/" + name)
            try Data("\(number)".utf8).write(to: URL(fileURLWithPath: path + "/only-\(number)"))
            try Data("\(number)".utf8).write(to: URL(fileURLWithPath: path + "/every"))
            return path
        }
    }

    @Test(arguments: [(1, 1), (2, 1), (128, 200), (300, 1), (499, 1)])
    func showsEveryLayer(_ count: Int, _ nameLength: Int) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(count, in: temporary, nameLength: nameLength)
        let target = try temporary.makeFolder("target")
        let upper = try temporary.makeFolder("upper")
        let work = try temporary.makeFolder("work")
        let writable = OverlayMount.Writable(upper: upper, work: work, isVolatile: true)
        try OverlayMount(lowers: lowers, writable: writable).mount(at: target)
        defer { umount2(target, Int32(MNT_DETACH)) }
        #expect(Fixtures.names(in: target).count == count + 1)
        #expect(
            try String(contentsOfFile: target + "/every", encoding: .utf8) == "0", "the first is the topmost")
        try Data("changed".utf8).write(to: URL(fileURLWithPath: target + "/every"))
        #expect(try String(contentsOfFile: upper + "/every", encoding: .utf8) == "changed")
        #expect(try String(contentsOfFile: lowers[0] + "/every", encoding: .utf8) == "0")
    }

    /// What kernels before 6.8 get.
    @Test(arguments: [(1, 1), (128, 200)])
    func showsEveryLayerInOneCall(_ count: Int, _ nameLength: Int) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let lowers = try layers(count, in: temporary, nameLength: nameLength)
        let target = try temporary.makeFolder("target")
        let writable = OverlayMount.Writable(
            upper: try temporary.makeFolder("upper"), work: try temporary.makeFolder("work"))
        try OverlayMount(lowers: lowers, writable: writable).mountInOneCall(at: target)
        defer { umount2(target, Int32(MNT_DETACH)) }
        #expect(Fixtures.names(in: target).count == count + 1)
    }

    @Test func aReadOnlyViewTakesNoWrites() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        for count in [1, 3] {
            let lowers = try layers(count, in: temporary, nameLength: count)
            let target = try temporary.makeFolder("target")
            try OverlayMount(lowers: lowers).mount(at: target)
            #expect(Fixtures.names(in: target).count == count + 1)
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
}
