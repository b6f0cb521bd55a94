import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Pulls that are disturbed: by the network, by signals, by other pulls, by a full disk.
struct PullFaultTests {
    let host: Host
    let registry: LocalRegistry
    let proxy: FaultProxy
    let name: String

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
        try registry.push(layout: try BigImage.layout() + ":v1", as: "big:v1")
        proxy = try FaultProxy(to: registry.port)
        name = "\(proxy.host)/big:v1"
    }

    private static let total = BigImage.layers * BigImage.layerBytes

    /// The store has nothing but what is whole, and nothing of what was begun.
    private func expectWhole(_ host: Host, images: Int) throws {
        #expect(try host.check("image", "verify").error.isEmpty)
        #expect(try host.check("images", "-q").lines.count == images)
    }

    @Test(arguments: [FaultProxy.Fault.reset, .end])
    func aConnectionThatBreaksIsTakenUpAgain(fault: FaultProxy.Fault) throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(faults: [(3_000_000, fault), (9_000_000, fault), (15_000_000, fault)]))
        try host.check("pull", "-q", name)
        try expectWhole(host, images: 1)
        // What had come did not come again; with a reset what was on its way is lost.
        if case .end = fault { #expect(proxy.passed < Self.total * 5 / 4, "\(proxy.passed)") }
        proxy.close()
    }

    /// As one is that makes room for its successor.
    @Test func aRegistryThatIsAwayForAMomentIsWaitedFor() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(faults: [(8_000_000, .leave(milliseconds: 2000))]))
        try host.check("pull", "-q", name)
        try expectWhole(host, images: 1)
        #expect(proxy.passed < Self.total * 5 / 4, "\(proxy.passed)")
        proxy.close()
    }

    @Test func aWrongByteIsFoundAndNothingStays() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(faults: [(10_000_000, .flip)]))
        let message = try host.checkFails(1, "pull", "-q", name)
        #expect(message.contains("digest") || message.contains("corrupt"), "\(message)")
        try expectWhole(host, images: 0)
        // The layers that were right are there; the wrong one is fetched anew.
        proxy.change(.init())
        try host.check("pull", "-q", name)
        try expectWhole(host, images: 1)
        proxy.close()
    }

    @Test func aPullThatWasKilledGoesOn() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(speed: 6_000_000))
        let first = try host.start(["pull", "-q", name])
        while proxy.passed < Self.total / 2 { usleep(10_000) }
        kill(first.pid, SIGKILL)
        _ = try first.finish()
        let had = proxy.passed
        #expect(try host.check("images", "-q").output.isEmpty)
        proxy.change(.init())
        try host.check("pull", "-q", name)
        #expect(proxy.passed < Self.total - had / 2, "\(proxy.passed) after \(had)")
        try expectWhole(host, images: 1)
        proxy.close()
    }

    @Test func whatAKilledPullLeftIsNotBelieved() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(speed: 6_000_000))
        let first = try host.start(["pull", "-q", name])
        while proxy.passed < Self.total / 2 { usleep(10_000) }
        kill(first.pid, SIGKILL)
        _ = try first.finish()
        let folder = host.root + "/images/partial"
        let files = try folderNames(folder)
        #expect(!files.isEmpty)
        for file in files {
            let descriptor = try FileDescriptor.open(folder + "/" + file, O_WRONLY)
            try descriptor.writeAll("these are not the bytes")
        }
        proxy.change(.init())
        try host.check("pull", "-q", name)
        try expectWhole(host, images: 1)
        #expect(try folderNames(folder).isEmpty)
        proxy.close()
    }

    @Test func theSameLayersInTwoPullsComeOnce() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(speed: 12_000_000))
        let pulls = try (0..<3).map { _ in try host.start(["pull", "-q", name]) }
        for pull in pulls {
            let result = try pull.finish()
            #expect(result.code == 0, "\(result.error)")
        }
        #expect(proxy.passed < Self.total * 5 / 4, "\(proxy.passed) of \(Self.total)")
        try expectWhole(host, images: 1)
        proxy.close()
    }

    /// However long it takes: who does not wait takes the room of all layers a second time.
    @Test func aSlowPullIsWaitedFor() throws {
        defer { withExtendedLifetime(self) {} }
        // The last layer begins after nine seconds.
        proxy.change(.init(speed: 700_000))
        let pulls = try (0..<2).map { _ in try host.start(["pull", "-q", name]) }
        let deadline = monotonicMilliseconds() + 60_000
        var seen: Set<String> = []
        while proxy.passed < Self.total * 9 / 10, monotonicMilliseconds() < deadline {
            seen.formUnion(unpacking())
            usleep(200_000)
        }
        #expect(seen.count == 1)
        for pull in pulls {
            let result = try pull.finish()
            #expect(result.code == 0, "\(result.error)")
        }
        try expectWhole(host, images: 1)
        proxy.close()
    }

    /// The folders of those who unpack layers.
    private func unpacking() -> Set<String> {
        let ingest = host.root + "/images/ingest"
        let folders = (try? folderNames(ingest)) ?? []
        return Set(
            folders.filter { folder in
                let names = (try? folderNames(ingest + "/" + folder)) ?? []
                return names.contains { $0.hasPrefix("snapshot-") }
            })
    }

    /// A pull that a system call keeps waiting (strace(1)), as a disk may that has much to write, or none any more for a
    /// while.
    /// - Parameters:
    ///   - call: its name.
    ///   - which: of the calls of that name, from 1.
    ///   - file: only calls with this one count.
    private func startSlow(_ call: String, _ which: Int, seconds: Int, file: String? = nil) throws -> Program
    {
        try Program(
            "/usr/bin/strace",
            (file.map { ["-P", $0] } ?? []) + [
                "-D", "-f", "-qq", "-e", "signal=none", "-o", trace, "-e", "trace=\(call)", "-e",
                "inject=\(call):delay_enter=\(seconds)000000:when=\(which)",
                try Host.builtProgram("swiftlet"), "pull", "-q", name,
            ], environment: host.environment)
    }

    private var trace: String { host.folder + "/trace" }

    /// Calls so far of the slow pull.
    private func calls(_ name: String) -> Int {
        let text = (try? FileDescriptor.readFile(trace)) ?? []
        return String(decoding: text, as: UTF8.self).split(separator: "\(name)(").count - 1
    }

    private func wait(for what: String, until isReached: () throws -> Bool) throws {
        let deadline = monotonicMilliseconds() + 60_000
        while try !isReached() {
            try #require(monotonicMilliseconds() < deadline, "\(what) does not come")
            usleep(20_000)
        }
    }

    /// A pull that has unpacked everything, and which a system call keeps waiting; and one that waits for it.
    private func pullsAtTheDisk(_ call: String, _ which: Int, seconds: Int) throws -> (
        slow: Program, other: Program
    ) {
        proxy.change(.init(speed: 1_000_000))
        let slow = try startSlow(call, which, seconds: seconds)
        try wait(for: "unpacking") { unpacking().count == 1 }
        let other = try host.start(["pull", "-q", name])
        // It has recorded what it is about: who keeps the disk waiting may keep the records, too.
        try wait(for: "waiting") { try folderNames(host.root + "/images/ingest").count == 2 }
        proxy.change(.init())
        try wait(for: call) { calls(call) >= which }
        return (slow, other)
    }

    /// Also while files are in their places already, and the record of them is not on the disk yet: the other one has no
    /// business with the records meanwhile, which are locked for longer than anybody waits for them.
    @Test(arguments: [("syncfs", 1, 20), ("fsync", 2, 45)])
    func aPullThatWaitsForTheDiskIsWaitedFor(call: String, which: Int, seconds: Int) throws {
        defer { withExtendedLifetime(self) {} }
        let (slow, other) = try pullsAtTheDisk(call, which, seconds: seconds)
        // One that does nothing for ten seconds is not waited for.
        try expectOneUnpacks(of: [slow, other], milliseconds: 16_000)
        try expectWhole(host, images: 1)
        proxy.close()
    }

    /// So long only one of them unpacks; all end well.
    private func expectOneUnpacks(of pulls: [Program], milliseconds: Int) throws {
        let end = monotonicMilliseconds() + milliseconds
        var seen: Set<String> = []
        while monotonicMilliseconds() < end {
            seen.formUnion(unpacking())
            usleep(200_000)
        }
        #expect(seen.count == 1)
        for pull in pulls {
            let result = try pull.finish(seconds: 120)
            #expect(result.code == 0, "\(result.error)")
        }
    }

    /// Stops a pull, without which another one does; it ends well, too, when it goes on.
    private func expectNobodyHeldUp(by pull: Program, _ other: () throws -> Program) throws {
        kill(pull.pid, SIGSTOP)
        let result = try other().finish(seconds: 120)
        #expect(result.code == 0, "\(result.error)")
        kill(pull.pid, SIGCONT)
        let late = try pull.finish()
        #expect(late.code == 0, "\(late.error)")
        try expectWhole(host, images: 1)
    }

    @Test func aPullThatIsStoppedAtTheDiskHoldsNobodyUp() throws {
        defer { withExtendedLifetime(self) {} }
        let (slow, other) = try pullsAtTheDisk("syncfs", 1, seconds: 30)
        try expectNobodyHeldUp(by: slow) { other }
        proxy.close()
    }

    /// Somebody has removed one blob, and cut off another.
    @Test func whatIsGoneFromTheStoreIsFetchedAgain() throws {
        defer { withExtendedLifetime(self) {} }
        try host.check("pull", "-q", name)
        let layers = try LocalRegistry.run(
            "/usr/bin/skopeo", "inspect", "--tls-verify=false", "--format",
            "{{index .Layers 0}} {{index .Layers 1}}", "docker://\(registry.host)/big:v1"
        ).split(separator: "\n").last.map {
            $0.split(separator: " ").map { $0.replacing("sha256:", with: "") }
        }
        let files = try #require(layers).map { host.root + "/images/blobs/sha256/" + $0 }
        #expect(unlink(files[0]) == 0 && truncate(files[1], 1000) == 0)
        try host.checkFails(1, "image", "verify")
        try host.check("pull", "-q", name)
        try expectWhole(host, images: 1)
        proxy.close()
    }

    /// A pull that the disk keeps waiting in the middle of its second layer's download, and that layer.
    private func pullInAWrite(seconds: Int) throws -> (slow: Program, layer: String) {
        let layer = try LocalRegistry.run(
            "/usr/bin/skopeo", "inspect", "--tls-verify=false", "--format", "{{index .Layers 1}}",
            "docker://\(registry.host)/big:v1"
        ).split(separator: "\n").last.map { String($0) }
        let digest = try #require(layer)
        proxy.change(.init())
        let file = host.root + "/images/partial/" + digest.replacing(":", with: "-")
        let slow = try startSlow("pwrite64", 5, seconds: seconds, file: file)
        try wait(for: "a write") { calls("pwrite64") >= 5 }
        return (slow, digest)
    }

    /// As on a disk that hangs, or a frozen file system. Without a sign of life the other one would fetch the layer for
    /// itself after twice ten seconds: ten for the layer below, which is there and not recorded, and ten for this one.
    @Test func aDownloadThatWaitsForTheDiskIsWaitedFor() throws {
        defer { withExtendedLifetime(self) {} }
        let (slow, layer) = try pullInAWrite(seconds: 40)
        let other = try host.start(["pull", "-q", name])
        try expectOneUnpacks(of: [slow, other], milliseconds: 26_000)
        #expect(proxy.requests.count { $0 == "GET /v2/big/blobs/\(layer)" } == 1, "\(proxy.requests)")
        try expectWhole(host, images: 1)
        proxy.close()
    }

    @Test func aDownloadThatIsStoppedAtTheDiskHoldsNobodyUp() throws {
        defer { withExtendedLifetime(self) {} }
        let (slow, _) = try pullInAWrite(seconds: 30)
        try expectNobodyHeldUp(by: slow) { try host.start(["pull", "-q", name]) }
        proxy.close()
    }

    /// It lives on, and has its locks, until the disk lets it die.
    @Test func aDownloadThatIsKilledAtTheDiskHoldsNobodyUp() throws {
        defer { withExtendedLifetime(self) {} }
        let (slow, _) = try pullInAWrite(seconds: 30)
        let other = try host.start(["pull", "-q", name])
        try wait(for: "waiting") { try folderNames(host.root + "/images/ingest").count == 2 }
        kill(slow.pid, SIGKILL)
        let result = try other.finish(seconds: 120)
        #expect(result.code == 0, "\(result.error)")
        #expect(try slow.finish().code == 128 + SIGKILL)
        try expectWhole(host, images: 1)
        proxy.close()
    }

    /// Nothing is fetched for a store that cannot tell what it has.
    @Test func aDamagedStoreIsNotOneThatKnowsNothing() throws {
        defer { withExtendedLifetime(self) {} }
        try host.check("pull", "-q", name)
        let script = """
            import sqlite3
            path = "\(host.root)/images/metadata.db"
            records = sqlite3.connect(path)
            records.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            page, = records.execute("SELECT rootpage FROM sqlite_master WHERE name = 'name'").fetchone()
            size, = records.execute("PRAGMA page_size").fetchone()
            records.close()
            with open(path, "r+b") as file:
                file.seek((page - 1) * size)
                file.write(bytes([255] * size))
            """
        try LocalRegistry.run("/usr/bin/python3", "-c", script)
        proxy.change(.init())
        let message = try host.checkFails(1, "pull", "-q", name)
        #expect(message.contains("/images/metadata.db is damaged: "), "\(message)")
        #expect(proxy.requests.isEmpty)
        proxy.close()
    }

    @Test func aPullThatIsStoppedHoldsNobodyUp() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(speed: 6_000_000))
        let pull = try host.start(["pull", "-q", name])
        while proxy.passed < Self.total / 4 { usleep(10_000) }
        try expectNobodyHeldUp(by: pull) {
            proxy.change(.init())
            return try host.start(["pull", "-q", name])
        }
        proxy.close()
    }

    @Test func aFullDisk() throws {
        defer { withExtendedLifetime(self) {} }
        let disk = host.root + "-disk"
        for folder in [host.root, disk] where mkdir(folder, 0o755) != 0 { throw KernelError("mkdir", folder) }
        try LocalRegistry.run("/bin/mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", disk)
        defer { _ = try? LocalRegistry.run("/bin/umount", disk) }
        proxy.change(.init())
        let words = ["--root", disk + "/lib"]
        let result = try host.run(words + ["pull", "-q", name])
        #expect(result.code == 1 && result.error.contains("no space left on device"), "\(result.error)")
        #expect(result.error.split(separator: "\n").count == 1)
        #expect(try host.run(words + ["image", "verify", "-q"]).code == 0)
        #expect(try host.run(words + ["images", "-q"]).output.isEmpty)
        #expect(try folderNames(disk + "/lib/images/partial").isEmpty)
        // With room it works.
        try LocalRegistry.run("/bin/mount", "-o", "remount,size=200m", disk)
        #expect(try host.run(words + ["pull", "-q", name]).code == 0)
        #expect(try host.run(words + ["image", "verify", "-q"]).code == 0)
        proxy.close()
    }

    /// The long form of the campaign runs with `make soak`.
    private static let kills = getenv("SWIFTLET_SOAK") == nil ? 8 : 100

    @Test func killsAtRandomMoments() throws {
        defer { withExtendedLifetime(self) {} }
        var random = SystemRandomNumberGenerator()
        var finished = 0
        for round in 0..<Self.kills {
            proxy.change(.init(speed: 40_000_000))
            let pull = try host.start(["pull", "-q", name])
            usleep(useconds_t.random(in: 0..<1_000_000, using: &random))
            kill(pull.pid, SIGKILL)
            if try pull.finish().code == 0 { finished += 1 }
            let images = try host.check("images", "-q").lines.count
            #expect(images <= 1)
            let verify = try host.run(["image", "verify", "-q"])
            #expect(verify.code == 0, "round \(round): \(verify.output)\(verify.error)")
            if images == 1 { try host.check("rmi", "-f", name) }
        }
        proxy.change(.init())
        try host.check("pull", "-q", name)
        try expectWhole(host, images: 1)
        try host.check("rmi", name)
        #expect(try folderNames(host.root + "/images/ingest").isEmpty)
        #expect(try folderNames(host.root + "/images/snapshots").isEmpty)
        #expect(try folderNames(host.root + "/images/blobs/sha256").isEmpty)
        proxy.close()
    }
}
