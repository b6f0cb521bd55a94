import KubernetesAPI
import PodVolumes

/// The variables of a container: `envFrom`, then `env` over it, then those of services where nothing says otherwise.
struct ContainerEnvironment {
    let pod: Pod
    let container: Container
    let objects: any ObjectSource
    let services: [String: String]
    /// What only the node knows.
    let facts: DownwardFacts
    /// The pod's volumes, as far as they are there.
    let mounts: PodMounts?

    private var order: [String] = []
    private var values: [String: String] = [:]

    /// - Throws: `ContainerFailure` (`CreateContainerConfigError`) for what is named and is not there.
    static func make(
        _ pod: Pod, _ container: Container, objects: any ObjectSource, services: [String: String],
        facts: DownwardFacts, mounts: PodMounts?
    ) async throws -> [(name: String, value: String)] {
        var environment = ContainerEnvironment(
            pod: pod, container: container, objects: objects, services: services, facts: facts, mounts: mounts
        )
        for source in container.envFrom { try await environment.add(source) }
        for variable in container.env { try await environment.add(variable) }
        for (name, value) in services.sorted(by: { $0.key < $1.key }) where environment.values[name] == nil {
            environment.set(name, value)
        }
        return environment.order.map { ($0, environment.values[$0] ?? "") }
    }

    private init(
        pod: Pod, container: Container, objects: any ObjectSource, services: [String: String],
        facts: DownwardFacts, mounts: PodMounts?
    ) {
        self.pod = pod
        self.container = container
        self.objects = objects
        self.services = services
        self.facts = facts
        self.mounts = mounts
    }

    private mutating func set(_ name: String, _ value: String) {
        if values.updateValue(value, forKey: name) == nil { order.append(name) }
    }

    // MARK: envFrom

    private mutating func add(_ source: EnvFromSource) async throws {
        let namespace = pod.metadata.namespace
        var found: [(String, String)] = []
        if let reference = source.configMapRef {
            guard let map = try await objects.configMap(namespace: namespace, name: reference.name) else {
                if reference.optional == true { return }
                throw missing("configmap", reference.name)
            }
            found = map.data.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        } else if let reference = source.secretRef {
            guard let secret = try await objects.secret(namespace: namespace, name: reference.name) else {
                if reference.optional == true { return }
                throw missing("secret", reference.name)
            }
            found = secret.data.sorted { $0.key < $1.key }
                .map { ($0.key, String(decoding: $0.value.bytes, as: UTF8.self)) }
        }
        for (key, value) in found where !key.utf8.contains(UInt8(ascii: "=")) {
            set(source.prefix + key, value)
        }
    }

    // MARK: env

    private mutating func add(_ variable: EnvVar) async throws {
        guard let source = variable.valueFrom else {
            let (known, services) = (values, services)
            set(variable.name, VariableExpansion.expand(variable.value) { known[$0] ?? services[$0] })
            return
        }
        if let value = try await value(of: source, for: variable.name) { set(variable.name, value) }
    }

    private func value(of source: EnvVarSource, for name: String) async throws -> String? {
        let namespace = pod.metadata.namespace
        if let field = source.fieldRef {
            guard let value = facts.value(of: field.fieldPath, pod) else {
                throw ContainerFailure(.configuration, "unsupported fieldPath: \(field.fieldPath)")
            }
            return value
        }
        if let resource = source.resourceFieldRef {
            do {
                return try ResourceField.value(
                    resource, in: pod, container: container.name, allocatable: facts.allocatable)
            } catch {
                throw ContainerFailure(.configuration, "\(error)")
            }
        }
        if let key = source.configMapKeyRef {
            guard let map = try await objects.configMap(namespace: namespace, name: key.name) else {
                if key.optional == true { return nil }
                throw missing("configmap", key.name)
            }
            if let value = map.data[key.key] { return value }
            if key.optional == true { return nil }
            throw ContainerFailure(
                .configuration, "couldn't find key \(key.key) in ConfigMap \(namespace)/\(key.name)")
        }
        if let key = source.secretKeyRef {
            guard let secret = try await objects.secret(namespace: namespace, name: key.name) else {
                if key.optional == true { return nil }
                throw missing("secret", key.name)
            }
            if let value = secret.data[key.key] { return String(decoding: value.bytes, as: UTF8.self) }
            if key.optional == true { return nil }
            throw ContainerFailure(
                .configuration, "couldn't find key \(key.key) in Secret \(namespace)/\(key.name)")
        }
        if let file = source.fileKeyRef {
            if let value = try value(of: file) { return value }
            if file.optional == true { return nil }
            throw ContainerFailure(
                .configuration,
                "environment variable key \"\(file.key)\" not found in file \"\(file.path)\" of volume "
                    + "\"\(file.volumeName)\"")
        }
        throw ContainerFailure(.configuration, "variable \(name): its source is none that this node knows")
    }

    /// As a container of the pod has left it, which is to have run before this one.
    private func value(of file: FileKeySelector) throws(ContainerFailure) -> String? {
        do {
            return try mounts?.variable(file)
        } catch {
            throw ContainerFailure(.configuration, "\(error)")
        }
    }

    private func missing(_ kind: String, _ name: String) -> ContainerFailure {
        ContainerFailure(.configuration, "\(kind) \"\(name)\" not found")
    }
}
