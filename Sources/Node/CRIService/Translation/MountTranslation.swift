import CRIProtocol
import ContainerCLI
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The mounts of a container, in the order in which they are made. Missing folders of the host's are made here, as
/// other runtimes do.
struct MountTranslation {
    var mounts: [RuntimeSpec.Mount] = []
    var imageMounts: [ImageMount] = []
    /// Folders for the image's VOLUMEs.
    var volumes: [MountPlanner.NewVolume] = []
    /// Of the container's root, so that the mounts' own propagation works.
    var propagation: RuntimeSpec.Propagation?
    /// What of the host's gets the label of the container's files.
    var relabelled: [String] = []

    private let context: CRILinuxContainerSecurityContext
    private let folder: String
    private var hostMounts: HostMounts?

    /// - Parameter folder: the container's, on the host.
    init(
        _ config: CRIContainerConfig, sandbox: SandboxFacts, imageVolumes: [String], folder: String
    ) throws {
        context = config.linux.securityContext
        self.folder = folder
        var own: [RuntimeSpec.Mount] = []
        for (index, mount) in config.mounts.enumerated() {
            own.append(try translate(mount, index))
        }
        let taken = Set(own.map { normalizedPath($0.destination) })
        for (index, path) in imageVolumes.map(normalizedPath).enumerated()
        where !taken.contains(path) && path != "/" {
            let volume = MountPlanner.NewVolume(target: path, path: "\(folder)/volumes/\(index)")
            volumes.append(volume)
            own.append(
                RuntimeSpec.Mount(
                    destination: path, type: "bind", source: volume.path,
                    options: ["rbind", "rprivate", "rw"]))
        }
        let table = StandardMountTable(context: context, sandbox: sandbox)
        // A /dev of the CRI's comes with what is in it.
        func isReplaced(_ mount: RuntimeSpec.Mount) -> Bool {
            taken.contains(mount.destination)
                || (taken.contains("/dev") && mount.destination.hasPrefix("/dev/"))
        }
        let shared = table.podMounts.filter { !isReplaced($0) }
        relabelled += shared.compactMap(\.source).filter { $0 != "/dev/shm" } + volumes.map(\.path)
        mounts = table.kernelMounts.filter { !isReplaced($0) } + MountPlanner.ordered(shared + own)
    }

    // MARK: One mount of the CRI's

    private mutating func translate(_ mount: CRIMount, _ index: Int) throws -> RuntimeSpec.Mount {
        let field = "config.mounts[\(index)]"
        let destination = normalizedPath(mount.containerPath)
        guard destination != "/", mount.containerPath.isOneLine else {
            throw TranslationError.invalid(
                field + ".container_path",
                "\(JSONError.quoted(mount.containerPath)) is no place for a mount")
        }
        var options = ["rbind"]
        let source: String
        if mount.hasImage {
            source = try ImageVolumeFailure.wrapping { try image(mount, index, destination, field) }
        } else {
            source = try hostSource(mount, field)
        }
        try Self.checkProc(destination, source: mount.hasImage ? nil : source, field)
        options.append(try propagation(mount, source, field))
        options.append(try access(mount, field))
        for (number, option) in mount.mountOptions.enumerated() {
            guard Self.allowedOptions.contains(option) else {
                throw TranslationError.invalid(
                    "\(field).mount_options[\(number)]",
                    "\(JSONError.quoted(option)) is not one of \(Self.allowedOptions.joined(separator: " "))")
            }
            options.append(option)
        }
        var result = RuntimeSpec.Mount(
            destination: destination, type: "bind", source: source, options: options)
        if !mount.uidMappings.isEmpty || !mount.gidMappings.isEmpty {
            let ids = UserMappings(
                uids: try UserMappings.ranges(mount.uidMappings, field + ".uidMappings", rootMapped: false),
                gids: try UserMappings.ranges(mount.gidMappings, field + ".gidMappings", rootMapped: false))
            if mount.hasImage {
                imageMounts[imageMounts.count - 1].ids = ids
            } else {
                (result.uidMappings, result.gidMappings) = (ids.uids, ids.gids)
            }
        }
        if mount.selinuxRelabel, !mount.hasImage { relabelled.append(source) }
        return result
    }

    /// The runtime's own rule, said before anything is made. Whatever leads there by a link the runtime refuses.
    /// - Parameter source: on the host; nil for an image.
    private static func checkProc(_ destination: String, source: String?, _ field: String) throws {
        let field = field + ".container_path"
        if destination == "/proc" {
            let type = try source.map { try FileDescriptor.open($0, O_PATH).fileSystemType() }
            if type == procMagic { return }
            throw TranslationError.invalid(field, "/proc cannot be covered by something that is not a procfs")
        }
        let prefix = "/proc/"
        guard destination.hasPrefix(prefix), !ProcTarget.allows(String(destination.dropFirst(prefix.count)))
        else { return }
        throw TranslationError.invalid(field, "\(destination) is inside /proc, where nothing may be mounted")
    }

    /// PROC_SUPER_MAGIC (statfs(2)).
    private static let procMagic = 0x9fa0

    /// What a mount may be set to beside read-only (mount(8)).
    private static let allowedOptions = [
        "nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "atime", "nodiratime", "diratime",
        "relatime", "norelatime", "strictatime", "nostrictatime", "nosymfollow", "symfollow",
    ]

    /// The path on the host, with links followed: what the kernel mounts is what was looked at.
    private func hostSource(_ mount: CRIMount, _ field: String) throws -> String {
        let path = mount.hostPath
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw TranslationError.invalid(
                field + ".host_path", "\(JSONError.quoted(path)) is not an absolute path")
        }
        if Glibc.access(path, F_OK) != 0 {
            let errno = Errno.current
            guard errno == .noEntry else {
                throw TranslationError.invalid(field + ".host_path", "\(path): \(errno)")
            }
            try makeFolders(path, mode: 0o755)
        }
        guard let resolved = realpath(path, nil) else {
            throw TranslationError.invalid(field + ".host_path", "\(path): \(Errno.current)")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private mutating func image(
        _ mount: CRIMount, _ index: Int, _ destination: String, _ field: String
    ) throws -> String {
        guard mount.hostPath.isEmpty else {
            throw TranslationError.invalid(field + ".host_path", "is given beside an image")
        }
        guard mount.readonly else {
            throw TranslationError.invalid(field + ".readonly", "must be true for an image")
        }
        guard !mount.image.image.isEmpty || !mount.image.imageRef.isEmpty else {
            throw TranslationError.invalid(field + ".image.image", "must not be empty")
        }
        guard mount.propagation == .propagationPrivate else {
            throw TranslationError.invalid(field + ".propagation", "must be PRIVATE for an image")
        }
        let subPath = mount.imageSubPath
        guard !subPath.hasPrefix("/"), !subPath.leadsUp, !subPath.utf8.contains(0) else {
            throw TranslationError.invalid(
                field + ".image_sub_path", "\(JSONError.quoted(subPath)) leads out of the image")
        }
        let place = "\(folder)/images/\(imageMounts.count)"
        imageMounts.append(
            ImageMount(
                image: mount.image, field: index, subPath: subPath, place: place, destination: destination))
        return place
    }

    private mutating func propagation(_ mount: CRIMount, _ source: String, _ field: String) throws -> String {
        let field = field + ".propagation"
        switch mount.propagation {
        case .propagationPrivate: return "rprivate"
        case .propagationBidirectional:
            guard try hostPropagation(of: source).isShared else {
                throw TranslationError(
                    .failedPrecondition, field, "BIDIRECTIONAL, but \(source) does not lie in a shared mount")
            }
            propagation = .recursiveShared
            return "rshared"
        case .propagationHostToContainer:
            let ofHost = try hostPropagation(of: source)
            guard ofHost.isShared || ofHost.isSlave else {
                throw TranslationError(
                    .failedPrecondition, field,
                    "HOST_TO_CONTAINER, but \(source) does not lie in a shared or slave mount")
            }
            if propagation == nil { propagation = .recursiveSlave }
            return "rslave"
        case .UNRECOGNIZED(let number): throw TranslationError.invalid(field, "\(number) is unknown")
        }
    }

    private mutating func hostPropagation(of path: String) throws -> HostMounts.Propagation {
        let table = try hostMounts ?? HostMounts.read()
        hostMounts = table
        return try table.propagation(of: path)
    }

    private func access(_ mount: CRIMount, _ field: String) throws(TranslationError) -> String {
        guard mount.recursiveReadOnly else {
            return mount.readonly ? "ro" : "rw"
        }
        let field = field + ".recursive_read_only"
        guard mount.readonly else { throw .invalid(field, "needs readonly") }
        guard mount.propagation == .propagationPrivate else {
            throw .invalid(field, "needs propagation PRIVATE")
        }
        return "rro"
    }

    // MARK: What has to be there

    /// Makes the folders of volumes, with what the image has there, and the places of image mounts.
    /// - Parameter owner: the pod's root on the host, of volumes that the image has nothing for.
    func prepare(root: borrowing FileDescriptor, owner: (uid: UInt32, gid: UInt32)) throws {
        for volume in volumes {
            try makeFolders(volume.path, mode: 0o755)
            if try !volume.fill(from: root), chown(volume.path, owner.uid, owner.gid) != 0 {
                throw KernelError("chown", volume.path)
            }
        }
        for mount in imageMounts { try makeFolders(mount.place, mode: 0o755) }
    }
}
