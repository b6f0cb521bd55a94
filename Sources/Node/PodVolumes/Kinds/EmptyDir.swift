import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel

/// A folder that lives as long as its pod, on the node's disk or in memory.
struct EmptyDir: Equatable, Sendable {
    enum Medium: Equatable, Sendable {
        case disk
        /// Bytes at most; nil for half of the machine's memory, as the kernel has it.
        case memory(size: Int64?)
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
        case let other where other.rawValue.hasPrefix("HugePages"):
            throw VolumeFailure(
                "emptyDir medium \"\(other)\" is not supported on this node: use \"Memory\" or \"\"")
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

    /// Makes what is missing of it. A volume that was complete before is left as containers have made it.
    /// - Parameters:
    ///   - path: the volume's folder.
    ///   - mark: a file that says that the volume was complete.
    func setUp(at path: String, mark: String, ownership: FileOwnership?) throws(KernelError) {
        let (parent, name) = path.splitAtLastComponent
        let folder = try Folders.open(making: parent)
        var isNew = mkdirat(folder.raw, name, 0o700) == 0
        if !isNew, Errno.current != .exists { throw KernelError("mkdir", path) }
        if case .memory(let size) = medium, try !folder.isMountPoint(name) {
            try Self.mountMemory(size: size, on: try folder.openHere(name, O_PATH | O_DIRECTORY), path: path)
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
