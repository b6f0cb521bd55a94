import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// What a registry, or somebody who may push to one, could put where signatures are looked for. None of it is read for
/// long, and none of it hides a signature that is right.
@Suite struct HostileSignatureTests {
    private static let image = TestImage(layers: [[1, 2, 3]]).manifest.descriptor
    private static let tag = "manifests/sha256-\(image.digest.hex).sig"
    private static let list = "referrers/\(image.digest)"
    private static let large = 100 << 20

    /// What a registry has for `team/app`, by the last two parts of a path; of anything else it has nothing.
    private struct Shelf: Sendable {
        private var answers: [String: [FaultServer.Step]] = [:]
        private var listed: [Descriptor] = []

        func answer(_ request: FaultServer.Request) -> [FaultServer.Step] {
            let path = request.path.split(separator: "/").suffix(2).joined(separator: "/")
            if let answer = answers[path] { return answer }
            if path != list { return FaultServer.answer(404) }
            return FaultServer.answer(200, Self.headers(list), ImageIndex(manifests: listed).json())
        }

        private static func headers(_ path: String, _ more: [String: String] = [:]) -> [String: String] {
            let type =
                path.hasPrefix("manifests/")
                ? MediaType.ociManifest.name
                : path == list ? MediaType.ociIndex.name : "application/octet-stream"
            return more.merging(["Content-Type": type]) { $1 }
        }

        mutating func set(_ path: String, _ bytes: [UInt8]) {
            answers[path] = FaultServer.answer(200, Self.headers(path), bytes)
        }

        /// It says that it has a hundred megabytes.
        mutating func setLarge(_ path: String) {
            answers[path] = [
                .send(FaultServer.head(200, Self.headers(path, ["Content-Length": "\(large)"]))),
                .sendForever([UInt8](repeating: 0x20, count: 0x10000)),
            ]
        }

        /// It does not say how much it has, and does not end.
        mutating func setEndless(_ path: String) {
            let piece = [UInt8](repeating: 0x20, count: 0x10000)
            answers[path] = [
                .send(FaultServer.head(200, Self.headers(path, ["Transfer-Encoding": "chunked"]))),
                .sendForever(Array("10000\r\n".utf8) + piece + Array("\r\n".utf8)),
            ]
        }

        mutating func remove(_ path: String) { answers[path] = nil }

        /// An artifact that refers to the image, with a bundle that has to be set.
        /// - Returns: the path of the artifact.
        @discardableResult
        mutating func refer(_ bundle: Descriptor) -> String {
            let empty = DigestHasher.digest(of: Array("{}".utf8))
            var manifest = ImageManifest(
                config: Descriptor(mediaType: .ociEmpty, digest: empty, size: 2), layers: [bundle])
            manifest.artifactType = Signer.bundleType
            manifest.subject = image
            let content = TestImage.content(.ociManifest, manifest.json())
            var entry = content.descriptor
            entry.artifactType = Signer.bundleType
            listed.append(entry)
            let path = "manifests/\(entry.digest)"
            set(path, content.bytes)
            return path
        }
    }

    /// - Parameter size: what its descriptor says; nil: as it is.
    private static func descriptor(_ bundle: [UInt8], size: Int? = nil) -> Descriptor {
        Descriptor(
            mediaType: Signer.bundleType, digest: DigestHasher.digest(of: bundle),
            size: Int64(size ?? bundle.count))
    }

    /// One that is said to be of a usual size.
    private static let small = descriptor(Array("some".utf8), size: 1000)
    private static let smallBlob = "blobs/\(small.digest)"

    private struct Trap: CustomTestStringConvertible, Sendable {
        /// What is said of it.
        let testDescription: String
        let set: @Sendable (inout Shelf) -> Void

        init(_ words: String, _ set: @escaping @Sendable (inout Shelf) -> Void) {
            testDescription = words
            self.set = set
        }
    }

    private static let traps = [
        Trap("a bundle is larger than 65536 bytes") {
            $0.refer(descriptor([1], size: large))
        },
        Trap("it has 104857600 bytes, not 1000") {
            $0.refer(small)
            $0.setLarge(smallBlob)
        },
        Trap("it is longer than the 1000 bytes that it should have") {
            $0.refer(small)
            $0.setEndless(smallBlob)
        },
        Trap("a signature cannot be read: blob \(small.digest) of ") { $0.refer(small) },
        Trap("an artifact cannot be read: manifest sha256:") { $0.remove($0.refer(small)) },
        Trap("its digest is sha256:") { $0.set($0.refer(small), [1, 2, 3]) },
        Trap("it has 104857600 bytes; 4194304 are the most for such a document") {
            $0.setLarge($0.refer(small))
        },
        Trap("the answer is longer than 4194304 bytes") { $0.setEndless($0.refer(small)) },
        Trap("an artifact cannot be read: manifest sha256-\(image.digest.hex).sig of ") { $0.setLarge(tag) },
        Trap("the answer is longer than 4194304 bytes") { $0.setEndless(tag) },
        Trap("an artifact cannot be read: manifest sha256-\(image.digest.hex).sig of ") { $0.set(tag, [1]) },
    ]

    private static let lists = [
        Trap("it has 104857600 bytes; 8388608 are the most for such a document") { $0.setLarge(list) },
        Trap("the list of artifacts cannot be read: referrers of \(image.digest) in ") {
            $0.setEndless(list)
        },
        Trap("not a list of referrers") { $0.set(list, [1]) },
    ]

    /// A policy that wants a signature by a key, and a signature by it.
    private func keyAndBundle(in folder: TemporaryFolder, _ host: String) throws -> (SignaturePolicy, [UInt8])
    {
        let signer = try Signer(.p256, folder)
        let path = try folder.write(
            "policy.json",
            """
            {"default": [{"type": "reject"}], "transports": {"docker": {"\(host)/team/app": [
              {"type": "sigstoreSigned", "keyPath": "\(signer.publicKey)",
               "signedIdentity": {"type": "matchRepository"}}]}}}
            """)
        return (try SignaturePolicy(file: path), try signer.bundle(Self.image.digest).json)
    }

    /// - Parameter isSigned: whether a signature that is right stands behind the trap.
    /// - Returns: why the image is refused; nil: it is not.
    private func refusal(_ trap: Trap, isSigned: Bool) async throws -> String? {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let shelf = Mutex(Shelf())
        var text: String?
        try await withRepository(server: { request in shelf.withLock { $0 }.answer(request) }) {
            repository, server in
            let (policy, bundle) = try keyAndBundle(in: folder, server.host)
            shelf.withLock { shelf in
                trap.set(&shelf)
                if !isSigned { return }
                shelf.refer(Self.descriptor(bundle))
                shelf.set("blobs/\(DigestHasher.digest(of: bundle))", bundle)
            }
            let reference = try ImageReference("\(server.host)/team/app:v1")
            do {
                try await policy.check(reference, [Self.image.digest], in: repository)
            } catch let error as RegistryError {
                #expect(error.kind == .denied)
                text = error.description
            }
            // A list may have eight megabytes, and the sockets take some.
            #expect(server.sentBytes < 40 << 20, "\(server.sentBytes)")
        }
        return text
    }

    @Test(arguments: traps + lists) private func isRefusedInOneLine(_ trap: Trap) async throws {
        let refusal = try #require(try await refusal(trap, isSigned: false))
        #expect(refusal.contains(": no signature by key "), "\(refusal)")
        #expect(refusal.contains(trap.testDescription), "\(refusal)")
        #expect(!refusal.contains("\n") && refusal.utf8.count < 1500, "\(refusal)")
    }

    /// Of as many artifacts as anybody likes to list no more are asked for than are looked at.
    @Test func aListThatDoesNotEnd() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try await withRepository(server: { request in
            guard request.path.hasSuffix(Self.list) else { return FaultServer.answer(404) }
            let number = UInt8(request.target.split(separator: "=").last ?? "") ?? 0
            var index = ImageIndex(manifests: [])
            for entry in 0..<UInt8(100) {
                var artifact = Descriptor(
                    mediaType: .ociManifest, digest: DigestHasher.digest(of: [number, entry]), size: 1000)
                artifact.artifactType = Signer.bundleType
                index.manifests.append(artifact)
            }
            let link = "<\(request.path)?page=\(number &+ 1)>; rel=\"next\""
            return FaultServer.answer(
                200, ["Content-Type": MediaType.ociIndex.name, "Link": link], index.json())
        }) { repository, server in
            let (policy, _) = try keyAndBundle(in: folder, server.host)
            let error = try await registryError {
                let reference = try ImageReference("\(server.host)/team/app:v1")
                try await policy.check(reference, [Self.image.digest], in: repository)
            }
            #expect(error.kind == .denied)
            #expect(error.description.contains("only 128 signatures were looked at"), "\(error)")
            #expect(server.requests.count { $0.path.hasSuffix(Self.list) } == 2)
            #expect(server.requests.count { $0.path.contains("/manifests/sha256:") } == 128)
        }
    }

    @Test(arguments: traps) private func hidesNoSignature(_ trap: Trap) async throws {
        #expect(try await refusal(trap, isSigned: true) == nil)
    }
}
