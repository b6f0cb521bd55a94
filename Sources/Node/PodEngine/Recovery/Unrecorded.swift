import ContainerCLI
import ContainerShim
import Glibc
import LinuxKernel
import Logging
import OCISpec

// Pods and containers that are there and not on record: their rows cannot be read, or the database was lost. They go
// on, are shown as far as they are known, and can be stopped and removed like all others; their pods are not ready, so
// that whoever wants them makes new ones. Each is told in a line.
extension PodEngine {
    /// Puts into memory what the records do not tell.
    /// - Parameter rows: those that cannot be read.
    func addUnrecorded(_ rows: [UnreadableRow]) throws {
        for row in rows {
            guard case .sandbox(let remains) = row.subject else { continue }
            addUnrecorded(sandbox: row.id, remains)
            tell("a record cannot be read", sandbox: row.id, reason: row.reason)
        }
        for name in try folderEntries(layout.sandboxes)
        where !registry.has(sandbox: name) && isSupervised(name) {
            addUnrecorded(sandbox: name, nil)
            tell("a pod lives that is not on record", sandbox: name)
        }
        for row in rows {
            guard case .container(let remains, let sandbox) = row.subject else { continue }
            let owner = sandbox.isEmpty ? findSandbox(ofContainer: row.id) ?? "" : sandbox
            addUnrecorded(container: row.id, of: owner, remains)
            tell("a record cannot be read", container: row.id, sandbox: owner, reason: row.reason)
        }
        let known = Set(registry.containers.map(\.id))
        for sandbox in registry.sandboxes {
            for (id, folder) in try layout.run.linked(to: sandbox.id)
            where !known.contains(id) && access(folder + "/" + ContainerDefinition.fileName, F_OK) == 0 {
                addUnrecorded(container: id, of: sandbox.id, nil)
                tell("a container is not on record", container: id, sandbox: sandbox.id)
            }
        }
        // Containers tell whose they are.
        for entry in registry.sandboxes where entry.record.phase == .unrecorded {
            let containers = registry.containers(of: entry.id).map(\.record)
            entry.state.withLock { $0.record.complete(from: containers) }
            let spec = entry.record.spec
            if !spec.name.isEmpty { reserve("sandbox " + spec.reservedName, for: entry.id, what: "sandbox") }
        }
    }

    private func tell(
        _ what: Logger.Message, container: String? = nil, sandbox: String, reason: String? = nil
    ) {
        var metadata: Logger.Metadata = ["database": "\(layout.database)", "pod": "\(sandbox)"]
        if let container { metadata["container"] = "\(container)" }
        if let reason { metadata["error"] = "\(reason)" }
        logger.error(what, metadata: metadata)
    }

    /// The first one has the name: another with the same can still be seen and removed.
    func reserve(_ name: String, for id: String, what: String) {
        do { try registry.reserve(name, for: id, what: what) } catch {
            logger.warning("two records have one name", metadata: ["id": "\(id)", "error": "\(error)"])
        }
    }

    /// Somebody holds the pod's lock: its shim.
    private func isSupervised(_ name: String) -> Bool {
        let folder = layout.sandbox(name)
        guard access(folder + "/" + PodSupervision.fileName, F_OK) == 0 else { return false }
        // What cannot be locked is looked at with the strays.
        do { return try ContainerLock.tryTake(folder: folder) == nil } catch { return false }
    }

    // MARK: Sandboxes

    private func addUnrecorded(sandbox id: String, _ remains: SandboxRemains?) {
        let own =
            PodCgroup.allOwn(of: id).first { (try? $0.exists) == true }
            ?? .own(of: id, driver: settings.cgroupDriver)
        var record = SandboxRecord(
            id: id, createdAt: remains?.createdAt ?? timeOfFolder(layout.sandbox(id)), bootID: bootID,
            spec: remains?.spec ?? .unknown,
            runtime: remains?.runtime, cgroupParent: remains?.cgroupParent ?? own.parent, phase: .unrecorded)
        record.namespaces = remains?.namespaces ?? SandboxNamespaces()
        record.network = remains?.network ?? network(ofUnrecorded: id)
        registry.add(SandboxEntry(record))
    }

    /// Where it cannot be read who has connected it, that is whoever connects pods now: he is asked to undo it when the pod
    /// ends, and by then it may be read again.
    private func network(ofUnrecorded id: String) -> NetworkOfPod? {
        do { return try networks.found(of: id) } catch {
            logger.error(
                "how a sandbox was connected cannot be read", metadata: ["pod": "\(id)", "error": "\(error)"])
            return NetworkOfPod(maker: networks.maker)
        }
    }

    private func timeOfFolder(_ path: String) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { return nanosecondsSince1970() }
        return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    // MARK: Containers

    /// The pod of a container whose row does not tell it: the one whose shim has it, else the newest of the name that
    /// `createContainer` has given it.
    private func findSandbox(ofContainer id: String) -> String? {
        if let pod = layout.run.pod(of: id), registry.has(sandbox: pod) { return pod }
        guard let definition = try? ContainerDefinition.read(in: layout.container(id)) else { return nil }
        return registry.sandboxes.map(\.record).filter { record in
            let spec = record.spec
            return !spec.name.isEmpty
                && definition.name.contains("_\(spec.name)_\(spec.namespace)_\(spec.uid)_")
        }.max { $0.createdAt < $1.createdAt }?.id
    }

    /// From the files in its folder, as far as these can be read.
    private func addUnrecorded(container id: String, of sandbox: String, _ remains: ContainerRemains?) {
        let folder = layout.container(id)
        let definition = try? ContainerDefinition.read(in: folder)
        let orders = try? Supervision.read(in: folder)
        let places = (try? folderEntries(folder + "/images")) ?? []
        let record = ContainerRecord(
            id: id, sandboxID: sandbox,
            createdAt: definition?.created.nanosecondsSince1970 ?? timeOfFolder(folder),
            spec: remains?.spec ?? ContainerSpec(definition, id: id), imageID: definition?.imageID ?? "",
            logPath: orders?.log?.path, terminal: orders?.terminal ?? false,
            takesInput: orders.map { $0.input != .none } ?? false,
            mounts: places.map { folder + "/images/" + $0 }, images: definition.map { NeededImages($0) })
        registry.add(ContainerEntry(record, folder: folder))
        reserve(Self.reservedName(record), for: id, what: "container")
    }
}

extension SandboxSpec {
    /// Of a pod of which nothing is on record.
    static var unknown: SandboxSpec { SandboxSpec(name: "", namespace: "", uid: "", attempt: 0) }
}

/// What a kubelet labels its containers with.
private enum KubeletLabel {
    static let container = "io.kubernetes.container.name"
    static let ofPod = "io.kubernetes.pod."
    static let name = ofPod + "name"
    static let namespace = ofPod + "namespace"
    static let uid = ofPod + "uid"
}

extension SandboxRecord {
    /// Fills in what the containers of a pod say of it.
    fileprivate mutating func complete(from containers: [ContainerRecord]) {
        for container in containers where spec.name.isEmpty {
            for (key, value) in container.spec.labels where key.hasPrefix(KubeletLabel.ofPod) {
                spec.labels[key] = value
            }
            spec.name = spec.labels[KubeletLabel.name] ?? ""
            spec.namespace = spec.labels[KubeletLabel.namespace] ?? ""
            spec.uid = spec.labels[KubeletLabel.uid] ?? ""
        }
    }
}

extension ContainerSpec {
    /// - Parameter definition: nil where it is damaged, too.
    fileprivate init(_ definition: ContainerDefinition?, id: String) {
        self.init(name: id, attempt: 0, image: definition?.image ?? "")
        guard let definition else { return }
        for (key, value) in definition.labels.entries { labels[key] = value }
        name = labels[KubeletLabel.container] ?? definition.name
        // The last part of the name that `createContainer` has given it.
        attempt = definition.name.split(separator: "_").last.flatMap { UInt32($0) } ?? 0
    }
}

extension NeededImages {
    fileprivate init(_ definition: ContainerDefinition) {
        self.init(
            topChain: definition.imageChain, platform: definition.platform,
            mounted: definition.volumeImages.map { Mounted(id: $0.imageID, topChain: $0.imageChain) })
    }
}
