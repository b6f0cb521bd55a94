import ContainerRuntime
import KubernetesAPI

/// Where the groups of pods are: the kubelet's tree, `kubepods/{burstable,besteffort}/podUID`, with guaranteed pods
/// directly below `kubepods`.
package struct GroupNames: Sendable, Equatable {
    package let driver: CgroupDriver
    /// The parts of `cgroupRoot`, below which all of this is.
    private let root: [String]

    package init(driver: CgroupDriver, root: String) {
        self.driver = driver
        self.root = root.split(separator: "/").filter { $0 != "." }.map(String.init)
    }

    /// Holds all pods.
    package var kubepods: String { name(["kubepods"]) }

    /// Holds the pods of a class.
    package func of(_ qos: PodQOSClass) -> String { name(parts(qos)) }

    package func of(pod uid: String, _ qos: PodQOSClass) -> String { name(parts(qos) + ["pod" + uid]) }

    /// A group that somebody else makes, named as a path below `cgroupRoot` (`kubeReservedCgroup`).
    package func of(path: String) -> String { name(path.split(separator: "/").map(String.init)) }

    /// What the runtime is given: the path, with either driver.
    package func parent(pod uid: String, _ qos: PodQOSClass) -> String {
        let parts = root + parts(qos) + ["pod" + uid]
        guard driver == .systemd else { return "/" + parts.joined(separator: "/") }
        return "/" + parts.indices.map { Self.slice(parts[...$0]) }.joined(separator: "/")
    }

    /// The classes that have groups; the first one's is `kubepods` itself.
    static let classes: [PodQOSClass] = [.guaranteed, .burstable, .bestEffort]

    private func parts(_ qos: PodQOSClass) -> [String] {
        switch qos {
        case .burstable: ["kubepods", "burstable"]
        case .bestEffort: ["kubepods", "besteffort"]
        default: ["kubepods"]
        }
    }

    private func name(_ parts: [String]) -> String {
        let all = root + parts
        return driver == .systemd ? Self.slice(all[...]) : "/" + all.joined(separator: "/")
    }

    /// Dashes part the names of slices.
    private static func slice(_ parts: some Sequence<String>) -> String {
        parts.map { $0.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "_") }
            .joined(separator: "-") + ".slice"
    }

    /// The pod that a group of a class is for.
    /// - Parameter child: its name in the class's group.
    /// - Returns: nil for groups of something else.
    package func uid(ofChild child: String, in qos: PodQOSClass) -> String? {
        guard driver == .systemd else {
            return child.hasPrefix("pod") ? String(child.dropFirst(3)) : nil
        }
        let prefix = of(qos).dropLast(".slice".count) + "-pod"
        guard child.hasPrefix(prefix), child.hasSuffix(".slice") else { return nil }
        return child.dropFirst(prefix.count).dropLast(".slice".count)
            .split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-")
    }
}
