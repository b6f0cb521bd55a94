import Glibc
import LinuxKernel

/// The programs that know what is on a block device: blkid(8), mkfs(8), fsck(8). They are used as the kubelet does
/// (SafeFormatAndMount of k8s.io/mount-utils). All calls block, some for as long as a disk is large.
package struct DeviceTools: Sendable {
    /// Where the programs are looked for, in this order.
    private let folders: [String]
    /// Told in one line what was done with a device.
    private let tell: @Sendable (String) -> Void

    /// - Parameter folders: nil: this process's `PATH`, and where systems keep such programs.
    package init(folders: [String]? = nil, tell: @escaping @Sendable (String) -> Void = { _ in }) {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let own = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        self.folders =
            folders ?? own + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].filter { !own.contains($0) }
        self.tell = tell
    }

    /// What is on a device.
    enum Content: Equatable {
        case nothing
        /// Its type.
        case fileSystem(String)
        /// What nobody mounts, and nobody may lose: partitions, a part of a RAID or of a group of volumes.
        case data(String)
    }

    // MARK: Looking

    func content(of device: String) throws(VolumeFailure) -> Content {
        let words = ["-p", "-s", "TYPE", "-s", "PTTYPE", "-s", "USAGE", "-o", "export", device]
        // It looks at some places of the device, whatever its size.
        let (end, output) = try run("blkid", words, milliseconds: 120_000)
        switch end {
        case .ended(.exited(0)): return try Self.content(output, device)
        case .ended(.exited(2)): return .nothing
        default:
            throw VolumeFailure(
                "failed to get disk format of disk \(device): blkid: \(Self.text(end, output))")
        }
    }

    private static func content(_ output: String, _ device: String) throws(VolumeFailure) -> Content {
        var found: [Substring: String] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw VolumeFailure(
                    "failed to get disk format of disk \(device): blkid returns invalid output: \(line)")
            }
            found[parts[0]] = String(parts[1])
        }
        if let type = found["TYPE"] {
            // An old blkid tells no usage; then it is the mount that fails.
            return (found["USAGE"] ?? "filesystem") == "filesystem" ? .fileSystem(type) : .data(type)
        }
        if let table = found["PTTYPE"] { return .data("unknown data, probably partitions (\(table))") }
        return .nothing
    }

    // MARK: Changing

    func format(_ device: String, as type: String) throws(VolumeFailure) {
        let words =
            switch type {
            // No blocks are reserved for root: it is nobody's root file system.
            case "ext3", "ext4": ["-F", "-m0", device]
            case "xfs": ["-f", device]
            default: [device]
            }
        tell("disk \(device) has no file system: mkfs.\(type) \(words.joined(separator: " "))")
        let (end, output) = try run("mkfs." + type, words)
        guard end == .ended(.exited(0)) else {
            throw VolumeFailure("format of disk \(device) failed: mkfs.\(type): \(Self.text(end, output))")
        }
        tell("disk \(device) is formatted: \(type)")
    }

    /// Repairs what can be repaired without a question. What cannot even be looked at is left to the mount.
    func check(_ device: String) throws(VolumeFailure) {
        guard find("fsck") != nil else {
            return tell("fsck is not on this node: disk \(device) is mounted without a check")
        }
        let (end, output) = try run("fsck", ["-a", device])
        // A sum (fsck(8)): 1: corrected, 4: left uncorrected, the others are about the check itself.
        switch end {
        case .ended(.exited(0)): break
        case .ended(.exited(let code)) where code & 4 != 0:
            throw VolumeFailure(
                "'fsck' found errors on device \(device) but could not correct them: \(Self.text(end, output))"
            )
        case .ended(.exited(1)): tell("disk \(device) had errors, which fsck has corrected")
        default: tell("fsck \(device): \(Self.text(end, output))")
        }
    }

    // MARK: Programs

    private func find(_ program: String) -> String? {
        folders.lazy.map { $0 + "/" + program }.first { access($0, X_OK) == 0 }
    }

    /// - Parameter milliseconds: nil for no limit.
    private func run(
        _ program: String, _ words: [String], milliseconds: Int? = nil
    ) throws(VolumeFailure) -> (Command.Outcome, String) {
        guard let path = find(program) else {
            throw VolumeFailure(
                "\(program) is not on this node (looked for in \(folders.joined(separator: ":")))")
        }
        let command = Command(
            path: path, arguments: [program] + words,
            environment: ["PATH=" + folders.joined(separator: ":"), "LC_ALL=C"], timeout: milliseconds)
        do {
            let (end, output) = try command.run()
            return (end, String(decoding: output, as: UTF8.self))
        } catch {
            throw VolumeFailure("\(error)")
        }
    }

    private static func text(_ end: Command.Outcome, _ output: String) -> String {
        let how =
            switch end {
            case .ended(.exited(let code)): "exit status \(code)"
            case .ended(.signaled(let signal)): "signal \(signal)"
            case .timedOut: "did not end in time"
            }
        let lines = output.split(whereSeparator: \.isNewline).map {
            $0.split(separator: " ").joined(separator: " ")
        }
        return ([how] + lines.filter { !$0.isEmpty }).joined(separator: "; ")
    }
}
