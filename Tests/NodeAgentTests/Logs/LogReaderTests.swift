import Glibc
import LinuxKernel
import NIOCore
import NodeAgent
import Synchronization
import Testing

/// Container logs in the CRI's format, as their readers get them.
@Suite struct LogReaderTests {
    private let folder = TemporaryFolder()

    private static let lines = """
        2026-01-02T10:00:00.000000001Z stdout F one
        2026-01-02T10:00:01.5Z stderr F two
        2026-01-02T10:00:02Z stdout P thr
        2026-01-02T10:00:02.1Z stderr F between
        2026-01-02T10:00:03Z stdout F ee
        2026-01-02T10:00:04Z stdout F
        2026-01-02T10:00:05Z stdout F:tag four

        """

    private func read(
        _ text: String = LogReaderTests.lines, _ change: (inout LogSelection) -> Void = { _ in }
    ) async throws -> String {
        let path = folder.file("0.log")
        try writeFile(path, text)
        var selection = LogSelection()
        change(&selection)
        var output = ""
        try await LogReader(ContainerLog(path: path) {}, selection).opened().read {
            output += String(buffer: $0)
        }
        return output
    }

    @Test func partsOfALineAreJoined() async throws {
        #expect(try await read() == "one\ntwo\nthrbetween\nee\n\nfour\n")
        #expect(try await read { $0.stderr = false } == "one\nthree\n\nfour\n")
        #expect(try await read { $0.stdout = false } == "two\nbetween\n")
    }

    @Test func timesStandBeforeLinesAndNotBeforeTheirParts() async throws {
        let text = try await read {
            $0.timestamps = true
            $0.stderr = false
        }
        #expect(
            text == """
                2026-01-02T10:00:00.000000001Z one
                2026-01-02T10:00:02Z three
                2026-01-02T10:00:04Z\u{20}
                2026-01-02T10:00:05Z four

                """)
    }

    @Test(
        arguments: [
            (0, ""), (1, "four\n"), (2, "\nfour\n"), (3, "ee\n\nfour\n"), (4, "thrbetween\nee\n\nfour\n"),
            (5, "two\nthrbetween\nee\n\nfour\n"), (6, "one\ntwo\nthrbetween\nee\n\nfour\n"),
            (99, "one\ntwo\nthrbetween\nee\n\nfour\n"),
        ])
    func theLastLines(_ count: Int, _ expected: String) async throws {
        #expect(try await read { $0.tailLines = count } == expected)
    }

    @Test(arguments: [(1, "part and more"), (2, "err5\npart and more"), (3, "four\nerr5\npart and more")])
    func theNewestLineCountsAsFarAsItIsWritten(_ count: Int, _ expected: String) async throws {
        let text =
            Self.lines + """
                2026-01-02T10:00:06Z stderr F err5
                2026-01-02T10:00:07Z stdout P part
                2026-01-02T10:00:07.1Z stdout P  and more

                """
        #expect(try await read(text) { $0.tailLines = count } == expected)
    }

    @Test func theLastLinesOfALargeFile() async throws {
        let text = (1...20_000).map { "2026-01-02T10:00:00Z stdout F line \($0)\n" }.joined()
        let expected = (10_001...20_000).map { "line \($0)\n" }.joined()
        #expect(try await read(text) { $0.tailLines = 10_000 } == expected)
    }

    @Test func linesSinceATime() async throws {
        let since = try #require(LogTime("2026-01-02T12:00:03+02:00"))
        #expect(try await read { $0.since = since } == "ee\n\nfour\n")
    }

    @Test func theLimitCutsWithinALine() async throws {
        #expect(try await read { $0.limitBytes = 6 } == "one\ntw")
        #expect(try await read { $0.limitBytes = 4 } == "one\n")
    }

    @Test func whatIsNoLineOfALogIsPassedOver() async throws {
        let text = """
            rubbish
            2026-01-02T10:00:00Z stdin F no
            2026-01-02T10:00:00Z stdout X no
            2026-01-02T10:00:00Z stdout F yes
            2026-01-02T10:00:00Z stdout F unfinished
            """
        #expect(try await read(text) == "yes\n")
        let long = String(repeating: "x", count: 3 << 20)
        #expect(try await read("\(long)\n2026-01-02T10:00:00Z stdout F yes\n").hasSuffix("yes\n"))
    }

    @Test func aMissingFileIsAnError() async {
        await #expect(throws: KernelError.self) {
            _ = try await LogReader(ContainerLog(path: folder.file("none")) {}, LogSelection()).opened()
        }
    }

    // MARK: Following

    @Test func followersGetWhatIsWrittenUntilTheContainerEnds() async throws {
        let follower = try await Follower(folder)
        try await follower.write("one")
        #expect(await follower.has("one\n"))
        try await follower.write("two")
        #expect(await follower.has("one\ntwo\n"))
        // A line counts when it is whole.
        try await follower.append("2026-01-02T10:00:00Z stdout F th")
        try await Task.sleep(for: .milliseconds(30))
        #expect(await follower.has("one\ntwo\n"))
        try await follower.append("ree\n")
        #expect(await follower.has("one\ntwo\nthree\n"))
        try await follower.write("last words")
        follower.containerEnds()
        #expect(try await follower.end() == "one\ntwo\nthree\nlast words\n")
    }

    @Test func rotationIsFollowedWithoutALostLine() async throws {
        let follower = try await Follower(folder)
        var expected = ""
        for number in 0..<20 {
            try await follower.write("before \(number)")
            try await follower.rotate(number, late: "late \(number)")
            try await follower.write("after \(number)")
            expected += "before \(number)\nlate \(number)\nafter \(number)\n"
            #expect(await follower.has(expected))
        }
        follower.containerEnds()
        _ = try await follower.end()
    }

    @Test func aTruncatedFileIsReadFromItsBeginning() async throws {
        let follower = try await Follower(folder)
        try await follower.write("a long line before")
        #expect(await follower.has("a long line before\n"))
        try writeFile(follower.path, "2026-01-02T10:00:00Z stdout F new\n")
        #expect(await follower.hasSuffix("new\n"))
        follower.containerEnds()
        _ = try await follower.end()
    }

    @Test func aFollowerThatLeavesLeavesNothing() async throws {
        let follower = try await Follower(folder)
        try await follower.write("one")
        #expect(await follower.has("one\n"))
        #expect(await eventually { (try? watches(of: folder.path)) == 1 })
        follower.leave()
        await #expect(throws: (any Error).self) { try await follower.end() }
        #expect(await eventually { (try? watches(of: folder.path)) == 0 })
    }

    @Test(
        arguments: [
            ("2026-01-02T10:00:00Z", 1_767_348_000, 0),
            ("2026-01-02T10:00:00.25Z", 1_767_348_000, 250_000_000),
            ("2026-01-02T10:00:00.123456789+01:30", 1_767_342_600, 123_456_789),
            ("1969-12-31T23:59:59Z", -1, 0),
        ] as [(String, Int64, Int32)])
    func timesAreUnderstood(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) {
        #expect(LogTime(text) == LogTime(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-13-02T10:00:00Z", "2026-01-02T10:00:00", "2026-01-02T10:00:00.Z",
    ])
    func otherTextsAreNoTimes(_ text: String) {
        #expect(LogTime(text) == nil)
    }
}

/// Somebody who follows a log that a test writes.
private final class Follower: Sendable {
    let path: String
    private let folder: TemporaryFolder
    private let said = Said()
    private let ending = AsyncStream<Void>.makeStream()
    private let task: Task<Void, any Error>

    init(_ folder: TemporaryFolder) async throws {
        self.folder = folder
        path = folder.file("0.log")
        try writeFile(path, "")
        var selection = LogSelection()
        selection.follow = true
        let stream = ending.stream
        let log = ContainerLog(path: path) {
            for await _ in stream {}
        }
        let reader = try await LogReader(log, selection).opened()
        task = Task { [said] in try await reader.read { piece in said.add(String(buffer: piece)) } }
    }

    private final class Said: Sendable {
        private let text = Mutex("")
        func add(_ more: String) { text.withLock { $0 += more } }
        var all: String { text.withLock { $0 } }
    }

    func write(_ text: String) async throws { try await append("2026-01-02T10:00:00Z stdout F \(text)\n") }

    func append(_ text: String) async throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_APPEND)
        try file.writeAll(text)
    }

    /// - Parameter late: what the container writes while the file has its new name already.
    func rotate(_ number: Int, late: String) async throws {
        let old = try FileDescriptor.open(path, O_WRONLY | O_APPEND)
        guard rename(path, "\(path).\(number)") == 0 else { throw KernelError("rename", path) }
        try old.writeAll("2026-01-02T10:00:00Z stdout F \(late)\n")
        try writeFile(path, "")
    }

    func has(_ text: String) async -> Bool { await eventually { self.said.all == text } }
    func hasSuffix(_ text: String) async -> Bool { await eventually { self.said.all.hasSuffix(text) } }
    func containerEnds() { ending.continuation.finish() }
    func leave() { task.cancel() }

    func end() async throws -> String {
        try await task.value
        return said.all
    }
}

/// Who watches a folder (proc_pid_fdinfo(5)).
private func watches(of folder: String) throws -> Int {
    var status = stat()
    guard stat(folder, &status) == 0 else { throw KernelError("stat", folder) }
    let inode = " ino:\(String(status.st_ino, radix: 16)) "
    return (0..<4096).count { number in
        // Most numbers are no descriptors.
        guard let text = try? FileDescriptor.readFile("/proc/self/fdinfo/\(number)", limit: 64 << 10) else {
            return false
        }
        return String(decoding: text, as: UTF8.self).contains(inode)
    }
}
