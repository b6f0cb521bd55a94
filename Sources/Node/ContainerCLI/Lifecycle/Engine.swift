import CLinux
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import OCISpec
import PodNetwork

/// Containers of one namespace, made, run and removed by this program itself: there is no daemon. What has to live
/// on is the shim of each running container.
public struct Engine {
    public let layout: StateLayout
    public let store: ContainerStore
    public let volumes: VolumeStore
    public let trace: Trace

    public init(_ layout: StateLayout, trace: Trace = Trace(isOn: false)) {
        self.layout = layout
        self.trace = trace
        store = ContainerStore(layout)
        volumes = VolumeStore(layout)
    }

    /// Opened where it is needed: most commands do not touch images.
    public func images() throws -> ImageStore {
        try trace.step("open image store") { try ImageStore(root: layout.images) }
    }

    /// The built-in network.
    public var network: BuiltinNetwork {
        BuiltinNetwork(state: layout.networkState, settingsFile: layout.networkSettings)
    }

    // MARK: State

    /// What is true of the container now.
    public func status(of container: ContainerDefinition) throws -> LiveStatus {
        let folder = layout.container(container.id)
        let status = try LiveStatus.current(in: folder) ?? LiveStatus(bootID: BootID.current())
        // A full disk keeps nobody from looking.
        return status.endIsUnknown ? (try? LiveStatus.noteEnd(in: folder)) ?? status : status
    }

    /// A connection to the container's shim; nil when it has none.
    public func shim(of container: ContainerDefinition) throws -> ShimClient? {
        do throws(ShimError) {
            return try ShimClient(state: layout.runFolders.state, shim: container.id)
        } catch {
            switch error {
            // It may end just now, between our connection and its greeting.
            case .absent, .gone: return nil
            default: throw error
            }
        }
    }

    /// A connection to the shim of a container that has to be running.
    func runningShim(of container: ContainerDefinition) throws -> ShimClient {
        guard let shim = try shim(of: container) else {
            throw UsageError("container \(container.name) is not running")
        }
        return shim
    }

    /// The capabilities that this process holds and so can give away, by name.
    static func ownCapabilities() throws -> [String] {
        // CapBnd and CapPrm of proc_pid_status(5).
        let status = String(decoding: try FileDescriptor.readFile("/proc/self/status"), as: UTF8.self)
        var held = UInt64.max
        for line in status.split(separator: "\n") {
            guard line.hasPrefix("CapPrm:") || line.hasPrefix("CapBnd:") else { continue }
            held &= UInt64(line.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) ?? 0
        }
        return CapabilityOption.all.enumerated().filter { held & (1 << UInt64($0.offset)) != 0 }.map(
            \.element)
    }
}

extension Engine {
    /// All that this kernel has, by name: what the root of a user namespace holds in there.
    static func kernelCapabilities() throws -> [String] {
        let path = "/proc/sys/kernel/cap_last_cap"
        let text = String(decoding: try FileDescriptor.readFile(path).prefix { $0 != 10 }, as: UTF8.self)
        guard let last = Int(text) else { throw UsageError("\(path) has no number: '\(text)'") }
        return Array(CapabilityOption.all.prefix(last + 1))
    }
}

extension StateLayout {
    /// The namespace's part of what does not survive a reboot.
    public var runFolders: RunFolders { RunFolders(state: state + "/" + namespace) }
}
