import ContainerCLI
import LinuxKernel
import Logging
import PodEngine

/// How the CRI service works: `/etc/swiftlet/config.toml`, with the command line's flags over it.
///
/// What each member means is told by `ConfigurationKeys`, from which the default file and the documentation are
/// written.
public struct CRIConfiguration: Sendable, Equatable {
    public var root = "/var/lib/swiftlet"
    public var state = "/run/swiftlet"
    /// A path, which `unix://` may stand before; empty: in the state folder.
    public var listen = ""
    public var oomScoreAdjustment = -999
    /// Whoever starts the daemon has set how many files the process may have open: not a key of the file.
    public var keepsFileLimit = false
    public var cgroupDriver = CgroupDriver.auto
    public var network = NetworkMode.auto
    public var defaultRuntime = builtinRuntime
    public var pinnedImages: [String] = []
    public var enableSELinux = false
    public var log = Log()
    public var cni = CNI()
    public var builtinNetwork = BuiltinNetwork()
    public var registry = Registry()
    public var images = Images()
    public var streaming = Streaming()
    public var seccomp = Seccomp()
    public var apparmor = AppArmor()
    public var cdi = CDI()
    public var timeouts = Timeouts()
    public var limits = Limits()
    public var metrics = Metrics()
    /// Runtimes besides the built-in one, by the name that a RuntimeClass's handler has.
    public var runtimes: [String: Runtime] = [:]

    /// The handler that needs no program of its own.
    public static let builtinRuntime = PodEngine.Settings.builtinRuntime

    public init() {}

    public enum CgroupDriver: String, Sendable, CaseIterable {
        case auto, systemd, cgroupfs
    }

    public enum NetworkMode: String, Sendable, CaseIterable {
        case auto, builtin, cni
    }

    public struct Log: Sendable, Equatable {
        public var level = Logger.Level.info
        public var format = LogOutput.Form.text
    }

    public struct CNI: Sendable, Equatable {
        public var configurationFolder = "/etc/cni/net.d"
        public var programFolders = ["/opt/cni/bin", "/usr/lib/cni"]
    }

    public struct BuiltinNetwork: Sendable, Equatable {
        /// One range of each family at most; empty: a private one that the host has no route into.
        public var podCIDRs: [String] = []
    }

    public struct Registry: Sendable, Equatable {
        /// In the layout of containerd's `certs.d`; the first that knows a registry counts.
        public var certificateFolders = [
            "/etc/swiftlet/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d",
            "/etc/containers/certs.d",
        ]
        /// Empty: root's own, else the machine's.
        public var policyFile = ""
    }

    public struct Images: Sendable, Equatable {
        public var maximumDownloads = 6
    }

    public struct Streaming: Sendable, Equatable {
        public var address = "127.0.0.1"
        /// 0: any that is free.
        public var port = 0
        /// What URLs begin with; empty: made from the address and the port.
        public var baseURL = ""
        /// Empty: without TLS.
        public var certificateFile = ""
        public var clientAuthorityFile = ""
        public var keyFile = ""
        public var idleTimeout = Duration.seconds(4 * 3600)

        /// Whether it is served to this machine alone.
        var isLocal: Bool { address == "localhost" || IPAddress(address)?.isLoopback == true }
    }

    public struct Seccomp: Sendable, Equatable {
        /// Empty: the built-in one.
        public var defaultProfile = ""
    }

    public struct AppArmor: Sendable, Equatable {
        /// Empty: `AppArmorProfiles.standard`; `unconfined`: none.
        public var defaultProfile = ""
    }

    public struct CDI: Sendable, Equatable {
        public var specificationFolders = ["/etc/cdi", "/var/run/cdi"]
    }

    public struct Timeouts: Sendable, Equatable {
        /// Added to what the caller gives a container to end.
        public var stopMargin = Duration.seconds(10)
        public var cni = Duration.seconds(120)
    }

    public struct Limits: Sendable, Equatable {
        /// Of each stream of an ExecSync.
        public var execOutput = ByteSize(bytes: 16 << 20)
    }

    public struct Metrics: Sendable, Equatable {
        /// `HOST:PORT`; empty: off.
        public var address = ""
    }

    /// Another OCI runtime with runc's command line.
    public struct Runtime: Sendable, Equatable {
        public var program = ""
        /// Empty: below the state folder.
        public var root = ""
        public var arguments: [String] = []
        public var annotations = PassedAnnotations()

        public init() {}
    }
}

// MARK: What follows from it

extension CRIConfiguration {
    /// The socket of the CRI.
    public var socketPath: String {
        listen.isEmpty ? state + "/cri.sock" : SocketAddress.path(listen) ?? listen
    }

    /// The image store, which the command line shares.
    public var imageStore: String { root + "/images" }
}

/// `HOST:PORT`, with an IPv6 address in brackets.
struct HostPort: Equatable {
    let host: String
    let port: Int

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            0...65535 ~= port
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        if host.isEmpty { return nil }
        self.host = String(host)
        self.port = port
    }
}
