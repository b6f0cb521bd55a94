import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// One call of a runtime's program, in a clone of the shim.
struct RuntimeCommand {
    let program: String
    let global: [String]
    let name: String
    var options: [String]
    let arguments: [String]
    /// The program's standard streams; the shim's /dev/null unless something else is said. A new process inherits
    /// them.
    var input: Int32 = 0
    private var output: Int32 = 0
    private var error: Int32 = 0
    /// Open file with the description of a process, for the program by `processNumber`; -1 for none.
    var process: Int32 = -1

    /// Descriptors of the program beyond its standard streams.
    static let processNumber: Int32 = 3
    private static let logNumber: Int32 = 4

    init(program: String, global: [String], name: String, options: [String], arguments: [String]) {
        self.program = program
        self.global = global
        self.name = name
        self.options = options
        self.arguments = arguments
    }

    static func path(of number: Int32) -> String { "/proc/self/fd/\(number)" }

    // MARK: Running

    /// Runs the program to its end.
    /// - Throws: the last line of its log.
    func run() throws {
        // Its log has no name that somebody would have to remove.
        let log = try FileDescriptor.memoryFile("swiftlet-runtime-log")
        // Who ends an overdue clone ends the program with it.
        setpgid(0, 0)
        let pid = try spawn(log: log)
        var status: Int32 = 0
        _ = try check("wait for", program) { waitpid(pid, &status, 0) }
        let end = ExitStatus(waitStatus: status)
        if end != .exited(0) { throw failure(end, try Self.lastLine(of: log)) }
    }

    /// Runs a command that makes a process.
    /// - Parameter folder: for what the program writes beside its streams; it must be there.
    /// - Returns: the process's id.
    mutating func runForProcess(in folder: String, _ streams: StandardStreams) throws -> Int32 {
        let place = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
        // The clone's own names: several may be at work at once.
        let (pidName, socketName) = ("runtime-\(getpid()).pid", "runtime-\(getpid()).sock")
        defer { unlinkat(place.raw, pidName, 0) }
        options += ["--pid-file", "\(folder)/\(pidName)"]
        if case .descriptors(let input, let output, let error) = streams {
            (self.input, self.output, self.error) = (input, output, error)
        }
        let null = try PrivateNull.ifPermitted()
        if let null {
            input = null.instead(of: input)
            output = null.instead(of: output)
            error = null.instead(of: error)
        }
        defer { withExtendedLifetime(null) {} }
        switch streams {
        case .inherit, .descriptors: try run()
        case .terminal(let socket):
            let listener = try UnixSocket.listen(in: place, name: socketName, type: .stream)
            defer { unlinkat(place.raw, socketName, 0) }
            // Short, whatever the folder's path: a socket's address has 107 bytes.
            options += ["--console-socket", "/proc/\(getpid())/fd/\(place.raw)/\(socketName)"]
            try run()
            try Self.handOn(listener, to: socket)
        }
        let text = try FileDescriptor.readFile("\(folder)/\(pidName)", limit: 64)
        guard let pid = Int32(String(decoding: text.filter { (48...57).contains($0) }, as: UTF8.self)) else {
            throw ShimFailure(.refused, "\(program) \(name): wrote no process id")
        }
        return pid
    }

    private func spawn(log: borrowing FileDescriptor) throws(KernelError) -> pid_t {
        var files: [(number: Int32, file: Int32)] = [(0, input), (1, output), (2, error)]
        if process >= 0 { files.append((Self.processNumber, process)) }
        files.append((Self.logNumber, log.raw))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Copies out of the way first, as one of the files may have a number that another one is to get.
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        for (number, file) in files {
            let copy = try check("dup", "descriptor \(file)") { clinux_fcntl(file, F_DUPFD_CLOEXEC, 16) }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, number)
        }
        if process < 0 { posix_spawn_file_actions_addclose(&actions, Self.processNumber) }
        _ = clinux_spawn_close_from(&actions, Self.logNumber + 1)
        let line =
            [program] + global + ["--log", Self.path(of: Self.logNumber), "--log-format", "json"]
            + [name] + options + arguments
        var pid: pid_t = 0
        let error = withCStrings(line) { posix_spawn(&pid, program, &actions, nil, $0, Glibc.environ) }
        if error != 0 { throw KernelError("start", program, Errno(rawValue: error)) }
        return pid
    }

    /// Gives the terminal that the program has sent to the shim.
    private static func handOn(_ listener: borrowing FileDescriptor, to socket: Int32) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        // All was sent before the program ended.
        guard let sender = try UnixSocket.accept(listener) else {
            throw ShimFailure(.refused, "the runtime sent no terminal")
        }
        let (count, descriptors) = try sender.receivePacket(into: buffer)
        defer { for fd in descriptors { close(fd) } }
        guard let terminal = descriptors.first, count > 0 else {
            throw ShimFailure(.refused, "the runtime sent no terminal")
        }
        _ = try check("send terminal", "shim") {
            clinux_send_fds(socket, buffer.baseAddress, count, [terminal], 1)
        }
    }

    // MARK: Errors

    private static func lastLine(of log: borrowing FileDescriptor) throws(KernelError) -> String? {
        _ = try check("rewind", "log of the runtime") { lseek(log.raw, 0, SEEK_SET) }
        let lines = try log.readToEnd().split(separator: UInt8(ascii: "\n"))
        return lines.last.map { line in
            do throws(JSONError) {
                return try LogLine(json: Array(line)).message
            } catch {
                // Whatever it is, it is the program's last word.
                return String(decoding: line, as: UTF8.self)
            }
        }
    }

    private struct LogLine: JSONDecodable {
        let message: String

        init(from json: JSONValue) throws(JSONError) {
            message = try json.object().required("msg")
        }
    }

    private func failure(_ end: ExitStatus, _ line: String?) -> ShimFailure {
        guard let line, !line.isEmpty else {
            return ShimFailure(.refused, "\(program) \(name): ended with \(end.code) and said nothing")
        }
        let words = line.split(separator: "\n", omittingEmptySubsequences: true).joined(separator: "; ")
        return ShimFailure(Self.kind(of: words), words)
    }

    /// What can be acted on, from the words that the field's runtimes have for it.
    private static func kind(of line: String) -> ShimFailure.Kind {
        func says(_ text: String) -> Bool { line.has(text) }
        if says("executable file not found") { return .commandNotFound }
        if says("exec: ") || says("exec failed") || says("executable file") {
            if says("no such file or directory") || says("No such file or directory") {
                return .commandNotFound
            }
            if says("ermission denied") || says("is a directory") { return .commandNotExecutable }
        }
        if says("does not exist") { return .notFound }
        return .refused
    }
}

extension String {
    /// Whether a text stands in this one, by bytes: needs no Unicode tables.
    fileprivate func has(_ text: String) -> Bool {
        let (own, sought) = (Array(utf8), Array(text.utf8))
        return own.count >= sought.count
            && (0...(own.count - sought.count)).contains { own[$0...].starts(with: sought) }
    }
}
