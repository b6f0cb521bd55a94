import ContainerCLI
import Glibc
import LinuxKernel

/// The second program, with what `swiftlet` is too quick for: the network, and the shared library that inflates
/// layers.
enum TransferProgram {
    static let name = "swiftlet-node"

    /// Goes on as that program, with the same words.
    static func become(for command: String) throws -> Never {
        let path = try Engine.program(name, for: command)
        let words = [path] + CommandLine.arguments.dropFirst()
        _ = withCStrings(words) { execv(path, $0) }
        throw KernelError("execute", path)
    }

    /// Runs it and waits.
    /// - Parameters:
    ///   - words: the command and what follows; the global options are this process's.
    ///   - quietly: only what goes wrong is told.
    /// - Returns: its exit code; 128 and the signal's number when one ended it.
    static func run(
        _ words: [String], _ options: GlobalOptions, for command: String, quietly: Bool
    ) throws -> Int32 {
        let path = try Engine.program(name, for: command)
        let all = [path, "--root", options.root, "--state", options.state] + words
        var pid: pid_t = 0
        // Its output is not this command's: that is the container's.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if quietly {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        } else {
            posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        }
        let code = withCStrings(all) { posix_spawn(&pid, path, &actions, nil, $0, environ) }
        if code != 0 { throw KernelError("execute", path, Errno(rawValue: code)) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            if Errno.current != .interrupted { throw KernelError("wait for", path) }
        }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}

extension Context {
    /// What works with registries; a program without it becomes the one that has it.
    func registryWork(for command: String) throws -> any RegistryWork {
        if let registries { return registries }
        try TransferProgram.become(for: command)
    }
}
