import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel

/// A folder that lives as long as its pod, on the node's disk, in memory or in huge pages.
struct EmptyDir: Equatable, Sendable {
    enum Medium: Equatable, Sendable {
        case disk
        /// Bytes at most; nil for half of the machine's memory, as the kernel has it.
        case memory(size: Int64?)
        /// Bytes of a page. What is taken, the pod's group limits.
        case hugePages(pageSize: Int64)

        /// On the node's disk its folder is one of many.
        var ownsFileSystem: Bool { self != .disk }

        /// By blocks: huge pages are counted by the pod's group alone.
        var isMeasured: Bool {
            if case .hugePages = self { return false }
            return true
        }
    }

    var medium: Medium
    var mode: mode_t = 0o777
    /// Bytes; past it the pod is evicted.
    var limit: Int64?

    init(medium: Medium) {
        self.medium = medium
    }

    /// - Throws: for a medium that this node has not.
    init(_ source: EmptyDirVolumeSource, pod: Pod, allocatable: ResourceList) throws(VolumeFailure) {
        let limit = source.sizeLimit.flatMap { $0.value > 0 ? $0.value : nil }
        switch source.medium {
        case "": medium = .disk
        case .memory: medium = .memory(size: Self.memory(limit: limit, pod: pod, allocatable: allocatable))
        case .hugePages: medium = .hugePages(pageSize: try Self.onlyPageSize(of: pod))
        case let other where other.rawValue.hasPrefix(StorageMedium.hugePagesPrefix.rawValue):
            medium = .hugePages(pageSize: try Self.pageSize(other, pod))
        case let other: throw VolumeFailure("unknown storage medium \"\(other)\"")
        }
        if let mode = source.mode { self.mode = mode_t(truncatingIfNeeded: mode) & 0o1777 }
        self.limit = limit
    }

    /// The smallest of the volume's own limit, the pod's and the node's: for more than that the pod would be killed.
    static func memory(limit: Int64?, pod: Pod, allocatable: ResourceList) -> Int64? {
        let node = allocatable[.memory].map(\.value).flatMap { $0 > 0 ? $0 : nil }
        return [limit, pod.memoryLimit, node].compactMap { $0 }.min()
    }

    // MARK: Huge pages

    /// The sizes of pages that the pod asks for.
    private static func pageSizes(of pod: Pod) -> Set<Int64> {
        let all =
            (pod.spec.containers + pod.spec.initContainers).map(\.resources)
            + [pod.spec.resources ?? ResourceRequirements()]
        // Each has to be limited to what is asked for.
        return Set(all.flatMap(\.limits.keys).compactMap { $0.hugePageSize?.value })
    }

    private static func onlyPageSize(of pod: Pod) throws(VolumeFailure) -> Int64 {
        let sizes = pageSizes(of: pod)
        guard let size = sizes.first else {
            throw VolumeFailure("medium HugePages: the pod asks for no huge pages")
        }
        if sizes.count > 1 {
            throw VolumeFailure(
                "medium HugePages: the pod asks for pages of several sizes: name one, as in HugePages-2Mi")
        }
        return size
    }

    private static func pageSize(_ medium: StorageMedium, _ pod: Pod) throws(VolumeFailure) -> Int64 {
        let word = medium.rawValue.dropFirst(StorageMedium.hugePagesPrefix.rawValue.count)
        guard let size = Quantity(String(word))?.value, size > 0 else {
            throw VolumeFailure("medium \(medium): \"\(word)\" is no size of a page")
        }
        if !pageSizes(of: pod).contains(size) {
            throw VolumeFailure("medium \(medium): the pod asks for no huge pages of that size")
        }
        return size
    }

    /// Makes what is missing of it. A volume that was complete before is left as containers have made it.
    /// - Parameters:
    ///   - path: the volume's folder.
    ///   - mark: a file that says that the volume was complete.
    func setUp(at path: String, mark: String, ownership: FileOwnership?) throws(KernelError) {
        let (parent, name) = path.splitAtLastComponent
        let folder = try Folders.open(making: parent)
        var isNew = mkdirat(folder.raw, name, 0o700) == 0
        if !isNew, Errno.current != .exists { throw KernelError("mkdir", path) }
        if medium.ownsFileSystem, try !folder.isMountPoint(name) {
            let place = try folder.openHere(name, O_PATH | O_DIRECTORY)
            switch medium {
            case .disk: break
            case .memory(let size): try Self.mountMemory(size: size, on: place, path: path)
            case .hugePages(let size):
                try Mount.new(type: "hugetlbfs", source: "nodev", options: ["pagesize=\(size)"])
                    .attach(on: place, name: path)
            }
            isNew = true
        }
        if !isNew, Folders.exists(mark) { return }
        // By its path and not below the folder that is held: the mount is what counts. All above is root's alone.
        let root = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try root.setMode(mode, name: path)
        if let ownership { try ownership.apply(to: root, path: path) }
        try Folders.make(mark.splitAtLastComponent.parent)
        try Folders.replace(mark, with: [], mode: 0o640)
    }

    private static func mountMemory(
        size: Int64?, on folder: borrowing FileDescriptor, path: String
    ) throws(KernelError) {
        let options = size.map { ["size=\($0)"] } ?? []
        do throws(KernelError) {
            // Secrets do not go to a disk, and a pod's memory is bounded by its group (Linux 6.4).
            try Mount.new(type: "tmpfs", source: "tmpfs", options: options + ["noswap"])
                .attach(on: folder, name: path)
        } catch {
            if error.errno != .invalidArgument { throw error }
            try Mount.new(type: "tmpfs", source: "tmpfs", options: options).attach(on: folder, name: path)
        }
    }
}
