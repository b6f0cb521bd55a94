import Glibc
import KubernetesAPI
import LinuxKernel
import NodeAgent
import Testing

@Suite struct LastWordsTests {
    private static let stamp = "2026-01-02T03:04:05.123456789Z stdout"

    /// What is shown of a log with these lines, each with its tag.
    private func end(of lines: [(tag: String, content: String)], suffix: String = "") throws -> String {
        let folder = TemporaryFolder()
        let path = folder.file("0.log")
        let text = lines.map { "\(Self.stamp) \($0.tag) \($0.content)\n" }.joined() + suffix
        try writeFile(path, text)
        return LastWords.endOfLog(path)
    }

    @Test func ofAShortLogAllIsShown() throws {
        #expect(try end(of: [("F", "one"), ("F", ""), ("F", "  two words ")]) == "one\n\n  two words \n")
        #expect(try end(of: []) == "")
        #expect(LastWords.endOfLog("/nowhere") == "")
    }

    @Test func linesInPartsAreOneLine() throws {
        #expect(
            try end(of: [("P", "one "), ("P", "and "), ("F", "the same"), ("F", "x")])
                == "one and the same\nx\n")
        #expect(try end(of: [("F", "one")], suffix: "\(Self.stamp) F unfinished") == "one\nunfinished")
    }

    @Test func notMoreThanEightyLines() throws {
        let lines = (1...100).map { (tag: "F", content: "\($0)") }
        #expect(try end(of: lines) == (21...100).map { "\($0)\n" }.joined())
    }

    @Test func ofLongLinesTheEnd() throws {
        let all = try end(of: [("F", "before"), ("F", String(repeating: "x", count: 3000) + "end")])
        #expect(all == String(repeating: "x", count: 2044) + "end\n")
        // Neither does a line longer than what is read of the file hide everything.
        let longest = try end(of: [("F", String(repeating: "y", count: 100_000)), ("F", "end")])
        #expect(longest == String(repeating: "y", count: 2043) + "\nend\n")
        // Nor is a character cut.
        let wide = try end(of: [("F", String(repeating: "\u{20ac}", count: 1000))])
        #expect(wide == String(repeating: "\u{20ac}", count: 682) + "\n")
    }

    /// Whatever was written before: the file may have any size.
    @Test func ofALargeLogOnlyTheEndIsRead() throws {
        let folder = TemporaryFolder()
        let path = folder.file("0.log")
        try writeFile(path, "\(Self.stamp) F first\n")
        // A hole of a gigabyte.
        try #require(truncate(path, 1 << 30) == 0)
        let file = try FileDescriptor.open(path, O_WRONLY | O_APPEND)
        try file.writeAll("\n\(Self.stamp) F last\n")
        #expect(LastWords.endOfLog(path).hasSuffix("\nlast\n"))
    }

    @Test(arguments: [(1, 5000), (3, 4096), (4, 3072), (48, 256)])
    func allContainersOfAPodShareWhatItMaySay(containers: Int, most: Int) {
        var test = TestPod(main: (1...containers).map { "c\($0)" })
        test.sandbox()
        #expect(LastWords.share(of: String(repeating: "m", count: 5000), in: test.pod).utf8.count == most)
        #expect(LastWords.share(of: "short", in: test.pod) == "short")
    }

    @Test func noCharacterIsCut() {
        let pod = TestPod(main: (1...48).map { "c\($0)" }).pod
        #expect(LastWords.share(of: String(repeating: "\u{20ac}", count: 100), in: pod).utf8.count == 255)
    }
}
