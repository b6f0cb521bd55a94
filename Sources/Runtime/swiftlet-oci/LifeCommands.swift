import ContainerRuntime
import LinuxKernel

extension Invocation {
    func start() throws {
        let notifySocket = try Self.notifySocket()
        let process = try runtime.start(try plain().containerID(), notifySocket: notifySocket)
        try notifySocket?.waitUntilReady(process)
    }

    func kill() throws {
        let arguments = try Arguments(rest, .init(flags: [["all", "a"]]))
        let id = try arguments.containerID(0...1)
        // Scripts give an empty one for none.
        let name = arguments.positional.dropFirst().first { !$0.isEmpty } ?? "TERM"
        // kill(2): 0 sends nothing, and fails where there is no process.
        guard let signal = name == "0" ? Signal(rawValue: 0) : Signal(parsing: name) else {
            throw RuntimeError("unknown signal \"\(name)\"")
        }
        try runtime.kill(id, signal: signal, all: arguments.has("all"))
    }

    func delete() throws {
        let arguments = try Arguments(rest, .init(flags: [["force", "f"]]))
        try runtime.delete(try arguments.containerID(), force: arguments.has("force"))
    }
}
