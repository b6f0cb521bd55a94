import AsyncHTTPClient
import KubernetesAPI
import Logging
import NIOCore

/// Pods from a manifest behind an HTTP address (the kubelet's `staticPodURL`), asked again and again.
package final class ManifestAddress: PodSource {
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
        var good = ManifestReader.Content()
        while !Task.isCancelled {
            do {
                let bytes = try await fetch()
                if bytes != before.bytes {
                    let content = reader.read(bytes, from: .http(url: url))
                    if content.problems.isEmpty { good = content }
                    for problem in content.problems where !before.problem.contains(problem) {
                        log.error("\(problem)")
                    }
                    before = (bytes, content.problems)
                    await changed(
                        SourceState(
                            source: name, pods: good.pods, objects: good.objects, problems: content.problems))
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
        var request = HTTPClientRequest(url: url)
        for (name, values) in headers {
            for value in values { request.headers.add(name: name, value: value) }
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        guard response.status == .ok else { throw AddressError(status: "\(response.status)") }
        return Array(buffer: try await response.body.collect(upTo: ManifestReader.largestFile))
    }
}

private struct AddressError: Error, CustomStringConvertible {
    var status: String
    var description: String { "answered \(status)" }
}
