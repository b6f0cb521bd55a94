import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

extension Invocation {
    func state() throws {
        try printOut(text(runtime.state(try plain().containerID()).json(.spaces(2))) + "\n")
    }

    func list() throws {
        let arguments = try Arguments(rest, .init(flags: [["quiet", "q"]], values: [["format", "f"]]))
        try arguments.expectNone()
        let containers = try runtime.list()
        if arguments.has("quiet") {
            for container in containers { try printOut(container.record.id + "\n") }
            return
        }
        switch arguments["format"] {
        case "json":
            // As runc prints it: null for an empty list.
            try printOut((containers.isEmpty ? "null" : text(containers.json())) + "\n")
        case nil, "table":
            let rows =
                [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
                + containers.map {
                    [
                        $0.record.id, "\($0.pid)", $0.status.rawValue, $0.record.bundle, $0.record.created,
                        $0.owner,
                    ]
                }
            try printTable(rows)
        case let other?: throw RuntimeError("--format: '\(other)' is neither table nor json")
        }
    }

    /// `ps`, narrowed down to the container's processes.
    func processes() throws -> Int32 {
        let arguments = try Arguments(rest, .init(values: [["format", "f"]], endsAtArgument: true))
        let id = try arguments.containerID(0...Int.max - 1)
        let pids = try runtime.processes(id)
        switch arguments["format"] {
        case "json":
            try printOut((pids.isEmpty ? "null" : text(pids.json())) + "\n")
            return 0
        case nil, "table": break
        case let other?: throw RuntimeError("--format: '\(other)' is neither table nor json")
        }
        let given = Array(arguments.positional.dropFirst())
        let lines = try run(ps: given.isEmpty ? ["-ef"] : given)
        guard let header = lines.first,
            let column = header.split(separator: " ").firstIndex(of: "PID")
        else { throw RuntimeError("ps prints no PID column") }
        try printOut(header + "\n")
        for line in lines.dropFirst() {
            let fields = line.split(separator: " ")
            guard column < fields.count, let pid = Int32(fields[column]), pids.contains(pid) else { continue }
            try printOut(line + "\n")
        }
        return 0
    }

    private func run(ps arguments: [String]) throws -> [String] {
        let (read, write) = try FileDescriptor.pipe().ends()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, write, 1)
        var pid: pid_t = 0
        let error = withCStrings(["ps"] + arguments) { posix_spawnp(&pid, "ps", &actions, nil, $0, environ) }
        close(write)
        let output = FileDescriptor(owning: read)
        guard error == 0 else { throw KernelError("run", "ps", Errno(rawValue: error)) }
        let bytes = try output.readToEnd()
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else { throw RuntimeError("ps ended with an error") }
        return text(bytes).split(separator: "\n").map(String.init)
    }

    func writeSpec() throws {
        let arguments = try Arguments(rest, .init(flags: [["rootless"]], values: [["bundle", "b"]]))
        try arguments.expectNone()
        let path = "\(arguments["bundle"] ?? ".")/config.json"
        let spec =
            arguments.has("rootless")
            ? RuntimeSpec.rootlessExample(uid: geteuid(), gid: getegid()) : RuntimeSpec.example()
        do throws(KernelError) {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666)
            do throws(KernelError) {
                try file.writeAll(spec.json(.tabs), named: path)
            } catch {
                unlink(path)
                throw error
            }
        } catch {
            if error.errno == .exists { throw RuntimeError("File config.json exists. Remove it first") }
            throw error
        }
    }

    func printFeatures() throws {
        try plain().expectNone()
        try printOut(text(Runtime.features().json(.spaces(2))) + "\n")
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func printTable(_ rows: [[String]]) throws {
        let widths = rows[0].indices.map { column in rows.map { $0[column].utf8.count }.max() ?? 0 }
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 {
                    line += String(
                        repeating: " ", count: max(0, max(widths[column], 11) - cell.utf8.count) + 1)
                }
            }
            try printOut(line + "\n")
        }
    }
}
