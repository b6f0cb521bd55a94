import Glibc
import LinuxKernel
import Testing

@Suite struct FolderEntries {
    @Test func namesAndKinds() throws {
        var template = Array("/tmp/swiftlet-entries-XXXXXX".utf8CString)
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            unlink("\(path)/file")
            rmdir("\(path)/folder")
            rmdir(path)
        }
        let folder = try FileDescriptor.open(path, O_PATH | O_DIRECTORY)
        #expect(try folder.listing() == [])
        try FileDescriptor.open("\(path)/file", O_CREAT | O_WRONLY, mode: 0o600).writeAll("x")
        #expect(mkdir("\(path)/folder", 0o700) == 0)
        // What is no UTF-8 is kept as it is.
        let odd: [CChar] = [0x6e, CChar(bitPattern: 0xff), 0]
        #expect(mkdirat(folder.raw, odd, 0o700) == 0)
        // The position of the descriptor stays where it is: twice the same.
        for _ in 0..<2 {
            let found = try folder.listing(of: path).sorted { $0.name < $1.name }
            #expect(found.map(\.name) == ["file", "folder", "n\u{fffd}"])
            #expect(found.map(\.isFolder) == [false, true, true])
            #expect(found.last?.bytes == odd)
        }
        #expect(unlinkat(folder.raw, odd, AT_REMOVEDIR) == 0)
        let error = #expect(throws: KernelError.self) { try FileDescriptor.listing(of: "\(path)/none") }
        #expect(error?.errno == .noEntry)
    }
}
