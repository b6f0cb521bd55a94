import Glibc
import LinuxKernel
import Testing

@Suite struct FileDescriptorTests {
    /// The flags of a number that may not be open: -1 if it is not.
    private func descriptorFlags(_ number: Int32) -> Int32 { fcntl(number, F_GETFD) }

    @Test func isCloseOnExecAndCopiesAreToo() throws {
        let file = try FileDescriptor.open("/dev/null", O_RDONLY)
        #expect(descriptorFlags(file.raw) & FD_CLOEXEC != 0)
        let copy = try file.duplicate(atLeast: 100)
        #expect(copy.raw >= 100)
        #expect(descriptorFlags(copy.raw) & FD_CLOEXEC != 0)
        try copy.setCloseOnExec(false)
        #expect(descriptorFlags(copy.raw) & FD_CLOEXEC == 0)
    }

    @Test func aReleasedNumberStaysOpen() throws {
        let number = try FileDescriptor.open("/dev/null", O_RDONLY).release()
        #expect(descriptorFlags(number) >= 0)
        try FileDescriptor(owning: number).close()
    }

    @Test func closingReportsABadDescriptor() {
        #expect(throws: KernelError.self) { try FileDescriptor(owning: 987_654).close() }
    }

    @Test func errorsNameOperationObjectAndAnswer() throws {
        do {
            _ = try FileDescriptor.open("/no/such/file", O_RDONLY)
            Issue.record("opened")
        } catch {
            #expect(error.errno == .noEntry)
            #expect("\(error)" == "open /no/such/file: no such file or directory")
        }
    }

    @Test(arguments: [0, 1, 4095, 4096, 4097, 100_000]) func readsWhatWasWritten(_ size: Int) throws {
        let folder = try Folder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let path = try folder.file("data")
        try FileDescriptor.open(path, O_WRONLY).writeAll(bytes)
        #expect(try FileDescriptor.readFile(path) == bytes)
    }

    @Test func aFileThatNeedNotBeThere() throws {
        let folder = try Folder()
        let path = try folder.file("data", "x")
        #expect(try FileDescriptor.readFileIfThere(path) == [UInt8(ascii: "x")])
        #expect(try FileDescriptor.readFileIfThere(path + "not") == nil)
        #expect(try FileDescriptor.readFileIfThere(path + "/not", absent: .notDirectory) == nil)
        #expect(throws: KernelError.self) { try FileDescriptor.readFileIfThere(path + "/not") }
        #expect(throws: KernelError.self) { try FileDescriptor.readFileIfThere(path, limit: 0) }
    }

    @Test func aFileAboveTheLimitIsRefused() throws {
        let folder = try Folder()
        let path = try folder.file("data", String(repeating: "x", count: 1001))
        #expect(try FileDescriptor.readFile(path, limit: 1001).count == 1001)
        do {
            _ = try FileDescriptor.readFile(path, limit: 1000)
            Issue.record("read")
        } catch {
            #expect(error.errno.rawValue == EFBIG)
        }
    }

    @Test func aPipeEndsWhenItsWriterIsGone() throws {
        let (reader, writer) = try FileDescriptor.pipe().ends()
        let read = FileDescriptor(owning: reader)
        try FileDescriptor(owning: writer).writeAll("through")
        #expect(try read.readToEnd() == Array("through".utf8))
    }

    @Test func nonBlockingIsSwitched() throws {
        let (reader, writer) = try FileDescriptor.pipe().ends()
        let read = FileDescriptor(owning: reader)
        let write = FileDescriptor(owning: writer)
        try read.setNonBlocking(true)
        do {
            _ = try read.readToEnd()
            Issue.record("read")
        } catch {
            #expect(error.errno == .again)
        }
        try read.setNonBlocking(false)
        #expect(fcntl(read.raw, F_GETFL) & O_NONBLOCK == 0)
        _ = consume write
    }

    @Test func aWriteToAControlFileNamesItsValue() throws {
        do {
            try FileDescriptor.writeFile("/proc/self/oom_score_adj", "lots")
            Issue.record("written")
        } catch {
            #expect("\(error)" == "write 'lots' to /proc/self/oom_score_adj: invalid argument")
        }
    }
}
