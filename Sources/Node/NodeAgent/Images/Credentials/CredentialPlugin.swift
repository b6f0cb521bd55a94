import CRIProtocol
import Glibc
import KubernetesAPI
import LinuxKernel
import PodNetwork

/// One program that knows passwords of registries: it is told an image's name on its standard input, and answers with
/// what it knows (credentialprovider.kubelet.k8s.io, KEP-2133).
struct CredentialPlugin: Sendable {
    /// Milliseconds that a program may take.
    private static let patience = 60_000
    static let group = "credentialprovider.kubelet.k8s.io"

    /// For how many images an answer counts.
    enum Scope: String, Sendable {
        case image = "Image"
        case registry = "Registry"
        case global = "Global"
    }

    struct Answer: Sendable {
        var scope: Scope
        /// Zero: it is asked again each time.
        var lifetime: Duration
        var entries: [RegistryKey]
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let provider: CredentialProvider
    let path: String

    func fits(_ image: RegistryAddress) -> Bool { provider.matchImages.contains { image.matches($0) } }

    /// Blocks while the program runs.
    func ask(for image: String) throws(Failure) -> Answer {
        let request: APIValue = [
            "kind": "CredentialProviderRequest", "apiVersion": .string(provider.apiVersion),
            "image": .string(image),
        ]
        let process = PluginProcess(path: path, arguments: provider.args, environment: environment)
        let outcome: RunningPlugin.Outcome
        do {
            outcome = try process.run(request.json(), milliseconds: Self.patience)
        } catch {
            throw Failure(description: "\(provider.name): \(error)")
        }
        if outcome.isTimedOut {
            throw Failure(description: "\(provider.name): no answer within \(Self.patience / 1000) s")
        }
        guard outcome.status == .exited(0) else {
            let words = String(decoding: outcome.complaint.prefix(400), as: UTF8.self)
                .split(separator: "\n").joined(separator: " ")
            let end =
                switch outcome.status {
                case .exited(let code): "it ended with \(code)"
                case .signaled(let signal): "it was ended by signal \(signal)"
                case nil: "it is gone"
                }
            throw Failure(description: "\(provider.name): \(end): \(words)")
        }
        return try read(outcome.output)
    }

    /// This process's, and over it what the configuration says.
    private var environment: [String] {
        var result: [String] = []
        let own = Set(provider.env.map(\.name))
        var entry = environ
        while let text = entry.pointee {
            let variable = String(cString: text)
            if !own.contains(String(variable.prefix { $0 != "=" })) { result.append(variable) }
            entry += 1
        }
        return result + provider.env.map { "\($0.name)=\($0.value)" }
    }

    private func read(_ output: [UInt8]) throws(Failure) -> Answer {
        func failed(_ reason: String) -> Failure {
            Failure(description: "\(provider.name): its answer: \(reason)")
        }
        let document: APIValue
        do {
            document = try APIValue(json: output)
        } catch {
            throw failed("\(error)")
        }
        guard document["kind"]?.string == "CredentialProviderResponse" else {
            throw failed("kind is not CredentialProviderResponse")
        }
        guard document["apiVersion"]?.string == provider.apiVersion else {
            throw failed("apiVersion is not \(provider.apiVersion)")
        }
        guard let scope = document["cacheKeyType"]?.string.flatMap(Scope.init) else {
            throw failed("cacheKeyType is none of Image, Registry, Global")
        }
        var lifetime = provider.defaultCacheDuration ?? .zero
        if let text = document["cacheDuration"]?.string {
            guard let duration = Duration(goText: text), duration >= .zero else {
                throw failed("cacheDuration: \(text)")
            }
            lifetime = duration
        }
        let entries = (document["auth"]?.object?.members ?? []).map { member in
            RegistryKey(member.name, member.value)
        }
        return Answer(scope: scope, lifetime: lifetime, entries: entries)
    }
}
