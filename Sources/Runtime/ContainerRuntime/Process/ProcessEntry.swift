import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The last steps that a container's first process and an exec have in common, inside the container's root.
struct ProcessEntry {
    let process: RuntimeSpec.Process
    let plan: LaunchPlan
    /// For what the container's processes have in common.
    let linux: RuntimeSpec.Linux?

    /// Becomes the trampoline; returns only by throwing.
    /// - Parameter environment: added to the configuration's.
    func enter(root: borrowing FileDescriptor, environment extra: [String]) throws {
        try enterWorkingDirectory(root)
        let program = try Program.find(
            process.args[0], environment: process.env, root: root, workingDirectory: process.cwd)
        var environment = process.env + extra
        if !environment.contains(where: { $0.hasPrefix("HOME=") && $0.utf8.count > 5 }) {
            environment.removeAll { $0.hasPrefix("HOME=") }
            environment.append("HOME=\(Program.home(uid: process.user.uid, root: root))")
        }
        Streams.giveTo(uid: process.user.uid)
        let label = try SecurityLabel.prepare(process)
        try ProcessAttributes.apply(process, linux)
        throw try plan.execute(program: program, environment: environment, label: label)
    }

    /// The kernel resolves the path inside the root and refuses magic links, so that no descriptor of the
    /// runtime can become the working directory (CVE-2024-21626).
    private func enterWorkingDirectory(_ root: borrowing FileDescriptor) throws {
        let path = process.cwd
        do throws(KernelError) {
            let folder = try root.openInRoot(path, O_PATH | O_DIRECTORY)
            _ = try check("chdir", path) { fchdir(folder.raw) }
        } catch {
            throw RuntimeError("chdir to cwd (\"\(path)\") set in config.json failed: \(error.errno)")
        }
    }
}
