import Glibc
import KubernetesAPI
import LinuxKernel

/// What a configuration demands of the host before the agent may start: no swap (`failSwapOn`), cgroup v2
/// (`failCgroupV1`), the kernel's settings as Kubernetes wants them (`protectKernelDefaults`).
struct HostDemands {
    /// CGROUP2_SUPER_MAGIC (linux/magic.h).
    private static let cgroup2 = 0x6367_7270

    private static let kernelSettings: [(String, Int)] = [
        ("vm/overcommit_memory", 1), ("vm/panic_on_oom", 0), ("kernel/panic", 10),
        ("kernel/panic_on_oops", 1),
        ("kernel/keys/root_maxkeys", 1_000_000), ("kernel/keys/root_maxbytes", 25_000_000),
    ]

    let kubelet: KubeletConfiguration

    /// - Returns: what is not met, one line each.
    func problems() throws(KernelError) -> [String] {
        var problems: [String] = []
        if kubelet.failSwapOn == true {
            let swaps = try Self.swaps()
            if !swaps.isEmpty {
                problems.append(
                    "failSwapOn: running with swap on is not supported: \(swaps.joined(separator: ", "))")
            }
        }
        if kubelet.failCgroupV1 == true {
            let folder = try FileDescriptor.open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY)
            if try folder.fileSystemType() != Self.cgroup2 {
                problems.append("failCgroupV1: this host has cgroup v1")
            }
        }
        if kubelet.protectKernelDefaults {
            for (name, wanted) in Self.kernelSettings {
                let path = "/proc/sys/\(name)"
                let found = try Self.text(path)
                if found != "\(wanted)" {
                    problems.append("protectKernelDefaults: \(path) is \(found), expected \(wanted)")
                }
            }
        }
        return problems
    }

    /// proc_swaps(5): a line for each behind the head.
    private static func swaps() throws(KernelError) -> [String] {
        try text("/proc/swaps").split(separator: "\n").dropFirst().compactMap {
            $0.split { $0 == " " || $0 == "\t" }.first.map(String.init)
        }
    }

    private static func text(_ path: String) throws(KernelError) -> String {
        let text = String(decoding: try FileDescriptor.readFile(path, limit: 1 << 16), as: UTF8.self)
        return String(text.reversed().drop { $0.isNewline }.reversed())
    }
}
