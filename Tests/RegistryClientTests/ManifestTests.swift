import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

@Suite struct SnifferTests {
    private let oci = #"{"schemaVersion":2,"config":{},"layers":[]}"#

    private func type(_ contentType: String?, _ json: String) throws -> String {
        try ManifestSniffer.type(contentType: contentType, Array(json.utf8)).name
    }

    @Test func believesTheHeader() throws {
        let docker = MediaType.dockerManifest.name
        #expect(try type("\(docker); charset=utf-8", oci) == docker)
        #expect(try type(docker.uppercased(), "{}") == docker)
    }

    @Test(arguments: [nil, "", "application/json", "text/plain; charset=utf-8", "application/octet-stream"])
    func looksIntoTheDocument(_ header: String?) throws {
        #expect(try type(header, oci) == MediaType.ociManifest.name)
        #expect(try type(header, #"{"schemaVersion":2,"manifests":[]}"#) == MediaType.ociIndex.name)
        #expect(
            try type(header, #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerIndex.name)"}"#)
                == MediaType.dockerIndex.name)
    }

    @Test(arguments: [
        (nil, #"{"schemaVersion":1,"fsLayers":[]}"#, "version 1"),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}", "version 1"),
        ("application/vnd.oci.artifact.manifest.v1+json", "{}", "artifact.manifest"),
        ("text/html", "{}", "text/html"),
    ])
    func refusesWhatIsNoImage(_ header: String?, _ json: String, _ word: String) throws {
        let error = #expect(throws: RegistryError.self) { try type(header, json) }
        #expect(error?.kind == .unsupported)
        #expect(error?.description.contains(word) == true)
    }

    @Test(arguments: [
        (nil, "<html>"), (nil, "{}"), (nil, "[]"),
        (MediaType.ociIndex.name, #"{"mediaType":"\#(MediaType.ociManifest.name)"}"#),
    ])
    func refusesWhatContradictsItself(_ header: String?, _ json: String) throws {
        let error = #expect(throws: RegistryError.self) { try type(header, json) }
        #expect(error?.kind == .corrupt)
    }

    @Test func refusesArtifactsByTheirType() throws {
        let manifest = ImageManifest(
            config: Descriptor(
                mediaType: MediaType("application/vnd.cncf.helm.config.v1+json"),
                digest: DigestHasher.digest(of: []), size: 0), layers: [])
        let content = TestImage.content(.ociManifest, manifest.json())
        let error = #expect(throws: RegistryError.self) { try content.image() }
        #expect(error?.kind == .unsupported)
        #expect(error?.description.contains("helm") == true)
        guard case .image = try content.document() else { throw Missing() }
    }
}

/// Manifests from servers that lie, or that know less than they should.
@Suite struct ManifestFaultTests {
    private static let image = TestImage(layers: [[1, 2, 3]])

    private static func serve(_ headers: [String: String] = [:], _ bytes: [UInt8]? = nil)
        -> FaultServer.Handler
    {
        let headers = ["Content-Type": MediaType.ociManifest.name].merging(headers) { $1 }
        let bytes = bytes ?? image.manifest.bytes
        return { request in
            request.method == "HEAD"
                ? [.send(FaultServer.head(200, headers.merging(["Content-Length": "\(bytes.count)"]) { $1 }))]
                : FaultServer.answer(200, headers, bytes)
        }
    }

    @Test func resolvesByHeadersAlone() async throws {
        let digest = Self.image.manifest.descriptor.digest
        let server = Self.serve(["Docker-Content-Digest": "\(digest)"])
        try await withRepository(server: server) { repository, server async throws in
            #expect(try await repository.resolve(.tag("latest")) == Self.image.manifest.descriptor)
            #expect(server.requests.map(\.method) == ["HEAD"])
        }
    }

    /// A proxy in front of a registry may pack documents on the way, which then have another digest.
    @Test func wantsDocumentsAsTheyAre() async throws {
        try await withRepository(server: { request in
            request.headers["accept-encoding"] == "identity"
                ? Self.serve()(request)
                : FaultServer.answer(200, ["Content-Encoding": "gzip"], [0x1f, 0x8b])
        }) { repository, _ async throws in
            #expect(try await repository.manifest(.tag("latest")).bytes == Self.image.manifest.bytes)
        }
    }

    @Test func fetchesWhereHeadersSayTooLittle() async throws {
        try await withRepository(server: Self.serve()) { repository, server async throws in
            #expect(try await repository.resolve(.tag("latest")) == Self.image.manifest.descriptor)
            #expect(server.requests.map(\.method) == ["HEAD", "GET"])
        }
    }

    @Test func fetchesOnlyWhatIsNotKept() async throws {
        let image = Self.image.manifest
        let named = Self.serve(["Docker-Content-Digest": "\(image.descriptor.digest)"])
        func asked(_ server: @escaping FaultServer.Handler, kept: [UInt8]?) async throws -> [String] {
            var asked: [String] = []
            try await withRepository(server: server) { repository, server async throws in
                let found = try await repository.manifest(.tag("x")) { digest in
                    #expect(digest == image.descriptor.digest)
                    return kept
                }
                #expect(found.descriptor == image.descriptor && found.bytes == image.bytes)
                asked = server.requests.map { "\($0.method) \($0.path.split(separator: "/").last!)" }
            }
            return asked
        }
        #expect(try await asked(named, kept: image.bytes) == ["HEAD x"])
        #expect(try await asked(named, kept: nil) == ["HEAD x", "GET \(image.descriptor.digest)"])
        // Where the registry says too little it has to send it.
        #expect(try await asked(Self.serve(), kept: image.bytes) == ["HEAD x", "GET x"])
        let noHead: FaultServer.Handler = { $0.method == "HEAD" ? FaultServer.answer(405) : named($0) }
        #expect(try await asked(noHead, kept: image.bytes) == ["HEAD x", "GET x"])
    }

    @Test func asksAServerThatIsAwayForAMomentOnceMore() async throws {
        let serve = Self.serve()
        try await withRepository(
            patientConfiguration(),
            server: { serve($0) + ($0.path.hasSuffix("/first") ? [.leave(500_000)] : []) }
        ) { repository, _ async throws in
            for tag in ["first", "second"] {
                #expect(try await repository.manifest(.tag(tag)).bytes == Self.image.manifest.bytes)
            }
        }
    }

    @Test func fetchesWhereThereIsNoHead() async throws {
        let serve = Self.serve()
        try await withRepository(server: {
            $0.method == "HEAD" ? FaultServer.answer(405) : serve($0)
        }) { repository, _ async throws in
            #expect(try await repository.resolve(.tag("latest")) == Self.image.manifest.descriptor)
        }
    }

    private static let words = #"{"errors":[{"code":"TOOMANYREQUESTS","message":"come back later"}]}"#

    /// An answer to HEAD has no body: why it was refused the answer to GET says.
    @Test(arguments: [401, 403, 404, 429, 500, 503])
    func asksForTheWordsThatHeadHasNot(status: Int) async throws {
        try await withRepository(server: { request in
            request.method == "HEAD"
                ? FaultServer.answer(status) : FaultServer.answer(status, json: Self.words)
        }) { repository, server in
            let error = try await registryError {
                _ = try await repository.manifest(.tag("v1")) { _ in nil }
            }
            #expect(error.status == UInt(status) && error.codes == ["TOOMANYREQUESTS"])
            #expect(
                error.description.hasPrefix(
                    "manifest v1 of \(server.host)/team/app: \(server.host): \(status) "))
            #expect(error.description.contains("come back later (TOOMANYREQUESTS)"), "\(error)")
            // Once: how often makes sense was found out before.
            #expect(server.requests.count { $0.method == "GET" } == 1)
            let isTransient = status == 429 || status >= 500
            let attempts = isTransient ? testConfiguration().retry.attempts : 1
            #expect(server.requests.count { $0.method == "HEAD" } == attempts)
        }
    }

    /// Without words it is still said what was asked, what the answer was, and when to come back.
    @Test func saysWhenToComeBack() async throws {
        let headers = ["Retry-After": "3000"]
        try await withRepository(server: { _ in FaultServer.answer(429, headers) }) { repository, server in
            let error = try await registryError { _ = try await repository.resolve(.tag("v1")) }
            #expect(error.kind == .rateLimited(retryAfter: 3000))
            #expect(
                error.description
                    == "manifest v1 of \(server.host)/team/app: \(server.host): 429 Too Many Requests, "
                    + "retry after 3000 s")
            #expect(server.requests.map(\.method) == ["HEAD", "GET"])
        }
    }

    @Test func takesWhatGetGivesWhereHeadIsRefused() async throws {
        let serve = Self.serve()
        try await withRepository(server: {
            $0.method == "HEAD" ? FaultServer.answer(403) : serve($0)
        }) { repository, server async throws in
            let found = try await repository.manifest(.tag("v1")) { _ in nil }
            #expect(found.bytes == Self.image.manifest.bytes)
            #expect(server.requests.map(\.method) == ["HEAD", "GET"])
        }
    }

    @Test func keepsTheRefusalWhereGetHasNoAnswer() async throws {
        try await withRepository(server: { request in
            request.method == "HEAD" ? FaultServer.answer(403) : [.reset]
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.resolve(.tag("v1")) }
            #expect(error.kind == .denied && error.description.hasSuffix("403 Forbidden"), "\(error)")
        }
    }

    @Test func refusesAWrongDigest() async throws {
        let other = DigestHasher.digest(of: [9])
        try await withRepository(server: Self.serve(["Docker-Content-Digest": "\(other)"])) { repository, _ in
            for reference in [ManifestReference.tag("latest"), .digest(other)] {
                let error = try await registryError { _ = try await repository.manifest(reference) }
                #expect(error.kind == .corrupt)
                #expect(error.description.contains("\(other)"))
                #expect(error.description.contains("manifest \(reference) of 127.0.0.1:"))
            }
        }
    }

    @Test func limitsTheSize() async throws {
        let large = [UInt8](repeating: 0x20, count: (4 << 20) + 1)
        try await withRepository(server: Self.serve([:], large)) { repository, _ in
            let error = try await registryError { _ = try await repository.manifest(.tag("latest")) }
            #expect(error.kind == .limit)
        }
    }

    @Test func limitsTheSizeOfAnEndlessOne() async throws {
        let piece = Array("10000\r\n".utf8) + [UInt8](repeating: 0x20, count: 0x10000) + Array("\r\n".utf8)
        try await withRepository(server: { _ in
            [.send(FaultServer.head(200, ["Transfer-Encoding": "chunked"])), .sendForever(piece)]
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.manifest(.tag("latest")) }
            #expect(error.kind == .limit)
        }
    }

    @Test func saysWhatIsMissing() async throws {
        let body = #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#
        try await withRepository(server: { _ in FaultServer.answer(404, json: body) }) { repository, server in
            let error = try await registryError { _ = try await repository.manifest(.tag("gone")) }
            #expect(error.kind == .notFound)
            #expect(error.codes == ["MANIFEST_UNKNOWN"])
            #expect(
                error.description
                    == "manifest gone of \(server.host)/team/app: \(server.host): 404 Not Found: "
                    + "manifest unknown (MANIFEST_UNKNOWN)")
            #expect(server.requests.count == 1)
        }
    }

    @Test func tellsKindsOfRefusalApart() async throws {
        let kinds: [(Int, RegistryError.Kind)] = [
            (403, .denied), (400, .invalid), (500, .server), (429, .rateLimited(retryAfter: nil)),
        ]
        for (status, kind) in kinds {
            try await withRepository(server: { _ in FaultServer.answer(status) }) { repository, _ in
                let error = try await registryError { _ = try await repository.manifest(.tag("x")) }
                #expect(error.kind == kind)
            }
        }
    }
}

@Suite struct ListTests {
    @Test func findsTheNextLink() {
        #expect(Repository.nextLink([#"</v2/x?last=a>; rel="next""#]) == "/v2/x?last=a")
        #expect(Repository.nextLink([#"</a>; rel=prev, </b,c>;title="x"; rel=next"#]) == "/b,c")
        #expect(Repository.nextLink([#"</a>; rel="prev""#, #"</b>; rel="NEXT""#]) == "/b")
        #expect(Repository.nextLink(["nonsense", "<"]) == nil)
    }

    @Test func readsTagsPageByPage() async throws {
        try await withRepository(server: { request in
            switch request.target {
            case "/v2/team/app/tags/list?n=2":
                FaultServer.answer(
                    200, ["Link": #"</v2/team/app/tags/list?n=2&last=b>; rel="next""#],
                    json: #"{"name":"team/app","tags":["a","b"]}"#)
            case "/v2/team/app/tags/list?n=2&last=b": FaultServer.answer(200, json: #"{"tags":["c"]}"#)
            default: FaultServer.answer(404)
            }
        }) { repository, _ async throws in
            #expect(try await repository.tags(pageSize: 2) == ["a", "b", "c"])
        }
    }

    @Test func takesNullForNone() async throws {
        try await withRepository(server: { _ in FaultServer.answer(200, json: #"{"tags":null}"#) }) {
            repository, _ async throws in
            #expect(try await repository.tags().isEmpty)
        }
    }

    @Test func doesNotReadOnElsewhere() async throws {
        try await withRepository(server: { _ in
            FaultServer.answer(200, ["Link": #"<http://127.0.0.1:1/x>; rel="next""#], json: #"{"tags":[]}"#)
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.tags() }
            #expect(error.kind == .corrupt)
        }
    }

    @Test func endsListsThatGoInCircles() async throws {
        try await withRepository(server: { _ in
            FaultServer.answer(200, ["Link": #"</v2/team/app/tags/list?n=1>; rel="next""#], json: "{}")
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.tags() }
            #expect(error.kind == .limit)
        }
    }

    /// However small the pages are that a list comes in.
    @Test func passesOverWhatIsNoTag() async throws {
        let answer = #"{"tags":["v1","","\u001b[31mred","a b",".x","v2\n","v3"]}"#
        try await withRepository(server: { _ in FaultServer.answer(200, json: answer) }) {
            repository, _ async throws in
            #expect(try await repository.tags() == ["v1", "v3"])
        }
    }

    @Test func limitsWholeLists() async throws {
        var configuration = testConfiguration()
        configuration.limits.wholeListBytes = 5000
        let count = Mutex(0)
        try await withRepository(
            configuration,
            server: { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                let link = "</v2/team/app/tags/list?last=\(number)>; rel=\"next\""
                let tag = String(repeating: "t", count: 1000)
                return FaultServer.answer(200, ["Link": link], json: "{\"tags\":[\"\(tag)\"]}")
            }
        ) { repository, server in
            let error = try await registryError { _ = try await repository.tags() }
            #expect(error.kind == .limit)
            #expect(error.description.contains("longer than 5000 bytes"), "\(error)")
            #expect(server.requests.count == 5)
        }
    }

    private static let about = DigestHasher.digest(of: [7])

    private static func referrers() -> ImageIndex {
        var index = ImageIndex(manifests: [])
        for (number, type) in ["a/sig", "a/sbom"].enumerated() {
            var descriptor = Descriptor(
                mediaType: .ociManifest, digest: DigestHasher.digest(of: [UInt8(number)]), size: 1)
            descriptor.artifactType = MediaType(type)
            index.manifests.append(descriptor)
        }
        return index
    }

    @Test func listsReferrersOfRegistriesThatDoNotFilter() async throws {
        let index = Self.referrers().json()
        try await withRepository(server: { _ in
            FaultServer.answer(200, ["Content-Type": MediaType.ociIndex.name], index)
        }) { repository, server async throws in
            #expect(try await repository.referrers(of: Self.about).count == 2)
            let signatures = try await repository.referrers(of: Self.about, artifactType: MediaType("a/sig"))
            #expect(signatures.map(\.artifactType?.name) == ["a/sig"])
            #expect(
                server.requests.map(\.target) == [
                    "/v2/team/app/referrers/\(Self.about)",
                    "/v2/team/app/referrers/\(Self.about)?artifactType=a%2Fsig",
                ])
        }
    }

    @Test func readsTheTagThatStandsInForTheList() async throws {
        let index = Self.referrers().json()
        try await withRepository(server: { request in
            request.path == "/v2/team/app/manifests/sha256-\(Self.about.hex)"
                ? FaultServer.answer(200, ["Content-Type": MediaType.ociIndex.name], index)
                : FaultServer.answer(404)
        }) { repository, _ async throws in
            #expect(try await repository.referrers(of: Self.about).count == 2)
            #expect(try await repository.referrers(of: DigestHasher.digest(of: [8])).isEmpty)
        }
    }
}
