import CLinux
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

/// What `exec` runs in a container that is running.
public struct ExecWish: Equatable, Sendable {
    public var command: [String]
    public var terminal = false
    public var interactive = false
    public var environment: [String] = []
    public var user: String?
    public var workingDirectory: String?
    public var privileged = false

    public init(command: [String]) {
        self.command = command
    }
}

extension Engine {
    /// Runs a further process and stays attached to it.
    public func exec(
        _ container: ContainerDefinition, _ wish: ExecWish, _ options: SessionOptions
    ) throws -> SessionEnd {
        var shim = try runningShim(of: container)
        let process = try execProcess(container, wish).json()
        if wish.terminal {
            var started = try shim.exec(container.id, terminalProcess: process)
            guard let master = started.terminal.take() else { throw UsageError("the shim sent no terminal") }
            return try ExecSession(
                container: container.id, exec: started.number, shim: shim, channel: .init(terminal: master),
                options: options
            ).run()
        }
        let (own, given) = try ExecSession.Channel.pipes()
        let channel = ExecSession.Channel(pipes: own)
        defer { for descriptor in given where descriptor >= 0 { close(descriptor) } }
        let started = try shim.exec(
            container.id, process: process, stdin: given[0], stdout: given[1], stderr: given[2])
        let number = started.number
        let session = try ExecSession(
            container: container.id, exec: number, shim: shim, channel: channel, options: options)
        return try session.run()
    }

    /// Runs a further process that nobody is attached to.
    public func execDetached(_ container: ContainerDefinition, _ wish: ExecWish) throws {
        var shim = try runningShim(of: container)
        var wish = wish
        wish.terminal = false
        let process = try execProcess(container, wish).json()
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        _ = try shim.exec(container.id, process: process, stdin: null.raw, stdout: null.raw, stderr: null.raw)
    }

    /// The process object: the container's own, with the wishes put in.
    private func execProcess(_ container: ContainerDefinition, _ wish: ExecWish) throws -> RuntimeSpec.Process
    {
        let status = try status(of: container)
        guard let first = status.process, status.phase == .running else {
            let state = status.phase == .paused ? "paused" : "not running"
            throw UsageError("container \(container.name) is \(state)")
        }
        let spec = try configuration(of: container)
        guard var process = spec.process else {
            throw UsageError("container \(container.name) has a configuration without a process")
        }
        if container.hasStandardProfile, process.apparmorProfile != nil {
            process.apparmorProfile = try standardProfile(for: container)
        }
        process.args = wish.command
        process.terminal = wish.terminal
        process.consoleSize = nil
        if wish.terminal, let size = Standard.terminalSize {
            process.consoleSize = RuntimeSpec.ConsoleSize(height: size.rows, width: size.columns)
        }
        if let folder = wish.workingDirectory {
            guard folder.hasPrefix("/") else {
                throw UsageError("invalid working directory '\(folder)': it must be an absolute path")
            }
            process.cwd = normalizedPath(folder)
        }
        var names = process.capabilities?.bounding ?? []
        if wish.privileged { names = try Self.ownCapabilities() }
        var environment = process.env
        if let text = wish.user {
            let root = try FileDescriptor.open("/proc/\(first.pid)/root", O_PATH | O_DIRECTORY)
            // The process still lives, so the number meant it when its root was opened.
            guard try first.isAlive else { throw UsageError("container \(container.name) is not running") }
            let user = try UserLookup(text, in: root)
            process.user = user.specification
            environment = EnvironmentOption.merge(environment, ["HOME=\(user.home)"])
        }
        process.capabilities = ConfigBuilder.capabilities(names, uid: process.user.uid)
        if wish.terminal, !environment.contains(where: { $0.hasPrefix("TERM=") }) {
            environment.append("TERM=xterm")
        }
        process.env = EnvironmentOption.merge(environment, wish.environment)
        return process
    }

    /// The container's config.json.
    public func configuration(of container: ContainerDefinition) throws -> RuntimeSpec {
        let path = layout.container(container.id) + "/config.json"
        let bytes = try FileDescriptor.readFile(path)
        do throws(JSONError) {
            return try RuntimeSpec(json: bytes)
        } catch {
            throw UsageError("read \(path): \(error)")
        }
    }
}
