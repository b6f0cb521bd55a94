import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Synchronization

/// A disk of a test's own: a loop device on a file. Whoever has it mounted at the test's end is its last user.
final class LoopDevice: Sendable {
    let path: String
    /// What is on the disk.
    let file: String

    /// What this machine lacks for such disks.
    static var missing: [String] {
        let tools = ["losetup", "blkid", "fsck", "mkfs.ext4"].filter { tool($0) == nil }
        return access("/dev/loop-control", F_OK) == 0 ? tools : tools + ["loop devices"]
    }

    static func tool(_ name: String) -> String? {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }

    init(_ node: TestNode, _ name: String = "disk-0", megabytes: Int = 64) throws {
        file = node.host + "/" + name
        let descriptor = try FileDescriptor.open(file, O_RDWR | O_CREAT, mode: 0o600)
        _ = try check("truncate", file) { ftruncate(descriptor.raw, megabytes << 20) }
        let output = try run(Self.tool("losetup") ?? "losetup", "--find", "--show", file)
        // There may be a word about a file without any content.
        path = output.split(whereSeparator: \.isNewline).last { $0.hasPrefix("/") }.map(String.init) ?? ""
    }

    deinit { _ = try? run(Self.tool("losetup") ?? "losetup", "--detach", path) }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        let descriptor = try FileDescriptor.open(path, O_RDWR)
        _ = try check("write", path) { pwrite(descriptor.raw, bytes, bytes.count, offset) }
        try descriptor.sync()
    }

    /// The beginning of what is on the disk.
    func start() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let descriptor = try FileDescriptor.open(path, O_RDONLY)
        _ = try check("read", path) { pread(descriptor.raw, &bytes, bytes.count, 0) }
        return bytes
    }

    /// Waits until nobody has it mounted: whoever begins a namespace of mounts has all of them for a moment.
    func isIdle() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            do throws(KernelError) {
                _ = try FileDescriptor.open(path, O_RDONLY | O_EXCL)
                return
            } catch {
                if error.errno != .busy || ContinuousClock.now > end { throw error }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func format(_ type: String = "ext4") throws {
        try run(Self.tool("mkfs.\(type)") ?? "mkfs.\(type)", "-q", path)
    }
}

/// The lines that tools for devices tell, and programs of a test's own that stand before the system's.
final class ToolBench: Sendable {
    private let lines = Mutex<[String]>([])
    let folder: String

    init(_ node: TestNode) {
        folder = node.makeHostFolder("tools")
    }

    var told: [String] { lines.withLock { $0 } }

    /// Those of the system behind the test's own.
    var tools: DeviceTools { tools(in: [folder, "/usr/sbin", "/sbin", "/usr/bin", "/bin"]) }

    func tools(in folders: [String]) -> DeviceTools {
        DeviceTools(folders: folders) { [self] line in lines.withLock { $0.append(line) } }
    }

    /// A program that notes how it was called, says something and ends.
    func put(_ name: String, code: Int, saying words: String = "") throws {
        let path = folder + "/" + name
        unlink(path)
        try write(path, "#!/bin/sh\necho \(name) \"$@\" >>\(folder)/calls\nprintf '\(words)'\nexit \(code)\n")
        chmod(path, 0o755)
    }

    /// How the test's own programs were called.
    func calls() throws -> [String] {
        exists(folder + "/calls")
            ? try read(folder + "/calls").split(separator: "\n").map(String.init) : []
    }
}

/// What the kernel says of a mount point: its own options and those of the file system.
func mountOptions(of path: String) throws -> (mount: Set<Substring>, fileSystem: Set<Substring>)? {
    let table = try read("/proc/thread-self/mountinfo").split(separator: "\n").map {
        $0.split(separator: " ")
    }
    guard let fields = table.last(where: { $0[4] == path }) else { return nil }
    return (Set(fields[5].split(separator: ",")), Set(fields[fields.count - 1].split(separator: ",")))
}
