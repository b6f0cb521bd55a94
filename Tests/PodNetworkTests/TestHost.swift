import CLinux
import Glibc
import LinuxKernel
import OCISpec
import PodNetwork
import Testing

/// A host of a test's own: a network namespace with an uplink to another one, which is the world outside, and a
/// built-in network whose state lies in a temporary folder. The machine's own network is not touched.
///
/// Sockets and library calls belong to the namespace that their thread is in, so everything happens in this process.
final class TestHost: @unchecked Sendable {
    let folder: String
    /// Paths of the pinned namespaces.
    let host: String
    let outside: String
    let network: BuiltinNetwork

    static let hostAddress = "192.0.2.1"
    static let outsideAddress = "192.0.2.9"
    static let hostAddress6 = "2001:db8::1"
    static let outsideAddress6 = "2001:db8::9"
    static let dualStack = NetworkSettings(
        range4: IPPrefix("10.88.0.0/16"), range6: IPPrefix("fd00:88::/64"))

    init(_ settings: NetworkSettings? = NetworkSettings(range4: IPPrefix("10.88.0.0/16"))) throws {
        try #require(geteuid() == 0, "these tests need root")
        for program in ["/usr/sbin/nft", "/usr/sbin/ip", "/usr/bin/nsenter"] {
            try #require(access(program, X_OK) == 0, "\(program) is missing: run 'make setup'")
        }
        var template = Array("/tmp/podnetwork-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(cString: made)
        host = folder + "/host"
        outside = folder + "/outside"
        network = BuiltinNetwork(state: folder + "/state", settingsFile: folder + "/network.json")
        for path in [host, outside] { try Self.pin(path) }
        try shell(host, "ip link set lo up; ip link add up0 type veth peer name eth0 netns \(outside)")
        for (path, device, four, six) in [
            (host, "up0", Self.hostAddress, Self.hostAddress6),
            (outside, "eth0", Self.outsideAddress, Self.outsideAddress6),
        ] {
            try shell(
                path,
                "ip link set lo up; ip addr add \(four)/24 dev \(device); ip addr add \(six)/64 dev \(device) nodad; ip link set \(device) up"
            )
        }
        if let settings { try inHost { try network.update(settings) } }
    }

    deinit {
        do { try cleanUp() } catch { Issue.record("clean up: \(error)") }
    }

    private func cleanUp() throws {
        let mounts = String(decoding: try FileDescriptor.readFile("/proc/self/mountinfo"), as: UTF8.self)
        for line in mounts.split(separator: "\n") where line.contains(folder) {
            umount2(String(line.split(separator: " ")[4]), Int32(MNT_DETACH))
        }
        _ = try Command(path: "/bin/rm", arguments: ["rm", "-rf", folder], environment: []).run()
    }

    // MARK: Namespaces

    private static func pin(_ path: String) throws {
        _ = try FileDescriptor.open(path, O_RDONLY | O_CREAT, mode: 0o600)
        let home = try FileDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        try unshare(NamespaceKind.network.flag, what: "network namespace")
        let result = mount("/proc/thread-self/ns/net", path, nil, 0x1000, nil)
        try home.enterNamespace(NamespaceKind.network.flag, what: "home")
        if result != 0 { throw KernelError("pin", path) }
    }

    /// Does something in a namespace; nothing in it may wait for another task.
    func inside<Result: ~Copyable>(_ path: String, _ body: () throws -> Result) throws -> Result {
        let home = try FileDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        let namespace = try FileDescriptor.open(path, O_RDONLY)
        try namespace.enterNamespace(NamespaceKind.network.flag, what: path)
        defer { try! home.enterNamespace(NamespaceKind.network.flag, what: "home") }
        return try body()
    }

    func inHost<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result { try inside(host, body) }

    @discardableResult
    func shell(_ path: String, _ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws
        -> String
    {
        let (outcome, output) = try inside(path) {
            try Command(
                path: "/bin/sh", arguments: ["sh", "-ec", script],
                environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], timeout: 30_000
            ).run()
        }
        let text = String(decoding: output, as: UTF8.self)
        #expect(outcome == .ended(.exited(0)), "\(script): \(text)", sourceLocation: sourceLocation)
        return text
    }

    // MARK: Pods

    func pod(_ id: String, ports: [PortMapping] = [], addresses: [String] = []) -> PodAttachment {
        var pod = PodAttachment(id: id, namespace: network.namespacePath(of: id))
        pod.ports = ports
        pod.addresses = addresses.compactMap { IPAddress($0) }
        return pod
    }

    @discardableResult
    func attach(
        _ id: String, ports: [PortMapping] = [], addresses: [String] = [], owner: ProcessIdentity? = nil
    ) throws -> NetworkResult {
        try inHost {
            try network.attach(pod(id, ports: ports, addresses: addresses), owner: owner)
        }
    }

    func detach(_ id: String) throws { try inHost { try network.detach(id) } }

    /// The network's table: the one of its kind here.
    var table: String {
        get throws {
            let tables = try shell(host, "nft list tables").split { $0 == " " || $0 == "\n" }.map(String.init)
            return try #require(tables.first { $0.hasPrefix("swiftlet") })
        }
    }

    // MARK: What is left

    /// Devices, routes, elements, namespaces and files that no pod has; the kernel may need a moment for devices.
    func leaks() throws -> [String] {
        let deadline = monotonicMilliseconds() + 5000
        while true {
            let found = try leaksNow()
            if found.isEmpty || monotonicMilliseconds() > deadline { return found }
            usleep(20_000)
        }
    }

    private func leaksNow() throws -> [String] {
        var found = try shell(host, "ip -o link; ip route; ip -6 route").split(separator: "\n")
            .map(String.init).filter { $0.contains(" sw") || $0.contains("10.88.") || $0.contains("fd00:88") }
        let rules = try shell(host, "nft list ruleset")
        found += rules.split(separator: "\n").map(String.init).filter {
            $0.contains("elements") && $0.contains(" : ")
        }
        for name in ["pods", "addresses", "namespaces"] {
            found += names(folder + "/state/" + name).map { name + "/" + $0 }
        }
        return found
    }

    func names(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}

extension PortMapping {
    static func tcp(_ host: UInt16, _ pod: UInt16, on address: String? = nil) -> PortMapping {
        PortMapping(hostIP: address.flatMap { IPAddress($0) }, hostPorts: host...host, podPort: pod)
    }
    static func udp(_ host: UInt16, _ pod: UInt16) -> PortMapping {
        PortMapping(proto: .udp, hostPorts: host...host, podPort: pod)
    }
}
