import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

@Suite struct SeccompCacheTests {
    typealias Seccomp = RuntimeSpec.Seccomp

    private var profile: Seccomp {
        var profile = Profiles.make(
            .errno,
            [Profiles.allow("exit_group", "nonesuch"), Seccomp.Syscall(names: ["getppid"], action: .notify)])
        profile.listenerPath = "/run/agent.sock"
        profile.listenerMetadata = "note"
        return profile
    }

    private var text: ArraySlice<UInt8> { profile.json()[...] }

    private func filter(_ folder: Folder, warnings: inout [String]) throws -> SeccompFilter {
        try SeccompCompiler.filter(for: profile, cacheFolder: folder.cache) { warnings.append($0) }
    }

    @Test func hitEqualsMiss() throws {
        let folder = Folder()
        var warnings: [String] = []
        let missed = try filter(folder, warnings: &warnings)
        #expect(try folder.names() == [SeccompCache.fileName(for: text)])
        let hit = try SeccompCompiler.filter(forText: text, cacheFolder: folder.cache) {
            warnings.append($0)
        } decode: {
            Issue.record("a profile in the cache was decoded")
            return profile
        }
        #expect(hit == missed)
        #expect(hit == (try SeccompCompiler.compile(profile)))
        // What was left out is said every time.
        #expect(warnings == [String](repeating: "seccomp: unknown system calls ignored: nonesuch", count: 2))
        #expect(hit.listener == SeccompFilter.Listener(path: "/run/agent.sock", metadata: "note"))
        #expect(Sandbox.run(hit, [.init(SYS_getuid)]).results == [-Int(EPERM)])
    }

    @Test func filesAndFolderArePrivate() throws {
        let folder = Folder()
        var warnings: [String] = []
        _ = try filter(folder, warnings: &warnings)
        var status = stat()
        #expect(stat(folder.cache, &status) == 0 && status.st_mode & 0o7777 == 0o700)
        #expect(stat(folder.file(for: text), &status) == 0 && status.st_mode & 0o7777 == 0o600)
    }

    @Test func everyChangedByteIsNoticed() throws {
        let folder = Folder()
        var warnings: [String] = []
        let original = try filter(folder, warnings: &warnings)
        let path = folder.file(for: text)
        let bytes = try FileDescriptor.readFile(path)
        let cache = SeccompCache(folder: folder.cache)
        #expect(cache.load(text) == original)
        let file = try FileDescriptor.open(path, O_WRONLY)
        var unnoticed: [Int] = []
        for index in bytes.indices {
            for bit in [UInt8(1), 0x80] {
                var changed = bytes[index] ^ bit
                #expect(pwrite(file.raw, &changed, 1, index) == 1)
                if cache.load(text) != nil { unnoticed.append(index) }
            }
            var right = bytes[index]
            #expect(pwrite(file.raw, &right, 1, index) == 1)
        }
        #expect(unnoticed == [])
        #expect(cache.load(text) == original)
    }

    @Test func everyTruncationIsNoticed() throws {
        let folder = Folder()
        var warnings: [String] = []
        let original = try filter(folder, warnings: &warnings)
        let path = folder.file(for: text)
        let bytes = try FileDescriptor.readFile(path)
        let cache = SeccompCache(folder: folder.cache)
        for length in bytes.indices.reversed() {
            #expect(truncate(path, length) == 0)
            #expect(cache.load(text) == nil)
        }
        // A damaged file is replaced.
        #expect(try filter(folder, warnings: &warnings) == original)
        #expect(try FileDescriptor.readFile(path) == bytes)
        try FileDescriptor.open(path, O_WRONLY | O_APPEND).writeAll([0])
        #expect(cache.load(text) == nil)
    }

    @Test func filesOfOthersAreNotUsed() throws {
        let folder = Folder()
        var warnings: [String] = []
        let original = try filter(folder, warnings: &warnings)
        let path = folder.file(for: text)
        let cache = SeccompCache(folder: folder.cache)
        #expect(chmod(path, 0o640) == 0)
        #expect(cache.load(text) == nil)
        #expect(chmod(path, 0o600) == 0)
        #expect(cache.load(text) == original)
        #expect(chown(path, 12345, 0) == 0)
        #expect(cache.load(text) == nil)
        #expect(chown(path, 0, 0) == 0)
        #expect(rename(path, folder.path + "/elsewhere") == 0)
        #expect(symlink(folder.path + "/elsewhere", path) == 0)
        #expect(cache.load(text) == nil)
        #expect(unlink(path) == 0)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(cache.load(text) == nil)
    }

    /// As if two texts had one hash.
    @Test func aFileOfAnotherProfileIsNotUsed() throws {
        let folder = Folder()
        var warnings: [String] = []
        _ = try filter(folder, warnings: &warnings)
        var other = Array(text)
        other[other.count - 2] ^= 1
        #expect(rename(folder.file(for: text), folder.file(for: other[...])) == 0)
        let cache = SeccompCache(folder: folder.cache)
        #expect(cache.load(other[...]) == nil)
        #expect(cache.load(text) == nil)
    }

    @Test func aFolderOpenToOthersIsNotUsed() throws {
        let folder = Folder()
        #expect(mkdir(folder.cache, 0o700) == 0 && chmod(folder.cache, 0o755) == 0)
        var warnings: [String] = []
        let found = try filter(folder, warnings: &warnings)
        #expect(found == (try SeccompCompiler.compile(profile)))
        #expect(
            warnings.first
                == "seccomp cache not written: check owner and mode of \(folder.cache): "
                + "operation not permitted"
        )
        #expect(try folder.names() == [])
    }

    @Test func aFolderThatCannotBeMadeCostsOnlyTheCache() throws {
        let folder = Folder()
        var warnings: [String] = []
        let found = try SeccompCompiler.filter(for: profile, cacheFolder: folder.cache + "/below/it") {
            warnings.append($0)
        }
        #expect(found == (try SeccompCompiler.compile(profile)))
        #expect(
            warnings.first
                == "seccomp cache not written: mkdir \(folder.cache)/below/it: no such file or directory")
    }

    @Test func aFullDiskCostsOnlyTheCache() throws {
        let folder = Folder()
        #expect(mkdir(folder.cache, 0o700) == 0)
        // One page, which the folder's first file takes.
        #expect(mount("tmpfs", folder.cache, "tmpfs", 0, "size=4k,mode=700") == 0)
        defer { umount(folder.cache) }
        try FileDescriptor.open(folder.cache + "/filler", O_WRONLY | O_CREAT, mode: 0o600)
            .writeAll([UInt8](repeating: 1, count: 4096))
        var warnings: [String] = []
        _ = try filter(folder, warnings: &warnings)
        #expect(warnings.first?.hasSuffix(": no space left on device") == true)
        #expect(try folder.names() == ["filler"])
    }

    @Test func aReadOnlyDiskCostsOnlyTheCache() throws {
        let folder = Folder()
        #expect(mkdir(folder.cache, 0o700) == 0)
        let readOnly: UInt = 1
        #expect(mount("tmpfs", folder.cache, "tmpfs", readOnly, "mode=700") == 0)
        defer { umount(folder.cache) }
        var warnings: [String] = []
        _ = try filter(folder, warnings: &warnings)
        #expect(warnings.first?.hasSuffix(": read-only file system") == true)
    }

    @Test func theOldestFilesGo() throws {
        let folder = Folder()
        #expect(mkdir(folder.cache, 0o700) == 0)
        for index in 0..<300 {
            let name = "\(folder.cache)/\(index)\(index % 2 == 0 ? ".filter" : ".tmp")"
            let file = try FileDescriptor.open(name, O_WRONLY | O_CREAT, mode: 0o600)
            let times = [
                timespec(tv_sec: 1000 + index, tv_nsec: 0), timespec(tv_sec: 1000 + index, tv_nsec: 0),
            ]
            #expect(futimens(file.raw, times) == 0)
        }
        try FileDescriptor.open(folder.cache + "/note", O_WRONLY | O_CREAT, mode: 0o600).writeAll("kept")
        var warnings: [String] = []
        _ = try filter(folder, warnings: &warnings)
        let names = try folder.names()
        #expect(names.count == SeccompCache.capacity + 1)
        #expect(names.contains(SeccompCache.fileName(for: text)) && names.contains("note"))
        #expect(!names.contains("44.filter") && names.contains("45.tmp"))
    }

    @Test func differentProfilesHaveDifferentFiles() {
        var other = profile
        other.listenerMetadata = "other"
        #expect(SeccompCache.fileName(for: text) != SeccompCache.fileName(for: other.json()[...]))
    }
}

/// A folder of its own for a test, removed afterwards.
private final class Folder {
    let path: String
    var cache: String { path + "/cache" }

    init() {
        var template = Array("/tmp/swiftlet-seccomp-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for folder in [cache, path] {
            for name in (try? Self.names(in: folder)) ?? [] { unlink(folder + "/" + name) }
            rmdir(folder)
        }
    }

    func file(for text: ArraySlice<UInt8>) -> String { cache + "/" + SeccompCache.fileName(for: text) }

    func names() throws -> [String] { try Self.names(in: cache) }

    private static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw KernelError("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
