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
        let ingest = host.root + "/images/ingest"
        let deadline = monotonicMilliseconds() + 60_000
        var unpacking: Set<String> = []
        while proxy.passed < Self.total * 9 / 10, monotonicMilliseconds() < deadline {
            for folder in (try? folderNames(ingest)) ?? [] {
                let names = (try? folderNames(ingest + "/" + folder)) ?? []
                if names.contains(where: { $0.hasPrefix("snapshot-") }) { unpacking.insert(folder) }
            }
            usleep(200_000)
        }
        #expect(unpacking.count == 1)
        for pull in pulls {
            let result = try pull.finish()
            #expect(result.code == 0, "\(result.error)")
        }
        try expectWhole(host, images: 1)
        proxy.close()
    }

    @Test func aPullThatIsStoppedHoldsNobodyUp() throws {
        defer { withExtendedLifetime(self) {} }
        proxy.change(.init(speed: 6_000_000))
        let stopped = try host.start(["pull", "-q", name])
        while proxy.passed < Self.total / 4 { usleep(10_000) }
        kill(stopped.pid, SIGSTOP)
        proxy.change(.init())
        let other = try host.start(["pull", "-q", name])
        let result = try other.finish(seconds: 120)
        #expect(result.code == 0, "\(result.error)")
        kill(stopped.pid, SIGCONT)
        let late = try stopped.finish()
        #expect(late.code == 0, "\(late.error)")
        try expectWhole(host, images: 1)
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
