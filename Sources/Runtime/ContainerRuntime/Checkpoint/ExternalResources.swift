import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// What a container has from outside, which its images only name: the restore puts what is there then in its
/// place. The names are runc's, so that its images can be restored.
enum ExternalResources {
    /// The name of every masked file's mount.
    static let nullDevice = "/dev/null"

    /// The file among the images that says what the standard streams were: three strings.
    static let descriptorsFile = "descriptors.json"

    static func configurationFile(_ annotations: SortedMap<String>) -> String? {
        guard let name = annotations["org.criu.config"] else { return "/etc/criu/runc.conf" }
        return name.isEmpty ? nil : name
    }

    /// Network and pid namespaces that the configuration joins.
    static func namespaceName(_ kind: NamespaceKind) -> String? {
        switch kind {
        case .network: "extRootNetNS"
        case .pid: "extRootPidNS"
        default: nil
        }
    }

    /// - Throws: for what criu neither writes nor finds again.
    static func refuseUnsupported(_ linux: RuntimeSpec.Linux?) throws(RuntimeError) {
        if linux?.netDevices.isEmpty == false {
            throw RuntimeError("criu cannot restore a container that has network devices of the host")
        }
        for namespace in linux?.namespaces ?? [] where namespace.path != nil {
            let kind = NamespaceKind(namespace.type)
            if kind == .mount || kind == .cgroup {
                throw RuntimeError(
                    "criu cannot restore a container that joins another's \(kind.procName) namespace")
            }
        }
    }

    /// What a configuration binds from the host, and where to.
    static func binds(_ spec: RuntimeSpec, bundle: String) -> [Bind] {
        var found: [Bind] = []
        for mount in spec.mounts where MountOptions(mount.options).isBind {
            guard let source = mount.source else { continue }
            let path = source.utf8.first == UInt8(ascii: "/") ? source : "\(bundle)/\(source)"
            found.append(Bind(mount: mount, source: path))
        }
        // Where a user namespace forbids to make nodes, the host's are bound.
        for device in DeviceNodes.all(of: spec) {
            found.append(Bind(mount: RuntimeSpec.Mount(destination: device.path), source: device.path))
        }
        return found
    }

    struct Bind {
        let mount: RuntimeSpec.Mount
        /// Absolute.
        let source: String
    }

    /// The name that images have for the mount at a destination: the place in the root to which `..` and links
    /// lead, whatever is mounted in the container.
    static func name(of destination: String, in root: borrowing FileDescriptor) throws(KernelError) -> String
    {
        try root.pathWithoutParents(destination)
    }
}

// MARK: At a checkpoint

/// A living container's mounts and streams, seen from outside.
struct ContainerView: ~Copyable {
    private let pid: Int32
    private let root: FileDescriptor
    /// Mount points by the mounts' ids.
    private let mountPoints: [Int: String]

    init(pid: Int32) throws {
        let root = try FileDescriptor.open("/proc/\(pid)/root", O_PATH | O_DIRECTORY)
        var points: [Int: String] = [:]
        for line in try FileDescriptor.readFile("/proc/\(pid)/mountinfo").split(separator: UInt8(ascii: "\n"))
        {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 4, let id = Int(String(decoding: fields[0], as: UTF8.self)) else { continue }
            points[id] = Self.unescape(fields[4])
        }
        self.pid = pid
        self.root = root
        mountPoints = points
    }

    /// mountinfo writes spaces, tabs, line ends and backslashes as `\040`.
    private static func unescape(_ text: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"),
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                result.append(code)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Where a configured mount of the container really is: `..` is taken out as it was when the mount was made, and
    /// links in the image are followed.
    func mountPoint(of mount: RuntimeSpec.Mount) throws -> String? {
        mountPoint(of: try RootfsBuilder.destination(of: mount, in: root))
    }

    /// Where the container's mount at a configured destination really is: links in the image are followed.
    /// - Returns: nil when nothing is mounted there.
    func mountPoint(of destination: String) -> String? {
        guard let file = try? root.openInRoot(destination, O_PATH),
            let id = Self.mountID("/proc/self/fdinfo/\(file.raw)"), let point = mountPoints[id],
            let path = Self.link(file.procPath), path == point
        else { return nil }
        return point
    }

    /// Whether a file was masked with the null device.
    func isMaskedFile(_ path: String) -> Bool {
        guard let status = try? root.openInRoot(path, O_PATH).status() else { return false }
        return status.st_mode & S_IFMT == S_IFCHR && UInt64(status.st_rdev) == clinux_makedev(1, 3)
    }

    /// What the first process's standard streams are: the kernel's name for a pipe, criu's name for a file
    /// that lies outside of the container, else the path.
    func standardStreams() throws -> [String] {
        try (0...2).map { number in
            let path = "/proc/\(pid)/fd/\(number)"
            guard let target = Self.link(path) else { return "" }
            var status = stat()
            _ = try check("stat", path) { stat(path, &status) }
            let type = status.st_mode & S_IFMT
            let isTerminal = type == S_IFCHR && clinux_major(UInt64(status.st_rdev)) != 1
            guard type == S_IFREG || type == S_IFCHR, !isTerminal,
                let mount = Self.mountID("/proc/\(pid)/fdinfo/\(number)"), mountPoints[mount] == nil
            else { return target }
            return "file[\(String(mount, radix: 16)):\(String(status.st_ino, radix: 16))]"
        }
    }

    private static func mountID(_ fdinfo: String) -> Int? {
        guard let bytes = try? FileDescriptor.readFile(fdinfo) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard line.hasPrefix("mnt_id:") else { continue }
            return line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last.flatMap { Int($0) }
        }
        return nil
    }

    private static func link(_ path: String) -> String? {
        let text = String(unsafeUninitializedCapacity: 4096) { buffer in
            max(0, buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) })
        }
        return text.isEmpty ? nil : text
    }
}
