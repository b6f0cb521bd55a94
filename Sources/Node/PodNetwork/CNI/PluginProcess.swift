import CLinux
import Glibc
import LinuxKernel

/// A plugin: a program that reads what it is asked, writes one document and ends.
///
/// It gets a process group of its own, so that what it has started is killed with it when its time is over.
package struct PluginProcess {
    let path: String
    let arguments: [String]
    let environment: [String]

    /// - Parameter arguments: without the program's name.
    package init(path: String, arguments: [String] = [], environment: [String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Returns when the program has ended, or was killed.
    /// - Parameter milliseconds: that it may take.
    package func run(_ input: [UInt8], milliseconds: Int) throws(KernelError) -> RunningPlugin.Outcome {
        var running = try start()
        return try running.ask(input, milliseconds: milliseconds)
    }

    /// Starts the program, which waits for what it is asked then.
    package func start() throws(KernelError) -> RunningPlugin {
        let (inputRead, inputWrite) = try FileDescriptor.pipe().ends()
        let (outputRead, outputWrite) = try FileDescriptor.pipe().ends()
        let (errorRead, errorWrite) = try FileDescriptor.pipe().ends()
        let ours = [inputWrite, outputRead, errorRead]
        let spawned = spawn([inputRead, outputWrite, errorWrite])
        for descriptor in [inputRead, outputWrite, errorWrite] { close(descriptor) }
        do throws(KernelError) {
            if spawned.error != 0 { throw KernelError("start", path, Errno(rawValue: spawned.error)) }
            let process = try ProcessHandle.open(spawned.pid)
            for descriptor in ours { _ = clinux_fcntl(descriptor, F_SETFL, Int(O_NONBLOCK)) }
            return RunningPlugin(process, path: path, ends: ours)
        } catch {
            for descriptor in ours { close(descriptor) }
            throw error
        }
    }

    private func spawn(_ streams: [Int32]) -> (pid: pid_t, error: Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        _ = clinux_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var pid: pid_t = 0
        let error = withCStrings([path] + arguments) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, path, &actions, &attributes, argv, envp) }
        }
        return (pid, error)
    }
}
