import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

/// A node of a test's own: a folder for the agent's state, one for what is the host's, and objects.
final class TestNode: Sendable {
    /// The agent's state.
    let root: String
    /// What is not the agent's.
    let host: String
    let objects = FolderObjects()

    init() throws {
        guard geteuid() == 0 else {
            throw VolumeFailure("tests of volumes mount file systems: run them as root")
        }
        var template = Array("/tmp/swiftlet-volumes-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        _ = made
        root = path + "/agent"
        host = path + "/host"
        mkdir(host, 0o755)
        chmod(path, 0o755)
    }

    deinit {
        let path = root.splitAtLastComponent.parent
        do {
            for point in try mountPoints(below: path).reversed() { umount2(point, Int32(MNT_DETACH)) }
            // Of whatever a test has left mounted, nothing behind it goes.
            try run("/bin/rm", "-rf", "--one-file-system", path)
        } catch {
            Issue.record("remove \(path): \(error)")
        }
    }

    func manager(
        _ node: NodeFacts = NodeFacts(), sources: (any ObjectSource)? = nil,
        tools: DeviceTools = DeviceTools()
    ) throws -> VolumeManager {
        try VolumeManager(root: root, sources: sources ?? objects, node: node, tools: tools)
    }

    func volume(_ pod: Pod, _ kind: String, _ name: String) -> String {
        "\(root)/pods/\(pod.metadata.uid)/volumes/kubernetes.io~\(kind)/\(name)"
    }

    func folder(_ pod: Pod) -> String { "\(root)/pods/\(pod.metadata.uid)" }

    /// Makes a folder of the host's.
    @discardableResult
    func makeHostFolder(_ name: String, mode: mode_t = 0o755) -> String {
        let path = host + "/" + name
        mkdir(path, mode)
        chmod(path, mode)
        return path
    }
}

/// A pod `web` whose only container mounts all volumes, at `/NAME`.
func makePod(_ volumes: [Volume], change: (inout Pod) -> Void = { _ in }) -> Pod {
    makePod("web", volumes, change: change)
}

func makePod(_ name: String, _ volumes: [Volume], change: (inout Pod) -> Void = { _ in }) -> Pod {
    var pod = Pod()
    pod.metadata.name = name
    pod.metadata.namespace = "default"
    pod.metadata.uid = "uid-\(name)"
    pod.spec.volumes = volumes
    var container = Container()
    container.name = "main"
    container.volumeMounts = volumes.map { VolumeMount(name: $0.name, mountPath: "/" + $0.name) }
    pod.spec.containers = [container]
    change(&pod)
    return pod
}

func emptyDir(_ name: String, medium: StorageMedium = "", limit: Int64? = nil) -> Volume {
    Volume(name: name, emptyDir: EmptyDirVolumeSource(medium: medium, sizeLimit: limit.map { Quantity($0) }))
}

func configMap(_ name: String, _ data: [String: String], binary: [String: [UInt8]] = [:]) -> ConfigMap {
    var map = ConfigMap()
    map.metadata.name = name
    map.metadata.namespace = "default"
    map.data = data
    map.binaryData = binary.mapValues { Bytes($0) }
    return map
}

func secret(_ name: String, _ data: [String: String]) -> Secret {
    var secret = Secret()
    secret.metadata.name = name
    secret.metadata.namespace = "default"
    secret.data = data.mapValues { Bytes($0) }
    return secret
}

// MARK: The file system

func read(_ path: String) throws -> String {
    String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
}

func write(_ path: String, _ text: String) throws {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(text)
}

func names(_ path: String) throws -> [String] { try FileDescriptor.listing(of: path).map(\.name).sorted() }

func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink(path, &buffer, buffer.count)
    return length < 0 ? nil : String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func status(_ path: String, followLinks: Bool = true) throws -> stat {
    var status = stat()
    if fstatat(AT_FDCWD, path, &status, followLinks ? 0 : AT_SYMLINK_NOFOLLOW) != 0 {
        throw KernelError("stat", path)
    }
    return status
}

/// Permission bits.
func mode(_ path: String) throws -> mode_t { try status(path).st_mode & 0o7777 }

func exists(_ path: String) -> Bool { (try? status(path, followLinks: false)) != nil }

func isTmpfs(_ path: String) throws -> Bool {
    try FileDescriptor.open(path, O_PATH).fileSystemType() == 0x0102_1994
}

func mountPoints(below path: String) throws -> [String] {
    try read("/proc/thread-self/mountinfo").split(separator: "\n")
        .map { String($0.split(separator: " ")[4]) }.filter { $0.hasPrefix(path + "/") }
}

func bindMount(_ source: String, on target: String) throws {
    if clinux_mount(source, target, "", 4096, "") != 0 { throw KernelError("bind", target) }
}

/// - Returns: what a program printed; fails with it when the program does.
@discardableResult
func run(_ words: String...) throws -> String {
    let (outcome, output) = try Command(
        path: words[0], arguments: words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], timeout: 60_000
    ).run()
    let text = String(decoding: output, as: UTF8.self)
    if outcome != .ended(.exited(0)) { throw VolumeFailure("\(words): \(text)") }
    return text
}

/// The one reason for which a volume could not be made.
func failure(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "no error"
    } catch let error as PodVolumesError where error.failures.count == 1 {
        return error.failures[0].reason
    } catch {
        return "\(error)"
    }
}
