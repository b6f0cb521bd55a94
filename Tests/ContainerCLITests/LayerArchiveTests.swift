import CLinux
import ContainerCLI
import Foundation
import Glibc
import LinuxKernel
import Testing

/// An overlay's upper folder as a layer of an image. Needs root, for what overlayfs leaves there.
struct LayerArchiveTests {
    /// GNU tar's list of an archive: owner, size and name of each entry.
    private func list(_ path: String) throws -> Set<String> {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/tar")
        process.arguments = ["--numeric-owner", "-tvf", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Set(
            text.split(separator: "\n").map { line in
                let words = line.split(separator: " ")
                return ([words[1], words[2]] + words.dropFirst(5)).joined(separator: " ")
            })
    }

    private func archive(
        _ folder: TemporaryFolder, layer: TarOutput.LayerForm?, mayGoOn: @escaping () throws -> Void = {}
    ) throws -> String {
        let path = folder.path + "/archive.tar"
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        let output = try TarOutput(file.raw, layer: layer, mayGoOn: mayGoOn)
        try output.addContents(
            of: try FileDescriptor.open(folder.path + "/upper", O_PATH | O_DIRECTORY | O_NOFOLLOW))
        try output.finish()
        return path
    }

    private func upper() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["upper", "upper/kept", "upper/replaced"] {
            _ = try check("mkdir", name) { mkdir(folder.path + "/" + name, 0o755) }
        }
        _ = try folder.file("upper/kept/new", "content")
        _ = try check("link", "new") {
            link(folder.path + "/upper/kept/new", folder.path + "/upper/kept/same")
        }
        _ = try check("mknod", "gone") { mknod(folder.path + "/upper/kept/gone", S_IFCHR, 0) }
        _ = try check("setxattr", "replaced") {
            setxattr(folder.path + "/upper/replaced", "trusted.overlay.opaque", "y", 1, 0)
        }
        _ = try check("chown", "new") { chown(folder.path + "/upper/kept/new", 300_005, 300_006) }
        return folder
    }

    /// A container that nests them without end ends nobody who archives it.
    @Test func foldersWithoutEnd() throws {
        func archive(depth: Int) throws {
            let folder = try TemporaryFolder()
            _ = try check("mkdir", "upper") { mkdir(folder.path + "/upper", 0o755) }
            var inner = try FileDescriptor.open(folder.path + "/upper", O_RDONLY | O_DIRECTORY)
            for _ in 0..<depth {
                let number = inner.raw
                _ = try check("mkdir", "d") { mkdirat(number, "d", 0o755) }
                inner = try inner.openAt("d", O_RDONLY | O_DIRECTORY)
            }
            _ = try self.archive(folder, layer: nil)
        }
        OpenFiles.allowMany()
        try archive(depth: TarOutput.greatestDepth)
        let error = #expect(throws: UsageError.self) { try archive(depth: TarOutput.greatestDepth + 1) }
        #expect(error?.description.contains("no more than 1000 folders in each other") == true)
    }

    @Test func whatIsHiddenBecomesWhiteouts() throws {
        let folder = try upper()
        let form = TarOutput.LayerForm(user: { $0 >= 300_000 ? $0 - 300_000 : $0 }, group: { $0 + 1 })
        let names = try list(archive(folder, layer: form))
        let links = names.filter { $0.contains(" link to ") }
        #expect(links.count == 1)
        #expect(names.contains("0/0 0 kept/.wh.gone"))
        #expect(names.contains("0/0 0 replaced/.wh..wh..opq"))
        #expect(names.contains { $0 == "5/300007 7 kept/new" || $0 == "5/300007 7 kept/same" })
        #expect(!names.contains { $0.hasSuffix("kept/gone") })
        #expect(names.count == 6)
        withExtendedLifetime(folder) {}
    }

    private let form = TarOutput.LayerForm(
        user: { $0 >= 300_000 ? $0 - 300_000 : $0 }, group: { $0 >= 400_000 ? $0 - 400_000 : $0 })

    /// What setcap(8) of a container writes works in every container that has the file, whatever ids its root has.
    @Test(arguments: [(300_000, [0x02]), (300_007, [0x03, 7])] as [(UInt32, [UInt8])])
    func capabilitiesOfAUserNamespace(root: UInt32, expected: [UInt8]) {
        func bytes(_ id: UInt32) -> [UInt8] { withUnsafeBytes(of: id.littleEndian) { Array($0) } }
        let masks: [UInt8] = [0, 4] + [UInt8](repeating: 0, count: 14)
        let value = [1, 0, 0, 3] + masks + bytes(root)
        let inside = form.attribute("security.capability", value)
        #expect(
            inside == [1, 0, 0, expected[0]] + masks + expected.dropFirst().flatMap { bytes(UInt32($0)) })
        // Those of the host's files have no id, and of what is no capability nothing is known.
        for other in [[1, 0, 0, 2] + masks, [], [UInt8](repeating: 3, count: 23)] {
            #expect(form.attribute("security.capability", other) == other)
        }
        #expect(form.attribute("user.capability", value) == value)
    }

    /// A named user, the owner, a named group, the mask.
    @Test func accessListsOfAUserNamespace() {
        func entry(_ tag: UInt8, _ id: UInt32) -> [UInt8] {
            [tag, 0, 4, 0] + withUnsafeBytes(of: id.littleEndian) { Array($0) }
        }
        func list(_ user: UInt32, _ group: UInt32) -> [UInt8] {
            [2, 0, 0, 0] + entry(0x01, .max) + entry(0x02, user) + entry(0x08, group) + entry(0x10, .max)
        }
        for name in ["system.posix_acl_access", "system.posix_acl_default"] {
            #expect(form.attribute(name, list(301_000, 400_005)) == list(1000, 5))
        }
        for other in [[], [2, 0, 0, 0, 1], [1, 0, 0, 0] + entry(0x02, 301_000)] {
            #expect(form.attribute("system.posix_acl_access", other) == other)
        }
    }

    @Test func otherArchivesKeepWhatIsThere() throws {
        let folder = try upper()
        let names = try list(archive(folder, layer: nil))
        #expect(names.contains { $0.hasSuffix("kept/gone") })
        #expect(!names.contains { $0.contains(".wh.") })
        withExtendedLifetime(folder) {}
    }

    @Test func whoeverAsksMayStopIt() throws {
        struct Enough: Error {}
        let folder = try upper()
        _ = try folder.file("upper/large", bytes: [UInt8](repeating: 1, count: 4 << 20))
        var asked = 0
        #expect(throws: Enough.self) {
            try archive(folder, layer: nil) {
                asked += 1
                if asked > 8 { throw Enough() }
            }
        }
    }
}
