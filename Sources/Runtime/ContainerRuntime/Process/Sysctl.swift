import Glibc
import LinuxKernel
import OCISpec

/// Kernel parameters of the container's own namespaces (sysctl(8) names).
enum Sysctl {
    static func apply(_ settings: SortedMap<String>) throws {
        guard !settings.isEmpty else { return }
        try apply(settings, field: "linux.sysctl", through: try procfs())
    }

    /// A procfs that nobody else can have mounted over (CVE-2025-52881). Made with the rights over the pid
    /// namespace; which network, ipc and uts namespace its files mean depends on who opens them.
    static func procfs() throws(KernelError) -> LinuxKernel.Mount {
        try LinuxKernel.Mount.new(type: "proc", source: "proc")
    }

    /// - Parameter field: what the configuration calls the settings, for messages.
    static func apply(
        _ settings: SortedMap<String>, field: String, through proc: borrowing LinuxKernel.Mount
    ) throws {
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
                throw RuntimeError("\(field) \(key) = \(value): \(error.errno)")
            }
        }
    }
}
