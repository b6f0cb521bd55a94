import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The OCI runtime as a library: every operation of the specification on the containers below one root
/// folder. `swiftlet-oci` puts runc's command line on it, `swiftlet-shim` calls it from short-lived clones.
///
/// The program that uses it has one thread.
public struct Runtime: Sendable {
    /// The folder that holds a folder for each container.
    public let root: String
    public let log: Log
    /// For containers that are made; those that are there know who made their groups.
    public let cgroupDriver: CgroupDriver

    public let rootless: RootlessMode

    public init(
        root: String, log: Log, cgroupDriver: CgroupDriver = .files, rootless: RootlessMode = .automatic
    ) {
        self.root = root
        self.log = log
        self.cgroupDriver = cgroupDriver
        self.rootless = rootless
    }

    /// Where compiled seccomp filters are kept between containers.
    var filterCache: String { "\(root)/.seccomp" }
}

/// How a container is made.
public struct CreateOptions {
    public var bundle: Bundle
    public var streams: StandardStreams = .inherit
    /// Gets the first process's id.
    public var pidFile: String?
    /// Descriptors after the standard streams that the program gets.
    public var preservedDescriptors: Int32 = 0
    /// Added to the configured environment: `LISTEN_FDS=…`.
    public var extraEnvironment: [String] = []
    public var noPivot = false
    public var noNewKeyring = false
    /// Hears from the container when it is ready.
    public var notifySocket: NotifySocket?
    /// The first process becomes a child of this program's parent, which reaps it.
    public var becomesSibling = false

    public init(bundle: Bundle) {
        self.bundle = bundle
    }
}

/// A process that the runtime has made.
public struct StartedProcess: Equatable, Sendable {
    /// In the runtime's pid namespace.
    public let pid: Int32
}
