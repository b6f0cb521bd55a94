import ArgumentParser
import ContainerCLI
import ContainerRuntime
import Glibc
import LinuxKernel

struct TopCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "top", "Show the processes of a container", usage: "CONTAINER [PS OPTIONS …]")
    static var passesWordsOn: Bool { true }

    @Argument(parsing: .captureForPassthrough, help: "The container, and options for ps.")
    var words: [String] = []

    func perform(_ context: Context) throws -> Int32 {
        guard let name = words.first else {
            throw Failure("top: the container is missing", code: Program.usageError)
        }
        if name == "--help" { throw HelpWanted() }
        let engine = context.engine
        let processes = try engine.processes(of: try engine.store.find(name))
        if words.count > 1 { return try runPs(Array(words.dropFirst()), processes) }
        var table = Table(ProcessRow.columns)
        let bootTime = try ProcessRow.bootTime()
        let users = HostUsers()
        let now = Int64(time(nil))
        for pid in processes {
            if let row = try ProcessRow.read(pid, users: users, now: now, bootTime: bootTime) {
                table.add(row.cells)
            }
        }
        try Standard.print(table.text())
        return 0
    }

    /// Runs the host's ps and keeps its header and the container's lines.
    private func runPs(_ options: [String], _ processes: [Int32]) throws -> Int32 {
        let candidates: [String] = ["/bin/ps", "/usr/bin/ps"]
        let path = candidates.first { access($0, X_OK) == 0 }
        guard let path else { throw UsageError("top with options needs the host's ps: install procps") }
        let text = try readOutput(of: path, options)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard let header = lines.first else {
            throw UsageError("ps \(options.joined(separator: " ")) printed nothing")
        }
        let columns = header.split(separator: " ")
        guard let column = columns.firstIndex(of: "PID") else {
            throw UsageError("the options of ps must show the column PID")
        }
        let wanted = Set(processes.map(String.init))
        var output = header + "\n"
        for line in lines.dropFirst() {
            let fields = line.split(separator: " ", maxSplits: columns.count - 1)
            if fields.count > column, wanted.contains(String(fields[column])) { output += line + "\n" }
        }
        try Standard.print(String(output))
        return 0
    }

    private func readOutput(of path: String, _ options: [String]) throws -> String {
        let (readEnd, writeEnd) = try FileDescriptor.pipe().ends()
        let output = FileDescriptor(owning: readEnd)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, writeEnd, 1)
        var pid: pid_t = 0
        let error = withCStrings(["ps"] + options) { arguments in
            posix_spawn(&pid, path, &actions, nil, arguments, environ)
        }
        close(writeEnd)
        if error != 0 { throw KernelError("start", path, Errno(rawValue: error)) }
        let text = String(decoding: try output.readToEnd(), as: UTF8.self)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let code = ExitStatus(waitStatus: status).code
        if code != 0 { throw UsageError("ps \(options.joined(separator: " ")) ended with \(code)") }
        return text
    }
}
