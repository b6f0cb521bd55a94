import Synchronization

/// The requests that wait for their client, by the token in their URL.
///
/// Whoever knows the token is the client: it is 192 random bits, works once, and for a short time.
final class RequestTokens: Sendable {
    private struct Entry {
        let request: PendingRequest
        let deadline: ContinuousClock.Instant
    }

    private let lifetime: Duration
    private let maximum: Int
    private let entries = Mutex<[String: Entry]>([:])

    init(lifetime: Duration, maximum: Int) {
        self.lifetime = lifetime
        self.maximum = maximum
    }

    /// Keeps a request and returns its token.
    func insert(_ request: PendingRequest) throws(StreamingError) -> String {
        let now = ContinuousClock.now
        let token = Self.makeToken()
        let inserted = entries.withLock { entries in
            if entries.count >= maximum {
                entries = entries.filter { $0.value.deadline > now }
            }
            guard entries.count < maximum else { return false }
            entries[token] = Entry(request: request, deadline: now + lifetime)
            return true
        }
        guard inserted else {
            throw StreamingError(
                .tooManyRequests, "\(request.path): \(maximum) requests wait for their clients already")
        }
        return token
    }

    /// Takes the request out for which this is the path's first component and the token.
    func take(path: Substring, token: Substring) -> PendingRequest? {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            let token = String(token)
            guard let entry = entries[token], entry.request.path == path else { return nil }
            entries[token] = nil
            return entry.deadline > now ? entry.request : nil
        }
    }

    /// 32 characters of base64url from the system's random numbers.
    private static func makeToken() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var generator = SystemRandomNumberGenerator()
        return String((0..<32).map { _ in alphabet.randomElement(using: &generator)! })
    }
}
