import KubernetesAPI
import PodVolumes

/// What a pod may ask of itself (downward API).
package struct DownwardFacts: Sendable {
    package var nodeName: String
    package var hostIPs: [String]
    package var podIPs: [String]
    /// What a container without limits could have.
    package var allocatable: ResourceList

    package init(nodeName: String, hostIPs: [String], podIPs: [String] = [], allocatable: ResourceList = [:])
    {
        self.nodeName = nodeName
        self.hostIPs = hostIPs
        self.podIPs = podIPs
        self.allocatable = allocatable
    }

    /// - Returns: nil for a field that is not offered.
    package func value(of path: String, _ pod: Pod) -> String? {
        switch path {
        case "spec.nodeName": nodeName
        case "spec.serviceAccountName": pod.spec.serviceAccountName
        case "status.hostIP": hostIPs.first ?? ""
        case "status.hostIPs": hostIPs.joined(separator: ",")
        case "status.podIP": podIPs.first ?? ""
        case "status.podIPs": podIPs.joined(separator: ",")
        default: DownwardAPI.value(ofField: path, in: pod)
        }
    }
}
