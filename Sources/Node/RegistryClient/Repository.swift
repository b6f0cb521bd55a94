import NIOCore
import NIOHTTP1
import OCISpec

/// One repository of a registry: manifests, blobs and tags, asked of the registry or of its mirrors.
///
/// Content by digest and tags are asked of each server that `hosts.toml` offers for it, in its order, until one
/// has an answer; content is pushed to the first one that takes it.
public struct Repository: Sendable {
    /// `docker.io/library/busybox`, for messages.
    public let name: String
    /// Inside the registry, `library/busybox`.
    public let path: String
    let endpoints: [RegistryEndpoint]
    let runner: RequestRunner
    let context: AuthenticationContext

    var limits: RegistryConfiguration.Limits { runner.configuration.limits }

    // MARK: Servers

    /// Servers with a capability, in their order.
    func endpoints(_ capability: RegistryEndpoint.Capabilities) throws -> [RegistryEndpoint] {
        var found = endpoints.filter { $0.capabilities.contains(capability) }
        // Files older than the word have hosts without it (containerd, `openReferrers`).
        if capability == .referrers {
            found += endpoints.filter {
                $0.capabilities.isDisjoint(with: .referrers) && $0.capabilities.contains(.resolve)
            }
        }
        if found.isEmpty {
            throw RegistryError(
                .configuration, "\(name): its hosts.toml has no server to \(Self.words(for: capability))")
        }
        return found
    }

    private static func words(for capability: RegistryEndpoint.Capabilities) -> String {
        switch capability {
        case .push: "push to"
        case .resolve: "resolve tags of"
        case .referrers: "list the referrers of"
        default: "pull from"
        }
    }

    /// Does something with the first server that can do it.
    /// - Parameter what: for messages, `manifest latest`.
    func atFirst<Result: Sendable>(
        _ capability: RegistryEndpoint.Capabilities, _ what: String,
        _ body: (RegistryEndpoint) async throws -> Result
    ) async throws -> Result {
        var failures: [(host: String, error: RegistryError)] = []
        let servers = try endpoints(capability)
        for (index, server) in servers.enumerated() {
            var endpoint = server
            endpoint.hasNext = index < servers.count - 1
            do {
                return try await body(endpoint)
            } catch let error as RegistryError {
                failures.append((endpoint.origin.authority, error))
            }
        }
        throw Self.combined(failures, what)
    }

    /// Does something with the one server that is pushed to: an image half here and half there is nowhere.
    func pushing<Result: Sendable>(
        _ what: String, _ body: (RegistryEndpoint) async throws -> Result
    ) async throws -> Result {
        let endpoint = try endpoints(.push)[0]
        do {
            return try await body(endpoint)
        } catch let error as RegistryError {
            throw error.within("\(what): \(endpoint.origin.authority)")
        }
    }

    /// The last server is the registry itself, which knows best; what its mirrors said stands behind it.
    static func combined(_ failures: [(host: String, error: RegistryError)], _ what: String) -> RegistryError
    {
        let (host, last) = failures.last!
        let others = failures.dropLast().map { "\($0.host): \($0.error.description)" }
        let text = "\(what): \(host): \(last.description)"
        let all = others.isEmpty ? text : "\(text) (before it \(others.joined(separator: "; ")))"
        return RegistryError(last.kind, all, codes: last.codes, status: last.status)
    }

    // MARK: Requests

    func request(
        _ method: HTTPMethod, _ suffix: String, headers: HTTPHeaders = [:], actions: Set<String> = ["pull"]
    ) -> RegistryRequest {
        RegistryRequest(
            method: method, target: .path("/\(path)/\(suffix)"), headers: headers,
            scopes: [.repository(path, actions)])
    }

    func run(_ request: RegistryRequest, at endpoint: RegistryEndpoint) async throws -> RegistryAnswer {
        try await runner.run(request, at: endpoint, context)
    }

    /// A small answer, read whole. A connection that ends in the middle is begun anew.
    func runWhole(
        _ request: RegistryRequest, at endpoint: RegistryEndpoint, limit: Int
    ) async throws -> (answer: RegistryAnswer, body: [UInt8]) {
        var attempt = 0
        while true {
            attempt += 1
            let answer = try await run(request, at: endpoint)
            if let length = answer.headers.first(name: "Content-Length").flatMap({ Int64($0) }),
                length > limit
            {
                throw RegistryError(
                    .limit, "it has \(length) bytes; \(limit) are the most for such a document")
            }
            do {
                return (answer, try await runner.transport.body(of: answer.response, limit: limit))
            } catch let failure as RegistryError {
                let error = answer.blamed(failure)
                guard !endpoint.hasNext,
                    let delay = runner.configuration.retry.delay(afterAttempt: attempt, error),
                    error.symptom != .timeout || attempt < runner.configuration.retry.attemptsAfterTimeout
                else { throw error }
                try await Task.sleep(for: delay)
            }
        }
    }
}
