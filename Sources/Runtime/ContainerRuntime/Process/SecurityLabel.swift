import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// AppArmor profiles and SELinux labels, where the kernel has them.
enum SecurityLabel {
    /// Opens what the exec plan writes.
    /// - Throws: when a label is asked for that this kernel cannot apply.
    static func prepare(_ process: RuntimeSpec.Process) throws -> LabelWrite? {
        if let profile = process.apparmorProfile, profile != "unconfined" {
            return try open("AppArmor profile \(profile)", "self/attr/apparmor/exec", "exec \(profile)")
        }
        if let label = process.selinuxLabel {
            return try open("SELinux label \(label)", "self/attr/exec", label)
        }
        return nil
    }

    /// - Throws: when new file systems are to be labelled (mount(8), context=) and this host has no SELinux.
    static func checkMountLabel(_ label: String?) throws {
        guard let label, !label.isEmpty, access("/sys/fs/selinux/enforce", F_OK) != 0 else { return }
        throw RuntimeError("linux.mountLabel: SELinux is not enabled on this host")
    }

    private static func open(_ what: String, _ path: String, _ text: String) throws -> LabelWrite {
        // A procfs of our own: the container's may show whatever the image wants (CVE-2019-16884).
        let proc = try LinuxKernel.Mount.new(type: "proc", source: "proc")
        do throws(KernelError) {
            let file = try proc.descriptor.openAt(path, O_WRONLY | O_NOFOLLOW)
            return LabelWrite(what: what, descriptor: file.release(), text: text)
        } catch {
            throw RuntimeError("\(what): this kernel does not have it (\(error.errno))")
        }
    }
}
