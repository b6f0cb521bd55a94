import Foundation
import GRDB
import ImageStore
import LinuxKernel
import OCISpec
import Synchronization
import Testing

/// What goes by itself, and what stays.
@Suite struct CollectionTests {
    /// An image with a layer of its own of about `bytes`, on a layer that all of them share.
    private func image(_ name: String, bytes: Int, in temporary: TemporaryStore) throws -> ImageRecord {
        let base = ImageBuilder.tar { $0.file("base", String(repeating: "b", count: 100_000)) }
        let own = ImageBuilder.tar {
            $0.entry(name, content: [UInt8](repeating: UInt8(name.utf8.first!), count: bytes))
        }
        return try ImageBuilder.load([base, own], in: temporary, name: "test/\(name):latest")
    }

    /// Makes an image look as if it was used so many seconds ago.
    private func age(_ image: ImageRecord, seconds: Int, in temporary: TemporaryStore) {
        let time = timeval(tv_sec: Glibc.time(nil) - seconds, tv_usec: 0)
        #expect(utimes(temporary.root + "/blobs/sha256/\(image.id.hex)", [time, time]) == 0)
    }

    private func names(_ store: ImageStore) throws -> [String] {
        try store.images().flatMap { $0.names.map(\.familiar) }.sorted()
    }

    private func nobody() -> [ContainerUse] { [] }

    // MARK: Who needs an image

    @Test func whatIsHeldStays() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        _ = try store.load(.path(Fixtures.archive("busybox")))
        // The first lookup asks the database, the second one the file.
        for _ in 0..<2 {
            let held = try HeldImage.find("busybox", root: temporary.root)
            #expect(try store.prune(all: true).events.isEmpty)
            #expect(
                try store.collectImages(.init(high: 1, low: 0, minimumAge: -1), inUse: nobody).removed.events
                    == [])
            held.end()
        }
        #expect(try store.prune(all: true).events.count == 2)
        #expect(temporary.leftovers == [])
    }

    /// Containers are asked for when no lookup can be under way, or one that came into being would be missed.
    @Test func containersAreListedWhileNobodyCanHoldAnImage() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let image = try store.load(.path(Fixtures.archive("busybox")))[0].image
        let isHeld = Atomic(false)
        func containers() -> [ContainerUse] {
            Thread.detachNewThread { [root = temporary.root] in
                let held = try? HeldImage.find("busybox", root: root)
                isHeld.store(held != nil, ordering: .releasing)
            }
            usleep(200_000)
            let isEarly = isHeld.load(ordering: .acquiring)
            #expect(!isEarly, "it waits until we have decided")
            return [ContainerUse(container: "c", image: image.id, topChain: image.topChain, isRunning: false)]
        }
        #expect(try store.prune(all: true, inUse: containers()).events.isEmpty)
        for _ in 0..<500 where !isHeld.load(ordering: .acquiring) { usleep(10_000) }
        let isHeldNow = isHeld.load(ordering: .acquiring)
        #expect(isHeldNow)
    }

    /// Of a container whose record is damaged only its layers are known: every image of these may be its own.
    @Test func layersThatSomebodyStandsOnKeepTheirImages() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let kept = try image("a", bytes: 10_000, in: temporary)
        for name in ["b", "c"] { _ = try image(name, bytes: 10_000, in: temporary) }
        let held = try HeldImage.find("test/a", root: temporary.root)
        // Others' folders lie above the image's and below.
        let layers = ["/elsewhere/top"] + held.rootFilesystem.lowerDirectories + ["/elsewhere/7"]
        held.end()
        let container = ContainerUse(container: "damaged", layers: layers, isRunning: true)
        let error = #expect(throws: ImageError.self) {
            _ = try store.remove("test/a", force: true, inUse: [container])
        }
        #expect(error?.kind == .inUse && error?.description.contains("damaged") == true)
        #expect(try store.remove("test/b", inUse: [container]).contains(.untagged("test/b:latest")))
        let usage = try store.usage(containers: [container])
        #expect(usage.images.map(\.containers).sorted() == [0, 1])
        #expect(try !store.prune(all: true, inUse: [container]).events.isEmpty)
        #expect(try names(store) == ["test/a:latest"])
        #expect(try store.verify() == [])
        // A container without any layer of the store keeps none.
        let other = ContainerUse(container: "other", layers: ["/elsewhere/snapshots/x"], isRunning: true)
        #expect(try store.prune(all: true, inUse: [other]).events.contains(.deleted(kept.id)))
    }

    /// A layer that an import has found goes with no image, until the import is done.
    @Test func whatAnImportFoundStays() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        _ = try image("first", bytes: 1000, in: temporary)
        let base = ImageBuilder.tar { $0.file("base", String(repeating: "b", count: 100_000)) }
        let own = ImageBuilder.tar { $0.file("second") }
        let layout = temporary.folder + "/second"
        try ImageBuilder.write([base, own], to: layout, name: "test/second:latest")
        let removals = Atomic(0)
        let loaded = try store.load(.path(layout)) { [root = temporary.root] report in
            guard case .layer(_, .exists, _, _) = report else { return }
            _ = try? ImageStore(root: root).remove("test/first")
            removals.add(1, ordering: .relaxed)
        }
        let count = removals.load(ordering: .relaxed)
        #expect(count == 1, "the shared layer was there")
        #expect(try names(store) == ["test/second:latest"])
        #expect(try store.verify() == [])
        let rootfs = try store.rootFilesystem(of: loaded[0].image)
        #expect(rootfs.lowerDirectories.allSatisfy { access($0, F_OK) == 0 })
        _ = try store.remove("test/second")
        #expect(temporary.leftovers == [])
    }

    @Test func pinnedImagesStay() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let (kept, other) = (
            try image("kept", bytes: 10, in: temporary), try image("other", bytes: 10, in: temporary)
        )
        try store.tag("test/kept", as: "test/alias")
        try store.setPinned("test/kept", true)
        #expect(try store.resolve("test/alias").isPinned)
        let all = CollectionPolicy(high: 1, low: 0, minimumAge: -1, maximumAge: -1)
        #expect(try store.collectImages(all, inUse: nobody).removed.events.contains(.deleted(other.id)))
        #expect(try store.prune(all: true).events.isEmpty)
        #expect(message { try store.remove("test/kept") }?.contains("is pinned: unpin it first") == true)
        #expect(try store.remove("test/alias") == [.untagged("test/alias:latest")])
        // A newer image of that name is pinned by it, and the old one is not any more.
        let newer = try image("newer", bytes: 10, in: temporary)
        try store.tag("test/newer", as: "test/kept")
        #expect(try store.prune(all: true).events == [.deleted(kept.id)])
        #expect(try names(store) == ["test/kept:latest", "test/newer:latest"])
        try store.setPinned(newer.id.hex, false)
        #expect(try store.prune(all: true).events.count == 3)
        #expect(message { try store.setPinned("test/kept", true) }?.contains("no such image") == true)
        #expect(temporary.leftovers == [])
    }

    /// One configuration, of which two manifests are there: one id.
    @Test func anIdMeansAllThatHaveIt() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        func load() throws -> Digest {
            var layer = ImageBuilder.tar { $0.file("file", "same") }
            let first = try ImageBuilder.load([layer], in: temporary, name: "test/one:latest")
            layer.packed = try StreamTests.compressed(layer.archive, by: "gzip")
            let second = try ImageBuilder.load([layer], in: temporary, name: "test/two:latest")
            try #require(second.id == first.id && second.manifest != first.manifest)
            return first.id
        }
        let id = try load()
        #expect(message { try store.remove(id.hex) }?.contains("several names") == true)
        #expect(try store.images().count == 2)
        // By a name that one goes, and the image is still there by the other.
        #expect(try store.remove("test/two") == [.untagged("test/two:latest")])
        #expect(try store.resolve(id.hex).names.map(\.familiar) == ["test/one:latest"])
        _ = try load()
        #expect(
            try store.remove(id.short, force: true).filter { $0 == .deleted(id) }.count == 1)
        #expect(try store.images().isEmpty)
        _ = try load()
        #expect(try store.prune(all: true).events.filter { $0 == .deleted(id) }.count == 1)
        #expect(try store.images().isEmpty)
        #expect(temporary.leftovers == [])
    }

    @Test func whatTheNodePinsStays() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        for name in ["named", "os-one", "os-two", "free"] { _ = try image(name, bytes: 10, in: temporary) }
        try store.setPinnedImages(["test/named", "docker.io/test/os-*"])
        // It is in the store, and not in whoever has said it.
        let other = try temporary.open()
        let all = CollectionPolicy(high: 1, low: 0, minimumAge: -1, maximumAge: -1)
        #expect(try other.collectImages(all, inUse: nobody).removed.events.count == 2)
        #expect(try other.prune(all: true).events.isEmpty)
        #expect(
            try names(other) == ["test/named:latest", "test/os-one:latest", "test/os-two:latest"])
        #expect(message { try other.remove("test/named") }?.contains("pinned_images") == true)
        // A name beside that is nobody's pin.
        try other.tag("test/named", as: "test/alias")
        #expect(try other.remove("test/alias") == [.untagged("test/alias:latest")])
        #expect(try other.remove("test/os-two", force: true).count == 2)
        try store.setPinnedImages(["test/named"])
        #expect(try other.prune(all: true).events.contains(.untagged("test/os-one:latest")))
        #expect(try names(other) == ["test/named:latest"])
        try store.setPinnedImages([])
        #expect(try other.prune(all: true).events.count == 2)
        #expect(temporary.leftovers == [])
    }

    // MARK: Disk pressure and age

    /// A disk that has nothing but the store's content on it.
    private func disk(_ store: ImageStore, capacity: Int64) -> () throws -> DiskSpace {
        { DiskSpace(capacity: capacity, available: capacity - (try store.diskUsage().total)) }
    }

    @Test func theLeastRecentlyUsedGoUntilTheLowMark() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        // Unpacked and packed, each takes 2 MB.
        for (index, name) in ["a", "b", "c", "d", "e"].enumerated() {
            let image = try image(name, bytes: 1_000_000, in: temporary)
            age(image, seconds: 1000 - 100 * index, in: temporary)
        }
        // Used: not any more the oldest.
        try HeldImage.find("test/a", root: temporary.root).end()
        let used = try store.resolve("test/b")
        let container = ContainerUse(
            container: "c", image: used.id, topChain: used.topChain, isRunning: false)
        let space = disk(store, capacity: 12_000_000)
        #expect(try space().usedPercent == 86)
        // Below the high mark nothing happens.
        let idle = try store.collectImages(.init(high: 90, low: 10), inUse: nobody, space: space)
        #expect(idle.removed.events.isEmpty && idle.missing == 0)
        let result = try store.collectImages(.init(high: 85, low: 60), inUse: { [container] }, space: space)
        #expect(try names(store) == ["test/a:latest", "test/b:latest", "test/e:latest"], "c and d went")
        #expect(result.missing == 0 && result.before.usedPercent == 86 && result.after.usedPercent < 60)
        #expect(result.removed.reclaimed == result.after.available - result.before.available)
        // `a` was used just now, and `b` is in use.
        let rest = try store.collectImages(.init(high: 10, low: 5), inUse: { [container] }, space: space)
        #expect(try names(store) == ["test/a:latest", "test/b:latest"])
        #expect(rest.missing > 0)
        #expect(try store.verify() == [])
        // The use by the container counts from the collection that saw it.
        let late = try store.collectImages(.init(high: 10, low: 5), inUse: nobody, space: space)
        #expect(late.removed.events.isEmpty && late.missing > 0)
    }

    @Test func oldImagesGoWhateverTheDiskSays() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        for (name, seconds) in [("old", 7200), ("new", 1800)] {
            age(try image(name, bytes: 10, in: temporary), seconds: seconds, in: temporary)
        }
        let policy = CollectionPolicy(high: nil, maximumAge: 3600)
        #expect(try store.collectImages(policy, inUse: nobody).removed.events.count == 2)
        #expect(try names(store) == ["test/new:latest"])
        let before = try store.images()[0].imported
        #expect(try store.prune(all: true, where: { $0.imported < before }).events.isEmpty)
        #expect(try store.prune(all: true, where: { $0.imported <= before }).events.count == 2)
    }

    @Test(arguments: [(80, 80), (101, 50), (0, 0), (50, -1)]) func marksHaveToMakeSense(
        _ high: Int, _ low: Int
    ) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let refusal = message {
            try temporary.open().collectImages(.init(high: high, low: low), inUse: nobody)
        }
        #expect(refusal?.contains("marks \(high) and \(low)") == true, "\(refusal ?? "")")
    }

    /// A file system that is really full.
    @Test func aFullDiskIsEmptied() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try temporary.makeFolder("images")
        try #require(mount("tmpfs", temporary.root, "tmpfs", 0, "size=64m") == 0)
        defer { umount2(temporary.root, Int32(MNT_DETACH)) }
        let store = try temporary.open()
        for (index, name) in ["a", "b", "c", "d"].enumerated() {
            age(try image(name, bytes: 7_000_000, in: temporary), seconds: 1000 - index, in: temporary)
        }
        let before = try store.diskSpace()
        #expect(before.usedPercent > 80)
        let result = try store.collectImages(.init(high: 80, low: 50), inUse: nobody)
        #expect(result.before == before && result.missing == 0)
        #expect(try store.diskSpace().usedPercent <= 50)
        #expect(try names(store) == ["test/c:latest", "test/d:latest"])
        #expect(try store.verify() == [])
    }

    /// Not a byte is left, so that not even the log of a removal can grow.
    @Test func aDiskWithoutAByteIsEmptied() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try temporary.makeFolder("images")
        try #require(mount("tmpfs", temporary.root, "tmpfs", 0, "size=32m") == 0)
        defer { umount2(temporary.root, Int32(MNT_DETACH)) }
        for name in ["a", "b"] { _ = try image(name, bytes: 3_000_000, in: temporary) }
        let path = temporary.root + "/filler"
        let filler = open(path, O_WRONLY | O_CREAT, 0o600)
        let bytes = [UInt8](repeating: 1, count: 4096)
        while write(filler, bytes, bytes.count) > 0 {}
        close(filler)
        let store = try temporary.open()
        #expect(try store.remove("test/a").contains(.untagged("test/a:latest")))
        #expect(try store.prune(all: true).events.contains(.untagged("test/b:latest")))
        #expect(try store.verify() == [] && store.images() == [])
        unlink(path)
        #expect(try image("c", bytes: 1000, in: temporary).names.count == 1)
    }

    /// What an interrupted pull left goes before any image, and not before it is old enough.
    @Test func interruptedDownloadsGoFirst() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        _ = try image("a", bytes: 1000, in: temporary)
        let path = "\(temporary.root)/partial/sha256-\(String(repeating: "a", count: 64))"
        try Data(count: 100_000).write(to: URL(fileURLWithPath: path))
        let waiting = try #require(try store.usage(containers: []).downloads.first)
        #expect(waiting.digest.hex.hasPrefix("aaaa") && waiting.bytes == 100_000 && !waiting.isActive)
        let full = DiskSpace(capacity: 1_000_000, available: 100_000)
        let young = try store.collectImages(
            .init(high: 85, low: 80), inUse: nobody, space: { full })
        #expect(young.removed.events.isEmpty && access(path, F_OK) == 0)
        let old = try store.collectImages(
            .init(high: 85, low: 80, minimumAge: 0), inUse: nobody,
            space: { access(path, F_OK) == 0 ? full : DiskSpace(capacity: 1_000_000, available: 500_000) })
        #expect(old.removed.events.isEmpty && old.removed.reclaimed >= 100_000)
        #expect(access(path, F_OK) != 0)
        #expect(try store.usage(containers: []).downloads == [])
        #expect(try names(store) == ["test/a:latest"])
    }

    /// A file system that has room, but can hold no more files.
    @Test func filesCountAsBytesDo() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try temporary.makeFolder("images")
        try #require(mount("tmpfs", temporary.root, "tmpfs", 0, "size=256m,nr_inodes=1000") == 0)
        defer { umount2(temporary.root, Int32(MNT_DETACH)) }
        let store = try temporary.open()
        for (index, name) in ["a", "b", "c", "d"].enumerated() {
            let layer = ImageBuilder.tar { archive in
                for number in 0..<200 { archive.file("\(name)\(number)", "x") }
            }
            age(
                try ImageBuilder.load([layer], in: temporary, name: "test/\(name):latest"),
                seconds: 1000 - index,
                in: temporary)
        }
        let before = try store.diskSpace()
        #expect(before.usedPercent < 30 && before.usedFilesPercent > 80, "\(before)")
        let idle = try store.collectImages(.init(high: 99, low: 50), inUse: nobody)
        #expect(idle.removed.events.isEmpty && idle.missingFiles == 0)
        let result = try store.collectImages(.init(high: 80, low: 50), inUse: nobody)
        #expect(result.before == before && result.missing == 0 && result.missingFiles == 0)
        #expect(result.after.usedFilesPercent <= 50)
        #expect(try names(store) == ["test/c:latest", "test/d:latest"])
        let used = try ["c", "d"].map { try store.resolve("test/" + $0) }.map {
            ContainerUse(container: $0.id.hex, image: $0.id, topChain: $0.topChain, isRunning: false)
        }
        let rest = try store.collectImages(.init(high: 20, low: 10), inUse: { used })
        #expect(rest.removed.events.isEmpty && rest.missingFiles > 0)
        #expect(try store.verify() == [])
    }

    // MARK: Records

    @Test func aStoreOfTheFirstSchemaIsTakenOver() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try temporary.open().load(.path(Fixtures.archive("busybox")))
        let queue = try DatabaseQueue(path: temporary.root + "/metadata.db")
        try queue.write { database in
            try database.execute(sql: "ALTER TABLE name DROP COLUMN pinned")
            try database.execute(sql: "DROP TABLE garbage")
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        let store = try temporary.open()
        #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 2)
        #expect(try store.resolve("busybox").isPinned == false)
        try store.setPinned("busybox", true)
        #expect(try store.resolve("busybox").isPinned)
        _ = try store.remove("busybox", force: true)
        #expect(temporary.leftovers == [])
    }

    @Test func usageIsTheSumOfTheRecords() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let (first, second) = (
            try image("first", bytes: 50_000, in: temporary),
            try image("second", bytes: 70_000, in: temporary)
        )
        let unused = try store.usage(containers: [])
        #expect(unused.reclaimable == unused.total.total)
        #expect(try store.diskUsage() == unused.total)
        let lines = Dictionary(uniqueKeysWithValues: unused.images.map { ($0.image.id, $0) })
        let (one, two) = (try #require(lines[first.id]), try #require(lines[second.id]))
        // The layer below as it came, with the archive's own blocks, and unpacked.
        #expect(one.shared == two.shared && one.shared > 200_000)
        #expect(one.unique > 100_000 && two.unique > one.unique)
        #expect(one.unique + two.unique + one.shared == unused.total.total)
        #expect(unused.snapshots.map(\.images) == [2, 1, 1])
        #expect(unused.snapshots.reduce(0) { $0 + $1.bytes } == unused.total.snapshots)

        let container = ContainerUse(
            container: "c", image: first.id, topChain: first.topChain, isRunning: true)
        let used = try store.usage(containers: [container, container])
        #expect(used.images.first { $0.image.id == first.id }?.containers == 2)
        #expect(used.reclaimable == two.unique)
        try store.setPinned("test/second", true)
        #expect(try store.usage(containers: [container]).reclaimable == 0)
    }

    // MARK: Killed

    /// Children that collect are killed at random moments: what is there afterwards is whole, and what they had
    /// begun to remove goes with the next. `SWIFTLET_SOAK=1` kills many more of them.
    @Suite struct CollectionCrashes {
        private static let kills = getenv("SWIFTLET_SOAK") == nil ? 8 : 200

        @Test func killedCollectorsLeaveAWholeStore() async throws {
            let temporary = try TemporaryStore()
            defer { temporary.remove() }
            let archives = ["layers", "config", "busybox", "hardlinks"].map(Fixtures.archive)
            for _ in 0..<Self.kills {
                let delay = UInt32.random(in: 0...60_000)
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [
                        root = temporary.root as String, archives = archives as [String],
                        delay = delay as UInt32
                    ] in
                    let store = try ImageStore(root: root)
                    for archive in archives { _ = try store.load(.path(archive)) }
                    Thread.detachNewThread {
                        usleep(delay)
                        kill(getpid(), SIGKILL)
                    }
                    while true {
                        _ = try store.collectImages(
                            .init(high: 1, low: 0, minimumAge: -1), inUse: { [] },
                            space: { DiskSpace(capacity: 1000, available: 0) })
                        for archive in archives { _ = try store.load(.path(archive)) }
                        _ = try store.prune(all: true)
                        for archive in archives { _ = try store.load(.path(archive)) }
                    }
                }
                let store = try temporary.open()
                #expect(try store.verify() == [], "killed after \(delay) µs")
                for image in try store.images() {
                    let layers = try store.rootFilesystem(of: image).lowerDirectories
                    #expect(layers.allSatisfy { access($0, F_OK) == 0 })
                }
            }
            let store = try temporary.open()
            _ = try store.prune(all: true)
            #expect(temporary.leftovers == [], "what killed ones had not finished is finished")
            #expect(try store.diskUsage() == DiskUsage(images: 0, content: 0, snapshots: 0))
        }
    }
}
