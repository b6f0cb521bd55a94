import NIOCore
import NIOHTTP1
import OCISpec

/// How a blob came to be in the registry.
public enum BlobPushOutcome: Sendable, Equatable {
    /// It was there already.
    case exists
    /// Taken over from another repository of the same registry.
    case mounted
    case uploaded
}

extension Repository {
    /// Makes a blob be in the repository (distribution-spec, "Pushing blobs").
    /// - Parameters:
    ///   - source: another repository of the registry that is said to have it: `library/debian`.
    ///   - onProgress: bytes that were sent so far; goes back when some have to be sent again.
    /// - Throws: `RegistryError`; what reading the content throws.
    public func push(
        _ content: BlobContent, mountFrom source: String? = nil,
        onProgress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws -> BlobPushOutcome {
        try await pushing("push of blob \(content.digest) to \(name)") { endpoint in
            let upload = BlobUpload(
                repository: self, endpoint: endpoint, content: content, onProgress: onProgress)
            do {
                if try await hasBlob(content.digest, at: endpoint) { return .exists }
            } catch let refusal as RegistryError {
                // The upload is told why, or is let in, as with Docker. A server that fails has no reasons.
                guard case .wordless(let isSpent) = refusal.symptom, refusal.kind != .server,
                    refusal.status != 503
                else { throw refusal }
                // Everybody may have waited long enough.
                if isSpent {
                    do {
                        return try await upload.run(mountFrom: source, isPatient: false)
                    } catch let error as RegistryError where error.status == nil {
                        throw refusal
                    }
                }
            }
            return try await upload.run(mountFrom: source)
        }
    }
}

/// One blob on its way to a registry.
private struct BlobUpload {
    let repository: Repository
    let endpoint: RegistryEndpoint
    let content: BlobContent
    let onProgress: @Sendable (Int64) -> Void

    /// An upload that the registry keeps.
    private struct Session {
        var location: WebAddress
        /// Bytes; no chunk but the last one may have fewer.
        var smallestChunk: Int64
    }

    private static let lostCodes: Set<String> = ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"]

    private var retry: RetryPolicy { repository.runner.configuration.retry }

    private var isRandom: Bool {
        if case .random = content.source { true } else { false }
    }

    /// - Parameter isPatient: false: it is tried once.
    func run(mountFrom source: String?, isPatient: Bool = true) async throws -> BlobPushOutcome {
        var attempt = isPatient ? 0 : retry.attempts
        while true {
            attempt += 1
            do {
                guard let session = try await begin(mountFrom: source, isRetried: isPatient) else {
                    return .mounted
                }
                if isRandom && content.size > repository.limits.chunkBytes {
                    try await sendChunks(session)
                } else {
                    try await sendWhole(session)
                }
                return .uploaded
            } catch let error as RegistryError {
                // A session that the registry has forgotten is begun anew, too; Debian's forgets one when half a
                // chunk arrives.
                let isLost = !Self.lostCodes.isDisjoint(with: error.codes)
                let counted = isLost ? RegistryError(.interrupted, error.description) : error
                guard isRandom, let delay = retry.delay(afterAttempt: attempt, counted),
                    error.symptom != .timeout || attempt < retry.attemptsAfterTimeout
                else { throw error }
                try await Task.sleep(for: delay)
            }
        }
    }

    // MARK: Sessions

    /// - Returns: nil when the registry took the blob from the other repository.
    private func begin(mountFrom source: String?, isRetried: Bool) async throws -> Session? {
        var request = self.request(.POST, .path("/\(repository.path)/blobs/uploads/"))
        request.isRetried = isRetried
        if let source {
            request.query = [("mount", content.digest.description), ("from", source)]
            request.scopes.append(.repository(source, ["pull"]))
        }
        let answer: RegistryAnswer
        do {
            answer = try await repository.run(request, at: endpoint)
        } catch let error as RegistryError
            where source != nil && [.denied, .unauthorized].contains(error.kind)
        {
            // We may write here and not read there: then it is uploaded.
            return try await begin(mountFrom: nil, isRetried: isRetried)
        }
        if answer.status == 201 { return nil }
        let smallest = answer.headers.first(name: "OCI-Chunk-Min-Length").flatMap { Int64($0) } ?? 1
        return try moved(Session(location: answer.address, smallestChunk: smallest), answer, isNeeded: true)
    }

    /// The registry says with each answer where to go next.
    private func moved(_ session: Session, _ answer: RegistryAnswer, isNeeded: Bool = false) throws -> Session
    {
        guard let text = answer.headers.first(name: "Location") else {
            if isNeeded { throw RegistryError(.corrupt, "it began an upload and does not say where") }
            return session
        }
        guard let location = answer.address.resolve(text) else {
            throw RegistryError(.corrupt, "it wants the upload at '\(oneLine(text))', which is no address")
        }
        return Session(location: location, smallestChunk: session.smallestChunk)
    }

    private func request(_ method: HTTPMethod, _ target: RegistryRequest.Target) -> RegistryRequest {
        RegistryRequest(
            method: method, target: target, scopes: [.repository(repository.path, ["pull", "push"])])
    }

    // MARK: Sending

    private func sendWhole(_ session: Session) async throws {
        var request = self.request(.PUT, .address(session.location))
        request.query = [("digest", content.digest.description)]
        request.headers = ["Content-Type": "application/octet-stream"]
        request.body = content.body(0..<content.size, onProgress: onProgress)
        request.isRetried = false
        try checkDigest(try await repository.run(request, at: endpoint))
    }

    private func sendChunks(_ begun: Session) async throws {
        var session = begun
        var position: Int64 = 0
        var attempt = 0
        while position < content.size {
            do {
                (session, position) = try await sendChunk(session, from: position)
                attempt = 0
            } catch let error as RegistryError {
                attempt += 1
                // Out of step (416): the registry has another number of bytes than we think.
                let counted = error.status == 416 ? RegistryError(.interrupted, error.description) : error
                guard let delay = retry.delay(afterAttempt: attempt, counted) else { throw error }
                try await Task.sleep(for: delay)
                (session, position) = try await status(of: session)
            }
        }
        var request = self.request(.PUT, .address(session.location))
        request.query = [("digest", content.digest.description)]
        try checkDigest(try await repository.run(request, at: endpoint))
    }

    private func sendChunk(_ session: Session, from position: Int64) async throws -> (Session, Int64) {
        let length = max(repository.limits.chunkBytes, session.smallestChunk)
        let end = min(content.size, position + length)
        var request = self.request(.PATCH, .address(session.location))
        request.headers = [
            "Content-Type": "application/octet-stream", "Content-Range": "\(position)-\(end - 1)",
        ]
        request.body = content.body(position..<end, onProgress: onProgress)
        request.isRetried = false
        let answer = try await repository.run(request, at: endpoint)
        return (try moved(session, answer), try reached(answer) ?? end)
    }

    /// How much of an interrupted upload has arrived.
    private func status(of session: Session) async throws -> (Session, Int64) {
        let answer = try await repository.run(
            request(.GET, .address(session.location)), at: endpoint)
        return (try moved(session, answer), try reached(answer) ?? 0)
    }

    /// The first byte that the registry has not, by its header `Range: 0-LAST`. Nothing and one byte look the
    /// same there: then it is nothing, since no chunk of ours has one byte.
    private func reached(_ answer: RegistryAnswer) throws -> Int64? {
        guard let range = answer.headers.first(name: "Range") else { return nil }
        let text = range.lowercased().hasPrefix("bytes=") ? range.dropFirst("bytes=".count) : range[...]
        guard let dash = text.firstIndex(of: "-"), Int64(text[..<dash]) == 0,
            let last = Int64(text[text.index(after: dash)...]), last < content.size
        else {
            throw RegistryError(.corrupt, "it has the range '\(oneLine(range))' of \(content.size) bytes")
        }
        return last == 0 ? 0 : last + 1
    }

    private func checkDigest(_ answer: RegistryAnswer) throws {
        guard let text = answer.headers.first(name: "Docker-Content-Digest"),
            let digest = try? Digest(text), digest.algorithm == content.digest.algorithm
        else { return }
        if digest != content.digest {
            throw RegistryError(.corrupt, "it took the blob as \(digest), not \(content.digest)")
        }
    }
}
