import Glibc
import LinuxKernel

/// Names of block devices, each looked up once.
final class BlockDevices {
    private var names: [UInt64: String] = [:]

    /// `/dev/sda`; the numbers, `8:0`, of one that the kernel does not name.
    func name(_ major: UInt32, _ minor: UInt32) -> String {
        let key = UInt64(major) << 32 | UInt64(minor)
        if let known = names[key] { return known }
        let name = Self.lookUp("\(major):\(minor)").map { "/dev/" + $0 } ?? "\(major):\(minor)"
        names[key] = name
        return name
    }

    /// The DEVNAME of sysfs, which is below /dev.
    private static func lookUp(_ numbers: String) -> String? {
        let path = "/sys/dev/block/\(numbers)/uevent"
        guard let text = try? FileDescriptor.readFile(path, limit: 4096) else { return nil }
        let title = "DEVNAME="
        return text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: title.utf8) }
            .map { String(decoding: $0.dropFirst(title.utf8.count), as: UTF8.self) }
    }
}

/// The size of a file system.
struct DiskReading: Equatable, Sendable {
    /// `/dev/sda1`, or what else is mounted there: `tmpfs`.
    let device: String
    let bytes: UInt64
    let inodes: UInt64
    let freeInodes: UInt64

    /// - Parameter path: a folder in it.
    init(of path: String, _ disks: BlockDevices) throws(KernelError) {
        var size = statvfs()
        _ = try check("statvfs", path) { statvfs(path, &size) }
        bytes = UInt64(size.f_blocks) * UInt64(size.f_frsize)
        inodes = UInt64(size.f_files)
        freeInodes = UInt64(size.f_ffree)
        let number = try FileDescriptor.open(path, O_PATH).status().st_dev
        // glibc's makedev(3).
        let major = UInt32(truncatingIfNeeded: (number >> 8) & 0xfff)
        let minor = UInt32(truncatingIfNeeded: (number & 0xff) | ((number >> 12) & 0xfff00))
        device = try Self.source(major, minor) ?? disks.name(major, minor)
    }

    /// What the table of mounts calls the device (proc_pid_mountinfo(5)).
    private static func source(_ major: UInt32, _ minor: UInt32) throws(KernelError) -> String? {
        let numbers = "\(major):\(minor)"
        for line in try FileDescriptor.readFile("/proc/self/mountinfo").split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 2, fields[2].elementsEqual(numbers.utf8),
                let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), dash + 2 < fields.count
            else { continue }
            return String(decoding: fields[dash + 2], as: UTF8.self)
        }
        return nil
    }
}
