import AsyncHTTPClient
import KubernetesAPI
import Logging
import NIOCore

/// Pods from a manifest behind an HTTP address (the kubelet's `staticPodURL`), asked again and again.
///
/// As with a file, an answer with an error says nothing new: what was said before stays. Where it has one from the
/// first on, its good documents count, and nobody knows which pods the others stand for.
package final class ManifestAddress: PodSource {
    /// For an answer as a whole, as the kubelet's.
    private static let patience: Duration = .seconds(10)

    package let name = "http"
    private let url: String
    private let headers: [String: [String]]
    private let reader: ManifestReader
    private let interval: Duration
    private let log: Logger

    package init(
        url: String, headers: [String: [String]] = [:], reader: ManifestReader,
        interval: Duration = .seconds(20),
        log: Logger
    ) {
        self.url = url
        self.headers = headers
        self.reader = reader
        self.interval = interval
        self.log = log
    }

    package func run(_ changed: @escaping @Sendable (SourceState) async -> Void) async {
        var before: (bytes: [UInt8]?, problem: [String]) = (nil, [])
        var good: ManifestReader.Content?
        while !Task.isCancelled {
            do {
                let bytes = try await fetch()
                if bytes != before.bytes {
                    let content = reader.read(bytes, from: .http(url: url), before: good)
                    if content.problems.isEmpty { good = content }
                    for problem in content.problems where !before.problem.contains(problem) {
                        log.error("\(problem)")
                    }
                    before = (bytes, content.problems)
                    let known = good ?? content
                    await changed(
                        SourceState(
                            source: name, pods: known.pods, places: known.places, objects: known.objects,
                            problems: content.problems, mayHaveMore: good == nil))
                }
            } catch {
                let problem = "\(url): \(error)"
                if before.problem != [problem] { log.error("\(problem)") }
                before = (nil, [problem])
            }
            do {
                try await Task.sleep(for: interval)
            } catch {
                return
            }
        }
    }

    private func fetch() async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask { try await self.answer() }
            // The client's own time ends with the head of an answer: its body could come for ever.
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw AddressError(
                    description: "no answer as a whole within \(Self.patience.components.seconds) s")
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() else { throw CancellationError() }
            return bytes
        }
    }

    private func answer() async throws -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        for (name, values) in headers {
            for value in values { request.headers.add(name: name, value: value) }
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        guard response.status == .ok else { throw AddressError(description: "answered \(response.status)") }
        return Array(buffer: try await response.body.collect(upTo: ManifestReader.largestFile))
    }
}

private struct AddressError: Error, CustomStringConvertible {
    let description: String
}
