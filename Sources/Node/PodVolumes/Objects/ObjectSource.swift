import KubernetesAPI

/// Where the objects that volumes are made of come from: a folder of manifests, or an API server.
package protocol ObjectSource: Sendable {
    /// Nil where there is none of that name.
    func configMap(namespace: String, name: String) async throws -> ConfigMap?
    /// Nil where there is none of that name.
    func secret(namespace: String, name: String) async throws -> Secret?
    /// Nil where there is none of that name.
    func claim(namespace: String, name: String) async throws -> PersistentVolumeClaim?
    /// Nil where there is none of that name.
    func volume(name: String) async throws -> PersistentVolume?
    /// A token that is valid now. It is asked for at every update of a pod's volumes: who issues tokens keeps each one
    /// until most of its time is over.
    func token(_ request: TokenRequest) async throws -> String
}

/// Where the services come from that programs in pods find by variables: a folder of manifests, or an API server.
package protocol ServiceSource: Sendable {
    /// Those of a namespace.
    func services(in namespace: String) async throws -> [Service]
}

/// Which token of a service account is wanted, bound to the pod that gets it.
package struct TokenRequest: Hashable, Sendable {
    package var namespace: String
    package var serviceAccount: String
    /// Empty for the API server's own.
    package var audience: String
    /// Seconds.
    package var expiration: Int64
    package var podName: String
    package var podUID: String

    package init(
        namespace: String, serviceAccount: String, audience: String, expiration: Int64, podName: String,
        podUID: String
    ) {
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.audience = audience
        self.expiration = expiration
        self.podName = podName
        self.podUID = podUID
    }
}

/// An object by its kind and name.
package struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case configMap = "ConfigMap"
        case secret = "Secret"
        case claim = "PersistentVolumeClaim"
        case volume = "PersistentVolume"
        case service = "Service"
    }

    package var kind: Kind
    /// Empty for objects of no namespace.
    package var namespace: String
    package var name: String

    package init(_ kind: Kind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    package var description: String {
        "\(kind.rawValue) " + (namespace.isEmpty ? name : "\(namespace)/\(name)")
    }
}

extension Pod {
    /// Of a manifest without a namespace.
    var namespace: String { metadata.namespace.isEmpty ? "default" : metadata.namespace }

    /// The config maps, secrets and claims that the pod's volumes are made of: when one of them changes, the volumes are
    /// to be updated.
    package var volumeObjects: Set<ObjectKey> {
        var keys: Set<ObjectKey> = []
        func add(_ kind: ObjectKey.Kind, _ name: String) {
            keys.insert(ObjectKey(kind, namespace: namespace, name: name))
        }
        for volume in spec.volumes {
            if let source = volume.configMap { add(.configMap, source.name) }
            if let source = volume.secret { add(.secret, source.secretName) }
            if let claim = volume.persistentVolumeClaim { add(.claim, claim.claimName) }
            if volume.ephemeral != nil { add(.claim, metadata.name + "-" + volume.name) }
            for source in volume.projected?.sources ?? [] {
                if let source = source.configMap { add(.configMap, source.name) }
                if let source = source.secret { add(.secret, source.name) }
            }
        }
        return keys
    }
}
