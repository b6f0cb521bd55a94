import Glibc
import LinuxKernel

/// How mounts of the node's spread to other places (mount_namespaces(7)).
package struct HostMounts {
    package struct Propagation: Equatable {
        /// Mounts below it appear in its peers, and theirs here.
        package var isShared = false
        /// Mounts of its master appear here.
        package var isSlave = false

        package init(isShared: Bool = false, isSlave: Bool = false) {
            self.isShared = isShared
            self.isSlave = isSlave
        }
    }

    /// By the mounts' ids.
    package let mounts: [Substring: Propagation]

    /// As this process sees them.
    static func read() throws(KernelError) -> HostMounts {
        HostMounts(String(decoding: try FileDescriptor.readFile("/proc/self/mountinfo"), as: UTF8.self))
    }

    /// - Parameter mountinfo: proc_pid_mountinfo(5).
    package init(_ mountinfo: String) {
        var mounts: [Substring: Propagation] = [:]
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6 else { continue }
            // Optional fields end at a dash.
            let optional = fields[6...].prefix { $0 != "-" }
            mounts[fields[0]] = Propagation(
                isShared: optional.contains { $0.hasPrefix("shared:") },
                isSlave: optional.contains { $0.hasPrefix("master:") })
        }
        self.mounts = mounts
    }

    /// Of the mount that a file lies in. The kernel says which it is: by its path, a mount could be taken for one
    /// that covers it.
    package func propagation(of path: String) throws(KernelError) -> Propagation {
        let file = try FileDescriptor.open(path, O_PATH)
        let info = String(
            decoding: try FileDescriptor.readFile("/proc/self/fdinfo/\(file.raw)"), as: UTF8.self)
        let id = info.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }?
            .dropFirst(7).drop { $0 == " " || $0 == "\t" }
        return id.flatMap { mounts[$0] } ?? Propagation()
    }
}
