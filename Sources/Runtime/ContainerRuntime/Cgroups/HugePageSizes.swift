import LinuxKernel

/// The sizes of huge pages that this kernel has.
package enum HugePageSizes {
    /// As in the names of cgroup files: `64KB`, `2MB`, `1GB`.
    package static func names() -> [String] {
        let folders = (try? FileDescriptor.listing(of: "/sys/kernel/mm/hugepages")) ?? []
        return folders.compactMap { size(folder: $0.name) }
    }

    /// `hugepages-2048kB` is `2MB`.
    static func size(folder: String) -> String? {
        guard folder.hasPrefix("hugepages-"), folder.hasSuffix("kB"),
            let kilobytes = Int(folder.dropFirst(10).dropLast(2))
        else { return nil }
        if kilobytes >= 1 << 20 { return "\(kilobytes >> 20)GB" }
        if kilobytes >= 1 << 10 { return "\(kilobytes >> 10)MB" }
        return "\(kilobytes)KB"
    }
}
