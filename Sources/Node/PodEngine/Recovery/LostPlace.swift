import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import Logging

// Somebody has cleared or renamed the run folder under pods that live, or has given the daemon another one. Their shims
// go on, and nobody will ever speak to them. What there is of such a pod is found by what does not lie there: the shim
// by its command line, processes by their groups, and what was mounted by the table of mounts.
extension PodEngine {
    /// Whether the files of a pod are gone, though the machine has not been started since it was made.
    func hasLostPlace(_ record: SandboxRecord) -> Bool {
        record.bootID == bootID
            && access(layout.sandbox(record.id) + "/" + PodSupervision.fileName, F_OK) != 0
            && Errno.current == .noEntry
    }

    /// Ends all processes of such a pod. What is gone is no error; its containers are cleaned up after it as those of
    /// any lost shim.
    func endWithoutPlace(_ record: SandboxRecord) throws {
        if try LostPod.endShim(of: record.id) {
            logger.error(
                "the run folder of a sandbox is gone: its shim was ended, and its containers are",
                metadata: ["pod": "\(record.id)", "folder": "\(layout.sandbox(record.id))"])
        }
        let group = PodCgroup(parent: record.cgroupParent)
        for name in registry.containers(of: record.id).map(\.id) + [PodCgroup.initName(of: record.id)] {
            try group.end(name)
        }
        try LostPod.unmount(record.id)
    }
}

private enum LostPod {
    /// - Returns: whether there was one.
    static func endShim(of pod: String) throws -> Bool {
        var wasThere = false
        for entry in try FileDescriptor.listing(of: "/proc") {
            guard let pid = Int32(entry.name), isShim(pid, of: pod) else { continue }
            do throws(KernelError) {
                let process = try ProcessHandle.open(pid)
                // Another one may have got the number.
                guard isShim(pid, of: pod) else { continue }
                try process.send(signal: SIGKILL)
                _ = try process.waitForEnd(milliseconds: ShimPatience.lastMoment)
                wasThere = true
            } catch {
                if error.errno != .noProcess { throw error }
            }
        }
        return wasThere
    }

    /// By its words. A process that only says so ends itself.
    private static func isShim(_ pid: Int32, of pod: String) -> Bool {
        guard let bytes = try? FileDescriptor.readFile("/proc/\(pid)/cmdline") else { return false }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        func value(_ name: String) -> String? {
            words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
        return words.first?.hasSuffix("swiftlet-shim") == true && value("--id") == pod
            && value("--pod")?.hasSuffix("/sandboxes/" + pod) == true
    }

    /// Takes away the pins of the pod's namespaces, and its /dev/shm, wherever its folder is now.
    static func unmount(_ pod: String) throws(KernelError) {
        for point in mountPoints(of: pod, try FileDescriptor.readFile("/proc/thread-self/mountinfo"))
            .reversed()
        {
            if umount2(point, Int32(MNT_DETACH) | noFollow) == 0 { continue }
            if ![.invalidArgument, .noEntry].contains(Errno.current) { throw KernelError("unmount", point) }
        }
    }

    /// - Parameter mountinfo: proc_pid_mountinfo(5).
    private static func mountPoints(of pod: String, _ mountinfo: [UInt8]) -> [String] {
        mountinfo.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count > 5 else { return nil }
            let point = unescaped(fields[4])
            return point.contains("/sandboxes/\(pod)/") ? point : nil
        }
    }

    /// Space, tab, line end and backslash are written as a backslash and three octal digits.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var parts = field.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)[...]
        var bytes = Array(parts.removeFirst())
        for part in parts {
            bytes.append(
                UInt8(String(decoding: part.prefix(3), as: UTF8.self), radix: 8) ?? UInt8(ascii: "\\"))
            bytes += part.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// umount2(2).
    private static let noFollow: Int32 = 8
}
