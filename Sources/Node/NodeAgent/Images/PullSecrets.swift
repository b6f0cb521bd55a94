import CRIProtocol
import KubernetesAPI
import PodVolumes

/// `imagePullSecrets`: secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`.
struct PullSecrets: ImageCredentials {
    let objects: any ObjectSource

    func credentials(for image: String, of pod: Pod) async throws -> [CRIAuthConfig] {
        var entries: [(pattern: String, auth: CRIAuthConfig)] = []
        for reference in pod.spec.imagePullSecrets {
            // One that is missing is no error: the image may be public.
            guard
                let secret = try await objects.secret(namespace: pod.metadata.namespace, name: reference.name)
            else { continue }
            entries += try Self.entries(secret)
        }
        let address = RegistryAddress(image: image)
        return entries.filter { address.matches($0.pattern) }
            .sorted { $0.pattern.utf8.count > $1.pattern.utf8.count }.map(\.auth)
    }

    static func entries(_ secret: Secret) throws(DocumentError) -> [(pattern: String, auth: CRIAuthConfig)] {
        let document: APIObject?
        if let data = secret.data[".dockerconfigjson"] {
            document = try APIValue(json: data.bytes)["auths"]?.object
        } else if let data = secret.data[".dockercfg"] {
            document = try APIValue(json: data.bytes).object
        } else {
            return []
        }
        return (document?.members ?? []).map { member in
            var auth = CRIAuthConfig()
            auth.username = member.value["username"]?.string ?? ""
            auth.password = member.value["password"]?.string ?? ""
            auth.auth = member.value["auth"]?.string ?? ""
            auth.identityToken = member.value["identitytoken"]?.string ?? ""
            auth.serverAddress = member.name
            return (member.name, auth)
        }
    }
}

/// The registry and path of an image's name, and whether a pattern of a credential fits it.
struct RegistryAddress {
    private let host: String
    private let path: String

    init(image: String) {
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

    /// - Parameter pattern: `HOST`, `*.HOST`, `HOST:PORT/PATH`; a scheme and `/v1/`, `/v2/` behind it mean nothing.
    func matches(_ pattern: String) -> Bool {
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
        for (label, part) in zip(labels, own) where label != "*" && label != part { return false }
        let prefix = parts.count == 2 ? parts[1] : ""
        if prefix.isEmpty || ["v1", "v1/", "v2", "v2/"].contains(prefix) { return true }
        let trimmed = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        return path == trimmed || path.hasPrefix(trimmed + "/")
    }
}
