import Glibc
import LinuxKernel
import Testing

/// No path leads out of a root, whatever links are in it.
@Suite struct RootedPathTests {
    private func text(_ file: borrowing FileDescriptor) throws -> String {
        String(decoding: try file.readToEnd(), as: UTF8.self)
    }

    @Test(arguments: [
        "/secret", "../secret", "../../../../../../secret", "up/secret", "absolute/secret", "chain/secret",
        "dir/../../secret",
    ])
    func escapesEndInside(_ path: String) throws {
        let outer = try Folder()
        try outer.file("secret", "outside")
        try outer.folder("root")
        try outer.file("root/secret", "inside")
        try outer.folder("root/dir")
        try outer.link("root/up", to: "../../..")
        try outer.link("root/absolute", to: "/")
        try outer.link("root/chain", to: "dir/../up")
        let root = try FileDescriptor.open("\(outer.path)/root", pathOnly | O_DIRECTORY)
        #expect(try text(root.openInRoot(path, O_RDONLY)) == "inside")
    }

    @Test func linksAreRefusedWhenAsked() throws {
        let folder = try Folder()
        try folder.file("dir/file", "x")
        try folder.link("link", to: "dir")
        let root = try folder.open()
        #expect(try text(root.openInRoot("dir/file", O_RDONLY, noLinks: true)) == "x")
        do {
            _ = try root.openInRoot("link/file", O_RDONLY, noLinks: true)
            Issue.record("opened")
        } catch {
            #expect(error.errno == .loop)
        }
    }

    @Test func magicLinksAreRefused() throws {
        let root = try FileDescriptor.open("/", pathOnly | O_DIRECTORY)
        for path in ["/proc/self/fd/0", "/proc/self/cwd", "/proc/self/root/etc", "/proc/self/exe"] {
            do {
                _ = try root.openInRoot(path, pathOnly)
                Issue.record("opened \(path)")
            } catch {
                #expect(error.errno == .loop, "\(path)")
            }
        }
    }

    @Test func foldersAreMadeInside() throws {
        let outer = try Folder()
        try outer.folder("root")
        try outer.folder("root/inner")
        try outer.folder("other")
        try outer.link("root/link", to: "/inner")
        try outer.link("root/out", to: "\(outer.path)/other")
        let root = try FileDescriptor.open("\(outer.path)/root", pathOnly | O_DIRECTORY)
        _ = try root.makeDirectoriesInRoot("/a/b//c/./d")
        #expect(outer.exists("root/a/b/c/d"))
        _ = try root.makeDirectoriesInRoot("link/deep")
        #expect(outer.exists("root/inner/deep"))
        _ = try root.makeDirectoriesInRoot("a/b")
        // A link to a place that the root does not have: nothing is made outside.
        #expect(throws: KernelError.self) { _ = try root.makeDirectoriesInRoot("out/x") }
        #expect(!outer.exists("other/x"))
        #expect(throws: KernelError.self) { _ = try root.makeDirectoriesInRoot("missing/../../x") }
        #expect(!outer.exists("x"))
    }

    @Test func filesAreMadeInside() throws {
        let outer = try Folder()
        try outer.folder("root")
        try outer.link("root/dangling", to: "\(outer.path)/target")
        let root = try FileDescriptor.open("\(outer.path)/root", pathOnly | O_DIRECTORY)
        _ = try root.makeFileInRoot("/new/file")
        #expect(outer.exists("root/new/file"))
        _ = try root.makeFileInRoot("/new/file")
        #expect(throws: KernelError.self) { _ = try root.makeFileInRoot("dangling") }
        #expect(!outer.exists("target"))
        #expect(throws: KernelError.self) { _ = try root.makeFileInRoot("/new/file/below") }
    }

    @Test(arguments: [("a", "", "a"), ("/a", "", "a"), ("/a/b", "/a", "b"), ("/a/", "/a", "")])
    func splits(_ path: String, _ parent: String, _ name: String) {
        let parts = path.splitAtLastComponent
        #expect(parts.parent == parent && parts.name == name)
    }

    /// A path component that is exchanged between a folder and a link out, a thousand times a second.
    @Test func aRaceIsLost() throws {
        let outer = try Folder()
        try outer.file("secret/file", "outside")
        try outer.file("root/a/file", "inside")
        try outer.link("root/b", to: "\(outer.path)/secret")
        let root = try FileDescriptor.open("\(outer.path)/root", pathOnly | O_DIRECTORY)
        let swap = Command(
            path: "/usr/bin/timeout",
            arguments: [
                "timeout", "5", "/bin/sh", "-c",
                "while :; do mv -T $0/a $0/c; mv -T $0/b $0/a; mv -T $0/a $0/b; mv -T $0/c $0/a; done",
                "\(outer.path)/root",
            ],
            environment: [], timeout: 300)
        let path = "\(outer.path)/root"
        let racer = try SpawnedLoop(swap, path)
        for _ in 0..<3000 {
            do throws(KernelError) {
                let found = try root.openInRoot("a/file", O_RDONLY).readToEnd()
                #expect(found == Array("inside".utf8))
            } catch {
                #expect([.noEntry, .again, .crossDevice].contains(error.errno), "\(error)")
            }
        }
        try racer.end()
    }
}

/// A program that runs beside the test until `end`.
struct SpawnedLoop: ~Copyable {
    private let process: ProcessHandle

    init(_ command: Command, _ path: String) throws {
        var pid: pid_t = 0
        let error = withCStrings(command.arguments) { posix_spawn(&pid, command.path, nil, nil, $0, environ) }
        guard error == 0 else { throw KernelError("start", command.path, Errno(rawValue: error)) }
        process = try ProcessHandle.open(pid)
    }

    consuming func end() throws {
        try process.send(signal: SIGTERM)
        _ = try process.wait()
    }
}
