import CRIProtocol
import CRIService
import GRPCCore
import Glibc
import ImageStore
import LinuxKernel
import OCISpec
import Testing

/// What the image service says of images that are there.
struct ImageServiceTests {
    @Test func listsWhatTheStoreHas() async throws {
        let host = try ImageHost()
        let one = try host.load("test/one:latest", content: "one", user: "1000:1000")
        try host.load("test/two:v2", content: "two", user: "daemon")
        try host.load("test/three:latest", content: "three")
        try await host.serve { client in
            let images = try await client.list()
            #expect(images.count == 3)
            let found = try #require(images.first { $0.id == "\(one.id)" })
            #expect(found.repoTags == ["docker.io/test/one:latest"])
            #expect(found.repoDigests == ["docker.io/test/one@\(one.manifest)"])
            #expect(found.hasUid && found.uid.value == 1000 && found.username.isEmpty)
            #expect(found.size > 0 && !found.pinned)
            let two = try #require(images.first { $0.repoTags == ["docker.io/test/two:v2"] })
            #expect(!two.hasUid && two.username == "daemon")
            let three = try #require(images.first { $0.repoTags == ["docker.io/test/three:latest"] })
            #expect(!three.hasUid && three.username.isEmpty)
            let filtered = try await client.list("test/two:v2").map(\.id)
            #expect(filtered == [two.id])
            let isEmpty = try await client.list("test/nothing").isEmpty
            #expect(isEmpty)
        }
    }

    @Test func findsAnImageByEachOfItsNames() async throws {
        let host = try ImageHost()
        let image = try host.load("test/one:latest")
        try await host.serve { client in
            for name in [
                "test/one", "test/one:latest", "docker.io/test/one:latest",
                "docker.io/test/one@\(image.manifest)",
                "\(image.id)", image.id.hex, String(image.id.hex.prefix(13)),
                "sha256:\(image.id.hex.prefix(12))",
                "\(image.manifest)",
            ] {
                let answer = try await client.status(name)
                #expect(answer.image.id == "\(image.id)", "\(name)")
                #expect(answer.info.isEmpty)
            }
            for name in ["test/other", "sha256:" + String(repeating: "0", count: 64), "0123456789ab"] {
                let answer = try await client.status(name)
                #expect(!answer.hasImage, "\(name)")
            }
            let detailed = try await client.status("test/one", verbose: true)
            let details = try #require(detailed.info["info"])
            #expect(details.hasPrefix("{"))
            // By the names that the status has.
            for name in detailed.image.repoTags + detailed.image.repoDigests {
                #expect(details.contains("\"\(name)\""), "\(name)")
            }
            #expect(!detailed.image.repoTags.isEmpty && !details.contains("\"test/one:"))
            let nameless = await status { try await client.status("") }
            #expect(nameless?.code == .invalidArgument)
            let malformed = await status { try await client.status("Not A Name") }
            #expect(malformed?.code == .invalidArgument)
        }
    }

    /// The same configuration by two manifests is one image with the names of both.
    @Test func oneIdIsOneImage() async throws {
        let host = try ImageHost()
        let image = try host.load("test/one:latest")
        let layout = try TestImages.layout(in: host.folder, name: "test/packed:latest")
        try runProgram(
            "/usr/bin/skopeo", "copy", "-q", "--dest-compress", "--dest-compress-format", "zstd",
            "oci:\(layout)", "oci:\(host.folder.path)/packed:test/packed:latest")
        let packed = try host.store.load(.path(host.folder.path + "/packed"))[0].image
        try #require(packed.id == image.id && packed.manifest != image.manifest)
        try await host.serve { client in
            let images = try await client.list()
            #expect(images.map(\.id) == ["\(image.id)"])
            #expect(images[0].repoTags == ["docker.io/test/one:latest", "docker.io/test/packed:latest"])
            #expect(images[0].repoDigests.count == 2)
            let same = try await client.status("test/one").image
            #expect(same == images[0])
            try await client.remove("\(image.id)")
            let isEmpty = try await client.list().isEmpty
            #expect(isEmpty)
        }
        #expect(try host.store.diskUsage() == DiskUsage(images: 0, content: 0, snapshots: 0))
    }

    @Test func streamsInChunks() async throws {
        let host = try ImageHost(chunk: 2)
        for number in 0..<5 { try host.load("test/image:\(number)", content: "\(number)") }
        try await host.serve { client in
            let sizes = try await client.streamImages(CRIStreamImagesRequest()) { response in
                var sizes: [Int] = []
                for try await message in response.messages { sizes.append(message.images.count) }
                return sizes
            }
            #expect(sizes == [2, 2, 1])
        }
    }

    // MARK: Removing

    @Test func removesByIdAllNamesAndByNameOne() async throws {
        let host = try ImageHost()
        let image = try host.load("test/one:latest")
        try host.store.tag("test/one", as: "test/other:v1")
        try host.store.tag("test/one", as: "test/third:v1")
        try await host.serve { client in
            try await client.remove("test/other:v1")
            let tags = try await client.status(image.id.hex).image.repoTags
            #expect(tags == ["docker.io/test/one:latest", "docker.io/test/third:v1"])
            try await client.remove(String(image.id.hex.prefix(13)))
            let isEmpty = try await client.list().isEmpty
            #expect(isEmpty)
            // Gone is as good as removed.
            try await client.remove("\(image.id)")
            try await client.remove("test/one:latest")
        }
    }

    @Test(arguments: [true, false])
    func keepsWhatAContainerWasMadeFrom(isRunning: Bool) async throws {
        let host = try ImageHost()
        let image = try host.load("test/one:latest")
        host.containers.withLock {
            $0 = [
                ContainerUse(
                    container: "pod/box", image: image.id, topChain: image.topChain, isRunning: isRunning)
            ]
        }
        try await host.serve { client in
            let refusal = await status { try await client.remove("\(image.id)") }
            #expect(refusal?.code == .failedPrecondition)
            #expect(refusal?.message.contains("pod/box") == true)
            let count = try await client.list().count
            #expect(count == 1)
        }
    }

    @Test func keepsWhatIsPinned() async throws {
        let host = try ImageHost { configuration, _ in
            configuration.pinnedImages = ["test/named", "docker.io/base/*"]
        }
        try host.load("test/named:latest", content: "1")
        try host.load("base/os:v1", content: "2")
        try host.load("test/byhand:latest", content: "3")
        try host.load("test/free:latest", content: "4")
        try host.store.setPinned("test/byhand", true)
        // Sorted before the name that is pinned, and after it.
        for name in ["test/again:v1", "test/once:v1"] { try host.store.tag("test/named", as: name) }
        let id = try host.store.resolve("test/named").id
        try await host.serve { client in
            for name in ["\(id)", "test/named"] {
                let refusal = await status { try await client.remove(name) }
                #expect(refusal?.message.contains("image test/named:latest is pinned by") == true)
            }
            // The pin is the other name's.
            for name in ["test/again:v1", "test/once:v1"] { try await client.remove(name) }
            let pinned = try await client.list().filter(\.pinned).flatMap(\.repoTags)
            #expect(
                pinned.sorted() == [
                    "docker.io/base/os:v1", "docker.io/test/byhand:latest", "docker.io/test/named:latest",
                ])
            for name in ["test/named", "base/os:v1", "test/byhand"] {
                let refusal = await status { try await client.remove(name) }
                #expect(refusal?.code == .failedPrecondition)
            }
            let before = try await client.list().count
            #expect(before == 4)
            // The command line has a store of its own of the same folder.
            let other = try ImageStore(root: host.folder.path + "/lib/images")
            let gone = try other.prune(all: true, where: { !$0.names.contains { $0.path == "test/free" } })
            #expect(gone.events.isEmpty)
            var configuration = CRIConfiguration()
            configuration.pinnedImages = []
            host.service.reload(configuration)
            try await client.remove("test/named")
            let after = try await client.list().count
            #expect(after == 3)
        }
    }

    // MARK: Space

    @Test func tellsWhatTheStoreTakes() async throws {
        let host = try ImageHost()
        let empty = try await host.serve { try await $0.imageFsInfo(CRIImageFsInfoRequest()) }
        #expect(empty.imageFilesystems[0].usedBytes.value == 0)
        try host.load("test/one:latest", content: String(repeating: "x", count: 100_000))
        let info = try await host.serve { try await $0.imageFsInfo(CRIImageFsInfoRequest()) }
        let images = info.imageFilesystems[0]
        #expect(images.usedBytes.value > 200_000 && images.usedBytes.value < 300_000)
        // Three blobs, and the layer's file.
        #expect(images.inodesUsed.value >= 4 && images.inodesUsed.value < 10)
        #expect(images.timestamp > 1_700_000_000_000_000_000)
        let mount = images.fsID.mountpoint
        #expect(try runProgram("/usr/bin/stat", "-c", "%m", host.folder.path) == "\(mount)\n")
        let containers = info.containerFilesystems[0]
        #expect(containers.fsID.mountpoint == mount)
        #expect(containers.usedBytes.value == 4096 && containers.inodesUsed.value == 7)
    }
}
