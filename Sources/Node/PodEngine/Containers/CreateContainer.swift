import ContainerCLI
import ContainerRuntime
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import OCISpec

// From an image to a container that can be started.
extension PodEngine {
    /// Makes a container in a sandbox that is ready.
    /// - Parameters:
    ///   - label: the SELinux context of the files in its root; nil: as they lie on the disk.
    ///   - prepare: writes the bundle for the mounted root; runs on a thread that may be blocked.
    /// - Returns: its id.
    public func createContainer(
        _ spec: ContainerSpec, in word: String, label: (SandboxState) throws -> String? = { _ in nil },
        prepare: @escaping @Sendable (borrowing ContainerDraft) throws -> ContainerBundle
    ) async throws -> String {
        let sandbox = try registry.sandbox(word)
        guard sandbox.record.phase == .ready, sandbox.connection != nil else {
            throw EngineError(.wrongState, "sandbox \(sandbox.id) is not ready")
        }
        let state = state(of: sandbox)
        let label = try label(state)
        let pod = sandbox.record.spec
        let name = "k8s_\(spec.name)_\(pod.name)_\(pod.namespace)_\(pod.uid)_\(spec.attempt)"
        let reserved = "container \(spec.name)_\(spec.attempt) of " + sandbox.id
        let claim = ContainerStore.newID()
        try registry.reserve(reserved, for: claim, what: "container")
        do {
            let entry = try await guardedThreads.run(for: sandbox.id, milliseconds: settings.makeTime) {
                [self] in
                try make(spec, state, name: name, label: label, prepare: prepare)
            } late: { [self] result in
                undo(result, reserved: reserved, claim: claim)
            }
            registry.hand(reserved, from: claim, to: entry.id)
            registry.add(entry)
            // The sandbox may have been stopped meanwhile, and does not know of this container.
            guard sandbox.record.phase == .ready else {
                try await entry.lock.withLock { try await remove(entry, connection: nil) }
                throw EngineError(.wrongState, "sandbox \(sandbox.id) was stopped")
            }
            events.tell(.created, entry.id, sandbox: sandbox.id)
            return entry.id
        } catch is GuardedThreads.Overdue {
            // The name stays taken: somebody is still at work on it.
            throw EngineError(
                .timedOut,
                "container \(spec.name) is not made after \(settings.makeTime / 1000) s: a file system that it mounts from does not answer, or earlier containers of its pod wait for one"
            )
        } catch {
            registry.free(reserved, of: claim)
            throw error
        }
    }

    /// A container was made, or not, after its caller was told that it takes too long.
    private func undo(_ result: Result<ContainerEntry, any Error>, reserved: String, claim: String) {
        guard case .success(let entry) = result else { return registry.free(reserved, of: claim) }
        registry.hand(reserved, from: claim, to: entry.id)
        Task {
            do {
                try await entry.lock.withLock { try await remove(entry, connection: nil) }
            } catch {
                // It has its name until somebody has removed it, so that it has to be seen.
                if registry.has(sandbox: entry.record.sandboxID) { registry.add(entry) }
                logger.warning(
                    "a container that was made too late could not be removed",
                    metadata: entry.about(error))
            }
        }
    }

    static func reservedName(_ record: ContainerRecord) -> String {
        "container \(record.spec.name)_\(record.spec.attempt) of " + record.sandboxID
    }

    private func make(
        _ spec: ContainerSpec, _ sandbox: SandboxState, name: String, label: String?,
        prepare: (borrowing ContainerDraft) throws -> ContainerBundle
    ) throws -> ContainerEntry {
        // Nobody removes the image's layers before the container's definition says that it needs them.
        let image: HeldImage
        do {
            image = try HeldImage.find(spec.image, root: layout.state.images)
        } catch let error as ImageError where error.kind == .notFound {
            throw EngineError(.notFound, "image '\(spec.image)' is not on this machine")
        }
        let layers = image.rootFilesystem
        let store = ContainerStore(layout.state)
        let draft = try store.draft(name: Self.fileName(name))
        let folder = draft.folder
        var rootfs = RootfsMount(
            lower: layers.lowerDirectories + [layout.mountPoints], upper: folder + "/upper",
            work: folder + "/work",
            target: folder + "/rootfs", volatile: true, userNamespace: sandbox.namespaces.user)
        rootfs.label = label
        // Of images, which go before the folder does.
        var mounts: [String] = []
        do {
            for folder in [rootfs.work, rootfs.target] where mkdir(folder, 0o700) != 0 {
                throw KernelError("mkdir", folder)
            }
            try layers.makeUpper(at: rootfs.upper)
            try sandbox.spec.giveToRoot([rootfs.upper])
            try letPass(to: folder, sandbox)
            try rootfs.mount()
            let facts = ImageFacts(
                id: "\(image.id)", names: image.names, digests: image.digests,
                configuration: image.configuration)
            let bundle = try prepare(
                ContainerDraft(
                    id: draft.id, folder: folder, rootPath: rootfs.target, image: facts, sandbox: sandbox))
            mounts = bundle.mounts
            try write(bundle, rootfs, sandbox, in: folder)
            let needed = NeededImages(
                topChain: layers.topChain.map { "\($0)" }, platform: "\(image.platform)",
                mounted: bundle.volumes.map(\.needed))
            var definition = ContainerDefinition(
                id: draft.id, name: draft.name, created: .now, image: spec.image, imageID: "\(image.id)",
                platform: needed.platform, command: bundle.command)
            needed.note(in: &definition)
            for (key, value) in spec.labels { definition.labels[key] = value }
            var kept = spec
            kept.details = bundle.details
            let record = ContainerRecord(
                id: draft.id, sandboxID: sandbox.id, createdAt: nanosecondsSince1970(), spec: kept,
                imageID: "\(image.id)", logPath: bundle.logPath, terminal: bundle.terminal,
                takesInput: bundle.input != .none, mounts: bundle.mounts, images: needed)
            try draft.commit(definition)
            try database.save(record)
            image.end()
            withExtendedLifetime(bundle.volumes) {}
            draft.release()
            return ContainerEntry(record, folder: folder)
        } catch {
            try Self.unmount(folder, mounts)
            try draft.discard()
            throw error
        }
    }

    /// Another runtime looks up the root's path as root of the pod's user namespace, and the built-in one has it open. The
    /// group that is let pass is that root's, and no one's outside of the pod.
    private func letPass(to folder: String, _ sandbox: SandboxState) throws {
        guard sandbox.spec.hasUserNamespace, let group = sandbox.spec.rootGroup,
            try settings.runtime(named: sandbox.runtime) != nil
        else { return }
        _ = try check("chown", folder) { chown(folder, 0, group) }
        _ = try check("chmod", folder) { chmod(folder, 0o710) }
    }

    private func write(
        _ bundle: ContainerBundle, _ rootfs: RootfsMount, _ sandbox: SandboxState, in folder: String
    ) throws {
        let usesSystemd = PodCgroup(parent: sandbox.cgroupParent).driver == .systemd
        var runtime = try settings.runtime(named: sandbox.runtime)
        var configuration = bundle.configuration
        if let runtime {
            // What newer versions have added a program ignores, but not their number.
            configuration.ociVersion = RuntimeSpec.version(
                knownTo: interviews.claims(of: runtime)?.newestVersion)
        }
        try writeNew(folder + "/config.json", configuration.json())
        runtime?.systemdCgroup = usesSystemd
        let supervision = Supervision(
            terminal: bundle.terminal, input: bundle.input,
            // The kubelet exchanges the files; what it does not know of is no business of the shim's.
            log: bundle.logPath.map { LogOptions(path: $0, maxSize: 0, maxFiles: 1) },
            stopSignal: bundle.stopSignal, rootfs: rootfs, runtime: runtime,
            systemdCgroup: usesSystemd)
        try writeNew(folder + "/" + Supervision.fileName, supervision.json())
        if let path = bundle.logPath { try makeFolders(path.splitAtLastComponent.parent, mode: 0o755) }
    }

    private func writeNew(_ path: String, _ bytes: [UInt8]) throws(KernelError) {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try file.writeAll(bytes)
    }

    /// A name becomes a file's, which has 255 bytes at most.
    private static func fileName(_ name: String) -> String {
        String(decoding: name.utf8.prefix(255).map { $0 == UInt8(ascii: "/") ? 0x5f : $0 }, as: UTF8.self)
    }
}
