import Glibc

/// The sizes of huge pages that this kernel has.
enum HugePageSizes {
    /// As in the names of cgroup files: `64KB`, `2MB`, `1GB`.
    static func names() -> [String] {
        guard let folder = opendir("/sys/kernel/mm/hugepages") else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let size = size(folder: name) { names.append(size) }
        }
        return names
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
