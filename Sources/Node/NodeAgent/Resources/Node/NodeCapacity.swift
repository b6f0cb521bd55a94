import Glibc
import KubernetesAPI
import LinuxKernel

/// What the machine has.
enum NodeCapacity {
    /// - Parameter root: the agent's own folder: its file system is what pods share for logs, images and emptyDirs.
    static func read(root: String) throws(KernelError) -> ResourceList {
        var list: ResourceList = [
            .cpu: Quantity(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            .memory: Quantity(try kilobytes("MemTotal"), format: .binarySI),
        ]
        var status = statvfs()
        _ = try check("statvfs", root) { statvfs(root, &status) }
        list[.ephemeralStorage] = Quantity(
            Int64(clamping: UInt64(status.f_blocks) * UInt64(status.f_frsize)), format: .binarySI)
        for (name, bytes) in try hugePages() { list[name] = Quantity(bytes, format: .binarySI) }
        return list
    }

    /// Of swap devices, in bytes.
    static func swap() throws(KernelError) -> Int64 { try kilobytes("SwapTotal") }

    /// A line of proc_meminfo(5), in bytes.
    private static func kilobytes(_ name: String) throws(KernelError) -> Int64 {
        let text = String(
            decoding: try FileDescriptor.readFile("/proc/meminfo", limit: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        let words = line?.split(separator: " ") ?? []
        return (words.count > 1 ? Int64(words[1]) ?? 0 : 0) * 1024
    }

    /// Pages of each size that the kernel has set aside, as `hugepages-2Mi`.
    private static func hugePages() throws(KernelError) -> [(ResourceName, Int64)] {
        let folder = "/sys/kernel/mm/hugepages"
        var found: [(ResourceName, Int64)] = []
        for name in try AgentFiles.names(in: folder) {
            guard name.hasPrefix("hugepages-"), name.hasSuffix("kB"),
                let size = Int64(name.dropFirst(10).dropLast(2)),
                let text = try AgentFiles.text(of: "\(folder)/\(name)/nr_hugepages"),
                let count = Int64(text.filter(\.isNumber))
            else { continue }
            let unit = Quantity(size * 1024, format: .binarySI)
            found.append((ResourceName(rawValue: "hugepages-\(unit)"), count * size * 1024))
        }
        return found
    }

    /// Those that run, by `/sys/devices/system/cpu/online`.
    static func onlineProcessors() throws(KernelError) -> CPUSet {
        let text = try AgentFiles.text(of: "/sys/devices/system/cpu/online") ?? ""
        return CPUSet(text) ?? CPUSet()
    }
}
