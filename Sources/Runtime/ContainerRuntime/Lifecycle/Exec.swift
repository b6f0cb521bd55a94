import LinuxKernel
import OCISpec

/// How a process is added to a container.
public struct ExecOptions {
    public var process: RuntimeSpec.Process
    public var streams: StandardStreams = .inherit
    public var pidFile: String?
    public var preservedDescriptors: Int32 = 0
    public var extraEnvironment: [String] = []
    /// A paused container: the process would not run. Refused unless this is set.
    public var ignoresPaused = false
    /// Groups below the container's own (`--cgroup`).
    public var cgroupPaths: [String] = []
    public var becomesSibling = false
    /// The container's, where it has been read already.
    fileprivate var configuration: Configuration?

    public init(process: RuntimeSpec.Process) {
        self.process = process
    }
}

extension Runtime {
    /// What an exec begins with: the container's own process, for its capabilities, limits, environment and
    /// labels.
    public func execTemplate(_ id: ContainerID) throws -> ExecOptions {
        let configuration = try ContainerFolder.open(root: root, id: id).readConfiguration()
        guard let process = configuration.spec.process else {
            throw RuntimeError("container \(id) has no process section")
        }
        var options = ExecOptions(process: process)
        options.configuration = configuration
        return options
    }

    /// Runs another process inside a living container.
    /// - Throws: also when its program cannot be executed.
    public func exec(_ id: ContainerID, _ options: ExecOptions) throws -> StartedProcess {
        let folder = try ContainerFolder.open(root: root, id: id)
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        guard let initProcess = try record.liveProcess() else {
            throw RuntimeError("cannot exec in a stopped container", kind: .wrongState)
        }
        switch try statusOfLiving(record, folder) {
        case .running, .created: break
        case .paused where options.ignoresPaused: break
        case .paused:
            throw RuntimeError(
                "cannot exec in a paused container (use --ignore-paused to override)", kind: .wrongState)
        case .creating, .stopped: throw RuntimeError("cannot exec in a stopped container", kind: .wrongState)
        }
        let configuration = try options.configuration ?? folder.readConfiguration()
        try options.process.validate()
        let memory = try FullMemory(record, configuration.spec)
        var joining = Joining(
            runtime: self, record: record, configuration: configuration, options: options, memory: memory)
        // Who wants a sibling is another process already, whose end is noticed.
        guard let memory, !options.becomesSibling else {
            return StartedProcess(pid: try joining.make(initProcess).pid)
        }
        log.debug("container \(id) has hardly any memory left: another process makes the new one")
        joining.options.becomesSibling = true
        return try memory.addByAnother { [joining] in
            guard let initProcess = try record.liveProcess() else {
                throw RuntimeError("cannot exec in a stopped container", kind: .wrongState)
            }
            return StartedProcess(pid: try joining.make(initProcess).pid)
        }
    }
}
