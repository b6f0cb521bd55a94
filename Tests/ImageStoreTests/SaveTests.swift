import Foundation
import ImageStore
import LinuxKernel
import OCISpec
import Synchronization
import Testing

/// What is saved can be read: by this store, and by skopeo where it is installed.
@Suite struct SaveTests {
    private func saved(_ images: [String], _ format: SaveFormat, _ temporary: TemporaryStore) throws -> String
    {
        let path = temporary.folder + "/saved-\(UInt32.random(in: 0 ... .max)).tar"
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        try temporary.open().save(images, format: format, to: file.raw, outputName: path)
        return path
    }

    private func loaded(_ names: String...) throws -> TemporaryStore {
        let temporary = try TemporaryStore()
        for name in names { _ = try temporary.open().load(.path(Fixtures.archive(name))) }
        return temporary
    }

    @Test(arguments: [SaveFormat.docker, .oci])
    func comesBackWithTheSameDigests(_ format: SaveFormat) throws {
        let temporary = try loaded("layers", "config", "scratch")
        defer { temporary.remove() }
        try temporary.open().tag("test/config", as: "localhost:5000/second:name")
        let names = ["test/layers", "test/config", "localhost:5000/second:name", "test/scratch"]
        let path = try saved(names, format, temporary)
        let other = try TemporaryStore()
        defer { other.remove() }
        _ = try other.open().load(.path(path))
        for name in names {
            let before = try temporary.open().resolve(name)
            let after = try other.open().resolve(name)
            #expect(after.manifest == before.manifest && after.id == before.id)
        }
        #expect(try other.open().images().count == 3)
        #expect(try other.open().verify() == [])
    }

    /// Its bytes stay for as long as somebody reads them, and no longer.
    @Test func whatIsRemovedMeanwhileGoesAtTheEnd() throws {
        let temporary = try loaded("busybox", "layers")
        defer { temporary.remove() }
        let store = try temporary.open()
        let other = try store.resolve("test/layers")
        let blobs = temporary.root + "/blobs/sha256"
        let pipe = Pipe()
        let end = DispatchSemaphore(value: 0)
        let failure = Mutex<String?>("it has not ended")
        Thread.detachNewThread {
            let writing = pipe.fileHandleForWriting
            let why = message {
                try store.save(["busybox"], to: writing.fileDescriptor, outputName: "pipe")
            }
            failure.withLock { $0 = why }
            writing.closeFile()
            end.signal()
        }
        // It has begun, and more is to come than a pipe holds.
        #expect(pipe.fileHandleForReading.readData(ofLength: 1).count == 1)
        _ = try store.remove("busybox")
        let during = Fixtures.names(in: blobs).count
        #expect(pipe.fileHandleForReading.readDataToEndOfFile().count > 1 << 17)
        end.wait()
        #expect(failure.withLock { $0 } == nil)
        #expect(Fixtures.names(in: blobs).count < during)
        #expect(try store.images() == [other])
        #expect(try store.verify(isDeep: true) == [])
    }

    @Test func savesTheSameBytesTwice() throws {
        let temporary = try loaded("layers")
        defer { temporary.remove() }
        let first = try FileDescriptor.readFile(try saved(["test/layers"], .docker, temporary))
        let second = try FileDescriptor.readFile(try saved(["test/layers"], .docker, temporary))
        #expect(first == second)
    }

    @Test(.enabled(if: isInstalled("skopeo")), arguments: ["layers", "metadata", "scratch"])
    func skopeoReadsIt(_ name: String) throws {
        let temporary = try loaded(name)
        defer { temporary.remove() }
        let image = try temporary.open().resolve("test/\(name)")
        let docker = try saved(["test/\(name)"], .docker, temporary)
        let oci = try saved(["test/\(name)"], .oci, temporary)
        for archive in ["oci-archive:\(docker)", "oci-archive:\(oci)"] {
            let target = temporary.folder + "/copied-\(UInt32.random(in: 0 ... .max))"
            try run("skopeo", ["copy", "--quiet", archive, "dir:" + target])
            let manifest = try FileDescriptor.readFile(target + "/manifest.json")
            #expect(
                DigestHasher.digest(of: manifest) == image.manifest, "the manifest is the same byte by byte")
        }
        let target = temporary.folder + "/docker-copied"
        try run("skopeo", ["copy", "--quiet", "docker-archive:\(docker)", "dir:" + target])
        let manifest = try ImageManifest(json: try FileDescriptor.readFile(target + "/manifest.json"))
        #expect(manifest.config.digest == image.id)
    }

    /// An image of Docker's types is one of OCI's in an OCI archive, where nobody would find it else.
    @Test func dockersManifestIsWrittenAsOCIs() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let store = try temporary.open()
        let docker = try store.load(.path(Fixtures.archive("busybox-docker-types")))[0].image
        #expect(try store.manifest(docker).mediaType == .dockerManifest)
        let path = try saved(["busybox"], .oci, temporary)
        let other = try TemporaryStore()
        defer { other.remove() }
        let oci = try other.open().load(.path(path))[0].image
        #expect(oci.id == docker.id && oci.topChain == docker.topChain && oci.manifest != docker.manifest)
        let manifest = try other.open().manifest(oci)
        #expect(manifest.mediaType == .ociManifest && manifest.config.mediaType == .ociConfig)
        #expect(manifest.layers.map(\.mediaType) == [.ociLayerGzip])
        #expect(try manifest.layers.map(\.digest) == store.manifest(docker).layers.map(\.digest))
        #expect(try other.open().verify() == [])
        // What is for Docker stays as it came.
        let same = try TemporaryStore()
        defer { same.remove() }
        let back = try same.open().load(.path(try saved(["busybox"], .docker, temporary)))[0].image
        #expect(back.manifest == docker.manifest)
        guard isInstalled("skopeo") else { return }
        let target = temporary.folder + "/copied"
        try run("skopeo", ["copy", "--quiet", "oci-archive:\(path):latest", "dir:" + target])
        let copied = try FileDescriptor.readFile(target + "/manifest.json")
        #expect(DigestHasher.digest(of: copied) == oci.manifest)
    }

    @Test(.enabled(if: isInstalled("skopeo")), arguments: ["docker-archive", "oci-archive"])
    func readsWhatSkopeoWrites(_ kind: String) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let path = temporary.folder + "/written.tar"
        try run(
            "skopeo",
            [
                "copy", "--quiet", "oci-archive:" + Fixtures.archive("layers"),
                "\(kind):\(path):test/written:v1",
            ])
        let loaded = try temporary.open().load(.path(path))
        #expect(loaded.flatMap(\.names).map(\.familiar) == ["test/written:v1"])
        let original = try temporary.open().load(.path(Fixtures.archive("layers")))
        #expect(loaded.first?.image.topChain == original.first?.image.topChain)
    }

    @Test func writesNamesAndSizesThatDoNotFitTheHeader() throws {
        // sha512 blobs have names of more than a hundred bytes.
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let path = temporary.folder + "/long.tar"
        let long = "blobs/sha512/" + String(repeating: "0123456789abcdef", count: 8)
        let tar = TarWriter(try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600), name: path)
        try tar.file(long, Array("content".utf8))
        try tar.finish()
        #expect(try run("tar", ["-tf", path]) == long + "\n")
        #expect(try run("tar", ["-xOf", path]) == "content")
    }
}
