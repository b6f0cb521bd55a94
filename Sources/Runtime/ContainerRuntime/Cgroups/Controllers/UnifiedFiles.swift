import LinuxKernel
import OCISpec

extension ContainerCgroup {
    /// Writes files of the version 2 group that the configuration names itself (config-linux.md, Unified).
    /// Last, so that they win over the limits in version 1's terms.
    func applyUnified(_ files: SortedMap<String>) throws(CgroupError) {
        for (file, value) in files {
            let isName = !file.utf8.contains(UInt8(ascii: "/")) && file != "." && file != ".."
            guard isName, !file.isEmpty else {
                throw .invalid(
                    field: "linux.resources.unified", reason: "'\(file)' must be a file name (no slashes)")
            }
            // The kernel takes one line at a time.
            for line in value.split(separator: "\n") { try unified.write(file, String(line)) }
        }
    }
}
