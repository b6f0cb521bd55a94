import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// What a `cgroup` mount shows inside a container: on a unified host the container's own part of the one
/// tree, on a host with version 1 hierarchies a tmpfs with a folder for each of them, as runc does.
struct CgroupView: Sendable {
    /// A version 1 hierarchy: the mount point's name on the host, and its controllers.
    struct Hierarchy: Sendable {
        /// `cpu,cpuacct`, as the folder is called.
        let name: String
        /// What to name at mounting: controllers, or `name=systemd`.
        let options: [String]
        /// The container's own group, without groups of its own the whole hierarchy.
        let path: String
        /// A detached copy of it, for containers without a cgroup namespace, or -1.
        fileprivate(set) var bind: Int32 = -1
    }

    /// Without version 1 hierarchies.
    let isUnified: Bool
    private(set) var hierarchies: [Hierarchy]
    /// With a cgroup namespace of its own the container gets mounts, else copies of its groups' folders.
    let hasNamespace: Bool
    /// The container's own unified group, without groups of its own the whole tree.
    private let unifiedPath: String
    /// A detached copy of it, for a unified host without namespace, or -1.
    private var unifiedBind: Int32 = -1

    /// - Returns: nil for a container that has no cgroup mount.
    init?(of cgroup: borrowing ContainerCgroup?, layout: CgroupLayout, spec: RuntimeSpec) throws {
        guard CgroupView.isWanted(by: spec) else { return nil }
        hasNamespace = spec.linux?.namespace(.cgroup) != nil
        isUnified = layout.isUnified
        switch cgroup {
        case .some(let cgroup):
            unifiedPath = cgroup.unifiedPath
            // A container that is shown its groups has one in every hierarchy.
            hierarchies = cgroup.legacy.map { Hierarchy($0.hierarchy, path: $0.path) }
        case .none:
            unifiedPath = layout.unified
            hierarchies = try layout.legacyHierarchies().map {
                Hierarchy($0.controllers, path: $0.mountPoint)
            }
        }
    }

    /// Takes copies of the folders, which are not reachable any more once the container's root covers the host's.
    mutating func copyFolders() throws {
        if hasNamespace { return }
        if isUnified { unifiedBind = try LinuxKernel.Mount.clone(unifiedPath, recursive: false).release() }
        for index in hierarchies.indices {
            hierarchies[index].bind = try LinuxKernel.Mount.clone(hierarchies[index].path, recursive: false)
                .release()
        }
    }

    /// What a container without a cgroup namespace is shown: copies of its groups' folders, at these places.
    static func boundFolders(
        _ spec: RuntimeSpec, _ place: CgroupRecord?
    ) -> [(destination: String, source: String)] {
        guard let place, spec.linux?.namespace(.cgroup) == nil else { return [] }
        return spec.mounts.filter { $0.type == "cgroup" || $0.type == "cgroup2" }.flatMap { mount in
            guard !place.legacy.entries.isEmpty else { return [(mount.destination, place.unified)] }
            return place.legacy.entries.map { hierarchy, path in
                let name = hierarchy.hasPrefix("name=") ? String(hierarchy.dropFirst(5)) : hierarchy
                return ("\(mount.destination)/\(name)", path)
            }
        }
    }

    static func isWanted(by spec: RuntimeSpec) -> Bool { spec.mounts.contains(where: isView) }

    /// Whether the container may make groups, as far as the mount is concerned.
    static func isWritable(in spec: RuntimeSpec) -> Bool {
        spec.mounts.contains { isView($0) && !MountOptions($0.options).isReadOnly }
    }

    private static func isView(_ mount: RuntimeSpec.Mount) -> Bool {
        (mount.type == "cgroup" || mount.type == "cgroup2") && !mount.isBind && !mount.isRemount
    }

    /// - Parameter mayChangeFolder: whether the working directory may be another one afterwards.
    func mount(
        at destination: String, _ options: MountOptions, in root: borrowing FileDescriptor,
        mayChangeFolder: Bool
    ) throws {
        let target = try root.makeDirectoriesInRoot(destination)
        try RootfsBuilder.refuseRoot(destination, target: target, root: root)
        let attributes = options.attributes.setting
        if isUnified {
            let mount =
                hasNamespace
                ? try LinuxKernel.Mount.new(
                    type: "cgroup2", source: "cgroup", options: options.data, attributes: attributes)
                : try copy(unifiedBind, attributes)
            try mount.attach(on: target, name: destination)
            return
        }
        // Read-only is all together in the end.
        let writable = attributes & ~MountAttributes.readOnly
        let folder = try LinuxKernel.Mount.new(
            type: "tmpfs", source: "tmpfs", options: ["mode=755"], attributes: writable)
        try folder.attach(on: target, name: destination)
        for hierarchy in hierarchies {
            let name = hierarchy.name
            _ = try check("mkdir", "\(destination)/\(name)") { mkdirat(folder.descriptor.raw, name, 0o755) }
            let place = try folder.descriptor.openAt(name, O_PATH | O_DIRECTORY)
            let isAttached =
                hasNamespace && mayChangeFolder
                && LinuxKernel.Mount.attachNew(
                    type: "cgroup", source: "cgroup", options: hierarchy.options, attributes: writable,
                    on: place)
            if !isAttached {
                let mount =
                    hasNamespace
                    ? try LinuxKernel.Mount.new(
                        type: "cgroup", source: "cgroup", options: hierarchy.options, attributes: writable)
                    : try copy(hierarchy.bind, writable)
                try mount.attach(on: place, name: "\(destination)/\(name)")
            }
            // Controllers that share a hierarchy are also found by their own names.
            guard name.utf8.contains(UInt8(ascii: ",")) else { continue }
            for alias in name.split(separator: ",") {
                _ = try check("symlink", "\(destination)/\(alias)") {
                    symlinkat(name, folder.descriptor.raw, String(alias))
                }
            }
        }
        if attributes & MountAttributes.readOnly != 0 {
            try folder.setAttributes(
                MountAttributes(setting: MountAttributes.readOnly), recursive: true, name: destination)
        }
    }

    private func copy(_ source: Int32, _ attributes: UInt64) throws -> LinuxKernel.Mount {
        let mount = LinuxKernel.Mount(owning: FileDescriptor(owning: dup(source)))
        try mount.setAttributes(MountAttributes(setting: attributes), recursive: false)
        return mount
    }
}

extension CgroupView.Hierarchy {
    fileprivate init(_ controllers: String, path: String) {
        let named = controllers.hasPrefix("name=")
        self.init(
            name: named ? String(controllers.dropFirst(5)) : controllers,
            options: named ? ["none", controllers] : controllers.split(separator: ",").map(String.init),
            path: path)
    }
}
