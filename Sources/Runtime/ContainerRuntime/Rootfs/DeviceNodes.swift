import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The device nodes, links and the terminal in a container's /dev (runtime-spec, config-linux.md, "Default
/// Devices").
enum DeviceNodes {
    /// What every container has: null, zero, full, random, urandom, tty.
    static let defaults: [RuntimeSpec.Device] = [
        everybodys("/dev/null", 1, 3), everybodys("/dev/zero", 1, 5), everybodys("/dev/full", 1, 7),
        everybodys("/dev/random", 1, 8), everybodys("/dev/urandom", 1, 9), everybodys("/dev/tty", 5, 0),
    ]

    private static func everybodys(_ path: String, _ major: Int64, _ minor: Int64) -> RuntimeSpec.Device {
        RuntimeSpec.Device(
            path: path, type: .character, major: major, minor: minor, fileMode: 0o666, uid: 0, gid: 0)
    }

    /// The defaults and what the configuration adds; one it names itself replaces the default.
    static func all(of spec: RuntimeSpec) -> [RuntimeSpec.Device] {
        let added = spec.linux?.devices ?? []
        return defaults.filter { standard in !added.contains { $0.path == standard.path } } + added
    }

    /// What the device filter allows beside the configuration's own rules: every container's devices, making
    /// nodes of any kind, and terminals (config-linux.md, "Default Devices").
    static func rules(for spec: RuntimeSpec) -> [RuntimeSpec.DeviceRule] {
        typealias Rule = RuntimeSpec.DeviceRule
        var rules: [Rule] = [
            Rule(allow: true, type: .character, access: .makeNode),
            Rule(allow: true, type: .block, access: .makeNode),
            Rule(allow: true, type: .character, major: 5, minor: 1, access: .all),  // /dev/console
            Rule(allow: true, type: .character, major: 136, access: .all),  // /dev/pts/*
            Rule(allow: true, type: .character, major: 5, minor: 2, access: .all),  // /dev/ptmx
        ]
        for device in defaults {
            rules.append(
                Rule(allow: true, type: .character, major: device.major, minor: device.minor, access: .all))
        }
        return rules
    }

    /// Makes the nodes below the container's root.
    static func make(
        _ devices: [RuntimeSpec.Device], in root: borrowing FileDescriptor
    ) throws {
        // The default ones all lie in /dev: it is opened once.
        let dev = try root.makeDirectoriesInRoot("/dev")
        // The mode is meant as it is written.
        let mask = umask(0)
        defer { umask(mask) }
        for (index, device) in devices.enumerated() {
            let (parent, name) = device.path.splitAtLastComponent
            // Asked only where a node is there already.
            func isOurs() -> Bool {
                let path = device.path.split(separator: "/")
                return devices[..<index].contains { $0.path.split(separator: "/") == path }
            }
            do {
                if parent == "/dev" {
                    try make(device, name: name, in: dev, isOurs: isOurs)
                } else {
                    try make(device, name: name, in: try root.makeDirectoriesInRoot(parent), isOurs: isOurs)
                }
            } catch {
                throw RuntimeError("device \(device.path)", error)
            }
        }
    }

    /// - Parameter isOurs: whether an earlier entry of the configuration has this path: it counts, as with runc.
    private static func make(
        _ device: RuntimeSpec.Device, name: String, in folder: borrowing FileDescriptor, isOurs: () -> Bool
    ) throws {
        let type: mode_t
        switch device.type {
        case .character, .unbuffered: type = S_IFCHR
        case .block: type = S_IFBLK
        case .fifo: type = S_IFIFO
        }
        let mode = type | (mode_t(device.fileMode ?? 0o666) & 0o7777)
        let number =
            device.type == .fifo
            ? 0 : clinux_makedev(UInt32(clamping: device.major), UInt32(clamping: device.minor))
        if mknodat(folder.raw, name, mode, dev_t(number)) != 0 {
            let errno = Errno.current
            guard errno == .exists else { throw KernelError("mknod", device.path, errno) }
            if isOurs() { return }
            // The image may bring the node along; anything else in its place is refused.
            let status = try folder.openAt(name, O_PATH | O_NOFOLLOW).status()
            guard status.st_mode & S_IFMT == type, device.type == .fifo || UInt64(status.st_rdev) == number
            else {
                throw KernelError("mknod", device.path, errno)
            }
        }
        let uid = device.uid ?? 0
        let gid = device.gid ?? 0
        if uid != 0 || gid != 0 {
            _ = try check("chown", device.path) {
                fchownat(folder.raw, name, uid, gid, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    /// Puts host nodes where a user namespace forbids mknod(2).
    static func bind(
        _ devices: [(path: String, descriptor: Int32)], in root: borrowing FileDescriptor
    ) throws {
        for device in devices {
            let target = try root.makeFileInRoot(device.path)
            let copy = LinuxKernel.Mount(owning: FileDescriptor(owning: dup(device.descriptor)))
            try copy.attach(on: target, name: device.path)
        }
    }

    /// /dev/fd, /dev/stdin …, /dev/ptmx.
    static func makeLinks(in root: borrowing FileDescriptor) throws {
        let dev = try root.makeDirectoriesInRoot("/dev")
        for (target, name) in [
            ("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"),
        ] {
            if symlinkat(target, dev.raw, name) != 0, Errno.current != .exists {
                throw KernelError("symlink", "/dev/\(name)")
            }
        }
        // Whatever ptmx the image has would belong to another devpts instance than the container's.
        if symlinkat("pts/ptmx", dev.raw, "ptmx") != 0 {
            let errno = Errno.current
            guard errno == .exists else { throw KernelError("symlink", "/dev/ptmx", errno) }
            unlinkat(dev.raw, "ptmx", 0)
            _ = try check("symlink", "/dev/ptmx") { symlinkat("pts/ptmx", dev.raw, "ptmx") }
        }
        if access("/proc/kcore", F_OK) == 0, symlinkat("/proc/kcore", dev.raw, "core") != 0,
            Errno.current != .exists
        {
            throw KernelError("symlink", "/dev/core")
        }
    }
}
