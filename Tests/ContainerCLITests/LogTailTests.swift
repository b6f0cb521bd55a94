import ContainerCLI
import ContainerShim
import Testing

/// `logs --tail`: which records the last lines are.
struct LogTailTests {
    /// `o` and `e` are the streams; a hyphen behind the text says that its line goes on.
    private func records(_ words: [String]) throws -> [LogRecord] {
        try words.map { word in
            let isPartial = word.hasSuffix("-")
            let stream = word.hasPrefix("o") ? "stdout" : "stderr"
            let line = "2026-11-22T10:00:00.000000000Z \(stream) \(isPartial ? "P" : "F") \(word)"
            return try #require(LogRecord(line: Array(line.utf8)[...]))
        }
    }

    private func tail(_ count: Int, _ words: [String], isWhole: Bool = true) throws -> [String] {
        LogReader.lastLines(count, of: try records(words), isWhole: isWhole)
            .map { String(decoding: $0.text, as: UTF8.self) }
    }

    @Test func wholeLines() throws {
        #expect(try tail(0, ["o1", "o2"]) == [])
        #expect(try tail(1, ["o1", "e2"]) == ["e2"])
        #expect(try tail(9, ["o1", "e2"]) == ["o1", "e2"])
        #expect(try tail(1, []) == [])
    }

    @Test func partsOfALineCountOnce() throws {
        #expect(try tail(1, ["o1", "o2-", "o3-", "o4"]) == ["o2-", "o3-", "o4"])
        #expect(try tail(2, ["o1", "o2-", "o3-", "o4"]) == ["o1", "o2-", "o3-", "o4"])
        #expect(try tail(1, ["o1", "o2-"]) == ["o2-"])
    }

    @Test func theOtherStreamMayLieBetween() throws {
        #expect(try tail(1, ["o1", "o2-", "e3", "o4"]) == ["o2-", "o4"])
        #expect(try tail(2, ["o1", "o2-", "e3", "o4"]) == ["o2-", "e3", "o4"])
        #expect(try tail(1, ["o1-", "o2", "e3-", "o4-", "e5"]) == ["e3-", "e5"])
    }

    /// What begins in one piece of a file and ends in the next is not lost.
    @Test func unfinishedLinesAreKeptUntilTheEnd() throws {
        #expect(try tail(1, ["o1", "o2-", "e3", "e4"], isWhole: false) == ["o2-", "e4"])
        #expect(try tail(1, ["o1", "o2-", "e3", "e4"], isWhole: true) == ["e4"])
        #expect(try tail(0, ["o1", "o2-"], isWhole: false) == ["o2-"])
    }
}
