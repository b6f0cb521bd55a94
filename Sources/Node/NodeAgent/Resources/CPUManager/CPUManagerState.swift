import KubernetesAPI
import LinuxKernel

/// Which processors are whose, as the file `cpu_manager_state` keeps it. Its members are the kubelet's, but for the
/// checksum of Go's own making.
struct CPUManagerState: Equatable, Sendable {
    var policy = "static"
    /// What all containers without processors of their own share.
    var shared: CPUSet
    /// By pod's uid and container.
    var entries: [String: [String: CPUSet]] = [:]

    var exclusive: CPUSet { entries.values.flatMap(\.values).reduce(CPUSet()) { $0.union($1) } }

    init(shared: CPUSet) { self.shared = shared }

    /// - Returns: nil when there is no such file.
    /// - Throws: also for one that cannot be read: whose processors are whose would be forgotten.
    init?(file: String) throws {
        guard let text = try AgentFiles.text(of: file) else { return nil }
        guard let json = try? APIValue(json: text), let policy = json["policyName"]?.string,
            let shared = CPUSet(json["defaultCpuSet"]?.string ?? "")
        else {
            throw Unreadable(file: file)
        }
        self.policy = policy
        self.shared = shared
        for pod in json["entries"]?.object?.members ?? [] {
            for container in pod.value.object?.members ?? [] {
                guard let cpus = container.value.string.flatMap({ CPUSet($0) }) else {
                    throw Unreadable(file: file)
                }
                entries[pod.name, default: [:]][container.name] = cpus
            }
        }
    }

    struct Unreadable: Error, CustomStringConvertible {
        let file: String

        var description: String {
            "\(file): is no state of a CPU manager; remove it when the node is drained"
        }
    }

    func write(_ file: String) throws(KernelError) {
        var pods = APIObject()
        for (uid, containers) in entries.sorted(by: { $0.key < $1.key }) {
            var object = APIObject()
            for (name, cpus) in containers.sorted(by: { $0.key < $1.key }) {
                object[name] = .string("\(cpus)")
            }
            pods[uid] = .object(object)
        }
        var object = APIObject()
        object["policyName"] = .string(policy)
        object["defaultCpuSet"] = .string("\(shared)")
        object["entries"] = .object(pods)
        try AgentFiles.replace(
            file, String(decoding: APIValue.object(object).json(), as: UTF8.self), mode: 0o600)
    }
}
