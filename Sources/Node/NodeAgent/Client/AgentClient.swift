import AsyncHTTPClient
import KubernetesAPI
import LinuxKernel
import NIOCore
import NIOPosix
import NIOSSL

/// Asks the agent of this node.
package struct AgentClient: Sendable {
    /// Bytes of an answer.
    private static let largest = 256 << 20

    let address: AgentAddress
    let token: String
    private let certificate: String

    var url: String { "https://" + address.authority }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// - Parameter root: the agent's folder.
    package init(root: String) throws {
        guard let address = try AgentAddress.read(in: root),
            let token = try AgentFiles.text(of: AgentAddress.tokenFile(in: root))
        else {
            throw Failure("no agent runs with the folder \(root): start one by 'swiftlet agent'")
        }
        if address.port == 0 {
            throw Failure("the agent with the folder \(root) serves no API (enableServer: false)")
        }
        self.address = address
        self.token = String(token.split(separator: "\n").first ?? "")
        certificate = AgentAddress.certificate(in: root)
    }

    package func pods() async throws -> [Pod] {
        let list: PodList = try await object("/pods")
        return list.items
    }

    package func events() async throws -> [Event] {
        let list: EventList = try await object("/events")
        return list.items
    }

    package func node() async throws -> Node { try await object("/node") }

    /// A container's log, as it comes.
    /// - Parameter query: `follow=true&tailLines=5`
    package func log(
        _ pod: Pod, _ container: String, query: String, write: @escaping @Sendable (ByteBuffer) throws -> Void
    ) async throws {
        let path = "/containerLogs/\(pod.metadata.namespace)/\(pod.metadata.name)/\(container)?\(query)"
        try await request(path, timeout: .hours(24 * 365)) { response in
            for try await part in response.body { try write(part) }
        }
    }

    var tls: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        // The agent's own certificate and no other; it need not name the loopback address.
        tls.trustRoots = .file(certificate)
        tls.certificateVerification = .noHostnameVerification
        return tls
    }

    private func object<Object: KubernetesObject>(_ path: String) async throws -> Object {
        try await request(path, timeout: .seconds(30)) { response in
            let bytes = Array(buffer: try await response.body.collect(upTo: Self.largest))
            var problems = Problems()
            return Object(from: try APIValue(json: bytes), at: .root, reporting: &problems)
        }
    }

    private func request<Answer: Sendable>(
        _ path: String, timeout: TimeAmount, _ body: @Sendable (HTTPClientResponse) async throws -> Answer
    ) async throws -> Answer {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout = .init(connect: .seconds(5))
        // It is there or not: nothing is gained by asking again for as long as one may wait for an answer.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(configuration: configuration)
        do {
            var request = HTTPClientRequest(url: url + path)
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
            let response = try await client.execute(request, timeout: timeout)
            guard response.status == .ok else {
                let text = String(buffer: try await response.body.collect(upTo: 64 << 10))
                throw Failure(text.isEmpty ? "the agent answers \(response.status)" : text.trimmed)
            }
            let answer = try await body(response)
            try await client.shutdown()
            return answer
        } catch let error as HTTPClientError where error == .connectTimeout {
            try await client.shutdown()
            throw Failure("the agent at \(url) does not answer")
        } catch let error as IOError {
            try await client.shutdown()
            throw Failure("no agent answers at \(url): \(Errno(rawValue: error.errnoCode))")
        } catch {
            try await client.shutdown()
            throw error
        }
    }
}

extension String {
    /// Without the newlines and spaces at its end.
    var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isNewline || last == " " { text.removeLast() }
        return String(text)
    }
}

extension [Pod] {
    /// A pod by its name, with or without the node's at its end and its namespace before it, or by the beginning of its
    /// uid.
    package func find(_ name: String, namespace: String?) throws(AgentClient.Failure) -> Pod {
        let here = filter { namespace == nil || $0.metadata.namespace == namespace }
        let exact = here.filter { [$0.metadata.name, $0.fullName].contains(name) }
        let near = here.filter { pod in
            let ended = "\(name)-\(pod.spec.nodeName)"
            return [pod.metadata.name, pod.fullName].contains(ended) || pod.metadata.uid.hasPrefix(name)
        }
        let found = exact.isEmpty ? name.isEmpty ? [] : near : exact
        guard let first = found.first else { throw AgentClient.Failure("pods \"\(name)\" not found") }
        if found.count == 1 { return first }
        throw AgentClient.Failure(
            "\(found.count) pods are called \(name): say which, "
                + found.map(\.fullName).joined(separator: " or "))
    }
}
