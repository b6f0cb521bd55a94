import CLinux
import ContainerCLI
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// What an upper folder changes of the ones below, as overlayfs shows them.
@Suite struct LayerChangesTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for layer in ["upper", "top", "bottom"] { try make(layer, "") }
    }

    private func make(_ layer: String, _ path: String, mode: mode_t = 0o755) throws {
        _ = try check("mkdir", path) { mkdir("\(folder.path)/\(layer)\(path)", mode) }
    }

    private func write(_ layer: String, _ paths: String...) throws {
        for path in paths { _ = try folder.file(layer + path, "text") }
    }

    private func whiteOut(_ layer: String, _ path: String) throws {
        _ = try check("mknod", path) { mknod("\(folder.path)/\(layer)\(path)", S_IFCHR, 0) }
    }

    private func makeOpaque(_ layer: String, _ path: String) throws {
        _ = try check("setxattr", path) {
            setxattr("\(folder.path)/\(layer)\(path)", "trusted.overlay.opaque", "y", 1, 0)
        }
    }

    private func changes(ignoring: [String] = [], maps: UserMaps? = nil) throws -> [String] {
        var survey = try LayerSurvey(
            upper: folder.path + "/upper", lowers: ["top", "bottom"].map { "\(folder.path)/\($0)" },
            ignoring: ignoring, maps: maps)
        try survey.run()
        var found: [String] = []
        try survey.forEachChange {
            found.append("\($0.kind.rawValue) \(String(decoding: $0.path, as: UTF8.self))")
        }
        return found
    }

    @Test func addedChangedAndDeleted() throws {
        for (layer, path) in [
            ("bottom", "/etc"), ("bottom", "/etc/deep"), ("top", "/etc"), ("bottom", "/untouched"),
        ] {
            try make(layer, path)
        }
        try write("bottom", "/etc/old", "/etc/deep/kept", "/etc/deep/gone", "/etc/hidden")
        try write("top", "/etc/newer")
        try whiteOut("top", "/etc/hidden")
        // Looked into, no more: copied up with what is in it, or for nothing.
        for path in ["/etc", "/etc/deep", "/untouched", "/new"] { try make("upper", path) }
        try write("upper", "/etc/old", "/etc/newer", "/etc/hidden", "/new/file")
        try whiteOut("upper", "/etc/deep/gone")
        try whiteOut("upper", "/etc/never-there")
        #expect(
            try changes() == [
                "C /etc", "C /etc/deep", "D /etc/deep/gone", "A /etc/hidden", "C /etc/newer", "C /etc/old",
                "A /new", "A /new/file",
            ])
        #expect(try changes(ignoring: ["/etc", "/new/file"]) == ["A /new"])
    }

    @Test func replacedFolders() throws {
        for path in ["/a", "/a/inner", "/b"] { try make("bottom", path) }
        try write("bottom", "/a/one", "/a/two", "/a/inner/three", "/b/x")
        for path in ["/a", "/a/inner"] { try make("upper", path) }
        try makeOpaque("upper", "/a")
        try write("upper", "/a/two", "/b")
        #expect(try changes() == ["C /a", "C /a/inner", "D /a/inner/three", "D /a/one", "C /a/two", "C /b"])
    }

    /// A folder in place of a link, in one layer or in another: nothing is looked up through it.
    @Test func linksBelow() throws {
        try make("bottom", "/real")
        try write("bottom", "/real/file")
        _ = try check("symlink", "/link") { symlink("real", "\(folder.path)/bottom/link") }
        try make("upper", "/link")
        try write("upper", "/link/file")
        #expect(try changes() == ["C /link", "A /link/file"])
    }

    @Test func modesAndOwners() throws {
        for path in ["/chmod", "/chown", "/same"] {
            try make("bottom", path)
            try make("upper", path)
            _ = try check("chown", path) { chown("\(folder.path)/upper\(path)", 100_000, 100_000) }
        }
        _ = try check("chmod", "/chmod") { chmod(folder.path + "/upper/chmod", 0o700) }
        _ = try check("chown", "/chown") { chown(folder.path + "/upper/chown", 100_005, 100_000) }
        let map = [RuntimeSpec.IDMapping(containerID: 0, hostID: 100_000, size: 1000)]
        #expect(try changes(maps: UserMaps(uids: map, gids: map)) == ["C /chmod", "C /chown"])
        #expect(try changes() == ["C /chmod", "C /chown", "C /same"])
    }

    /// What is passed over is not said to be gone, either, when its folder was replaced.
    @Test func ignoredInAReplacedFolder() throws {
        try make("bottom", "/a")
        try write("bottom", "/a/mounted", "/a/other")
        try make("upper", "/a")
        try makeOpaque("upper", "/a")
        try write("upper", "/a-b")
        #expect(try changes(ignoring: ["/a/mounted"]) == ["C /a", "D /a/other", "A /a-b"])
    }

    /// Far longer than a path may be for the kernel, in the layers below, too.
    @Test func pathsThatNoCallTakes() throws {
        let name = String(repeating: "n", count: 250)
        for (layer, files) in [("upper", ["new", "old"]), ("bottom", ["old", "untouched"])] {
            var current = try FileDescriptor.open("\(folder.path)/\(layer)", O_RDONLY | O_DIRECTORY)
            for _ in 0..<40 {
                let number = current.raw
                _ = try check("mkdir", name) { mkdirat(number, name, 0o755) }
                current = try current.openAt(name, O_RDONLY | O_DIRECTORY)
            }
            for file in files { _ = try current.openAt(file, O_WRONLY | O_CREAT, mode: 0o644) }
        }
        let found = try changes()
        let deep = String(repeating: "/" + name, count: 40)
        #expect(found.count == 42 && found[0] == "C /" + name)
        #expect(found.suffix(2) == ["A \(deep)/new", "C \(deep)/old"])
    }
}
