import CLinux
import Glibc
import LinuxKernel

/// One run of a plugin: a program that reads what it is asked, writes one document and ends.
///
/// It gets a process group of its own, so that what it has started is killed with it when its time is over. Both
/// outputs are read to a limit: one is the document, the other what it complains of.
package struct PluginProcess {
    let path: String
    let arguments: [String]
    let environment: [String]
    let input: [UInt8]
    let timeout: Int

    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - timeout: milliseconds.
    package init(
        path: String, arguments: [String] = [], environment: [String], input: [UInt8], timeout: Int
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.timeout = timeout
    }

    package struct Outcome {
        package var status: ExitStatus?
        package var output: [UInt8] = []
        package var complaint: [UInt8] = []
        /// It was killed, as its time was over.
        package var isTimedOut = false
    }

    private static let limit = 1 << 20

    /// Returns when the program has ended, or was killed.
    /// - Parameter meanwhile: called while it works.
    package func run(meanwhile: () -> Void = {}) throws(KernelError) -> Outcome {
        let (inputRead, inputWrite) = try FileDescriptor.pipe().ends()
        let (outputRead, outputWrite) = try FileDescriptor.pipe().ends()
        let (errorRead, errorWrite) = try FileDescriptor.pipe().ends()
        let ours = [inputWrite, outputRead, errorRead]
        var open = ours
        defer { for descriptor in open where descriptor >= 0 { close(descriptor) } }
        let spawned = spawn([inputRead, outputWrite, errorWrite])
        for descriptor in [inputRead, outputWrite, errorWrite] { close(descriptor) }
        if spawned.error != 0 { throw KernelError("start", path, Errno(rawValue: spawned.error)) }
        let process = try ProcessHandle.open(spawned.pid)
        for descriptor in ours { _ = clinux_fcntl(descriptor, F_SETFL, Int(O_NONBLOCK)) }
        return try converse(process, group: spawned.pid, &open, meanwhile)
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

    /// - Parameter open: our ends: of its input, its output, its complaints; closed ones become -1.
    private func converse(
        _ process: borrowing ProcessHandle, group: pid_t, _ open: inout [Int32], _ meanwhile: () -> Void
    ) throws(KernelError) -> Outcome {
        // A plugin that ends without reading its input must not end us.
        let previous = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, previous) }
        let deadline = monotonicMilliseconds() + timeout
        var outcome = Outcome()
        var sent = 0
        while true {
            var polls = [
                pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: open[0], events: Int16(POLLOUT), revents: 0),
                pollfd(fd: open[1], events: Int16(POLLIN), revents: 0),
                pollfd(fd: open[2], events: Int16(POLLIN), revents: 0),
            ]
            let wait = max(0, deadline - monotonicMilliseconds())
            _ = try check("poll", path) { poll(&polls, 4, Int32(clamping: wait)) }
            if polls[1].revents != 0 {
                let count = input[sent...].withUnsafeBytes { write(open[0], $0.baseAddress, $0.count) }
                if count > 0 { sent += count }
                if sent == input.count || (count < 0 && Errno.current != .again) { Self.end(&open[0]) }
                if open[0] < 0 { meanwhile() }
            }
            if polls[2].revents != 0 { Self.drain(&open[1], into: &outcome.output) }
            if polls[3].revents != 0 { Self.drain(&open[2], into: &outcome.complaint) }
            if polls[0].revents != 0 {
                // What it wrote lies in the pipes; a grandchild that holds them open does not keep us.
                Self.drain(&open[1], into: &outcome.output)
                Self.drain(&open[2], into: &outcome.complaint)
                outcome.status = try process.wait()
                return outcome
            }
            if monotonicMilliseconds() >= deadline {
                // Not reaped yet, so the number is still its own.
                kill(-group, SIGKILL)
                _ = try process.wait()
                outcome.isTimedOut = true
                return outcome
            }
        }
    }

    private static func drain(_ descriptor: inout Int32, into bytes: inout [UInt8]) {
        if descriptor < 0 { return }
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, Errno.current == .again { return }
            if count <= 0 { return end(&descriptor) }
            if bytes.count < limit { bytes += buffer[..<count] }
        }
    }

    private static func end(_ descriptor: inout Int32) {
        Glibc.close(descriptor)
        descriptor = -1
    }
}
