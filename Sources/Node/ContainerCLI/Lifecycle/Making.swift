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
    /// Where there is one of that name for another platform: what was wanted, and what is there.
    public let platforms: (wanted: Platform, found: Platform)?

    public var description: String {
        if let platforms { return "image '\(name)' is for \(platforms.found), not for \(platforms.wanted)" }
        return
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
        /// Those that its root is mounted by, with a user namespace of its own; the shim takes them over, too.
        let namespaces: OwnNamespaces?
        /// Who removes containers that do not run leaves this one until it was started.
        let held: KeptFolder?
    }

    /// Makes a container. Its root is mounted afterwards: start it, or call `unmount`.
    /// - Parameter consoleSize: of the terminal that will be attached.
    public func make(_ request: ContainerRequest, consoleSize: TerminalSize? = nil) throws -> MadeContainer {
        try request.check()
        let other = try containerToJoin(request)
        let shared = try SharedVolumes(of: request, self)
        var request = request
        request.mounts += shared.mounts
        // Nobody removes the image's layers before the container's record says that it needs them.
        let image = try trace.step("find image") { try hold(request) }
        let layers = image.rootFilesystem
        let defaults = image.configuration.config

        let ids = try ClaimedIDs(request.userNamespace, layout)
        let draft = try trace.step("claim id and name") { try store.draft(name: request.name) }
        let folder = draft.folder
        let namespaces = ids.maps.map {
            OwnNamespaces(
                in: folder, hasNetwork: request.network != .host, uidMappings: $0.uids, gidMappings: $0.gids)
        }
        let rootfs = RootfsMount(
            lower: layers.lowerDirectories, upper: folder + "/upper", work: folder + "/work",
            target: folder + "/rootfs", volatile: request.removeAfterwards, userNamespace: namespaces?.user)
        var limit: StorageLimit?
        var planner = MountPlanner(
            volumes: volumes, ownVolumes: request.removeAfterwards ? folder + "/volumes" : nil)
        do {
            try trace.step("make root folders") { try makeRootFolders(rootfs, layers) }
            if let size = request.storageSize {
                limit = try StorageLimit.set(size, id: draft.id, on: [rootfs.upper, rootfs.work])
            }
            if let root = ids.maps?.root { try Self.give([rootfs.upper], to: root) }
            if let namespaces { try trace.step("make namespaces") { try namespaces.make() } }
            try trace.step("mount root") { try rootfs.mount() }
            var definition = ContainerDefinition(
                id: draft.id, name: draft.name, created: .now, image: request.image, imageID: "\(image.id)",
                platform: "\(image.platform)", command: [])
            definition.imageChain = layers.topChain.map { "\($0)" }
            definition.storage = limit
            definition.userMaps = ids.maps
            definition.volumesFrom = request.volumesFrom.map(\.text)
            try trace.step("write configuration") {
                let joined = try other.map {
                    JoinedContainer(
                        id: $0.id, folder: layout.container($0.id), configuration: try configuration(of: $0),
                        for: folder)
                }
                try fill(
                    &definition, &planner, folder, request, defaults, rootfs, namespaces, joined, consoleSize)
            }
            definition.anonymousVolumes += shared.anonymousVolumes
            let held = try KeptFolder.hold(folder)
            try trace.step("commit") { try draft.commit(definition) }
            image.end()
            planner.release()
            shared.release()
            return MadeContainer(
                definition: definition, rootfs: rootfs, namespaces: namespaces, held: held)
        } catch {
            try rootfs.unmount()
            try namespaces?.remove()
            try draft.discard()
            try limit?.forget(at: layout.containers)
            // A new volume that cannot be removed is not what went wrong: it waits for `volume prune`.
            try? planner.discard()
            throw error
        }
    }

    /// Whose network the container is to share. It need not run yet.
    private func containerToJoin(_ request: ContainerRequest) throws -> ContainerDefinition? {
        guard case .container(let word) = request.network else { return nil }
        let other = try store.find(word)
        if other.isDamaged {
            throw UsageError("container \(other.name) is damaged: nobody can share its network")
        }
        return other
    }

    private func hold(_ request: ContainerRequest) throws -> HeldImage {
        do {
            let image = try HeldImage.find(request.image, root: layout.images)
            if let wanted = request.platform, !PlatformMatch(wanted).accepts(image.platform) {
                let missing = MissingImage(name: request.image, platforms: (wanted, image.platform))
                // An id means this one and no other; the registry may have another one of the name.
                let isID = request.image.hasPrefix("sha256:") || image.id.hex.hasPrefix(request.image)
                if isID { throw UsageError(missing.description) }
                throw missing
            }
            return image
        } catch let error as ImageError where error.kind == .notFound {
            throw MissingImage(name: request.image, platforms: nil)
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
        _ definition: inout ContainerDefinition, _ planner: inout MountPlanner, _ folder: String,
        _ request: ContainerRequest, _ image: ImageConfig.Defaults, _ rootfs: RootfsMount,
        _ namespaces: OwnNamespaces?, _ joined: JoinedContainer?, _ consoleSize: TerminalSize?
    ) throws {
        let owner = definition.userMaps?.root ?? (uid: 0, gid: 0)
        let root = try FileDescriptor.open(rootfs.target, O_PATH | O_DIRECTORY)
        let user = try UserLookup(
            request.user ?? image.user ?? "", additional: request.additionalGroups, in: root)
        try planner.plan(request.mounts, imageVolumes: image.volumes)
        try Self.give(planner.newVolumes.map(\.path).filter(Self.isRoots), to: owner)
        for volume in planner.newVolumes { try volume.fill(from: root) }

        var builder = ConfigBuilder(
            request: request, image: image, id: definition.id, user: user, mounts: [],
            availableCapabilities: try namespaces == nil ? Self.ownCapabilities() : Self.kernelCapabilities())
        builder.ownNamespaces = namespaces
        builder.joined = joined
        builder.networkNamespace = joined?.network.pin
        builder.consoleSize = consoleSize
        if Self.needsStandardProfile(request), try AppArmorProfiles.ofKernel()?.provideStandard() == true {
            builder.defaultAppArmorProfile = AppArmorProfiles.standard
            definition.hasStandardProfile = true
        }
        if request.usesInit { builder.initProgram = try Self.program("swiftlet-init", for: "--init") }
        builder.devices =
            try request.devices.flatMap(DeviceLookup.resolve) + (request.privileged ? DeviceLookup.all() : [])
        let hostFiles = HostFiles(request: request, hostname: builder.hostname, owner: owner)
        let fileMounts = try joined?.fileMounts(request) ?? hostFiles.write(in: folder)
        if request.network == .builtin {
            var link = try link(definition.id, folder, request, image, hostNames: hostFiles.ownNames)
            if let path = namespaces?.network { link.attachment.namespace = path }
            builder.networkNamespace = link.attachment.namespace
            try writeDraftFile(folder + "/" + ContainerLink.fileName, link.json())
        }
        builder.mounts = MountPlanner.ordered(fileMounts + planner.mounts)
        let spec = try builder.build()
        try writeDraftFile(folder + "/config.json", spec.json())
        try Self.makeFolders(try builder.workingDirectory, in: root, owner)
        // Its live status begins with its first shim: until then there is nothing to say.
        let supervision = try supervision(definition, folder, request, image, rootfs, namespaces, joined)
        try writeDraftFile(folder + "/" + Supervision.fileName, supervision.json())

        definition.command = builder.arguments
        definition.labels = image.labels
        for label in request.labels { definition.labels[label.key] = label.value }
        definition.mounts = planner.points
        definition.anonymousVolumes = planner.anonymousVolumes
        definition.network = joined.map { .container($0.id) } ?? request.network
        definition.user = request.user ?? image.user ?? ""
        definition.attachesInput = request.interactive
        definition.attached = request.attached
        definition.removeAfterwards = request.removeAfterwards
        definition.usesInit = request.usesInit
        definition.privileged = request.privileged
        definition.addedCapabilities = request.addedCapabilities
        definition.droppedCapabilities = request.droppedCapabilities
        definition.securityOptions = request.securityOptions
    }

    private static func needsStandardProfile(_ request: ContainerRequest) -> Bool {
        !request.privileged && request.security.apparmorProfile == nil
    }

    /// What the container wants of the built-in network.
    private func link(
        _ id: String, _ folder: String, _ request: ContainerRequest, _ image: ImageConfig.Defaults,
        hostNames: [String]
    ) throws -> ContainerLink {
        var attachment = PodAttachment(id: id, namespace: network.namespacePath(of: id))
        attachment.ports = request.ports
        if request.publishesAll {
            attachment.ports += try PortOption.all(of: image.exposedPorts, but: request.ports)
        }
        attachment.addresses = request.addresses
        if !request.mounts.contains(where: { $0.target == "/etc/hosts" }) {
            attachment.hostsFile = folder + "/hosts"
            attachment.hostNames = hostNames
        }
        return ContainerLink(network: network, attachment: attachment)
    }

    private func supervision(
        _ definition: ContainerDefinition, _ folder: String, _ request: ContainerRequest,
        _ image: ImageConfig.Defaults, _ rootfs: RootfsMount, _ namespaces: OwnNamespaces?,
        _ joined: JoinedContainer?
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
            log: request.logDriver == .none
                ? nil : try LogOptions(path: logs + "/container.log", parsing: request.logOptions),
            stopSignal: signal ?? SIGTERM, stopTimeout: request.stopTimeout ?? 10,
            remove: request.removeAfterwards, rootfs: rootfs, namespaces: namespaces,
            joinedNetwork: joined?.network)
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
        defer { container.held?.release() }
        try trace.step("unmount root") {
            try container.rootfs.unmount()
            try container.namespaces?.remove()
        }
    }

    // MARK: Owners

    /// Whether nobody has given it to somebody else.
    private static func isRoots(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_uid == 0
    }

    private static func give(_ paths: [String], to owner: (uid: UInt32, gid: UInt32)) throws(KernelError) {
        if owner == (0, 0) { return }
        for path in paths { _ = try check("chown", path) { lchown(path, owner.uid, owner.gid) } }
    }

    /// Makes the folders of a path that are missing, as the container's root would.
    private static func makeFolders(
        _ path: String, in root: borrowing FileDescriptor, _ owner: (uid: UInt32, gid: UInt32)
    ) throws(KernelError) {
        var walked = ""
        for component in path.split(separator: "/") {
            walked += "/" + component
            if try root.openInRootIfThere(walked, O_PATH | O_DIRECTORY) != nil { continue }
            let made = try root.makeDirectoriesInRoot(walked)
            // Whatever the umask is.
            _ = try check("chmod", walked) { chmod(made.procPath, 0o755) }
            if owner == (0, 0) { continue }
            _ = try check("chown", walked) { fchownat(made.raw, "", owner.uid, owner.gid, AT_EMPTY_PATH) }
        }
    }
}
