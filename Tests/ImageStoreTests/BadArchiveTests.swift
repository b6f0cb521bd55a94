import Foundation
import ImageStore
import Testing

/// Every archive that must do no harm.
@Suite(.serialized) struct BadArchiveTests {
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        var file: String
        var expect: String
        var why: String

        var testDescription: String { "\(file): \(why)" }
    }

    struct Cases: Decodable {
        var canary: String
        var victim: String
        var cases: [Case]
    }

    static let all: Cases = {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.folder + "/bad/cases.json"))
            return try JSONDecoder().decode(Cases.self, from: data)
        } catch {
            fatalError("bad/cases.json: \(error)")
        }
    }()

    @Test(arguments: all.cases)
    func doesNoHarm(_ bad: Case) throws {
        let canary = try Canary(Self.all)
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let error = message { try store.load(.path("\(Fixtures.folder)/bad/\(bad.file)")) }

        #expect(canary.problems == [])
        guard let error else {
            #expect(bad.expect == "contain", "was accepted: \(bad.why)")
            #expect(try store.verify() == [])
            return
        }
        #expect(!error.isEmpty && error.utf8.count < 1000 && !error.contains("\n"), "\(error)")
        #expect(error.contains(bad.file), "the line names the archive: \(error)")
        #expect(temporary.leftovers == [])
        #expect(try store.images() == [])
        #expect(try store.diskUsage() == DiskUsage(images: 0, content: 0, snapshots: 0))
    }
}

/// The folder of the host that the bad archives aim at.
private struct Canary {
    private let folder: String
    private let victim: String
    private let status: stat

    init(_ cases: BadArchiveTests.Cases) throws {
        folder = cases.canary
        victim = folder + "/" + cases.victim
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: victim) {
            try Data("safe\n".utf8).write(to: URL(fileURLWithPath: victim))
        }
        status = Self.status(victim)
    }

    private static func status(_ path: String) -> stat {
        var status = stat()
        lstat(path, &status)
        return status
    }

    var problems: [String] {
        var found: [String] = []
        let names = Fixtures.names(in: folder)
        if names != [(victim as NSString).lastPathComponent] { found.append("the folder has \(names)") }
        let now = Self.status(victim)
        if now.st_ino != status.st_ino || now.st_mtim.tv_nsec != status.st_mtim.tv_nsec
            || now.st_size != status.st_size || now.st_nlink != 1 || now.st_mode != status.st_mode
        {
            found.append("the victim was changed")
        }
        let mode = Self.status(folder).st_mode & 0o7777
        if mode != 0o755 { found.append("the folder has the mode \(String(mode, radix: 8))") }
        return found
    }
}
