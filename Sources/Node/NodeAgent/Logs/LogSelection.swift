/// Which part of a container's log is wanted (Kubernetes `v1.PodLogOptions`).
public struct LogSelection: Sendable, Equatable {
    /// Lines that are older are left out.
    public var since: LogTime?
    /// Only so many of the last lines of the file; nil for all.
    public var tailLines: Int?
    /// The output ends after so many bytes, in the middle of a line if need be; nil for all.
    public var limitBytes: Int?
    /// Each line begins with its time.
    public var timestamps = false
    /// Waits for what the container still writes.
    public var follow = false
    public var stdout = true
    public var stderr = true

    public init() {}
}

/// A container's log, and whether more may come.
public struct ContainerLog: Sendable {
    /// The file that the runtime writes now; rotation renames it and makes another one of this name.
    public var path: String
    /// Returns when the container has ended, at once where it has already. Cancelled when nobody waits any more.
    public var ended: @Sendable () async -> Void

    public init(path: String, ended: @escaping @Sendable () async -> Void) {
        self.path = path
        self.ended = ended
    }
}
