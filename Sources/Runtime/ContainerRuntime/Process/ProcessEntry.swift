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
    /// A hook's, which is not looked up and has a complete environment; nil: `process.args` names it.
    var program: String?

    /// Becomes the trampoline; returns only by throwing.
    /// - Parameter environment: added to the configuration's.
    func enter(root: borrowing FileDescriptor, environment extra: [String]) throws {
        let isInFolder = try enterWorkingDirectory(root)
        let (program, environment) = try program.map { ($0, process.env) } ?? lookUp(root, extra)
        try Streams.settle(uid: process.user.uid, root: root)
        let label = try SecurityLabel.prepare(process)
        try ProcessAttributes.apply(process, linux)
        throw try plan.execute(
            program: program, environment: environment, label: label, folder: isInFolder ? nil : process.cwd)
    }

    private func lookUp(
        _ root: borrowing FileDescriptor, _ extra: [String]
    ) throws -> (program: String, environment: [String]) {
        var environment = Environment.merged(process.env + extra)
        let program = try Program.find(
            process.args[0], environment: environment, root: root, workingDirectory: process.cwd)
        if !environment.contains(where: { $0.hasPrefix("HOME=") && $0.utf8.count > 5 }) {
            environment.removeAll { $0.hasPrefix("HOME=") }
            environment.append("HOME=\(Program.home(uid: process.user.uid, root: root))")
        }
        return (program, environment)
    }

    /// The kernel resolves the path inside the root and refuses magic links, so that no descriptor of the
    /// runtime can become the working directory (CVE-2024-21626).
    /// - Returns: false where only the process's user may be allowed to enter: on NFS, whose servers trust no root, or
    ///   for files whose owner is not in the user namespace.
    private func enterWorkingDirectory(_ root: borrowing FileDescriptor) throws -> Bool {
        let path = process.cwd
        do throws(KernelError) {
            let folder = try root.openInRoot(path, O_PATH | O_DIRECTORY)
            _ = try check("chdir", path) { fchdir(folder.raw) }
            return true
        } catch {
            if error.errno == .accessDenied { return false }
            throw RuntimeError("\(LaunchPlan.chdirStep(path)): \(error.errno)")
        }
    }
}
