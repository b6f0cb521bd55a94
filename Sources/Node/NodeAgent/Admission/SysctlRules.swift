import KubernetesAPI
import LinuxKernel

/// Which kernel parameters pods may set: those that are safe, and those that the node's owner allows
/// (`allowedUnsafeSysctls`: names, or their beginnings and `*`).
package struct SysctlRules: Sendable {
    /// Of namespaces, without effect on other pods or on the node (Using sysctls in a Kubernetes Cluster), with the
    /// kernel since which they belong to a namespace.
    private static let safe: [String: (major: Int, minor: Int)] = [
        "kernel.shm_rmid_forced": (0, 0),
        "net.ipv4.ip_local_port_range": (0, 0),
        "net.ipv4.tcp_syncookies": (0, 0),
        "net.ipv4.ping_group_range": (0, 0),
        "net.ipv4.ip_unprivileged_port_start": (0, 0),
        "net.ipv4.ip_local_reserved_ports": (3, 16),
        "net.ipv4.tcp_keepalive_time": (4, 5),
        "net.ipv4.tcp_keepalive_intvl": (4, 5),
        "net.ipv4.tcp_keepalive_probes": (4, 5),
        "net.ipv4.tcp_fin_timeout": (4, 6),
        "net.ipv4.tcp_rmem": (4, 15),
        "net.ipv4.tcp_wmem": (4, 15),
    ]

    private var names: Set<String>
    private var beginnings: [String]

    /// - Parameters:
    ///   - allowed: unsafe ones that are allowed.
    ///   - kernel: the release, `6.1.0-18-amd64`.
    package init(allowed: [String], kernel: String) {
        let numbers = kernel.split { !$0.isNumber }.compactMap { Int($0) }
        let version = (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
        names = Set(Self.safe.filter { ($0.value.major, $0.value.minor) <= version }.keys)
        let written = allowed.map(Self.dotted)
        names.formUnion(written.filter { !$0.hasSuffix("*") })
        beginnings = written.filter { $0.hasSuffix("*") }.map { String($0.dropLast()) }
    }

    /// - Returns: why a pod may not run; nil: it may.
    package func refusal(of pod: Pod) -> PodFailure? {
        for sysctl in pod.spec.securityContext?.sysctls ?? [] {
            let name = Self.dotted(sysctl.name)
            if names.contains(name) || beginnings.contains(where: name.hasPrefix) { continue }
            return PodFailure(
                reason: "SysctlForbidden",
                message: "Pod was rejected: forbidden sysctl: \"\(sysctl.name)\" not allowlisted")
        }
        return nil
    }

    /// `net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`: the first one that is there parts the name.
    private static func dotted(_ name: String) -> String {
        guard name.first(where: { $0 == "." || $0 == "/" }) == "/" else { return name }
        return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }
}
