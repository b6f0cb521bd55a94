import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// AppArmor profiles and SELinux labels, where the kernel has them.
enum SecurityLabel {
    /// Opens the procfs in which the exec plan writes.
    /// - Throws: when a label is asked for that this kernel cannot apply.
    static func prepare(_ process: RuntimeSpec.Process) throws -> LabelWrite? {
        if let profile = process.apparmorProfile, !profile.isEmpty, profile != "unconfined" {
            return try find("AppArmor profile \(profile)", "self/attr/apparmor/exec", "exec \(profile)")
        }
        if let label = process.selinuxLabel, !label.isEmpty {
            return try find("SELinux label \(label)", "self/attr/exec", label)
        }
        return nil
    }

    /// Asks for SELinux before anything is made: the file by which the kernel takes a label is every security module's,
    /// and says no more than "invalid argument". To be called where /sys is the host's: a container's does not show it.
    /// - Throws: when a process or file systems (mount(8), context=) are to be labelled and this host has no SELinux.
    static func check(_ label: String?, of field: String) throws {
        guard let label, !label.isEmpty, access("/sys/fs/selinux/enforce", F_OK) != 0 else { return }
        throw RuntimeError("\(field): SELinux is not enabled on this host")
    }

    private static func find(_ what: String, _ path: String, _ text: String) throws -> LabelWrite {
        // A procfs of our own: the container's may show whatever the image wants (CVE-2019-16884).
        let proc = try LinuxKernel.Mount.new(type: "proc", source: "proc")
        do throws(KernelError) {
            _ = try proc.descriptor.openAt(path, O_WRONLY | O_NOFOLLOW)
            let copy = try proc.descriptor.duplicate(atLeast: 3)
            return LabelWrite(what: what, proc: copy.release(), path: path, text: text)
        } catch {
            throw RuntimeError("\(what): this kernel does not have it (\(error.errno))")
        }
    }
}
