import CRIProtocol
import KubernetesAPI
import LinuxKernel
import PodVolumes

/// The passwords that are tried for an image, in the kubelet's order: those of the pod's secrets, of the node's own file,
/// of programs. In each of the three the one that fits best comes first.
package struct NodeCredentials: ImageCredentials {
    let secrets: PullSecrets
    let plugins: CredentialPlugins
    let events: EventRecorder
    /// The first one that is there counts.
    let files: [String]

    /// - Parameter root: the agent's folder.
    package init(
        objects: any ObjectSource, plugins: CredentialPluginFile?, events: EventRecorder, root: String
    ) {
        secrets = PullSecrets(objects: objects, events: events)
        self.plugins = CredentialPlugins(plugins)
        self.events = events
        files = ["\(root)/config.json", "/var/lib/kubelet/config.json"]
    }

    package func credentials(for image: String, of pod: Pod) async throws -> [CRIAuthConfig] {
        let address = RegistryAddress(image: image)
        let secret = try await secrets.credentials(for: image, of: pod)
        let own = nodeKeys(pod).fitting(address)
        let told = await plugins.keys(for: image) { failure in
            events.record(
                .warning, "FailedCredentialProvider", "Failed to get credentials: \(failure)", pod: pod)
        }
        var result: [CRIAuthConfig] = []
        for auth in secret + own + told.fitting(address) where !result.contains(auth) { result.append(auth) }
        return result
    }

    /// Of the node's file, which is read each time: it may change.
    private func nodeKeys(_ pod: Pod) -> [RegistryKey] {
        for file in files {
            do {
                guard let text = try AgentFiles.text(of: file) else { continue }
                let document = try APIValue(json: text)
                return (document["auths"]?.object?.members ?? []).map { RegistryKey($0.name, $0.value) }
            } catch {
                events.record(.warning, "FailedCredentialProvider", "\(file): \(error)", pod: pod)
                return []
            }
        }
        return []
    }
}

/// A password, and the registries and images that it is for.
struct RegistryKey: Sendable {
    var pattern: String
    var auth: CRIAuthConfig

    /// - Parameter value: as docker's configuration has it: `auth`, or `username` and `password`, or `identitytoken`.
    init(_ pattern: String, _ value: APIValue) {
        self.pattern = pattern
        auth = CRIAuthConfig()
        auth.username = value["username"]?.string ?? ""
        auth.password = value["password"]?.string ?? ""
        auth.auth = value["auth"]?.string ?? ""
        auth.identityToken = value["identitytoken"]?.string ?? ""
        auth.serverAddress = pattern
    }
}

extension [RegistryKey] {
    /// Those for an image, the longest pattern first.
    func fitting(_ address: RegistryAddress) -> [CRIAuthConfig] {
        filter { address.matches($0.pattern) }
            .sorted { $0.pattern.utf8.count > $1.pattern.utf8.count }.map(\.auth)
    }
}
