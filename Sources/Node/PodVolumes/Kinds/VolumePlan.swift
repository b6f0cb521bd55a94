import KubernetesAPI

/// What is to be done for one volume of a pod, when all objects that it is made of are known.
enum VolumePlan: Sendable {
    case emptyDir(EmptyDir)
    case hostPath(HostPath, isReadOnly: Bool)
    /// Files of objects; in memory where they are nobody else's to know.
    case payload(VolumeKind, Payload, isInMemory: Bool)
    case image(ImageVolumeSource)
    case local(LocalVolume)
    case device(BlockDevice)

    /// The volume that other pods may have, too.
    var sharedVolume: String? { if case .local(let local) = self { local.name } else { nil } }

    /// Its content can change while containers run.
    var isUpdated: Bool { if case .payload = self { true } else { false } }
}

/// Looks up what volumes are made of.
struct VolumePlanner: Sendable {
    let pod: Pod
    let sources: any ObjectSource
    let node: NodeFacts

    /// - Throws: `VolumeFailure`, in the kubelet's words, or what the source of objects throws.
    func plan(_ volume: Volume) async throws -> VolumePlan {
        if let source = volume.emptyDir {
            return .emptyDir(try EmptyDir(source, pod: pod, allocatable: node.allocatable))
        }
        if let source = volume.hostPath { return .hostPath(try HostPath(source), isReadOnly: false) }
        if let source = volume.configMap {
            let payload = try await configMap(
                source.name, source.items, source.optional,
                .init(mode: source.defaultMode ?? 0o644, owner: source.defaultUser))
            return .payload(.configMap, payload, isInMemory: false)
        }
        if let source = volume.secret {
            let payload = try await secret(
                source.secretName, source.items, source.optional,
                .init(mode: source.defaultMode ?? 0o644, owner: source.defaultUser))
            return .payload(.secret, payload, isInMemory: true)
        }
        if let source = volume.downwardAPI {
            let payload = try DownwardAPI.payload(
                source.items, of: pod, allocatable: node.allocatable,
                defaults: .init(mode: source.defaultMode ?? 0o644, owner: source.defaultUser))
            return .payload(.downwardAPI, payload, isInMemory: true)
        }
        if let source = volume.projected {
            return .payload(.projected, try await projected(source), isInMemory: true)
        }
        if let source = volume.image { return .image(source) }
        if let source = volume.persistentVolumeClaim {
            let plan = try await claimed(
                source.claimName, isReadOnly: source.readOnly, mustBelongToPod: false)
            return try checked(plan, volume.name)
        }
        if volume.ephemeral != nil {
            let plan = try await claimed(
                pod.metadata.name + "-" + volume.name, isReadOnly: false, mustBelongToPod: true)
            return try checked(plan, volume.name)
        }
        // As the API's defaults have it: a volume that says nothing is an empty folder.
        guard let type = volume.apiValue.object?.members.first(where: { $0.name != "name" })?.name else {
            return .emptyDir(EmptyDir(medium: .disk))
        }
        throw VolumeFailure("volume type \(type) is not supported on this node")
    }

    /// Containers have to take a volume as what it is.
    private func checked(_ plan: VolumePlan, _ name: String) throws(VolumeFailure) -> VolumePlan {
        let containers = pod.everyPlace
        if case .device = plan {
            guard containers.mounts.contains(name) else { return plan }
            throw VolumeFailure("volume \(name) has volumeMode Block, but is specified in volumeMounts")
        }
        guard containers.devices.contains(name) else { return plan }
        throw VolumeFailure("volume \(name) has volumeMode Filesystem, but is specified in volumeDevices")
    }

    private func configMap(
        _ name: String, _ items: [KeyToPath], _ optional: Bool?, _ defaults: ObjectPayload.Defaults
    ) async throws -> Payload {
        let map = try await sources.configMap(namespace: pod.namespace, name: name)
        return try ObjectPayload.configMap(
            map, name: name, items: items, optional: optional, defaults: defaults)
    }

    private func secret(
        _ name: String, _ items: [KeyToPath], _ optional: Bool?, _ defaults: ObjectPayload.Defaults
    ) async throws -> Payload {
        let secret = try await sources.secret(namespace: pod.namespace, name: name)
        return try ObjectPayload.secret(
            secret, name: name, items: items, optional: optional, defaults: defaults)
    }

    // MARK: Projected volumes

    /// Later sources replace files of earlier ones. All that is wrong is told at once.
    private func projected(_ source: ProjectedVolumeSource) async throws -> Payload {
        let defaults = ObjectPayload.Defaults(mode: source.defaultMode ?? 0o644, owner: source.defaultUser)
        var payload = Payload()
        var failures: [String] = []
        for projection in source.sources {
            do {
                payload.merge(try await project(projection, defaults))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failures.append("\(error)")
            }
        }
        if !failures.isEmpty { throw VolumeFailure(failures) }
        return payload
    }

    private func project(
        _ projection: VolumeProjection, _ defaults: ObjectPayload.Defaults
    ) async throws -> Payload {
        if let source = projection.configMap {
            return try await configMap(source.name, source.items, source.optional, defaults)
        }
        if let source = projection.secret {
            return try await secret(source.name, source.items, source.optional, defaults)
        }
        if let source = projection.downwardAPI {
            return try DownwardAPI.payload(
                source.items, of: pod, allocatable: node.allocatable, defaults: defaults)
        }
        if let source = projection.serviceAccountToken { return try await token(source, defaults) }
        if projection.clusterTrustBundle != nil {
            throw VolumeFailure("projected source clusterTrustBundle is not supported on this node")
        }
        if projection.podCertificate != nil {
            throw VolumeFailure("projected source podCertificate is not supported on this node")
        }
        return Payload()
    }

    private func token(
        _ source: ServiceAccountTokenProjection, _ defaults: ObjectPayload.Defaults
    ) async throws -> Payload {
        let request = TokenRequest(
            namespace: pod.namespace,
            serviceAccount: pod.spec.serviceAccountName.isEmpty ? "default" : pod.spec.serviceAccountName,
            audience: source.audience, expiration: source.expirationSeconds ?? 3600,
            podName: pod.metadata.name, podUID: pod.metadata.uid)
        let text: String
        do {
            text = try await sources.token(request)
        } catch {
            throw VolumeFailure("failed to fetch token: \(error)")
        }
        // Who runs as one known user, or shares files with a group, reads a token that nobody else can.
        let owner = source.user ?? defaults.owner ?? pod.commonUser
        let isPrivate = owner != nil || pod.spec.securityContext?.fsGroup != nil
        var payload = Payload()
        try payload.put(source.path, Array(text.utf8), mode: isPrivate ? 0o600 : defaults.mode, owner: owner)
        return payload
    }
}

extension Pod {
    /// The names of volumes that containers mount, and of those that they take as devices.
    var everyPlace: (mounts: Set<String>, devices: Set<String>) {
        let containers = spec.initContainers + spec.containers
        let mounts =
            containers.flatMap(\.volumeMounts).map(\.name)
            + spec.ephemeralContainers.flatMap(\.volumeMounts).map(\.name)
        return (Set(mounts), Set(containers.flatMap(\.volumeDevices).map(\.name)))
    }

    /// The user that all containers run as, where all say the same.
    fileprivate var commonUser: Int64? {
        var common: Int64?
        for container in spec.initContainers + spec.containers {
            guard let user = container.securityContext?.runAsUser ?? spec.securityContext?.runAsUser else {
                return nil
            }
            if let common, common != user { return nil }
            common = user
        }
        return common
    }
}
