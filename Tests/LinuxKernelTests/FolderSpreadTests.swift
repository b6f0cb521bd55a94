import Glibc
import LinuxKernel
import Testing

@Suite struct FolderSpreadTests {
    private static var isExt4: Bool {
        (try? FileDescriptor.open("/tmp", O_PATH).fileSystemType()) == 0xEF53
    }

    private static func inode(_ path: String) throws -> ino_t {
        try FileDescriptor.open(path, O_PATH).status().st_ino
    }

    @Test(.enabled(if: isExt4, "only ext4 has parts of a disk to choose from"))
    func foldersGoToPartsOfTheirOwn() throws {
        let folder = try Folder()
        spreadSubfolders(of: folder.path)
        var inodes: [ino_t] = []
        for number in 0..<16 {
            try folder.file("\(number)/file")
            inodes.append(try Self.inode("\(folder.path)/\(number)"))
            // What is in one of them stays beside it.
            let file = try Self.inode("\(folder.path)/\(number)/file")
            #expect(max(file, inodes[number]) - min(file, inodes[number]) < 8192)
        }
        inodes.sort()
        let gaps = zip(inodes, inodes.dropFirst()).filter { $1 - $0 > 1024 }
        #expect(gaps.count >= 4, "16 folders have the inodes \(inodes)")
    }

    @Test func aHintThatCannotBeTakenIsNoError() throws {
        spreadSubfolders(of: "/proc/self")
        spreadSubfolders(of: "/nowhere")
        let folder = try Folder()
        let file = try folder.file("file")
        spreadSubfolders(of: file)
    }
}
