import Glibc
import LinuxKernel
import NodeAgent
import Testing

@Suite struct LogPartsTests {
    private let folder = TemporaryFolder()
    private var log: String { folder.file("0.log") }

    private func names() throws -> [String] {
        try FileDescriptor.listing(of: folder.path).map(\.name).sorted()
    }

    private func write(_ suffix: String, _ text: String) throws { try writeFile(log + suffix, text) }

    /// By the program that everybody has.
    private func unpacked(_ suffix: String) throws -> String {
        let output = folder.file("unpacked")
        try #require(system("gzip -dc '\(log)\(suffix)' >'\(output)'") == 0)
        defer { unlink(output) }
        return String(decoding: try FileDescriptor.readFile(output, limit: 16 << 20), as: UTF8.self)
    }

    @Test func allPartsAreCompressedBeforeTheNextOneComes() throws {
        let text = (1...50_000).map { "line \($0) of a log that is larger than a piece\n" }.joined()
        try write("", "newest")
        try write(".20260102-000001", "one\n")
        try write(".20260102-000002", text)
        try write(".20260102-000003", "")
        try LogParts.makeRoom(beside: log, files: 5)
        let parts = (1...3).map { "0.log.20260102-00000\($0).gz" }
        #expect(try names() == ["0.log"] + parts)
        #expect(try unpacked(".20260102-000001.gz") == "one\n")
        #expect(try unpacked(".20260102-000002.gz") == text)
        #expect(try unpacked(".20260102-000003.gz") == "")
        // What is compressed stays as it is, and the oldest makes room.
        try write(".20260102-000004", "four")
        try LogParts.makeRoom(beside: log, files: 5)
        #expect(try names() == ["0.log"] + parts.dropFirst() + ["0.log.20260102-000004.gz"])
        try LogParts.makeRoom(beside: log, files: 2)
        #expect(try names() == ["0.log"])
    }

    /// An agent may be killed at any moment.
    @Test func leftoversGo() throws {
        try write("", "newest")
        try write(".20260102-000001", "whole\n")
        try write(".20260102-000001.tmp", "half")
        try write(".20260102-000002", "was compressed, and not removed yet")
        try write(".20260102-000002.gz", "as it was")
        try LogParts.makeRoom(beside: log, files: 5)
        #expect(try names() == ["0.log", "0.log.20260102-000001.gz", "0.log.20260102-000002.gz"])
        #expect(try unpacked(".20260102-000001.gz") == "whole\n")
    }
}
