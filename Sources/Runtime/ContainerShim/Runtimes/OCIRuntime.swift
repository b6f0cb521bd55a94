import ContainerRuntime
import LinuxKernel
import OCISpec

/// What the shim's clones ask of an OCI runtime. All of it may take its time, and happens in a clone; the processes
/// that are made become children of the shim.
protocol OCIRuntime {
    /// Makes a container from the bundle in `folder`.
    /// - Parameter runsAtOnce: also starts it.
    /// - Returns: its first process, and where its groups are if they are known.
    func make(
        _ id: ContainerID, folder: String, _ streams: StandardStreams, runsAtOnce: Bool
    ) throws -> CloneReport
    func start(_ id: ContainerID) throws
    /// Runs a further process.
    /// - Parameter process: open file with the `process` object of a config.json; stays the caller's.
    /// - Returns: its process id.
    func exec(_ id: ContainerID, process: Int32, _ streams: StandardStreams) throws -> Int32
    /// Sends a signal to every process of the container.
    func signalAll(_ id: ContainerID, _ signal: Signal) throws
    func pause(_ id: ContainerID) throws
    func resume(_ id: ContainerID) throws
    func update(_ id: ContainerID, _ resources: RuntimeSpec.Resources) throws
    func checkpoint(_ id: ContainerID, _ request: CheckpointRequest) throws
    /// Ends and removes the container; none is no error.
    func delete(_ id: ContainerID) throws
}

extension RunFolders {
    /// The runtime that a container's supervision names.
    func ociRuntime(_ supervision: Supervision, log: Log) -> any OCIRuntime {
        if let handler = supervision.runtime {
            RuntimeProgram(handler: handler, scratch: state)
        } else {
            BuiltInRuntime(
                runtime: Runtime(
                    root: runtime, log: log, cgroupDriver: supervision.systemdCgroup ? .systemd : .files))
        }
    }
}
