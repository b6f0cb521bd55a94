import CLinux
import Glibc
import LinuxKernel

/// A block device of the node's with a file system on it, which a persistent volume stands for. It is mounted once,
/// below the agent's folder, and pods have bind mounts of that. The place is the kubelet's:
///
///     ROOT/plugins/kubernetes.io/local-volume/mounts/VOLUME
///
/// Whether it is mounted and who has it the kernel says. All calls for one volume follow each other.
struct LocalDevice: Sendable {
    /// The persistent volume's.
    let name: String
    /// As the volume has it.
    let path: String
    /// The device's own path, and its number.
    private let device: String
    private let number: dev_t
    private let type: String
    private let options: VolumeMountOptions
    private let isReadOnly: Bool

    /// - Parameter type: `fsType`; nil and empty: ext4.
    init(name: String, path: String, type: String?, options: VolumeMountOptions, isReadOnly: Bool) throws {
        guard let resolved = realpath(path, nil) else { throw KernelError("resolve", path) }
        defer { free(resolved) }
        device = String(cString: resolved)
        number = try FileDescriptor.open(device, O_PATH).status().st_rdev
        self.name = name
        self.path = path
        self.type = type.flatMap { $0.isEmpty ? nil : $0 } ?? "ext4"
        self.options = options
        self.isReadOnly = isReadOnly
        // It becomes the name of a program.
        let isName = self.type.utf8.allSatisfy {
            (48...57).contains($0) || (97...122).contains($0 | 32) || [45, 46, 95].contains($0)
        }
        if !isName { throw VolumeFailure("fsType \"\(self.type)\" is no name of a file system") }
    }

    private static func folder(in root: String) -> String {
        root + "/plugins/kubernetes.io/local-volume/mounts"
    }

    // MARK: Mounting

    /// Mounts it, unless it is there.
    /// - Parameter root: the agent's folder.
    /// - Returns: the file system's root folder.
    /// - Throws: `DeviceMountFailure`.
    func mount(root: String, tools: DeviceTools) throws -> FileDescriptor {
        let target = Self.folder(in: root) + "/" + name
        do {
            try mount(at: target, root: root, tools: tools)
            return try FileDescriptor.open(target, O_PATH | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw DeviceMountFailure(
                "local: failed to mount device \(path) at \(target) (fstype: \(type)), error \(error)")
        }
    }

    private func mount(at target: String, root: String, tools: DeviceTools) throws {
        let holder = try Folders.open(making: Self.folder(in: root))
        if try holder.isMountPoint(name) {
            if try isMounted(at: target) { return try makeWritable(target) }
            if try LocalVolume.isUsed(name, besides: nil, root: root) {
                throw VolumeFailure("pods have another device than this one mounted")
            }
            try unmountAll(below: target)
        }
        let found = try prepare(tools)
        if mkdirat(holder.raw, name, 0o750) != 0, Errno.current != .exists {
            throw KernelError("mkdir", target)
        }
        do throws(KernelError) {
            try Mount.new(
                type: type, source: device, options: options.fileSystem + (isReadOnly ? ["ro"] : []),
                attributes: options.attributes.setting
            ).attach(on: try holder.openHere(name, O_PATH | O_DIRECTORY), name: target)
        } catch {
            unlinkat(holder.raw, name, AT_REMOVEDIR)
            if error.errno == .noDevice, error.operation == "fsopen" {
                throw VolumeFailure("the kernel has no file system \(type)")
            }
            if found != type { throw VolumeFailure("\(error) (the disk is formatted as \(found))") }
            throw error
        }
    }

    private func isMounted(at target: String) throws -> Bool {
        let there = try FileDescriptor.open(target, O_PATH | O_DIRECTORY | O_NOFOLLOW).status()
        // Some file systems have a number of their own (btrfs).
        return try there.st_dev == number || MountTable.read().source(at: target) == device
    }

    /// The first pod may have wanted to read only.
    private func makeWritable(_ target: String) throws {
        if isReadOnly { return }
        let mount = try FileDescriptor.open(target, O_PATH | O_DIRECTORY | O_NOFOLLOW)
        var system = statfs()
        _ = try check("statfs", target) { fstatfs(mount.raw, &system) }
        if system.f_flags & ST_RDONLY == 0 { return }
        try Mount(owning: mount).reconfigure(["rw"], name: device)
    }

    // MARK: Before

    /// Makes a file system where there is none, and checks the one that is there.
    /// - Returns: its type.
    private func prepare(_ tools: DeviceTools) throws -> String {
        let isBusy = try isBusy()
        switch try tools.content(of: device) {
        case .nothing:
            if isReadOnly {
                throw VolumeFailure(
                    "cannot mount unformatted disk \(path) as we are manipulating it in read-only mode")
            }
            // A mapping, or a program that makes a file system for an agent that was killed meanwhile.
            if isBusy { throw VolumeFailure("disk \(path) has no file system, but something uses it") }
            try checkReadable()
            try tools.format(device, as: type)
            return type
        case .fileSystem(let found):
            // One that the node itself has mounted is not for fsck.
            if !isReadOnly, !isBusy { try tools.check(device) }
            return found
        case .data(let data): throw VolumeFailure("disk \(path) has no file system, but \(data)")
        }
    }

    /// Somebody has the device for himself: as a mount, as a part of another device.
    private func isBusy() throws(KernelError) -> Bool {
        do {
            _ = try FileDescriptor.open(device, O_RDONLY | O_EXCL)
            return false
        } catch {
            if error.errno == .busy { return true }
            throw error
        }
    }

    /// Of a device that cannot be read blkid says as of an empty one that there is nothing on it. What it looks for lies at
    /// both ends.
    private func checkReadable() throws {
        let file = try FileDescriptor.open(device, O_RDONLY)
        let size = try check("seek", device) { lseek(file.raw, 0, SEEK_END) }
        if size == 0 { throw VolumeFailure("disk \(path) has no room at all") }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        for start in [0, max(0, size - buffer.count)] {
            _ = try check("read", device) { pread(file.raw, &buffer, buffer.count, start) }
        }
    }

    // MARK: Unmounting

    /// The volumes whose devices are mounted, or were to be.
    static func names(in root: String) throws(KernelError) -> [String] {
        try Folders.names(in: folder(in: root))
    }

    /// Unmounts the device of a volume that no pod has.
    static func release(_ name: String, root: String) throws {
        if try LocalVolume.isUsed(name, besides: nil, root: root) { return }
        let target = folder(in: root) + "/" + name
        try unmountAll(below: target)
        // With whatever is in it a folder stays: it would be on no device. So does what is none.
        if rmdir(target) != 0 {
            let error = KernelError("remove", target)
            if ![.noEntry, .notEmpty, .exists, .notDirectory].contains(error.errno) { throw error }
        }
    }
}

/// A device could not be mounted; one line.
struct DeviceMountFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
