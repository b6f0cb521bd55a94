import ContainerShim
import Glibc
import LinuxKernel
import Testing

@Suite struct LogTests {
    let folder = Folder()

    final class Folder {
        let folder = TemporaryFolder()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
        var path: String { folder.path + "/container.log" }

        deinit { buffer.deallocate() }

        func writer(maxSize: Int = 0, maxFiles: Int = 1) throws -> LogWriter {
            try LogWriter(LogOptions(path: path, maxSize: maxSize, maxFiles: maxFiles), buffer: buffer)
        }

        func records(_ suffix: String = "") throws -> [LogRecord] {
            try FileDescriptor.readFile(path + suffix).split(separator: UInt8(ascii: "\n")).map { line in
                try #require(LogRecord(line: line), "no record: \(String(decoding: line, as: UTF8.self))")
            }
        }
    }

    private func append(
        _ writer: LogWriter, _ stream: LogStream, _ text: [UInt8], goesOn: Bool = false
    ) {
        text.withUnsafeBytes { writer.append(stream, $0, goesOn: goesOn) }
    }

    /// What the container wrote, put together again.
    private func joined(_ records: [LogRecord], _ stream: LogStream) -> [UInt8] {
        records.filter { $0.stream == stream }.flatMap {
            $0.text + ($0.isPartial ? [] : [UInt8(ascii: "\n")])
        }
    }

    /// It would hold up the whole shim; one that comes later is refused, too.
    @Test func whatIsNoFileIsRefused() throws {
        let writer = try folder.writer()
        unlink(folder.path)
        let kinds: [(mode_t, dev_t)] = [(S_IFIFO, 0), (S_IFCHR, 0x103)]
        for (kind, device) in kinds {
            #expect(mknod(folder.path, kind | 0o600, device) == 0)
            // A reader makes a FIFO one that can be opened.
            let reader = kind == S_IFIFO ? try FileDescriptor.open(folder.path, O_RDONLY | O_NONBLOCK) : nil
            for _ in 0..<2 {
                let error = #expect(throws: KernelError.self) { _ = try folder.writer() }
                #expect(error?.description.contains("\(folder.path), which is not a regular file") == true)
            }
            #expect(throws: KernelError.self) { try writer.reopen() }
            _ = consume reader
            #expect(throws: KernelError.self) { _ = try folder.writer() }
            unlink(folder.path)
        }
        try writer.reopen()
        append(writer, .stdout, Array("goes on\n".utf8))
        #expect(try folder.records().count == 1)
    }

    @Test func linesBecomeRecords() throws {
        let writer = try folder.writer()
        append(writer, .stdout, Array("one\n\ntwo\n".utf8))
        append(writer, .stderr, Array("oops\n".utf8))
        let records = try folder.records()
        #expect(records.map { String(decoding: $0.text, as: UTF8.self) } == ["one", "", "two", "oops"])
        #expect(records.map(\.stream) == [.stdout, .stdout, .stdout, .stderr])
        #expect(records.allSatisfy { !$0.isPartial && $0.time > Timestamp(seconds: 1_700_000_000) })
        #expect(records[0].time == records[2].time)
    }

    @Test func partialLinesAreReadableAtOnceAndJoinExactly() throws {
        let writer = try folder.writer()
        append(writer, .stdout, Array("login: ".utf8))
        #expect(try folder.records().map(\.isPartial) == [true])
        append(writer, .stderr, Array("noise\n".utf8))
        append(writer, .stdout, Array("root\nlast".utf8))
        append(writer, .stdout, Array("\n".utf8))
        let records = try folder.records()
        #expect(joined(records, .stdout) == Array("login: root\nlast\n".utf8))
        #expect(joined(records, .stderr) == Array("noise\n".utf8))
    }

    /// Only where nothing more can be read a line is cut.
    @Test func linesThatGoOnWaitForTheirEnds() throws {
        let writer = try folder.writer()
        append(writer, .stdout, Array("one\ntw".utf8), goesOn: true)
        append(writer, .stderr, Array("oops".utf8), goesOn: true)
        #expect(try folder.records().map { String(decoding: $0.text, as: UTF8.self) } == ["one"])
        append(writer, .stdout, Array("o".utf8), goesOn: true)
        append(writer, .stdout, Array("\nthr".utf8), goesOn: true)
        append(writer, .stdout, Array("ee".utf8))
        writer.finish(.stdout)
        writer.finish(.stderr)
        writer.finish(.stderr)
        let records = try folder.records()
        #expect(
            records.map { String(decoding: $0.text, as: UTF8.self) } == ["one", "two", "three", "oops"])
        #expect(records.map(\.isPartial) == [false, false, true, true])
    }

    @Test(arguments: [LogWriter.maxText - 1, LogWriter.maxText, LogWriter.maxText + 1, 100_000])
    func longLinesThatGoOnAreCutAsOthers(length: Int) throws {
        let writer = try folder.writer()
        var text = (0..<length).map { UInt8(truncatingIfNeeded: 32 + $0 % 90) }
        text.append(UInt8(ascii: "\n"))
        var rest = text[...]
        while !rest.isEmpty {
            append(writer, .stdout, Array(rest.prefix(7000)), goesOn: rest.count > 7000)
            rest = rest.dropFirst(7000)
        }
        let records = try folder.records()
        #expect(joined(records, .stdout) == text)
        #expect(records.allSatisfy { $0.text.count <= LogWriter.maxText })
        #expect(records.count == (length + LogWriter.maxText - 1) / LogWriter.maxText)
    }

    @Test(arguments: [
        LogWriter.maxText - 1, LogWriter.maxText, LogWriter.maxText + 1, 3 * LogWriter.maxText, 100_000,
    ])
    func longLinesAreCutAndJoinExactly(length: Int) throws {
        let writer = try folder.writer()
        var text = (0..<length).map { UInt8(truncatingIfNeeded: 32 + $0 % 90) }
        text.append(UInt8(ascii: "\n"))
        append(writer, .stdout, text)
        let records = try folder.records()
        #expect(joined(records, .stdout) == text)
        #expect(records.allSatisfy { $0.text.count <= LogWriter.maxText })
        #expect(records.count == (length + LogWriter.maxText - 1) / LogWriter.maxText)
    }

    @Test func bytesThatAreNoTextStayAsTheyAre() throws {
        let writer = try folder.writer()
        let bytes: [UInt8] = [0, 255, 13, 27, 192, 10]
        append(writer, .stdout, bytes)
        #expect(joined(try folder.records(), .stdout) == bytes)
    }

    @Test func rotationKeepsFilesBelowTheirSize() throws {
        let writer = try folder.writer(maxSize: 1000, maxFiles: 3)
        for number in 0..<100 { append(writer, .stdout, Array("line \(number)\n".utf8)) }
        #expect(writer.failure == nil)
        let all = try folder.records(".2") + folder.records(".1") + folder.records()
        // The newest lines without a gap, up to the last.
        let numbers = all.map { Int(String(decoding: $0.text.dropFirst(5), as: UTF8.self))! }
        #expect(numbers == Array((100 - numbers.count)..<100))
        for suffix in ["", ".1", ".2"] {
            let size = try FileDescriptor.open(folder.path + suffix, O_RDONLY).status().st_size
            #expect(size <= 1000 && (suffix.isEmpty || size > 900))
        }
        #expect(access(folder.path + ".3", F_OK) != 0)
    }

    @Test func oneFileIsBegunAnew() throws {
        let writer = try folder.writer(maxSize: 200, maxFiles: 1)
        let reader = try FileDescriptor.open(folder.path, O_RDWR | O_CREAT, mode: 0o600)
        for number in 0..<20 { append(writer, .stdout, Array("line \(number)\n".utf8)) }
        #expect(try folder.records().last.map { String(decoding: $0.text, as: UTF8.self) } == "line 19")
        #expect(access(folder.path + ".1", F_OK) != 0)
        // A follower that has the first file open still reads it whole.
        #expect(try String(decoding: reader.readToEnd(), as: UTF8.self).contains("line 0\n"))
    }

    @Test func appendingGoesOnWhereALastShimEnded() throws {
        append(try folder.writer(maxSize: 100, maxFiles: 2), .stdout, Array("first\n".utf8))
        let writer = try folder.writer(maxSize: 100, maxFiles: 2)
        append(writer, .stdout, Array("second\n".utf8))
        append(writer, .stdout, Array("third\n".utf8))
        #expect(try folder.records(".1").count == 2)
        #expect(try folder.records().count == 1)
    }

    @Test func rotationThatFailsLosesNothing() throws {
        let writer = try folder.writer(maxSize: 100, maxFiles: 2)
        // A folder in the way that cannot be replaced.
        try makeFolder(folder.path + ".1")
        for number in 0..<5 { append(writer, .stdout, Array("line \(number)\n".utf8)) }
        #expect(writer.failure?.contains("rename") == true)
        #expect(try folder.records().count == 5)
    }

    @Test(.enabled(if: geteuid() == 0)) func fullDiskTearsNoLaterRecord() throws {
        let place = folder.folder.path + "/small"
        try makeFolder(place)
        try #require(mount("tmpfs", place, "tmpfs", 0, "size=8k") == 0)
        defer { umount2(place, Int32(MNT_DETACH)) }
        let path = place + "/log"
        let writer = try LogWriter(LogOptions(path: path, maxSize: 0, maxFiles: 1), buffer: folder.buffer)
        append(writer, .stdout, [UInt8](repeating: UInt8(ascii: "x"), count: 6000) + [UInt8(ascii: "\n")])
        append(writer, .stdout, [UInt8](repeating: UInt8(ascii: "y"), count: 6000) + [UInt8(ascii: "\n")])
        #expect(writer.failure?.contains("no space left on device") == true)
        // The rest of the second record.
        let written = try Int(FileDescriptor.open(path, O_RDONLY).status().st_size)
        #expect(writer.bytesLost == 2 * (6001 + LogWriter.headLength) - written)
        // Somebody makes room.
        try #require(mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT), "size=64k") == 0)
        append(writer, .stdout, Array("after\n".utf8))
        let lines = try FileDescriptor.readFile(path).split(separator: UInt8(ascii: "\n"))
        let last = try #require(LogRecord(line: lines.last!))
        #expect(String(decoding: last.text, as: UTF8.self) == "after")
        #expect(lines.count == 3)
    }

    @Test(arguments: [
        "", "2026-11-22T23:33:50Z stdout F", "2026-11-22T23:33:50Z stdin F x",
        "2026-11-22T23:33:50Z stdout X x",
        "yesterday stdout F x", "2026-11-22T23:33:50Z stdout FX x",
    ])
    func wrongLinesAreNoRecords(line: String) {
        #expect(LogRecord(line: Array(line.utf8)[...]) == nil)
    }

    @Test func furtherTagsAreAccepted() throws {
        let record = try #require(LogRecord(line: Array("2026-11-22T23:33:50.1Z stderr P:x a b".utf8)[...]))
        #expect(record.isPartial && record.stream == .stderr && Array(record.text) == Array("a b".utf8))
    }
}
