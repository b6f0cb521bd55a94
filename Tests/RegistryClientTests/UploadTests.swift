import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// Uploads to a registry that is written out here, so that it can fail where Debian's does not.
@Suite struct UploadTests {
    private static let bytes = pseudoRandomBytes(10_000)
    private static let content = BlobContent(digest: DigestHasher.digest(of: bytes), bytes: bytes)

    /// What a registry keeps of one upload.
    private final class Kept: Sendable {
        let bytes = Mutex<[UInt8]>([])
        let patches = Mutex(0)
    }

    private static func chunked() -> RegistryConfiguration {
        var configuration = testConfiguration()
        configuration.limits.chunkBytes = 3000
        return configuration
    }

    /// - Parameter accepts: how many bytes of a chunk, by its number, arrive before the connection breaks; nil:
    ///   all.
    private static func registry(_ kept: Kept, accepts: @escaping @Sendable (Int) -> Int?)
        -> FaultServer.Handler
    {
        { request in
            func position() -> [String: String] {
                [
                    "Range": "0-\(max(kept.bytes.withLock { $0.count } - 1, 0))",
                    "Location": "/upload/1?state=x",
                ]
            }
            switch request.method {
            case "HEAD": return FaultServer.answer(404)
            case "POST": return FaultServer.answer(202, ["Location": "/upload/1"])
            case "GET": return FaultServer.answer(204, position())
            case "PUT": return FaultServer.answer(201)
            default:
                let number = kept.patches.withLock { count in
                    count += 1
                    return count
                }
                let start = request.headers["content-range"].flatMap { Int($0.prefix { $0 != "-" }) }
                guard start == kept.bytes.withLock({ $0.count }) else { return FaultServer.answer(416) }
                if let count = accepts(number) {
                    kept.bytes.withLock { $0 += request.body[..<count] }
                    return [.reset]
                }
                kept.bytes.withLock { $0 += request.body }
                return FaultServer.answer(202, position())
            }
        }
    }

    @Test func goesOnWhereTheRegistryStopped() async throws {
        let kept = Kept()
        let server = Self.registry(kept) { number in number == 2 ? 1234 : nil }
        try await withRepository(Self.chunked(), server: server) { repository, server in
            let outcome = try await repository.push(Self.content)
            #expect(outcome == .uploaded)
            #expect(kept.bytes.withLock { $0 } == Self.bytes)
            let ranges = server.requests.compactMap { $0.headers["content-range"] }
            #expect(ranges == ["0-2999", "3000-5999", "4234-7233", "7234-9999"])
            let put = try #require(server.requests.last)
            #expect(put.target.hasPrefix("/upload/1?state=x&digest=sha256%3A"))
        }
    }

    @Test func waitsForARegistryThatIsAwayForAMoment() async throws {
        let kept = Kept()
        let registry = Self.registry(kept) { _ in nil }
        let hasLeft = Mutex(false)
        var configuration = patientConfiguration()
        configuration.limits.chunkBytes = 3000
        try await withRepository(
            configuration,
            server: { request in
                let leaves =
                    request.headers["content-range"] == "3000-5999"
                    && hasLeft.withLock { hasLeft in
                        defer { hasLeft = true }
                        return !hasLeft
                    }
                return leaves ? [.leave(500_000)] : registry(request)
            }
        ) { repository, server in
            let outcome = try await repository.push(Self.content)
            #expect(outcome == .uploaded)
            #expect(kept.bytes.withLock { $0 } == Self.bytes)
            #expect(server.requests.count { $0.method == "POST" } == 1, "it goes on, not begins anew")
        }
    }

    @Test func givesUpWhenNothingArrives() async throws {
        let kept = Kept()
        try await withRepository(Self.chunked(), server: Self.registry(kept) { _ in 0 }) {
            repository, server in
            let error = try await registryError { _ = try await repository.push(Self.content) }
            #expect(error.kind == .interrupted)
            #expect(server.requests.count < 100)
        }
    }

    @Test func beginsAnewWhenTheUploadIsForgotten() async throws {
        let puts = Mutex(0)
        try await withRepository(server: { request in
            switch request.method {
            case "HEAD": return FaultServer.answer(404)
            case "POST": return FaultServer.answer(202, ["Location": "/upload/1"])
            default:
                let isFirst = puts.withLock { count in
                    count += 1
                    return count == 1
                }
                return isFirst
                    ? FaultServer.answer(404, json: #"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#)
                    : FaultServer.answer(201)
            }
        }) { repository, server in
            let outcome = try await repository.push(Self.content)
            #expect(outcome == .uploaded)
            #expect(server.requests.last?.body == Self.bytes)
            #expect(server.requests.map(\.method) == ["HEAD", "POST", "PUT", "POST", "PUT"])
        }
    }

    @Test func usesLargerChunksWhereTheRegistryWantsThem() async throws {
        let kept = Kept()
        let registry = Self.registry(kept) { _ in nil }
        try await withRepository(
            Self.chunked(),
            server: { request in
                request.method == "POST"
                    ? FaultServer.answer(202, ["Location": "/upload/1", "OCI-Chunk-Min-Length": "6000"])
                    : registry(request)
            }
        ) { repository, server in
            let outcome = try await repository.push(Self.content)
            #expect(outcome == .uploaded)
            #expect(server.requests.compactMap { $0.headers["content-range"] } == ["0-5999", "6000-9999"])
        }
    }

    /// HEAD has no words: those of the upload are the answer.
    @Test(arguments: [401, 403]) func saysWhyItIsRefused(status: Int) async throws {
        let words = #"{"errors":[{"code":"DENIED","message":"access to the resource is denied"}]}"#
        try await withRepository(server: { request in
            request.method == "HEAD"
                ? FaultServer.answer(status) : FaultServer.answer(status, json: words)
        }) { repository, server in
            let error = try await registryError { _ = try await repository.push(Self.content) }
            #expect(error.status == UInt(status) && error.codes == ["DENIED"])
            #expect(error.description.contains("access to the resource is denied (DENIED)"), "\(error)")
            #expect(server.requests.map(\.method) == ["HEAD", "POST"])
        }
    }

    /// Also when it was asked as often as makes sense: one more question gets the words, and no upload is begun for it
    /// that waits as long again.
    @Test func aRefusalThatLastsIsGivenInWords() async throws {
        try await withRepository(server: { request in
            request.method == "HEAD"
                ? FaultServer.answer(429)
                : FaultServer.answer(
                    429, json: #"{"errors":[{"code":"TOOMANYREQUESTS","message":"come back later"}]}"#)
        }) { repository, server in
            let error = try await registryError { _ = try await repository.push(Self.content) }
            #expect(error.kind == .rateLimited(retryAfter: nil))
            #expect(error.description.contains("come back later"), "\(error)")
            let methods = server.requests.map(\.method)
            #expect(methods == Array(repeating: "HEAD", count: RetryPolicy().attempts) + ["POST"])
        }
    }

    @Test func whatWasOnlyBusyIsLetIn() async throws {
        try await withRepository(server: { request in
            switch request.method {
            case "HEAD": FaultServer.answer(429)
            case "POST": FaultServer.answer(202, ["Location": "/upload/1"])
            default: FaultServer.answer(201)
            }
        }) { repository, _ in
            let outcome = try await repository.push(Self.content)
            #expect(outcome == .uploaded)
        }
    }

    /// A server that fails fails with the upload, too.
    @Test(arguments: [500, 502, 503, 504]) func aFailureThatLastsIsTheEnd(status: Int) async throws {
        try await withRepository(server: { request in
            request.method == "HEAD"
                ? FaultServer.answer(status) : FaultServer.answer(202, ["Location": "/upload/1"])
        }) { repository, server in
            let error = try await registryError { _ = try await repository.push(Self.content) }
            #expect(error.kind == .server && error.status == UInt(status), "\(error)")
            #expect(server.requests.map(\.method) == Array(repeating: "HEAD", count: RetryPolicy().attempts))
        }
    }

    @Test func aMaintenanceOfAnHourIsTheEnd() async throws {
        try await withRepository(server: { request in
            request.method == "HEAD"
                ? FaultServer.answer(503, ["Retry-After": "3600"])
                : FaultServer.answer(202, ["Location": "/upload/1"])
        }) { repository, server in
            let error = try await registryError { _ = try await repository.push(Self.content) }
            #expect(
                error.description.contains("503") && error.description.contains("retry after 3600 s"),
                "\(error)")
            #expect(server.requests.map(\.method) == ["HEAD"])
        }
    }

    /// It was asked as often as makes sense, and has said why: no upload asks it again. Nor does GET where a manifest was
    /// asked for by HEAD.
    @Test(arguments: [429, 503], ["push", "pull"])
    func aTokenServiceThatGivesNoTokenIsTheEnd(status: Int, what: String) async throws {
        try await withRepository(server: { request in
            if request.path == "/token" {
                return FaultServer.answer(status, json: #"{"details":"the tokens are being repaired"}"#)
            }
            let realm = "http://\(request.headers["host"]!)/token"
            return FaultServer.answer(401, ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=\"s\""])
        }) { repository, server in
            let error = try await registryError {
                if what == "push" {
                    _ = try await repository.push(Self.content)
                } else {
                    _ = try await repository.resolve(.tag("v1"))
                }
            }
            #expect(error.status == UInt(status))
            #expect(error.description.contains("the tokens are being repaired"), "\(error)")
            let asked = server.requests.map { $0.path == "/token" ? "token" : $0.method }
            #expect(asked == ["HEAD"] + Array(repeating: "token", count: RetryPolicy().attempts))
        }
    }

    /// Some proxies know no HEAD.
    @Test func uploadsWhereThereIsNoHead() async throws {
        try await withRepository(server: { request in
            switch request.method {
            case "HEAD": FaultServer.answer(405)
            case "POST": FaultServer.answer(202, ["Location": "/upload/1"])
            default: FaultServer.answer(201)
            }
        }) { repository, server in
            let outcome = try await repository.push(Self.content)
            #expect(outcome == .uploaded)
            #expect(server.requests.map(\.method) == ["HEAD", "POST", "PUT"])
        }
    }

    @Test(arguments: [[:], ["Location": "gopher://x"]])
    func refusesUploadsToNowhere(_ headers: [String: String]) async throws {
        try await withRepository(server: { request in
            request.method == "HEAD" ? FaultServer.answer(404) : FaultServer.answer(202, headers)
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.push(Self.content) }
            #expect(error.kind == .corrupt)
        }
    }

    @Test func refusesAManifestUnderAnotherDigest() async throws {
        let image = TestImage(layers: [[1]])
        let other = DigestHasher.digest(of: [9])
        try await withRepository(server: { _ in
            FaultServer.answer(201, ["Docker-Content-Digest": "\(other)"])
        }) { repository, server in
            let error = try await registryError { try await repository.push(image.manifest, as: .tag("x")) }
            #expect(error.kind == .corrupt)
            let wrong = try await registryError {
                try await repository.push(image.manifest, as: .digest(other))
            }
            #expect(wrong.kind == .invalid)
            #expect(server.requests.count == 1)
        }
    }
}
