import AsyncHTTPClient
import ImageStore
import NIOCore
import NIOHTTP1
import OCISpec

/// The bytes of a blob, in pieces. The network is read no faster than the pieces are taken.
///
/// A connection that ends early, or a server that fails, is no end: the rest is asked for (`Range`), of the same
/// server, then of the next one. A server that ignores the range sends all again, and what was there is
/// passed over. The size is always checked: the bytes end where the descriptor says, or with an error. The
/// last piece comes only after the digest was verified.
public struct BlobDownload: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let repository: Repository
    let descriptor: Descriptor
    let offset: Int64
    let isVerified: Bool

    public func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let download: BlobDownload
        private var servers: [RegistryEndpoint]?
        private var body: HTTPClientResponse.Body.AsyncIterator?
        /// The answer whose body that is.
        private var answer: RegistryAnswer?
        /// Bytes of the body that were handed out before.
        private var surplus: Int64 = 0
        /// Bytes handed out, counted from the blob's beginning.
        private var position: Int64
        private var hasher: DigestHasher?
        private var isFinished = false
        /// Failures since the last byte came.
        private var attempt = 0
        private var failures: [(host: String, error: RegistryError)] = []

        init(_ download: BlobDownload) {
            self.download = download
            position = download.offset
            if download.isVerified && download.offset == 0 {
                hasher = DigestHasher(download.descriptor.digest.algorithm)
            }
        }

        private var size: Int64 { download.descriptor.size }
        private var what: String { "blob \(download.descriptor.digest) of \(download.repository.name)" }

        /// - Throws: `RegistryError`, `CancellationError`.
        public mutating func next() async throws -> ByteBuffer? {
            while !isFinished {
                do {
                    if body == nil { try await open() }
                    guard let piece = try await nextPiece() else {
                        try finish()
                        return nil
                    }
                    if let piece = try take(piece) { return piece }
                } catch let error as RegistryError {
                    let blamed = answer?.blamed(error) ?? error
                    (body, answer) = (nil, nil)
                    try await recover(from: blamed)
                }
            }
            return nil
        }

        private mutating func nextPiece() async throws -> ByteBuffer? {
            do {
                return try await body!.next()
            } catch {
                throw try networkError(error)
            }
        }

        // MARK: Bytes

        /// - Returns: what is new of a piece; nil when nothing is.
        private mutating func take(_ piece: ByteBuffer) throws -> ByteBuffer? {
            var piece = piece
            let old = Int(Swift.min(surplus, Int64(piece.readableBytes)))
            surplus -= Int64(old)
            piece.moveReaderIndex(forwardBy: old)
            if piece.readableBytes == 0 { return nil }
            if position + Int64(piece.readableBytes) > size {
                throw RegistryError(.corrupt, "it is longer than the \(size) bytes that it should have")
            }
            let before = hasher
            piece.withUnsafeReadableBytes { hasher?.update($0) }
            // What was handed out cannot be taken back: the last piece has to be right.
            if position + Int64(piece.readableBytes) == size {
                do {
                    try verify()
                } catch {
                    hasher = before
                    throw error
                }
            }
            attempt = 0
            position += Int64(piece.readableBytes)
            return piece
        }

        private func verify() throws {
            guard let hasher else { return }
            let found = hasher.digest()
            if found != download.descriptor.digest {
                throw RegistryError(.corrupt, "its digest is \(found), not \(download.descriptor.digest)")
            }
        }

        private mutating func finish() throws {
            if position < size {
                throw RegistryError(.interrupted, "it ended after \(position) of \(size) bytes")
            }
            if size == 0 { try verify() }
            isFinished = true
            (body, answer) = (nil, nil)
        }

        // MARK: Connections

        private mutating func open() async throws {
            if servers == nil { servers = try download.repository.endpoints(.pull) }
            if position == size && size > 0 { return body = HTTPClientResponse.Body().makeAsyncIterator() }
            var request = download.repository.request(.GET, "blobs/\(download.descriptor.digest)")
            // Asking again is this iterator's business.
            request.isRetried = false
            request.isVerified = true
            if position > 0 { request.headers.add(name: "Range", value: "bytes=\(position)-\(size - 1)") }
            let answer = try await download.repository.run(request, at: servers![0])
            self.answer = answer
            surplus = try Self.surplus(answer, position: position, size: size)
            body = answer.response.body.makeAsyncIterator()
        }

        /// How many bytes of an answer come before those that were asked for.
        private static func surplus(_ answer: RegistryAnswer, position: Int64, size: Int64) throws -> Int64 {
            if answer.status == 206 {
                let range = answer.headers.first(name: "Content-Range") ?? ""
                guard let (start, total) = contentRange(range), start <= position, total ?? size == size
                else {
                    throw RegistryError(
                        .corrupt,
                        "it answers bytes \(position)-\(size - 1) with the range '\(oneLine(range))'")
                }
                return position - start
            }
            let length = answer.headers.first(name: "Content-Length").flatMap { Int64($0) }
            if let length, length != size {
                throw RegistryError(.corrupt, "it has \(length) bytes, not \(size)")
            }
            return position
        }

        /// `bytes 5-9/10` or `bytes 5-9/*` (RFC 9110, section 14.4).
        private static func contentRange(_ text: String) -> (start: Int64, total: Int64?)? {
            guard text.lowercased().hasPrefix("bytes ") else { return nil }
            let parts = text.dropFirst("bytes ".count).split(separator: "/")
            guard parts.count == 2, let dash = parts[0].firstIndex(of: "-"),
                let start = Int64(parts[0][..<dash].trimmingSpaces)
            else { return nil }
            let total = parts[1].trimmingSpaces
            if total == "*" { return (start, nil) }
            return Int64(total).map { (start, $0) }
        }

        // MARK: Failures

        /// Waits before the next attempt, or turns to the next server.
        private mutating func recover(from error: RegistryError) async throws {
            let retry = download.repository.runner.configuration.retry
            let isLast = (servers?.count ?? 1) < 2
            attempt += 1
            // A mirror that does not answer is left; one that was in the middle of it gets another chance.
            let isWorthwhile = isLast || position > download.offset
            let isTooSlow = error.symptom == .timeout && attempt >= retry.attemptsAfterTimeout
            if isWorthwhile, !isTooSlow, let delay = retry.delay(afterAttempt: attempt, error) {
                return try await Task.sleep(for: delay)
            }
            let host = servers?.first?.origin.authority ?? download.repository.name
            failures.append((host, error))
            // Bytes that were handed out and were wrong stay wrong.
            let isSpoilt = error.kind == .corrupt && position > download.offset
            if isLast || isSpoilt {
                isFinished = true
                throw Repository.combined(failures, what)
            }
            servers!.removeFirst()
            attempt = 0
        }
    }
}
