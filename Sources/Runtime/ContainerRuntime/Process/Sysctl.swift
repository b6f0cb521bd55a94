import Glibc
import LinuxKernel
import OCISpec

/// Kernel parameters of the container's own namespaces (sysctl(8) names).
enum Sysctl {
    static func apply(_ settings: SortedMap<String>) throws {
        guard !settings.isEmpty else { return }
        // Through a procfs that nobody else can have mounted over (CVE-2025-52881).
        let proc = try LinuxKernel.Mount.new(type: "proc", source: "proc")
        for (key, value) in settings.entries {
            // As in sysctl(8): a slash in a name stands for itself, then dots are part of the names.
            let path =
                key.utf8.contains(UInt8(ascii: "/"))
                ? key
                : String(
                    decoding: key.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "/") : $0 }, as: UTF8.self
                )
            do throws(KernelError) {
                let file = try proc.descriptor.openInRoot("sys/\(path)", O_WRONLY, noLinks: true)
                try file.writeAll(value)
            } catch {
                throw RuntimeError("linux.sysctl \(key) = \(value): \(error.errno)")
            }
        }
    }
}
