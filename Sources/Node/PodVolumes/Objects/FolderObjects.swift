import KubernetesAPI
import Synchronization

/// The objects in a folder of manifests, as whoever reads the folder tells of them.
package final class FolderObjects: ObjectSource, ServiceSource {
    /// What telling of a file has led to.
    package struct Change: Equatable, Sendable {
        /// What pods now see another state of.
        package var objects: Set<ObjectKey> = []
        /// Objects of the file that count for nothing, with the file that has one of the same name already.
        package var hidden: [ObjectKey: String] = [:]
    }

    private struct State {
        var files: [String: [ObjectKey: any KubernetesResource]] = [:]

        /// The file that comes first in the alphabet counts, whatever the order in which files were read.
        func owner(of key: ObjectKey) -> String? { files.filter { $0.value[key] != nil }.keys.min() }

        func object(_ key: ObjectKey) -> (any KubernetesResource)? {
            owner(of: key).flatMap { files[$0]?[key] }
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Tells what a file holds now; objects of other kinds are left out. An empty list for a file that is gone.
    @discardableResult
    package func set(file: String, objects: [any KubernetesObject]) -> Change {
        var new: [ObjectKey: any KubernetesResource] = [:]
        for object in objects {
            guard let (key, object) = Self.kept(object), new[key] == nil else { continue }
            new[key] = object
        }
        return state.withLock { [new] state in
            let keys = Set(new.keys).union((state.files[file] ?? [:]).keys)
            let before = keys.map { ($0, state.object($0)?.document) }
            state.files[file] = new.isEmpty ? nil : new
            var change = Change()
            for (key, document) in before where state.object(key)?.document != document {
                change.objects.insert(key)
            }
            for key in new.keys {
                if let owner = state.owner(of: key), owner != file { change.hidden[key] = owner }
            }
            return change
        }
    }

    private static func kept(_ object: any KubernetesObject) -> (ObjectKey, any KubernetesResource)? {
        func key(_ kind: ObjectKey.Kind, _ metadata: ObjectMeta) -> ObjectKey {
            ObjectKey(
                kind, namespace: metadata.namespace.isEmpty ? "default" : metadata.namespace,
                name: metadata.name)
        }
        switch object {
        case let map as ConfigMap: return (key(.configMap, map.metadata), map)
        case let secret as Secret: return (key(.secret, secret.metadata), secret.withDefaults())
        case let service as Service: return (key(.service, service.metadata), service)
        case let claim as PersistentVolumeClaim: return (key(.claim, claim.metadata), claim)
        case let volume as PersistentVolume:
            return (ObjectKey(.volume, namespace: "", name: volume.metadata.name), volume)
        default: return nil
        }
    }

    private func find<Object: KubernetesResource>(
        _ kind: ObjectKey.Kind, _ namespace: String, _ name: String
    ) -> Object? {
        state.withLock { $0.object(ObjectKey(kind, namespace: namespace, name: name)) as? Object }
    }

    package func configMap(namespace: String, name: String) -> ConfigMap? {
        find(.configMap, namespace, name)
    }

    package func secret(namespace: String, name: String) -> Secret? { find(.secret, namespace, name) }

    package func volume(name: String) -> PersistentVolume? { find(.volume, "", name) }

    /// A claim that names its volume is bound to it: nobody else is here to do that.
    package func claim(namespace: String, name: String) -> PersistentVolumeClaim? {
        guard var claim: PersistentVolumeClaim = find(.claim, namespace, name) else { return nil }
        if claim.status.phase.isEmpty, !claim.spec.volumeName.isEmpty { claim.status.phase = .bound }
        return claim
    }

    /// By their names.
    package func services(in namespace: String) -> [Service] {
        state.withLock { state in
            let keys = Set(state.files.values.flatMap(\.keys)).filter {
                $0.kind == .service && $0.namespace == namespace
            }
            return keys.compactMap { state.object($0) as? Service }
        }.sorted { $0.metadata.name < $1.metadata.name }
    }

    package func token(_ request: TokenRequest) throws -> String {
        throw VolumeFailure(
            "no tokens for service account \(request.namespace)/\(request.serviceAccount): "
                + "this node has no API server that issues them")
    }
}
