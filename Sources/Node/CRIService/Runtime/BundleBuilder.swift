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
        for warning in plan.warnings { log.notice("\(warning)", metadata: ["container": "\(draft.id)"]) }
        let volumes = try plan.imageMounts.map { try attach($0) }
        var bundle = ContainerBundle(
            configuration: plan.spec, stopSignal: plan.stopSignal,
            details: try status(config, plan, draft).serializedBytes())
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
        return sandbox
    }

    /// What of the container's status does not change.
    private func status(
        _ config: CRIContainerConfig, _ plan: ContainerPlan, _ draft: borrowing ContainerDraft
    ) throws -> CRIContainerStatus {
        var status = CRIContainerStatus()
        status.metadata = config.metadata
        status.image = config.image
        status.imageID = draft.image.id
        status.imageRef = draft.image.id
        status.labels = config.labels
        status.annotations = config.annotations
        status.mounts = plan.mounts
        status.logPath = plan.logPath ?? ""
        status.resources.linux = plan.resources
        status.user.linux = plan.user
        status.stopSignal = config.stopSignal
        return status
    }

    /// Binds an image, read-only, where the container's mount is made from.
    /// - Returns: the image, which has to be held until the container is on record.
    private func attach(_ mount: ImageMount) throws -> VolumeImage {
        let volume = try VolumeImage(mount.image.image, root: engine.layout.state.images)
        let layers = volume.folders
        if layers.count == 1 {
            // Overlayfs takes no single layer without one above it.
            try mount.attach(from: try FileDescriptor.open(layers[0], O_PATH | O_DIRECTORY))
        } else {
            try mount.attach(from: try OverlayMount(lowers: layers).make().descriptor)
        }
        return volume
    }
}
