import CRIProtocol
import ContainerCLI
import Glibc
import LinuxKernel
import OCISpec

/// The SELinux contexts of a container: its process's, and its files'.
package struct SELinuxLabels: Equatable {
    package var process: String
    package var files: String

    /// - Parameter pod: what the container does not say itself.
    /// - Returns: nil where SELinux is not enabled: the options mean nothing there, as with other runtimes.
    package static func of(
        _ config: CRIContainerConfig, pod: CRIPodSandboxConfig, facts: NodeFacts
    ) throws(TranslationError) -> SELinuxLabels? {
        guard facts.hasSELinux else { return nil }
        let context = config.linux.securityContext
        let options =
            context.hasSelinuxOptions ? context.selinuxOptions : pod.linux.securityContext.selinuxOptions
        let level = try level(options, of: pod)
        let user = options.user.isEmpty ? "system_u" : options.user
        let role = options.role.isEmpty ? "system_r" : options.role
        let type = options.type.isEmpty ? "container_t" : options.type
        return SELinuxLabels(
            // A privileged one stays in the runtime's domain.
            process: context.privileged ? "" : "\(user):\(role):\(type):\(level)",
            files: files(level))
    }

    /// The context of the files that a pod's containers share.
    static func ofFiles(
        _ pod: CRIPodSandboxConfig, facts: NodeFacts
    ) throws(TranslationError) -> String? {
        guard facts.hasSELinux else { return nil }
        return files(try level(pod.linux.securityContext.selinuxOptions, of: pod))
    }

    private static func files(_ level: String) -> String { "system_u:object_r:container_file_t:\(level)" }

    private static func level(
        _ options: CRISELinuxOption, of pod: CRIPodSandboxConfig
    ) throws(TranslationError) -> String {
        let field = "config.linux.security_context.selinux_options"
        for (name, part) in [
            ("user", options.user), ("role", options.role), ("type", options.type), ("level", options.level),
        ] where !part.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) || (name != "level" && part.contains(":")) {
            throw .invalid("\(field).\(name)", "\(JSONError.quoted(part)) is not a part of a context")
        }
        return options.level.isEmpty ? level(of: pod.metadata) : options.level
    }

    /// Two categories by what no other pod is called: containers of a pod share files, those of two pods do not.
    package static func level(of pod: CRIPodSandboxMetadata) -> String {
        // FNV-1a: the same in every run.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(pod.name)_\(pod.namespace)_\(pod.uid)_\(pod.attempt)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let first = hash % 1024
        let other = (first + 1 + (hash >> 32) % 1023) % 1024
        return "s0:c\(min(first, other)),c\(max(first, other))"
    }

    /// Gives the label to a file, or to a folder and all in it.
    package static func relabel(_ path: String, to label: String) throws(KernelError) {
        try relabel(FileDescriptor.open(path, O_PATH | O_NOFOLLOW), path, label)
    }

    private static func relabel(
        _ file: borrowing FileDescriptor, _ path: String, _ label: String
    ) throws(KernelError) {
        try file.setContext(label, name: path)
        guard try file.status().st_mode & S_IFMT == S_IFDIR else { return }
        for entry in try file.listing(of: path) {
            let inner = try file.openAt(entry.bytes, O_PATH | O_NOFOLLOW)
            try relabel(inner, path + "/" + entry.name, label)
        }
    }
}
