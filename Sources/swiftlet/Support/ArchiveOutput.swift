import ContainerCLI
import Glibc
import LinuxKernel

/// Where `save` and `export` write.
enum ArchiveOutput {
    /// - Parameters:
    ///   - path: of a file; nil or `-` for standard output.
    ///   - command: for messages.
    ///   - body: gets the descriptor to write to, and what to call it.
    static func write(
        to path: String?, for command: String, _ body: (_ descriptor: Int32, _ name: String) throws -> Void
    ) throws {
        guard let path, path != "-" else {
            if Standard.outputIsTerminal {
                throw UsageError("\(command): an archive is not written to a terminal: give a file with -o")
            }
            return try body(STDOUT_FILENO, "standard output")
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            // A device or a pipe is written to; a file in its place would be the machine's /dev/null.
            let file = try FileDescriptor.open(path, O_WRONLY)
            return try body(file.raw, path)
        }
        // Beside it first: what is there already stays until the new archive is complete. Others may write in that
        // folder, too: a name that nobody can guess, and nothing that is there already. As with docker nobody else
        // may read it: what a container keeps from its other users is in there.
        let temporary = path + ".partial-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        let file = try FileDescriptor.open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        do {
            try body(file.raw, path)
            if rename(temporary, path) != 0 { throw KernelError("rename", path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
