import CRIProtocol
import KubernetesAPI
import PodVolumes

/// `imagePullSecrets`: secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`.
struct PullSecrets: ImageCredentials {
    let objects: any ObjectSource
    let events: EventRecorder

    func credentials(for image: String, of pod: Pod) async throws -> [CRIAuthConfig] {
        var entries: [RegistryKey] = []
        var missing: [String] = []
        for reference in pod.spec.imagePullSecrets {
            guard
                let secret = try await objects.secret(namespace: pod.metadata.namespace, name: reference.name)
            else {
                missing.append(reference.name)
                continue
            }
            entries += try Self.entries(secret)
        }
        // No error: the image may be public.
        if !missing.isEmpty {
            events.record(
                .warning, "FailedToRetrieveImagePullSecret",
                "Unable to retrieve some image pull secrets (\(missing.joined(separator: ", "))); "
                    + "attempting to pull the image may not succeed.", pod: pod)
        }
        return entries.fitting(RegistryAddress(image: image))
    }

    static func entries(_ secret: Secret) throws(DocumentError) -> [RegistryKey] {
        let document: APIObject?
        if let data = secret.data[".dockerconfigjson"] {
            document = try APIValue(json: data.bytes)["auths"]?.object
        } else if let data = secret.data[".dockercfg"] {
            document = try APIValue(json: data.bytes).object
        } else {
            return []
        }
        return (document?.members ?? []).map { RegistryKey($0.name, $0.value) }
    }
}

/// The registry and path of an image's name, and whether a pattern of a credential fits it.
package struct RegistryAddress: Sendable {
    let host: String
    private let path: String

    package init(image: String) {
        let parts = image.split(separator: "/", maxSplits: 1).map(String.init)
        let first = parts.first ?? ""
        let isHost = first.contains(".") || first.contains(":") || first == "localhost"
        if parts.count == 2, isHost {
            host = first
            path = parts[1]
        } else {
            host = "index.docker.io"
            path = image
        }
    }

    /// - Parameter pattern: `HOST`, `*.HOST`, `k8s*.HOST`, `HOST:PORT/PATH`; a scheme and `/v1/`, `/v2/` behind it mean nothing.
    package func matches(_ pattern: String) -> Bool {
        var pattern = pattern
        for scheme in ["https://", "http://"] where pattern.hasPrefix(scheme) {
            pattern = String(pattern.dropFirst(scheme.count))
        }
        let parts = pattern.split(separator: "/", maxSplits: 1).map(String.init)
        guard var wanted = parts.first else { return false }
        if wanted == "docker.io" || wanted == "registry-1.docker.io" { wanted = "index.docker.io" }
        let labels = wanted.split(separator: ".", omittingEmptySubsequences: false)
        let own = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == own.count else { return false }
        for (label, part) in zip(labels, own) where !Self.fits(part[...], label[...]) { return false }
        let prefix = parts.count == 2 ? parts[1] : ""
        if prefix.isEmpty || ["v1", "v1/", "v2", "v2/"].contains(prefix) { return true }
        let trimmed = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        return path == trimmed || path.hasPrefix(trimmed + "/")
    }

    /// Whether a part of a name fits a part of a pattern, in which `*` is any text and `?` any character.
    private static func fits(_ text: Substring, _ pattern: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        if first == "*" {
            return fits(text, rest) || !text.isEmpty && fits(text.dropFirst(), pattern)
        }
        guard let character = text.first, first == "?" || first == character else { return false }
        return fits(text.dropFirst(), rest)
    }
}
