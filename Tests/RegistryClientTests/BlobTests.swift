import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// Downloads from a server that does what the network does on bad days.
@Suite struct BlobTests {
    private static let bytes = pseudoRandomBytes(300_000)
    private static let descriptor = layerDescriptor(bytes)

    /// Where a request wants to begin.
    private static func offset(_ request: FaultServer.Request) -> Int {
        let range = request.headers["range"]?.dropFirst("bytes=".count) ?? "0-"
        return Int(range.prefix { $0 != "-" })!
    }

    /// A correct answer's head, and the bytes that belong to it.
    private static func correct(_ request: FaultServer.Request) -> (head: [UInt8], body: [UInt8]) {
        let offset = offset(request)
        let body = Array(bytes[offset...])
        if offset == 0 { return (FaultServer.head(200, ["Content-Length": "\(body.count)"]), body) }
        let headers = [
            "Content-Length": "\(body.count)",
            "Content-Range": "bytes \(offset)-\(bytes.count - 1)/\(bytes.count)",
        ]
        return (FaultServer.head(206, headers), body)
    }

    private static func whole(_ request: FaultServer.Request) -> [FaultServer.Step] {
        let (head, body) = correct(request)
        return [.send(head + body)]
    }

    @Test func downloads() async throws {
        try await withRepository(server: Self.whole) { repository, server in
            #expect(try await repository.blob(Self.descriptor).collect() == Self.bytes)
            #expect(server.requests.map(\.headers["accept-encoding"]) == ["identity"])
            let rest = try await repository.blob(Self.descriptor, from: 299_990).collect()
            #expect(rest == Array(Self.bytes[299_990...]))
        }
    }

    // MARK: Redirects to storage

    private func redirectError(_ storage: @escaping FaultServer.Handler) async throws -> (
        RegistryError, String
    ) {
        let server = try FaultServer(storage)
        defer { server.stop() }
        let location = "http://\(server.host)/bucket/blob?signature=secret"
        var found: RegistryError?
        try await withRepository(server: { _ in FaultServer.answer(307, ["Location": location]) }) {
            repository, _ in
            found = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
        }
        return (try #require(found), server.host)
    }

    @Test func aRefusalIsTheStoragesInItsWords() async throws {
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>AccessDenied</Code><Message>Request has expired, &quot;really&quot;</Message></Error>
            """
        let (error, host) = try await redirectError { _ in
            FaultServer.answer(403, ["Content-Type": "application/xml"], Array(xml.utf8))
        }
        #expect(error.kind == .denied && error.codes.isEmpty)
        #expect(
            error.description.hasSuffix(
                ": redirected to \(host): 403 Forbidden: Request has expired, \"really\" (AccessDenied)"))
        #expect(!error.description.contains("secret"))
    }

    @Test func whatTheStorageBreaksOffIsItsFault() async throws {
        let (error, host) = try await redirectError { request in
            let (head, body) = Self.correct(request)
            return [.send(head + (Self.offset(request) == 0 ? body.prefix(1000) : [])), .close]
        }
        #expect(error.kind == .interrupted)
        #expect(error.description.contains(": redirected to \(host): "))
    }

    @Test func storageThatIsNotThereIsNamed() async throws {
        // Nobody serves this port, and no test is given it.
        let host = "127.0.0.1:1"
        try await withRepository(server: { _ in
            FaultServer.answer(307, ["Location": "http://\(host)/blob?signature=secret"])
        }) { repository, server in
            let error = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
            #expect(error.kind == .unreachable)
            #expect(error.description.contains(": \(server.host): redirected to \(host): connection refused"))
            #expect(!error.description.contains("secret"))
        }
    }

    @Test func downloadsNothing() async throws {
        try await withRepository(server: { _ in FaultServer.answer(200) }) { repository, _ async throws in
            #expect(try await repository.blob(layerDescriptor([])).collect().isEmpty)
        }
    }

    @Test(arguments: [FaultServer.Step.reset, .close])
    func goesOnWhereTheConnectionEnded(_ end: FaultServer.Step) async throws {
        try await withRepository(server: { request in
            let (head, body) = Self.correct(request)
            return body.count > 100_000 ? [.send(head + body[..<100_000]), end] : [.send(head + body)]
        }) { repository, server async throws in
            #expect(try await repository.blob(Self.descriptor).collect() == Self.bytes)
            // A reset may take bytes with it that were sent.
            #expect(server.requests.count >= 3)
            #expect(Self.offset(server.requests.last!) > 0)
        }
    }

    /// As a registry is that makes room for its successor.
    @Test func waitsForAServerThatIsAwayForAMoment() async throws {
        try await withRepository(
            patientConfiguration(),
            server: { request in
                let (head, body) = Self.correct(request)
                return Self.offset(request) == 0
                    ? [.send(head + body[..<100_000]), .leave(500_000)] : [.send(head + body)]
            }
        ) { repository, server async throws in
            #expect(try await repository.blob(Self.descriptor).collect() == Self.bytes)
            #expect(server.requests.count == 2)
        }
    }

    @Test func passesOverWhatItHasWhenTheRangeIsIgnored() async throws {
        let count = Mutex(0)
        try await withRepository(server: { _ in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            let head = FaultServer.head(200, ["Content-Length": "\(Self.bytes.count)"])
            return isFirst ? [.send(head + Self.bytes[..<70_000]), .close] : [.send(head + Self.bytes)]
        }) { repository, server async throws in
            #expect(try await repository.blob(Self.descriptor).collect() == Self.bytes)
            #expect(server.requests.count == 2)
        }
    }

    @Test func refusesAnotherRange() async throws {
        try await withRepository(server: { request in
            if Self.offset(request) == 0 {
                let (head, body) = Self.correct(request)
                return [.send(head + body[..<70_000]), .close]
            }
            let range = "bytes 299999-299999/300000"
            return FaultServer.answer(206, ["Content-Range": range], [Self.bytes.last!])
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
            #expect(error.kind == .corrupt)
            #expect(error.description.contains("299999-299999"))
        }
    }

    @Test func givesUpOnATruncatedBlob() async throws {
        try await withRepository(server: { request in
            let head = FaultServer.head(
                Self.offset(request) == 0 ? 200 : 206,
                ["Content-Length": "10", "Content-Range": "bytes \(Self.offset(request))-9/10"])
            return [.send(head + (Self.offset(request) == 0 ? [1, 2, 3] : [])), .close]
        }) { repository, server in
            let descriptor = Descriptor(
                mediaType: .ociLayer, digest: Self.descriptor.digest, size: 10)
            let error = try await registryError { _ = try await repository.blob(descriptor).collect() }
            #expect(error.kind == .interrupted)
            #expect(server.requests.count == RetryPolicy().attempts)
        }
    }

    @Test func refusesAWrongSizeAtOnce() async throws {
        try await withRepository(server: { _ in FaultServer.answer(200, [:], [1, 2, 3]) }) {
            repository, server in
            let error = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
            #expect(error.kind == .corrupt)
            #expect(error.description.contains("3 bytes, not 300000"))
            #expect(server.requests.count == 1)
        }
    }

    @Test func refusesAnEndlessBody() async throws {
        let piece = Array("10000\r\n".utf8) + [UInt8](repeating: 1, count: 0x10000) + Array("\r\n".utf8)
        try await withRepository(server: { _ in
            [.send(FaultServer.head(200, ["Transfer-Encoding": "chunked"])), .sendForever(piece)]
        }) { repository, _ in
            let error = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
            #expect(error.kind == .corrupt)
            #expect(error.description.contains("longer than the 300000 bytes"))
        }
    }

    @Test func handsOutNoLastPieceOfAWrongBlob() async throws {
        var wrong = Self.bytes
        wrong[0] ^= 1
        let body = wrong
        try await withRepository(server: { _ in FaultServer.answer(200, [:], body) }) { repository, _ in
            var count = 0
            let error = try await registryError {
                for try await piece in repository.blob(Self.descriptor) { count += piece.readableBytes }
            }
            #expect(error.kind == .corrupt)
            #expect(count < Self.bytes.count)
            // Who computes the digest himself gets all of it.
            #expect(try await repository.blob(Self.descriptor, verified: false).collect() == body)
        }
    }

    @Test func stopsReadingWhenNobodyTakes() async throws {
        let piece = [UInt8](repeating: 1, count: 1 << 20)
        let descriptor = Descriptor(mediaType: .ociLayer, digest: Self.descriptor.digest, size: 1 << 40)
        try await withRepository(server: { _ in
            [.send(FaultServer.head(200, ["Content-Length": "\(1 << 40)"])), .sendForever(piece)]
        }) { repository, server in
            var iterator = repository.blob(descriptor, verified: false).makeAsyncIterator()
            _ = try await iterator.next()
            try await Task.sleep(for: .seconds(1))
            let sent = server.sentBytes
            // What fits into the sockets' buffers and a few pieces.
            #expect(sent < 32 << 20)
            try await Task.sleep(for: .milliseconds(500))
            #expect(server.sentBytes == sent)
            _ = try await iterator.next()
        }
    }

    @Test func waitsAsLongAsItIsTold() async throws {
        let count = Mutex(0)
        try await withRepository(server: { request in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return isFirst ? FaultServer.answer(429, ["Retry-After": "1"]) : Self.whole(request)
        }) { repository, _ async throws in
            let begin = ContinuousClock.now
            #expect(try await repository.blob(Self.descriptor).collect() == Self.bytes)
            #expect(ContinuousClock.now - begin >= .milliseconds(900))
        }
    }

    @Test func doesNotWaitForHours() async throws {
        try await withRepository(server: { _ in FaultServer.answer(429, ["Retry-After": "7200"]) }) {
            repository, server in
            let error = try await registryError { _ = try await repository.blob(Self.descriptor).collect() }
            #expect(error.kind == .rateLimited(retryAfter: 7200))
            #expect(error.description.contains("retry after 7200 s"))
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: [500, 502, 503, 504])
    func asksAgainWhenTheServerFails(_ status: Int) async throws {
        let count = Mutex(0)
        try await withRepository(server: { request in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3 ? FaultServer.answer(status) : Self.whole(request)
        }) { repository, _ async throws in
            #expect(try await repository.blob(Self.descriptor).collect() == Self.bytes)
        }
    }

    @Test func cancelsWithItsTask() async throws {
        try await withRepository(server: { _ in [.hang] }) { repository, _ in
            let task = Task { try await repository.blob(Self.descriptor).collect() }
            try await Task.sleep(for: .milliseconds(100))
            let begin = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - begin < .seconds(2))
        }
    }

    @Test func limitsSmallBlobs() async throws {
        try await withRepository(server: Self.whole) { repository, server in
            let error = try await registryError {
                _ = try await repository.smallBlob(Self.descriptor, limit: 299_999)
            }
            #expect(error.kind == .limit)
            #expect(server.requests.isEmpty)
            #expect(try await repository.smallBlob(Self.descriptor, limit: 300_000) == Self.bytes)
        }
    }
}
