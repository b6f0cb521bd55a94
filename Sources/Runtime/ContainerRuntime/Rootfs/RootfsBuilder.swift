import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Builds the container's view of files, inside its mount namespace. Nothing here looks up a host path: what
/// comes from the host is a descriptor in `sources`. Every target is resolved by the kernel inside the root.
struct RootfsBuilder: ~Copyable {
    private(set) var spec: RuntimeSpec
    let options: [MountOptions]
    let sources: MountSources
    let cgroup: CgroupView?
    /// Of `NamespacePlan`.
    let queueLabel: String?
    let log: Log
    /// The container's root, a mount of its own.
    let root: FileDescriptor
    /// Mounts that are made here may reach the host.
    private let keepsHostSharing: Bool
    /// Of mounts that say their own propagation, where the root's will reach all: places in the configuration, and
    /// descriptors.
    private var ownPropagation: [(index: Int, descriptor: Int32)] = []

    /// Puts the container's root over the host's, where mounts can be added to it: a detached mount takes
    /// none before kernel 6.15. Its old root stays reachable below until `enter`.
    /// - Parameter place: where hooks look for the root: it is put there instead, if its maker may go there.
    init(
        spec: RuntimeSpec, options: [MountOptions], sources: MountSources, cgroup: CgroupView?,
        queueLabel: String?, place: String?, log: Log
    ) throws {
        self.spec = spec
        self.options = options
        self.sources = sources
        self.cgroup = cgroup
        self.queueLabel = queueLabel
        self.log = log
        let propagation = spec.linux?.rootfsPropagation
        keepsHostSharing = propagation == .shared || propagation == .recursiveShared
        if keepsHostSharing {
            // The parent of a new root must not be shared: pivot_root(2).
            try setPropagation("/", .private, recursive: false)
        } else {
            // Nothing that is mounted here may reach the host.
            try setPropagation("/", .slave, recursive: true)
        }
        let tree = LinuxKernel.Mount(owning: FileDescriptor(owning: dup(sources.root)))
        // The mount of a root that is shared with the host has a parent of its own to be made private: only over /.
        if let place, !keepsHostSharing, let target = Self.openForHooks(place) {
            try tree.attach(on: target, name: "root file system")
        } else {
            let host = try FileDescriptor.open("/", O_PATH | O_DIRECTORY)
            try tree.attach(on: host, name: "root file system")
        }
        root = try tree.descriptor.duplicate()
    }

    /// - Returns: nil where a user namespace's root has no way to it.
    private static func openForHooks(_ place: String) -> FileDescriptor? {
        try? FileDescriptor.open(place, O_PATH | O_DIRECTORY)
    }

    // MARK: Mounts

    mutating func mountAll() throws {
        var folders = MountFolders()
        for (index, mount) in spec.mounts.enumerated() {
            do {
                if strstr(mount.destination, "..") != nil, mount.destination.leadsUp {
                    // What comes later asks where the mounts are.
                    spec.mounts[index].destination = try Self.destination(of: mount, in: root)
                }
                try self.mount(index, spec.mounts[index], &folders)
            } catch {
                throw RuntimeError("mount \(mount.destination)", error)
            }
        }
        try folders.leave()
    }

    /// Where a mount goes, without `..`.
    static func destination(
        of mount: RuntimeSpec.Mount, in root: borrowing FileDescriptor
    ) throws(KernelError) -> String {
        guard mount.destination.leadsUp else { return mount.destination }
        let plain = mount.destination.withoutParents
        // By its text alone: a link of the image's in that place has to be met by the check that refuses it
        // (CVE-2019-19921), and is not to hide that the host's /dev is bound.
        let isText = Self.isKernelView(mount.type) || Self.isInRoot("dev", plain)
        return isText ? plain : try root.pathWithoutParents(mount.destination)
    }

    /// What is mounted over the root is seen by nobody: processes have the root that lies below.
    static func refuseRoot(
        _ destination: String, target: borrowing FileDescriptor, root: borrowing FileDescriptor
    ) throws {
        let (there, top) = (try target.status(), try root.status())
        guard there.st_ino == top.st_ino, there.st_dev == top.st_dev else { return }
        // The same folder may be bound to another place.
        if try root.pathWithoutParents(destination) == "/" {
            throw RuntimeError("this is the root itself, which nothing can be mounted over")
        }
    }

    private static func isKernelView(_ type: String?) -> Bool { type == "proc" || type == "sysfs" }

    private mutating func mount(_ index: Int, _ mount: RuntimeSpec.Mount, _ folders: inout MountFolders)
        throws
    {
        let options = options[index]
        if options.isBind {
            try bind(index, mount, &folders)
        } else if options.isRemount {
            try remount(mount, options)
        } else if mount.type == "cgroup" || mount.type == "cgroup2" {
            guard let cgroup else { throw RuntimeError("this container has no control group to show") }
            folders.forget()
            try cgroup.mount(
                at: mount.destination, options, in: root, mayChangeFolder: folders.mayBeEntered)
        } else {
            try mountNew(mount, options, &folders)
        }
        if !options.propagation.isEmpty { try finish(index, mount) }
    }

    /// Changes what is mounted at a place: options of the file system for all of its mounts (not with `bind`), attributes
    /// for this one alone, so that no file system of the host's becomes read-only by way of a container's view of it.
    private func remount(_ mount: RuntimeSpec.Mount, _ options: MountOptions) throws {
        let there = LinuxKernel.Mount(owning: try root.openInRoot(mount.destination, O_PATH))
        var attributes = options.attributes
        if defersReadOnly(mount) { attributes.setting &= ~MountAttributes.readOnly }
        do throws(KernelError) {
            // Read-only, and what is not named: as it is.
            try there.setAttributes(attributes, recursive: false, name: mount.destination)
            if !options.data.isEmpty || !options.optionalData.isEmpty {
                try there.reconfigure(
                    options.data, optional: options.optionalData, name: mount.destination)
            }
            if !options.recursiveAttributes.isEmpty {
                try there.setAttributes(
                    options.recursiveAttributes, recursive: true, name: mount.destination)
            }
        } catch {
            // The kernel's word for a place where nothing is mounted.
            guard error.errno == .invalidArgument, ["mount_setattr", "fspick"].contains(error.operation)
            else { throw error }
            throw RuntimeError("remount: nothing is mounted there, or not with these options")
        }
    }

    private func bind(_ index: Int, _ mount: RuntimeSpec.Mount, _ folders: inout MountFolders) throws {
        let tree = LinuxKernel.Mount(owning: FileDescriptor(owning: dup(sources.binds[index])))
        let isFolder = try tree.descriptor.status().st_mode & S_IFMT == S_IFDIR
        let target = try place(mount.destination, isFolder: isFolder, &folders)
        try Self.refuseRoot(mount.destination, target: target, root: root)
        try ProcTarget.check(mount.destination, target: target, source: tree.descriptor.raw)
        do throws(KernelError) {
            try tree.attach(on: target, name: mount.destination)
        } catch {
            // move_mount(2) has another word for it than mount(2).
            guard error.errno == .invalidArgument, !isFolder,
                try target.status().st_mode & S_IFMT == S_IFDIR
            else { throw error }
            throw KernelError("bind a file over the folder", mount.destination, .notDirectory)
        }
    }

    /// Opens what is to be mounted on, and makes it where nothing is. Images have links that lead nowhere, such as
    /// /etc/resolv.conf to a service's file below /run: then that is made, inside of the root.
    private func place(
        _ destination: String, isFolder: Bool, _ folders: inout MountFolders
    ) throws(KernelError) -> FileDescriptor {
        do throws(KernelError) {
            return isFolder
                ? try folders.target(destination, in: root) : try root.makeFileInRoot(destination)
        } catch {
            guard error.errno == .noEntry else { throw error }
            let resolved = try root.pathWithoutParents(destination)
            if resolved == destination { throw error }
            folders.forget()
            return isFolder ? try root.makeDirectoriesInRoot(resolved) : try root.makeFileInRoot(resolved)
        }
    }

    private func mountNew(
        _ mount: RuntimeSpec.Mount, _ options: MountOptions, _ folders: inout MountFolders
    ) throws {
        guard let type = mount.type, !type.isEmpty, type != "none", type != "bind" else {
            throw RuntimeError("no file system type and no bind option is given")
        }
        let isKernelView = Self.isKernelView(type)
        // A link in the place of /proc or /sys would put them where the image wants (CVE-2019-19921).
        if isKernelView { folders.forget() }
        let covered = try coveredMode(mount, type, options)
        let target =
            isKernelView
            ? try kernelViewTarget(mount.destination)
            : try place(mount.destination, isFolder: true, &folders)
        try Self.refuseRoot(mount.destination, target: target, root: root)
        if !isKernelView {
            try ProcTarget.check(mount.destination, target: target, source: nil)
        }
        let data = fileSystemOptions(type, options, covered)
        let attributes =
            options.attributes.setting & ~(defersReadOnly(mount) ? MountAttributes.readOnly : 0)
        // What nothing is done with before it is attached.
        let isPlain =
            !options.copiesUp && options.recursiveAttributes.isEmpty && Self.isKnown(type)
            && (type != "mqueue" || queueLabel == nil)
        if isPlain, folders.mayBeEntered,
            LinuxKernel.Mount.attachNew(
                type: type, source: mount.source ?? "none", options: data, attributes: attributes, on: target)
        {
            return
        }
        let new = try LinuxKernel.Mount.new(
            type: type, source: mount.source, options: data, optional: options.optionalData,
            attributes: attributes)
        if options.copiesUp, type == "tmpfs" {
            try TmpfsCopyUp.copy(from: root, mount.destination, to: new.descriptor)
        }
        if !options.recursiveAttributes.isEmpty {
            try new.setAttributes(options.recursiveAttributes, recursive: true)
        }
        if type == "mqueue", let queueLabel {
            try MessageQueueLabel.set(queueLabel, on: new.descriptor, mount.destination, spec, log)
        }
        try new.attach(on: target, name: mount.destination)
    }

    /// File systems that take their options as text, and no source.
    private static func isKnown(_ type: String) -> Bool {
        switch type {
        case "tmpfs", "proc", "sysfs", "devpts", "mqueue": true
        default: false
        }
    }

    private func kernelViewTarget(_ destination: String) throws -> FileDescriptor {
        do throws(KernelError) {
            return try root.openInRoot(destination, O_PATH | O_DIRECTORY, noLinks: true)
        } catch {
            guard error.errno == .noEntry else { throw error }
        }
        _ = try root.makeDirectoriesInRoot(destination)
        return try root.openInRoot(destination, O_PATH | O_DIRECTORY, noLinks: true)
    }

    /// A tmpfs takes the mode of the folder that it covers, as with runc. Where there is none it has the kernel's,
    /// which everybody may write to.
    /// - Returns: nil also where the configuration says another.
    private func coveredMode(
        _ mount: RuntimeSpec.Mount, _ type: String, _ options: MountOptions
    ) throws(KernelError) -> mode_t? {
        guard type == "tmpfs", !options.data.contains(where: { $0.utf8.starts(with: "mode=".utf8) }),
            let folder = try root.openInRootIfThere(mount.destination, O_PATH | O_DIRECTORY)
        else { return nil }
        return try folder.status().st_mode & 0o7777
    }

    private func fileSystemOptions(_ type: String, _ options: MountOptions, _ covered: mode_t?) -> [String] {
        var data = options.data
        if let label = spec.linux?.mountLabel, !label.isEmpty, !["proc", "sysfs", "mqueue"].contains(type) {
            data.append("context=\(label)")
        }
        if let covered { data.append("mode=\(Self.octal(covered))") }
        return data
    }

    /// Five digits of a mode.
    private static func octal(_ mode: mode_t) -> String {
        String(unsafeUninitializedCapacity: 5) { digits in
            for index in 0..<5 {
                digits[index] = UInt8(ascii: "0") + UInt8(mode >> (3 * (4 - UInt32(index))) & 7)
            }
            return 5
        }
    }

    /// A read-only /dev can only become so when the nodes are in it.
    private func defersReadOnly(_ mount: RuntimeSpec.Mount) -> Bool {
        mount.destination == "/dev" || mount.destination == "/dev/"
    }

    /// What can only be said of an attached mount.
    private mutating func finish(_ index: Int, _ mount: RuntimeSpec.Mount) throws {
        let attached = LinuxKernel.Mount(owning: try root.openInRoot(mount.destination, O_PATH))
        try setOwnPropagation(index, attached)
        switch spec.linux?.rootfsPropagation {
        case .recursiveShared, .recursiveSlave:
            ownPropagation.append((index, try attached.descriptor.duplicate().release()))
        default: break
        }
    }

    private func setOwnPropagation(_ index: Int, _ mount: borrowing LinuxKernel.Mount) throws(KernelError) {
        for propagation in options[index].propagation {
            try mount.setAttributes(
                MountAttributes(), recursive: propagation.recursive, propagation: propagation.kind,
                name: spec.mounts[index].destination)
        }
    }

    // MARK: /dev

    /// Nodes and links, unless the configuration binds a /dev of its own.
    func makeDevices() throws {
        let bindsDev = spec.mounts.indices.contains {
            options[$0].isBind && Self.isInRoot("dev", spec.mounts[$0].destination)
        }
        guard !bindsDev else { return }
        if sources.devices.isEmpty {
            try DeviceNodes.make(DeviceNodes.all(of: spec), in: root)
        } else {
            try DeviceNodes.bind(sources.devices, in: root)
        }
        try DeviceNodes.makeLinks(in: root)
    }

    /// Whether a path is that of the folder `name` in the root, however many slashes it has.
    private static func isInRoot(_ name: StaticString, _ path: String) -> Bool {
        let rest = path.utf8.drop { $0 == UInt8(ascii: "/") }
        return name.withUTF8Buffer { name in
            rest.starts(with: name) && rest.dropFirst(name.count).allSatisfy { $0 == UInt8(ascii: "/") }
        }
    }

    // MARK: Entering

    /// Makes the container's root this process's root and drops the host's.
    /// - Parameter pivot: false leaves the host's mounts in the namespace, unreachable (`--no-pivot`, for
    ///   hosts whose root is an initramfs).
    func enter(pivot: Bool) throws {
        _ = try check("chdir", "new root") { fchdir(root.raw) }
        if pivot {
            let host = LinuxKernel.Mount(owning: try FileDescriptor.open("/", O_PATH | O_DIRECTORY))
            // Both in the same place: the old root ends up below the new one and needs no folder there.
            _ = try check("pivot_root", "") { clinux_pivot_root(".", ".") }
            if keepsHostSharing {
                // The host's mounts are still shared with the host: it would lose what is unmounted here.
                try host.setAttributes(
                    MountAttributes(), recursive: true, propagation: .slave, name: "old root")
            }
            _ = try check("unmount", "old root") { umount2(".", Int32(MNT_DETACH)) }
        } else {
            _ = try check("chroot", "new root") { chroot(".") }
        }
        _ = try check("chdir", "/") { chdir("/") }
    }

    /// Makes the program's working directory where the image lacks it, as the field's runtimes do.
    func makeWorkingDirectory(_ path: String) throws {
        do throws(KernelError) {
            _ = try root.makeDirectoriesInRoot(path)
        } catch {
            // Its user may see more of it, and goes there later.
            if error.errno == .accessDenied { return }
            throw RuntimeError("\(LaunchPlan.chdirStep(path)): \(error.errno)")
        }
    }

    private func protectPaths() throws {
        let (readOnly, masked) = (spec.linux?.readonlyPaths ?? [], spec.linux?.maskedPaths ?? [])
        guard !readOnly.isEmpty || !masked.isEmpty else { return }
        let mountsProc = spec.mounts.contains { $0.type == "proc" && Self.isInRoot("proc", $0.destination) }
        let paths = try ProtectedPaths(root: root, mountsProc: mountsProc)
        try paths.makeReadOnly(readOnly)
        try paths.mask(masked, nullDevice: sources.nullDevice)
    }

    /// The last changes: they hide or lock what the steps before still needed.
    mutating func protect() throws {
        let attached = LinuxKernel.Mount(owning: try root.duplicate())
        for (index, mount) in spec.mounts.enumerated() where defersReadOnly(mount) {
            guard !options[index].isBind, options[index].isReadOnly else { continue }
            let dev = LinuxKernel.Mount(owning: try root.openInRoot("/dev", O_PATH))
            try dev.setAttributes(
                MountAttributes(setting: MountAttributes.readOnly), recursive: false, name: "/dev")
        }
        try protectPaths()
        if spec.root?.readonly == true {
            try attached.setAttributes(
                MountAttributes(setting: MountAttributes.readOnly), recursive: false, name: "/")
        }
        switch spec.linux?.rootfsPropagation {
        case nil, .private, .recursivePrivate: break
        case .shared: try setPropagation("/", .shared, recursive: false)
        case .recursiveShared: try setPropagation("/", .shared, recursive: true)
        case .slave: try setPropagation("/", .slave, recursive: false)
        case .recursiveSlave: try setPropagation("/", .slave, recursive: true)
        case .unbindable: try setPropagation("/", .unbindable, recursive: false)
        case .recursiveUnbindable: try setPropagation("/", .unbindable, recursive: true)
        }
        try restorePropagation()
    }

    /// A mount's own propagation counts more than that of the root, which all mounts have been given. By now others, or
    /// masks, may lie over its place.
    private mutating func restorePropagation() throws {
        for (index, descriptor) in ownPropagation {
            let mount = LinuxKernel.Mount(owning: FileDescriptor(owning: descriptor))
            try setOwnPropagation(index, mount)
        }
        ownPropagation = []
    }
}
