import CLinux
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import OCISpec
import PodNetwork

// Making a container: its folder with everything that the shim and the runtime need.

/// The image that a container was to be made from is not on this machine.
public struct MissingImage: Error, CustomStringConvertible {
    public let name: String

    public var description: String {
        "image '\(name)' is not on this machine: fetch it with 'swiftlet pull', or load an archive with "
            + "'swiftlet load -i FILE'"
    }
}

extension Engine {
    /// A container that was made and not started.
    public struct MadeContainer {
        public let definition: ContainerDefinition
        /// Its root file system is mounted; the shim takes that over.
        public let rootfs: RootfsMount
    }

    /// Makes a container. Its root is mounted afterwards: start it, or call `unmount`.
    /// - Parameter consoleSize: of the terminal that will be attached.
    public func make(_ request: ContainerRequest, consoleSize: TerminalSize? = nil) throws -> MadeContainer {
        try request.check()
        // Nobody removes the image's layers before the container's record says that it needs them.
        let image = try trace.step("find image") { try hold(request) }
        let layers = image.rootFilesystem
        let defaults = image.configuration.config

        let draft = try trace.step("claim id and name") { try store.draft(name: request.name) }
        let folder = draft.folder
        let rootfs = RootfsMount(
            lower: layers.lowerDirectories, upper: folder + "/upper", work: folder + "/work",
            target: folder + "/rootfs", volatile: request.removeAfterwards)
        var limit: StorageLimit?
        do {
            try trace.step("make root folders") { try makeRootFolders(rootfs, layers) }
            if let size = request.storageSize {
                limit = try StorageLimit.set(size, id: draft.id, on: [rootfs.upper, rootfs.work])
            }
            try trace.step("mount root") { try rootfs.mount() }
            var definition = ContainerDefinition(
                id: draft.id, name: draft.name, created: .now, image: request.image, imageID: "\(image.id)",
                platform: "\(image.platform)", command: [])
            definition.imageChain = layers.topChain.map { "\($0)" }
            definition.storage = limit
            try trace.step("write configuration") {
                try fill(&definition, folder, request, defaults, rootfs, consoleSize)
            }
            try trace.step("commit") { try draft.commit(definition) }
            image.end()
            return MadeContainer(definition: definition, rootfs: rootfs)
        } catch {
            try rootfs.unmount()
            try draft.discard()
            try limit?.forget(at: layout.containers)
            throw error
        }
    }

    private func hold(_ request: ContainerRequest) throws -> HeldImage {
        do {
            let image = try HeldImage.find(request.image, root: layout.images)
            if let wanted = request.platform, !PlatformMatch(wanted).accepts(image.platform) {
                throw UsageError("image '\(request.image)' is for \(image.platform), not for \(wanted)")
            }
            return image
        } catch let error as ImageError where error.kind == .notFound {
            throw MissingImage(name: request.image)
        }
    }

    private func makeRootFolders(_ rootfs: RootfsMount, _ layers: RootFilesystem) throws {
        for folder in [rootfs.work, rootfs.target] where mkdir(folder, 0o700) != 0 {
            throw KernelError("mkdir", folder)
        }
        try layers.makeUpper(at: rootfs.upper)
    }

    /// Writes everything but the definition itself.
    private func fill(
        _ definition: inout ContainerDefinition, _ folder: String, _ request: ContainerRequest,
        _ image: ImageConfig.Defaults, _ rootfs: RootfsMount, _ consoleSize: TerminalSize?
    ) throws {
        let root = try FileDescriptor.open(rootfs.target, O_PATH | O_DIRECTORY)
        let user = try UserLookup(
            request.user ?? image.user ?? "", additional: request.additionalGroups, in: root)
        var planner = MountPlanner(
            volumes: volumes, ownVolumes: request.removeAfterwards ? folder + "/volumes" : nil)
        try planner.plan(request.mounts, imageVolumes: image.volumes)
        for volume in planner.newVolumes { try volume.fill(from: root) }

        var builder = ConfigBuilder(
            request: request, image: image, id: definition.id, user: user, mounts: [],
            availableCapabilities: try Self.ownCapabilities())
        builder.consoleSize = consoleSize
        if request.usesInit { builder.initProgram = try Self.program("swiftlet-init", for: "--init") }
        builder.devices =
            try request.devices.flatMap(DeviceLookup.resolve) + (request.privileged ? DeviceLookup.all() : [])
        let hostFiles = try HostFiles(request: request, hostname: builder.hostname).write(in: folder)
        if request.network == .builtin {
            let link = try link(definition.id, folder, request, image, hostname: builder.hostname)
            builder.networkNamespace = link.attachment.namespace
            try writeDraftFile(folder + "/" + ContainerLink.fileName, link.json())
        }
        builder.mounts = MountPlanner.ordered(hostFiles + planner.mounts)
        let spec = try builder.build()
        try writeDraftFile(folder + "/config.json", spec.json())
        _ = try root.makeDirectoriesInRoot(try builder.workingDirectory)
        // Its live status begins with its first shim: until then there is nothing to say.
        let supervision = try supervision(definition, folder, request, image, rootfs)
        try writeDraftFile(folder + "/" + Supervision.fileName, supervision.json())

        definition.command = builder.arguments
        definition.labels = image.labels
        for label in request.labels { definition.labels[label.key] = label.value }
        definition.mounts = planner.points
        definition.anonymousVolumes = planner.anonymousVolumes
        definition.network = request.network
        definition.user = request.user ?? image.user ?? ""
        definition.attachesInput = request.interactive
        definition.removeAfterwards = request.removeAfterwards
        definition.usesInit = request.usesInit
        definition.privileged = request.privileged
        definition.addedCapabilities = request.addedCapabilities
        definition.droppedCapabilities = request.droppedCapabilities
        definition.securityOptions = request.securityOptions
    }

    /// What the container wants of the built-in network.
    private func link(
        _ id: String, _ folder: String, _ request: ContainerRequest, _ image: ImageConfig.Defaults,
        hostname: String
    ) throws -> ContainerLink {
        var attachment = PodAttachment(id: id, namespace: network.namespacePath(of: id))
        attachment.ports = request.ports
        if request.publishesAll {
            attachment.ports += try PortOption.all(of: image.exposedPorts, but: request.ports)
        }
        attachment.addresses = request.addresses
        if !request.mounts.contains(where: { $0.target == "/etc/hosts" }) {
            attachment.hostsFile = folder + "/hosts"
            attachment.hostNames = request.domainName.map { ["\(hostname).\($0)", hostname] } ?? [hostname]
        }
        return ContainerLink(network: network, attachment: attachment)
    }

    private func supervision(
        _ definition: ContainerDefinition, _ folder: String, _ request: ContainerRequest,
        _ image: ImageConfig.Defaults, _ rootfs: RootfsMount
    ) throws -> Supervision {
        let logs = folder + "/log"
        if mkdir(logs, 0o700) != 0 { throw KernelError("mkdir", logs) }
        var signal = request.stopSignal
        if signal == nil, let text = image.stopSignal {
            guard let parsed = Signal(parsing: text) else {
                throw UsageError("the image's stop signal '\(text)' is unknown")
            }
            signal = parsed.rawValue
        }
        return Supervision(
            terminal: request.terminal,
            input: request.interactive ? (request.detached ? .keep : .once) : .none, restart: request.restart,
            log: try LogOptions(path: logs + "/container.log", parsing: request.logOptions),
            stopSignal: signal ?? SIGTERM, stopTimeout: request.stopTimeout ?? 10,
            remove: request.removeAfterwards, rootfs: rootfs)
    }

    /// Another program of ours, found where the shim is: `swiftlet-init`, `swiftlet-node`.
    /// - Parameter use: what it is needed for, for messages.
    public static func program(_ name: String, for use: String) throws -> String {
        let shim = try ShimLauncher.find()
        let path = shim.splitAtLastComponent.parent + "/" + name
        guard access(path, X_OK) == 0 else { throw UsageError("\(use): \(path): \(Errno.current)") }
        return path
    }

    /// Takes a made container's root away again until its start.
    public func unmount(_ container: MadeContainer) throws {
        try trace.step("unmount root") { try container.rootfs.unmount() }
    }
}
