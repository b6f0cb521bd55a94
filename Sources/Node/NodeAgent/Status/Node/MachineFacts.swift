import Glibc
import KubernetesAPI
import LinuxKernel

/// What a node says of its machine and system (`NodeSystemInfo`), read once.
package struct MachineFacts: Sendable {
    package var machineID = ""
    package var systemUUID = ""
    package var bootID = ""
    package var kernel = ""
    package var osImage = "Unknown"
    /// As Go names it: `amd64`, `arm64`.
    package var architecture = ""
    /// Bytes.
    package var swap: Int64 = 0
    /// Whether the kernel enforces profiles of AppArmor, and shows which it has.
    package var hasAppArmor = false

    package init() {}

    /// Of the machine that this program runs on; what cannot be read is empty.
    package static func read() -> MachineFacts {
        var facts = MachineFacts()
        facts.bootID = text("/proc/sys/kernel/random/boot_id") ?? ""
        facts.machineID = text("/etc/machine-id") ?? text("/var/lib/dbus/machine-id") ?? ""
        // Machines without firmware tables have no other name of their own.
        facts.systemUUID = text("/sys/class/dmi/id/product_uuid")?.lowercased() ?? facts.machineID
        facts.kernel = kernelRelease
        facts.osImage =
            (text("/etc/os-release") ?? text("/usr/lib/os-release")).flatMap(prettyName) ?? "Unknown"
        facts.architecture = ownArchitecture
        facts.swap = swapBytes(text("/proc/meminfo") ?? "")
        facts.hasAppArmor =
            text("/sys/module/apparmor/parameters/enabled") == "Y"
            && access("/sys/kernel/security/apparmor", F_OK) == 0
        return facts
    }

    /// `6.1.0-18-amd64`
    static var kernelRelease: String { text("/proc/sys/kernel/osrelease") ?? "" }

    /// A file's text without the newline at its end; nil for one that is not there or may not be read.
    private static func text(_ path: String) -> String? {
        guard let bytes = try? FileDescriptor.readFile(path, limit: 1 << 16) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let end = text.lastIndex { !$0.isNewline && $0 != " " }
        return end.map { String(text[...$0]) }
    }

    /// `PRETTY_NAME` of os-release(5).
    static func prettyName(_ text: String) -> String? {
        let key = "PRETTY_NAME="
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else { return nil }
        return line.dropFirst(key.count).filter { $0 != "\"" && $0 != "'" }
    }

    /// `SwapTotal` of proc_meminfo(5).
    private static func swapBytes(_ text: String) -> Int64 {
        let line = text.split(separator: "\n").first { $0.hasPrefix("SwapTotal:") }
        let words = line?.split(separator: " ") ?? []
        return (words.count > 1 ? Int64(words[1]) ?? 0 : 0) * 1024
    }

    private static var ownArchitecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
