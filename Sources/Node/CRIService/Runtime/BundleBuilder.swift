import CRIProtocol
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import Logging
import OCISpec
import PodEngine
import SwiftProtobuf

/// Writes the bundle of a container: what the CRI asked for, for the sandbox that it is made in and the image that it
/// is made from.
struct BundleBuilder {
    let engine: PodEngine
    let facts: NodeFacts
    let annotations: [String: PassedAnnotations]
    let log: Logger

    func bundle(
        _ config: CRIContainerConfig, for draft: borrowing ContainerDraft
    ) throws -> ContainerBundle {
        let sandbox = try sandboxFacts(draft.sandbox)
        let root = try FileDescriptor.open(draft.rootPath, O_PATH | O_DIRECTORY)
        let place = ContainerPlan.Place(
            id: draft.id, folder: draft.folder, root: draft.rootPath,
            imageName: config.image.userSpecifiedImage.isEmpty
                ? config.image.image : config.image.userSpecifiedImage)
        let plan = try ContainerPlan(
            config, sandbox: sandbox, image: draft.image.configuration.config, root: root, place: place,
            facts: facts)
        for warning in plan.warnings {
            log.notice("\(warning)", metadata: ["container": "\(draft.id)", "pod": "\(draft.sandbox.id)"])
        }
        let volumes = try attach(plan.imageMounts, sandbox, label: plan.spec.linux?.mountLabel)
        do {
            return try bundle(config, plan, draft, volumes)
        } catch {
            // Nobody else knows of them yet.
            Self.detach(plan.imageMounts)
            throw error
        }
    }

    private func bundle(
        _ config: CRIContainerConfig, _ plan: ContainerPlan, _ draft: borrowing ContainerDraft,
        _ volumes: [VolumeImage]
    ) throws -> ContainerBundle {
        let mounted = Dictionary(
            zip(plan.imageMounts, volumes).map { ($0.field, $1) }, uniquingKeysWith: { first, _ in first })
        var bundle = ContainerBundle(
            configuration: plan.spec, stopSignal: plan.stopSignal,
            details: try status(config, plan, draft, mounted).serializedBytes())
        bundle.terminal = plan.terminal
        bundle.input = plan.input
        bundle.logPath = plan.logPath
        bundle.mounts = plan.imageMounts.map(\.place)
        bundle.volumes = volumes
        bundle.command = plan.spec.process?.args ?? []
        return bundle
    }

    private func sandboxFacts(_ state: SandboxState) throws -> SandboxFacts {
        let config = try CRIPodSandboxConfig(serializedBytes: state.spec.details)
        // The pod may be from before its kubelet and this service changed their driver.
        var facts = self.facts
        facts.cgroupDriver = PodCgroup(parent: state.cgroupParent).driver == .systemd ? .systemd : .cgroupfs
        let plan = try SandboxPlan(config, facts: facts)
        var namespaces: [RuntimeSpec.Namespace.Kind: String] = [:]
        namespaces[.network] = state.namespaces.network
        namespaces[.ipc] = state.namespaces.ipc
        namespaces[.uts] = state.namespaces.uts
        namespaces[.user] = state.namespaces.user
        namespaces[.pid] = state.namespaces.pid
        let folder = state.folder
        let engine = engine
        var sandbox = SandboxFacts(
            id: state.id, config: config, plan: plan, namespaces: namespaces,
            files: SandboxFacts.Files(
                resolver: folder + "/resolv.conf", hosts: folder + "/hosts", hostname: folder + "/hostname"),
            sharedMemory: state.namespaces.ipc == nil ? "/dev/shm" : folder + "/shm",
            process: { (container: String) throws(TranslationError) -> Int32 in
                let field = "config.linux.security_context.namespace_options.target_id"
                guard let target = try? engine.container(container), target.sandboxID == state.id else {
                    throw TranslationError(.notFound, field, "no container \(container) in this sandbox")
                }
                guard let pid = target.pid else {
                    throw TranslationError(
                        .failedPrecondition, field, "container \(container) is not running")
                }
                return pid
            })
        sandbox.cgroupParent = state.cgroupParent
        sandbox.passedAnnotations = annotations[state.runtime] ?? PassedAnnotations()
        return sandbox
    }

    /// What of the container's status does not change. Images are called as by containerd: by a tag, by the digest in
    /// their registry, and by their id.
    /// - Parameter mounted: the images that are mounted, by the index of the mount.
    private func status(
        _ config: CRIContainerConfig, _ plan: ContainerPlan, _ draft: borrowing ContainerDraft,
        _ mounted: [Int: VolumeImage]
    ) throws -> CRIContainerStatus {
        // A kubelet asks by id, and says beside it what the pod's author wrote.
        let asked = config.image.userSpecifiedImage
        let names = ImageNames(
            draft.image.names, digests: draft.image.digests,
            asked: asked.isEmpty ? config.image.image : asked)
        var status = CRIContainerStatus()
        status.metadata = config.metadata
        status.image = config.image
        status.image.image = names.tag ?? config.image.image
        status.imageID = draft.image.id
        status.imageRef = names.digest ?? draft.image.id
        status.labels = config.labels
        status.annotations = config.annotations
        status.mounts = plan.mounts
        for (index, image) in mounted {
            let asked = plan.mounts[index].image.image
            let names = ImageNames(image.names, digests: image.digests, asked: asked)
            status.mounts[index].image.imageRef = names.digest ?? image.id
        }
        status.logPath = plan.logPath ?? ""
        status.resources.linux = plan.resources
        status.user.linux = plan.user
        status.stopSignal =
            config.stopSignal == .runtimeDefault ? CRISignal(number: plan.stopSignal) : config.stopSignal
        return status
    }

    /// Mounts the images where the container's mounts are made from; all of them, or none.
    /// - Parameter label: the SELinux context of their files.
    /// - Returns: the images, which have to be held until the container is on record.
    private func attach(
        _ mounts: [ImageMount], _ sandbox: SandboxFacts, label: String?
    ) throws -> [VolumeImage] {
        var attached: [ImageMount] = []
        do {
            return try mounts.map { mount in
                let image = try ImageVolumeFailure.wrapping { try attach(mount, sandbox, label: label) }
                attached.append(mount)
                return image
            }
        } catch {
            Self.detach(attached)
            throw error
        }
    }

    private func attach(_ mount: ImageMount, _ sandbox: SandboxFacts, label: String?) throws -> VolumeImage {
        let image = try VolumeImage(mount.imageName, root: engine.layout.state.images)
        var layers = OverlayMount(lowers: image.folders, label: label)
        // A single layer is no overlay, and has no context of its own: an empty folder makes it one.
        if label != nil { layers.lowers.append(engine.layout.mountPoints + "/proc") }
        try mount.attach { place in
            guard let ids = mount.ids else { return try layers.mount(at: place) }
            try layers.make(mappedBy: try userNamespace(ids, sandbox), scratch: place)
                .attach(on: try FileDescriptor.open(place, O_PATH | O_DIRECTORY), name: place)
        }
        return image
    }

    private static func detach(_ mounts: [ImageMount]) {
        for mount in mounts { umount2(mount.place, Int32(MNT_DETACH)) }
    }

    /// The pod's own, which is what a kubelet asks for, or one that is made for these ids.
    private func userNamespace(_ ids: UserMappings, _ sandbox: SandboxFacts) throws -> FileDescriptor {
        if ids == sandbox.mappings, let path = sandbox.namespaces[.user] {
            return try FileDescriptor.open(path, O_RDONLY)
        }
        return try makeUserNamespace(uids: Self.map(ids.uids), gids: Self.map(ids.gids))
    }

    private static func map(_ ranges: [RuntimeSpec.IDMapping]) -> String {
        ranges.map { "\($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
    }
}
