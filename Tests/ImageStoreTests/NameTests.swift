import Foundation
import ImageStore
import LinuxKernel
import OCISpec
import Testing

/// Finding, naming and removing images.
@Suite struct NameTests {
    private func loaded(_ names: String...) throws -> (TemporaryStore, ImageStore) {
        let temporary = try TemporaryStore()
        let store = try temporary.open()
        for name in names { _ = try store.load(.path(Fixtures.archive(name))) }
        return (temporary, store)
    }

    private func use(_ image: ImageRecord, running: Bool) -> ContainerUse {
        ContainerUse(container: "web", image: image.id, topChain: image.topChain, isRunning: running)
    }

    @Test func findsByNameAndIdentifier() throws {
        let (temporary, store) = try loaded("busybox")
        defer { temporary.remove() }
        let image = try store.resolve("busybox")
        let texts = [
            "busybox:latest", "docker.io/library/busybox", "\(image.id)", image.id.hex, image.id.short,
            String(image.id.hex.prefix(4)), "busybox@\(image.manifest)",
            String(image.manifest.hex.prefix(10)),
        ]
        for text in texts { #expect(try store.resolve(text) == image, "\(text)") }
    }

    /// Found by a search in another registry than the default one.
    @Test func aShortNameMeansWhatWasFound() throws {
        let (temporary, store) = try loaded("busybox")
        defer { temporary.remove() }
        let image = try store.resolve("busybox")
        try store.tag("busybox", as: "local.example/team/app:v1")
        let found = try ImageReference("local.example/team/app:v1")
        #expect(message { try store.resolve("team/app:v1") } != nil)
        try store.rememberShortName("team/app:v1", means: found)
        for text in ["team/app:v1", "team/app@\(image.manifest)"] {
            #expect(try store.resolve(text).id == image.id, "\(text)")
        }
        #expect(try store.fullName(of: "team/app:v1") == "local.example/team/app:v1")
        #expect(try store.fullName(of: "other.example/team/app:v1") == "other.example/team/app:v1")
        // Other tags, and other repositories, are what they are.
        #expect(message { try store.resolve("team/app:v2") } != nil)
        #expect(message { try store.resolve("app:v1") } != nil)
        // One of that name from the default registry is asked for when the other is gone.
        try store.tag("busybox", as: "docker.io/team/app:v1")
        #expect(try store.remove("team/app:v1") == [.untagged("local.example/team/app:v1")])
        #expect(try store.fullName(of: "team/app:v1") == "team/app:v1")
        #expect(try store.resolve("team/app:v1").id == image.id)
        // And when that is what the newest search has found.
        try store.tag("busybox", as: "local.example/team/app:v1")
        try store.rememberShortName("team/app", means: try ImageReference("team/app:v1"))
        #expect(try store.fullName(of: "team/app:v1") == "team/app:v1")
    }

    @Test(arguments: [
        "nothing", "busybox:other", "busybox@sha256:" + String(repeating: "0", count: 64), "0000", "busy",
    ])
    func saysWhatIsNotThere(_ text: String) throws {
        let (temporary, store) = try loaded("busybox")
        defer { temporary.remove() }
        #expect(message { try store.resolve(text) } == "no such image: \(text)")
    }

    @Test func refusesAmbiguousPrefixes() throws {
        let (temporary, store) = try loaded("users")
        defer { temporary.remove() }
        // Sixteen images: two of them begin with the same digit, or there are sixteen different ones.
        let images = try store.images()
        let digits = Dictionary(grouping: images) { $0.id.hex.prefix(1) }
        let ambiguous = try #require(digits.first { $0.value.count > 1 }?.key)
        #expect(message { try store.resolve(String(ambiguous)) }?.contains("give more digits") == true)
    }

    @Test func namesMove() throws {
        let (temporary, store) = try loaded("busybox", "layers")
        defer { temporary.remove() }
        try store.tag("busybox", as: "test/app:v1")
        #expect(try store.resolve("test/app:v1").id == store.resolve("busybox").id)
        #expect(try store.resolve("busybox").names.map(\.familiar) == ["busybox:latest", "test/app:v1"])
        try store.tag("test/layers", as: "test/app:v1")
        #expect(try store.resolve("test/app:v1").id == store.resolve("test/layers").id)
        #expect(
            message { try store.tag("busybox", as: "x@\(Self.digest)") }?.contains("with a digest") == true)
    }

    private static let digest = "sha256:" + String(repeating: "0", count: 64)

    @Test func theLastNameTakesTheImageAlong() throws {
        let (temporary, store) = try loaded("busybox", "layers")
        defer { temporary.remove() }
        try store.tag("busybox", as: "other")
        let id = try store.resolve("busybox").id
        #expect(try store.remove("busybox") == [.untagged("busybox:latest")])
        #expect(try store.remove("other") == [.untagged("other:latest"), .deleted(id)])
        // The layer of busybox is also the other image's lowest.
        #expect(try store.rootFilesystem(of: store.resolve("test/layers")).lowerDirectories.count == 7)
        #expect(try store.verify() == [])
        _ = try store.remove("test/layers")
        #expect(try store.diskUsage() == DiskUsage(images: 0, content: 0, snapshots: 0))
        #expect(temporary.leftovers == [])
    }

    @Test func anIdentifierMeansAllNames() throws {
        let (temporary, store) = try loaded("busybox")
        defer { temporary.remove() }
        try store.tag("busybox", as: "other")
        let id = try store.resolve("busybox").id
        #expect(message { try store.remove(id.short) }?.contains("several names") == true)
        let events = try store.remove(id.short, force: true)
        #expect(events == [.untagged("busybox:latest"), .untagged("other:latest"), .deleted(id)])
        #expect(events.map(\.description).last == "Deleted: \(id)")
    }

    @Test func aContainerKeepsItsImage() throws {
        let (temporary, store) = try loaded("busybox")
        defer { temporary.remove() }
        let image = try store.resolve("busybox")
        let running = message { try store.remove("busybox", force: true, inUse: [use(image, running: true)]) }
        #expect(running == "image busybox:latest is used by the running container web")
        let stopped = message { try store.remove("busybox", inUse: [use(image, running: false)]) }
        #expect(stopped?.contains("stopped container web") == true)
        // A name more or less does not matter to the container.
        try store.tag("busybox", as: "other")
        #expect(try store.remove("other", inUse: [use(image, running: true)]) == [.untagged("other:latest")])
    }

    @Test func forceLeavesTheContainerItsLayers() throws {
        let (temporary, store) = try loaded("layers")
        defer { temporary.remove() }
        let image = try store.resolve("test/layers")
        _ = try store.remove("test/layers", force: true, inUse: [use(image, running: false)])
        #expect(try store.images() == [])
        let rootfs = try store.rootFilesystem(chain: image.topChain)
        #expect(rootfs.lowerDirectories.count == 7)
        #expect(rootfs.lowerDirectories.allSatisfy { FileManager.default.fileExists(atPath: $0) })
        // Once the container is gone the layers go with the next removal.
        _ = try store.prune()
        #expect(try store.diskUsage().snapshots == 0)
    }

    @Test func pruneTakesWhatHasNoName() throws {
        let (temporary, store) = try loaded("busybox", "layers", "config")
        defer { temporary.remove() }
        try store.tag("test/config", as: "busybox")
        let dangling = try #require(try store.images().first(where: \.isDangling))
        let result = try store.prune()
        #expect(result.events == [.deleted(dangling.id)])
        #expect(try store.images().count == 2)
        let config = try store.resolve("test/config")
        let all = try store.prune(all: true, inUse: [use(config, running: false)])
        #expect(all.events.first == .untagged("test/layers:latest"))
        #expect(all.reclaimed > 0)
        #expect(try store.images().map(\.id) == [config.id])
        #expect(try store.verify() == [])
    }

    /// What `system df` calls reclaimable: whoever wants the room now need not wait for a full disk or for a day.
    @Test func interruptedDownloadsArePruned() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let left = "\(temporary.root)/partial/sha256-\(String(repeating: "a", count: 64))"
        let active = "\(temporary.root)/partial/sha256-\(String(repeating: "b", count: 64))"
        for path in [left, active] { try Data(count: 100_000).write(to: URL(fileURLWithPath: path)) }
        // As a pull that is stopped in the middle has it.
        let used = try FileDescriptor.open(active, O_RDWR)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        try #require(fcntl(used.raw, Self.lockOfOpenFile, &lock) == 0)
        #expect(try store.prune(all: true).reclaimed == 0)
        #expect(access(left, F_OK) == 0)
        #expect(try store.prune(all: true, downloads: true).reclaimed >= 100_000)
        #expect(access(left, F_OK) != 0 && access(active, F_OK) == 0)
        lock.l_type = Int16(F_UNLCK)
        try #require(fcntl(used.raw, Self.lockOfOpenFile, &lock) == 0)
        #expect(try store.prune(all: true, downloads: true).reclaimed >= 100_000)
        #expect(access(active, F_OK) != 0)
    }

    /// F_OFD_SETLK of fcntl(2).
    private static let lockOfOpenFile: Int32 = 37

    @Test func aHeldImageKeepsItsLayers() throws {
        let (temporary, store) = try loaded("layers")
        defer { temporary.remove() }
        let image = try HeldImage.find("test/layers", root: temporary.root)
        let folders = image.rootFilesystem.lowerDirectories
        #expect(folders.count == 7)
        let chain = image.rootFilesystem.topChain
        _ = try store.remove("test/layers")
        #expect(try store.rootFilesystem(chain: chain).lowerDirectories == folders)
        image.end()
        _ = try store.prune()
        #expect(try store.diskUsage().snapshots == 0)
        #expect(
            message { _ = try HeldImage.find("test/layers", root: temporary.root) }?.contains("no such image")
                == true)
    }

    @Test func answersAreRememberedUntilAChange() throws {
        let (temporary, store) = try loaded("layers", "config")
        defer { temporary.remove() }
        let answers = temporary.root + "/answers"
        func id(_ text: String) throws -> Digest { try HeldImage.find(text, root: temporary.root).id }
        let (layers, config) = (try store.resolve("test/layers").id, try store.resolve("test/config").id)
        #expect(Fixtures.names(in: answers) == [])
        #expect(try id("test/layers") == layers)
        #expect(Fixtures.names(in: answers) == ["=test%layers"])
        // The answer is what counts: without a database it is still given.
        try FileManager.default.moveItem(
            atPath: temporary.root + "/metadata.db", toPath: temporary.root + "/aside")
        #expect(try id("test/layers") == layers)
        try FileManager.default.moveItem(
            atPath: temporary.root + "/aside", toPath: temporary.root + "/metadata.db")
        try store.tag("test/config", as: "test/layers")
        #expect(Fixtures.names(in: answers) == [])
        #expect(try id("test/layers") == config)
        // Of another boot, or damaged: looked up anew.
        let file = answers + "/=test%layers"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let wrong = text.replacingOccurrences(of: config.description, with: layers.description)
        for damaged in [
            wrong.replacingOccurrences(of: try BootID.current(), with: "another"), "{\"question", "",
        ] {
            try damaged.write(toFile: file, atomically: false, encoding: .utf8)
            #expect(try id("test/layers") == config)
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        }
    }

    /// Between a lookup and what follows somebody may remove the image, which is no damage.
    @Test func anImageThatIsRemovedMeanwhileIsNone() throws {
        let (temporary, store) = try loaded("config")
        defer { temporary.remove() }
        let image = try store.resolve("test/config")
        var json = JSONWriter()
        let file = temporary.root + "/blobs/sha256/\(image.id.hex)"
        try FileManager.default.moveItem(atPath: file, toPath: temporary.root + "/aside")
        let damage = message { try store.configuration(image) }
        #expect(damage?.contains("is recorded in the image store, but") == true, "\(damage ?? "")")
        try FileManager.default.moveItem(atPath: temporary.root + "/aside", toPath: file)
        _ = try store.remove("test/config")
        let messages = [
            message { try store.inspect(image, into: &json) }, message { try store.configuration(image) },
            message { try store.manifest(image) }, message { try store.history(image) },
            message { try store.rootFilesystem(of: image) },
        ]
        #expect(messages == Array(repeating: "no such image: test/config:latest", count: 5))
    }

    @Test func inspectionAndHistory() throws {
        let (temporary, store) = try loaded("config")
        defer { temporary.remove() }
        var json = JSONWriter()
        try store.inspect(try store.resolve("test/config"), into: &json)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
        #expect(object["RepoTags"] as? [String] == ["test/config:latest"])
        #expect((object["Config"] as? [String: Any])?["User"] as? String == "1000:100")
        #expect(
            (object["Config"] as? [String: Any])?["ArgsEscaped"] as? Bool == true,
            "members that we do not know stay")
        #expect((object["RootFS"] as? [String: Any])?["Layers"] as? [String] != nil)
        let history = try store.history(try store.resolve("test/config"))
        #expect(history.first?.id == (try store.resolve("test/config")).id)
        #expect(history.map(\.size).reduce(0, +) == (try store.resolve("test/config")).size)
    }
}
