import KubernetesAPI

/// What a pod is called in its own network (DNS for Services and Pods, "Pod's hostname and subdomain fields").
package struct PodHostname: Equatable {
    /// At most 63 characters, as hostname(7) allows.
    package let name: String
    /// `SUBDOMAIN.NAMESPACE.svc.CLUSTER`; empty for a pod without a subdomain.
    package let domain: String
    /// `setHostnameAsFQDN`.
    private let isQualified: Bool

    /// Characters of a name that the kernel takes (sethostname(2)).
    private static let longest = 64

    /// - Parameter clusterDomain: may be empty.
    package init(_ pod: Pod, clusterDomain: String) {
        let spec = pod.spec
        var short = String(
            (spec.hostnameOverride ?? (spec.hostname.isEmpty ? pod.metadata.name : spec.hostname)).prefix(63))
        while short.hasSuffix("-") || short.hasSuffix(".") { short.removeLast() }
        name = short
        isQualified = spec.setHostnameAsFQDN == true
        // A name that replaces all others is one without a domain.
        let hasDomain = spec.hostnameOverride == nil && !spec.subdomain.isEmpty
        domain =
            hasDomain
            ? [spec.subdomain, pod.metadata.namespace, "svc", clusterDomain].filter { !$0.isEmpty }
                .joined(separator: ".") : ""
    }

    /// What uname(2) says in the pod.
    package var kernelName: String {
        get throws(HostnameTooLong) {
            guard isQualified, !domain.isEmpty else { return name }
            let full = "\(name).\(domain)"
            if full.utf8.count > Self.longest { throw HostnameTooLong(name: full, limit: Self.longest) }
            return full
        }
    }
}

package struct HostnameTooLong: Error, CustomStringConvertible {
    let name: String
    let limit: Int

    package var description: String {
        "failed to construct FQDN from pod hostname and cluster domain, FQDN \(name) is too long "
            + "(\(limit) characters is the max, \(name.utf8.count) characters requested)"
    }
}
