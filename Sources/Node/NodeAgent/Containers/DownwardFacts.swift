import KubernetesAPI

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
        case "metadata.name": return pod.metadata.name
        case "metadata.namespace": return pod.metadata.namespace
        case "metadata.uid": return pod.metadata.uid
        case "metadata.labels": return Self.lines(pod.metadata.labels)
        case "metadata.annotations": return Self.lines(pod.metadata.annotations)
        case "spec.nodeName": return nodeName
        case "spec.serviceAccountName": return pod.spec.serviceAccountName
        case "status.hostIP": return hostIPs.first ?? ""
        case "status.hostIPs": return hostIPs.joined(separator: ",")
        case "status.podIP": return podIPs.first ?? ""
        case "status.podIPs": return podIPs.joined(separator: ",")
        default: break
        }
        for (field, values) in [
            ("metadata.labels", pod.metadata.labels), ("metadata.annotations", pod.metadata.annotations),
        ] where path.hasPrefix(field + "['") && path.hasSuffix("']") {
            return values[String(path.dropFirst(field.count + 2).dropLast(2))] ?? ""
        }
        return nil
    }

    /// `NAME="VALUE"`, a line each, sorted, as files of the downward API have them.
    static func lines(_ values: [String: String]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }.joined(separator: "\n")
    }

    /// As Go's `%q`.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
