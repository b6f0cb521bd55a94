import Foundation
import GRDB
import ImageStore
import LinuxKernel
import Synchronization
import Testing

/// Several at once, and processes that are killed.
@Suite struct CrashTests {
    /// Two process-like users of one store: each thread opens it anew, as a process does.
    @Test func manyImportTheSameImageAtOnce() async throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let root = temporary.root
        let archive = Fixtures.archive("layers")
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask { try ImageStore(root: root).load(.path(archive))[0].image.id.description }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let store = try temporary.open()
        #expect(try store.images().count == 1)
        #expect(try store.verify() == [])
        #expect(
            Fixtures.names(in: root + "/snapshots").count == 7, "nothing was unpacked into the store twice")
        #expect(Fixtures.names(in: root + "/ingest") == [] && Fixtures.names(in: root + "/trash") == [])
    }

    @Test func importsAndRemovalsAtOnceLeaveAWholeStore() async throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let root = temporary.root
        let names = ["layers", "config", "busybox", "hardlinks"]
        let archives = names.map(Fixtures.archive)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    let store = try ImageStore(root: root)
                    for round in 0..<6 {
                        let index = (worker + round) % archives.count
                        let image = try store.load(.path(archives[index]))[0].image
                        _ = try? store.remove(image.id.hex, force: true)
                    }
                }
            }
            try await group.waitForAll()
        }
        let store = try temporary.open()
        #expect(try store.verify() == [])
        for archive in archives { _ = try store.load(.path(archive)) }
        #expect(try store.images().count == names.count)
        #expect(try store.verify() == [])
        _ = try store.prune(all: true)
        #expect(temporary.leftovers == [])
    }

    /// A child process imports and kills itself after so many reports of progress.
    @Test(arguments: [1, 2, 3, 5, 8, 13])
    func killedImportLeavesNothingVisible(_ reports: Int) async throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let archive = Fixtures.archive("layers")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [root = temporary.root as String, archive = archive as String, reports = reports as Int] in
            let left = Atomic(reports)
            _ = try ImageStore(root: root).load(.path(archive)) { _ in
                if left.subtract(1, ordering: .relaxed).newValue == 0 { kill(getpid(), SIGKILL) }
            }
        }
        let store = try temporary.open()
        #expect(try store.images() == [])
        #expect(try store.diskUsage() == DiskUsage(images: 0, content: 0, snapshots: 0))
        #expect(
            Fixtures.names(in: temporary.root + "/ingest").count == 1,
            "the dead import's folder is still there")
        // The next import cleans up and succeeds.
        let image = try store.load(.path(archive))[0].image
        #expect(image.size > 0)
        #expect(try store.verify() == [])
        #expect(Fixtures.names(in: temporary.root + "/ingest") == [])
        #expect(Fixtures.names(in: temporary.root + "/trash") == [])
    }

    /// What a crash between moving files into place and recording them leaves.
    @Test func filesWithoutARecordDoNotExist() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try store.load(.path(Fixtures.archive("busybox")))[0].image
        let blob = temporary.root + "/blobs/sha256/\(image.id.hex)"
        let content = try Data(contentsOf: URL(fileURLWithPath: blob))
        _ = try store.remove("busybox")
        try Data("half".utf8).write(to: URL(fileURLWithPath: blob))
        for number in ["2", "3"] {
            try FileManager.default.createDirectory(
                atPath: temporary.root + "/snapshots/\(number)/strange", withIntermediateDirectories: true)
        }
        // The number 2 is the next one: its folder is replaced.
        _ = try store.load(.path(Fixtures.archive("busybox")))
        #expect(try Data(contentsOf: URL(fileURLWithPath: blob)) == content)
        #expect(try store.verify() == [])
        #expect(Fixtures.names(in: temporary.root + "/snapshots") == ["2", "3"])
        #expect(!Fixtures.names(in: temporary.root + "/snapshots/2").contains("strange"))
        try store.recover()
        #expect(Fixtures.names(in: temporary.root + "/snapshots") == ["2"])
        #expect(Fixtures.names(in: temporary.root + "/trash") == [])
        #expect(try store.verify() == [])
    }

    /// Leases count only as long as their very process lives, in this boot.
    @Test func leasesOfDeadProcessesDoNotCount() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try store.load(.path(Fixtures.archive("busybox")))[0].image
        let chain = try #require(image.topChain)
        let queue = try DatabaseQueue(path: temporary.root + "/metadata.db")
        let own = try ProcessIdentity.current()
        let boot = try BootID.current()
        let never = Int64.max
        let dead: [(pid: Int32, start: UInt64, boot: String, expires: Int64)] = [
            (own.pid, own.start + 1, boot, never), (own.pid, own.start, "another boot", never),
            (own.pid, own.start, boot, 1),
        ]
        for (index, lease) in dead.enumerated() {
            try queue.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO lease (number, purpose, pid, start, boot, added, expires)
                        VALUES (?, 'test', ?, ?, ?, 0, ?)
                        """,
                    arguments: [1000 + index, lease.pid, Int64(lease.start), lease.boot, lease.expires])
                try database.execute(
                    sql: "INSERT INTO lease_pin VALUES (?, 'snapshot', ?)",
                    arguments: [1000 + index, chain.description])
            }
        }
        _ = try store.remove("busybox")
        #expect(try store.diskUsage().snapshots == 0)
        #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM lease") } == 0)
    }

    /// As no program of ours leaves it: whose damage it is is still told.
    @Test func damageOfANameWithoutAnImage() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try store.load(.path(Fixtures.archive("busybox")))[0].image
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(
            path: temporary.root + "/metadata.db", configuration: configuration)
        try queue.write { try $0.execute(sql: "DELETE FROM image") }
        let blob = temporary.root + "/blobs/sha256/\(image.id.hex)"
        try Data("half".utf8).write(to: URL(fileURLWithPath: blob))
        let problems = try store.verify()
        #expect(problems.count == 1 && problems[0].hasSuffix(" (of \(image.manifest))"), "\(problems)")
    }

    @Test func aNewerStoreIsRefusedInOneLine() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try temporary.open()
        let queue = try DatabaseQueue(path: temporary.root + "/metadata.db")
        try queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
        let refusal = message { try temporary.open() }
        #expect(refusal?.contains("written by a newer swiftlet") == true && refusal?.contains("\n") == false)
    }

    @Test func aDamagedDatabaseIsOneLine() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try temporary.makeFolder("images")
        try Data("this is not a database, it only looks like a file of one".utf8)
            .write(to: URL(fileURLWithPath: temporary.root + "/metadata.db"))
        let refusal = message { try temporary.open() }
        #expect(refusal?.contains("metadata.db is damaged") == true, "\(refusal ?? "")")
    }

    @Test func verificationFindsDamage() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try store.load(.path(Fixtures.archive("busybox")))[0].image
        let blob = temporary.root + "/blobs/sha256/\(image.id.hex)"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: blob))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: blob))
        try FileManager.default.removeItem(atPath: try store.rootFilesystem(of: image).lowerDirectories[0])
        let problems = try store.verify()
        #expect(problems.count == 2)
        #expect(problems.first?.contains("its digest is") == true)
        #expect(problems.last?.contains("unpacked layer") == true)
    }
}
