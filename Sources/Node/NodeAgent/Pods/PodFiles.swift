import CRIProtocol
import KubernetesAPI
import LinuxKernel
import PodVolumes

/// The files of a pod that are not volumes: `/etc/hosts`, and where each container leaves its last words.
struct PodFiles {
    let pod: Pod
    let folder: PodFolder
    let clusterDomain: String

    func mounts(
        for container: Container, attempt: UInt32, ips: [String], users: UserRange?
    ) throws -> [CRIMount] {
        let hostname = PodHostname(pod, clusterDomain: clusterDomain)
        let hosts = HostsFile(
            addresses: ips, hostname: hostname.name, domain: hostname.domain, aliases: pod.spec.hostAliases,
            nodeFile: pod.spec.hostNetwork ? try FileDescriptor.readFile("/etc/hosts", limit: 1 << 20) : nil)
        let words = try TerminationMessage.mount(for: container, id: String(attempt), in: folder)
        return [try hosts.mount(for: container, in: folder), words].compactMap { mount in
            mount.map { CRIMount($0, users: users) }
        }
    }
}
