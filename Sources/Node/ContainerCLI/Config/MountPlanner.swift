import Glibc
import LinuxKernel
import OCISpec

/// Turns the mounts that the user and the image want into those of config.json. Makes what has to be there:
/// volumes, and the missing host folders of `-v`.
public struct MountPlanner {
    /// A volume that is new, or still empty, and takes over what the image has at its place.
    public struct NewVolume: Equatable, Sendable {
        /// In the container.
        public var target: String
        /// The folder with the volume's data.
        public var path: String
        /// A file beside it, locked by who fills it, where another container may come with the volume.
        public var lock: String?

        public init(target: String, path: String, lock: String? = nil) {
            self.target = target
            self.path = path
            self.lock = lock
        }

        /// Copies what the image has at the place. It is looked up inside the container's root: a link of the
        /// image's leads to nothing of the host's (CVE-2022-23648).
        /// - Returns: false where the image has no folder, or another container was faster.
        @discardableResult
        public func fill(from root: borrowing FileDescriptor) throws(KernelError) -> Bool {
            let source: FileDescriptor
            do throws(KernelError) {
                source = try root.openInRoot(target, O_RDONLY | O_DIRECTORY)
            } catch {
                if error.errno == .noEntry || error.errno == .notDirectory { return false }
                throw error
            }
            guard let lock else {
                try copy(source)
                return true
            }
            let locked = try FileDescriptor.open(lock, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            _ = try check("lock", lock) { flock(locked.raw, LOCK_EX) }
            let isEmpty = try isEmptyFolder(path)
            if isEmpty { try copy(source) }
            _ = consume locked
            return isEmpty
        }

        private func copy(_ source: borrowing FileDescriptor) throws(KernelError) {
            let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
            let before = OpenFiles.allowMany()
            defer { before?.allow() }
            try TreeCopy(ownership: .kept).copyContents(of: source, to: folder, name: target)
        }
    }

    public private(set) var mounts: [RuntimeSpec.Mount] = []
    public private(set) var points: [ContainerDefinition.MountPoint] = []
    /// Names of volumes that belong to this container alone.
    public private(set) var anonymousVolumes: [String] = []
    public private(set) var newVolumes: [NewVolume] = []
    /// The volumes, until `release`.
    private var held: [KeptFolder] = []

    private let volumes: VolumeStore
    private let ownVolumes: String?

    /// - Parameters:
    ///   - volumes: where volumes lie.
    ///   - ownVolumes: the folder for the anonymous volumes of a container that is removed with them
    ///     (`--rm`).
    public init(volumes: VolumeStore, ownVolumes: String?) {
        self.volumes = volumes
        self.ownVolumes = ownVolumes
    }

    /// - Parameter imageVolumes: the image's VOLUME paths; each gets a volume unless the user mounts
    ///   something there.
    public mutating func plan(_ requests: [MountRequest], imageVolumes: [String]) throws {
        let taken = Set(requests.map(\.target))
        for request in requests { try add(request) }
        for path in imageVolumes.map(normalizedPath) where !taken.contains(path) && path != "/" {
            try add(MountRequest(source: .volume(name: nil), target: path))
        }
    }

    /// When the container's definition is written, which from then on keeps its volumes.
    public mutating func release() {
        for folder in held { folder.release() }
        held = []
    }

    /// When there will be no container: removes the volumes that nobody else knows of.
    public mutating func discard() throws {
        release()
        for name in anonymousVolumes { _ = try volumes.remove(name) { nil } }
    }

    /// The mounts with those first that others may lie below: an outer mount would hide what is already there.
    public static func ordered(_ mounts: [RuntimeSpec.Mount]) -> [RuntimeSpec.Mount] {
        func depth(_ mount: RuntimeSpec.Mount) -> Int {
            mount.destination.utf8.count { $0 == UInt8(ascii: "/") }
        }
        return mounts.enumerated().sorted { left, right in
            (depth(left.element), left.offset) < (depth(right.element), right.offset)
        }.map(\.element)
    }

    private mutating func add(_ request: MountRequest) throws {
        switch request.source {
        case .bind(let path, let createMissing):
            try checkSource(path, createMissing: createMissing)
            addBind(request, source: path)
            points.append(
                ContainerDefinition.MountPoint(
                    kind: .bind, source: path, destination: request.target, readOnly: request.readOnly,
                    propagation: request.propagation ?? "rprivate"))
        case .volume(let name):
            let (name, path) = try volume(request, name: name)
            addBind(request, source: path)
            points.append(
                ContainerDefinition.MountPoint(
                    kind: .volume, name: name, source: path, destination: request.target,
                    readOnly: request.readOnly))
        case .tmpfs(let options):
            let plain = options.filter { !MountRequest.propagations.contains($0) }
            mounts.append(
                RuntimeSpec.Mount(
                    destination: request.target, type: "tmpfs", source: "tmpfs",
                    options: ["nosuid", "noexec", "nodev"] + plain + (request.readOnly ? ["ro"] : [])))
            points.append(
                ContainerDefinition.MountPoint(
                    kind: .tmpfs, source: "", destination: request.target, readOnly: request.readOnly))
        }
    }

    private mutating func addBind(_ request: MountRequest, source: String) {
        var options = [request.withoutSubmounts ? "bind" : "rbind"]
        // Read-only goes for what is mounted below too, unless that is left out anyway.
        if request.readOnly { options += request.withoutSubmounts ? ["ro"] : ["ro", "rro"] }
        options.append(request.propagation ?? "rprivate")
        mounts.append(
            RuntimeSpec.Mount(destination: request.target, type: "bind", source: source, options: options))
    }

    private func checkSource(_ path: String, createMissing: Bool) throws {
        if access(path, F_OK) == 0 { return }
        let errno = Errno.current
        guard errno == .noEntry, createMissing else { throw UsageError("mount source \(path): \(errno)") }
        try makeFolders(path, mode: 0o755)
    }

    private mutating func volume(_ request: MountRequest, name: String?) throws -> (
        name: String, path: String
    ) {
        if let name {
            let path = volumes.path(of: name)
            let volume = try volumes.make(name)
            held.append(volume.folder)
            // As docker: also one that was made by hand, or that nobody has written to.
            if !request.noCopy, try volume.isNew || isEmptyFolder(path) {
                newVolumes.append(
                    NewVolume(target: request.target, path: path, lock: volumes.fillLock(of: name)))
            }
            return (name, path)
        }
        let name: String
        let path: String
        if let ownVolumes {
            name = ContainerStore.newID()
            path = ownVolumes + "/" + name + "/_data"
            try makeFolders(path, mode: 0o755)
        } else {
            let volume: VolumeStore.Held
            (name, volume) = try volumes.makeAnonymous()
            held.append(volume.folder)
            anonymousVolumes.append(name)
            path = volumes.path(of: name)
        }
        if !request.noCopy { newVolumes.append(NewVolume(target: request.target, path: path)) }
        return (name, path)
    }
}
