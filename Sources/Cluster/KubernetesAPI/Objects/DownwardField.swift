/// A field of a pod that its containers may read: the field's path, and the key where the path names one entry of a
/// map (`metadata.labels['app']`).
package struct DownwardField: Equatable, Sendable {
    package var path: String
    package var key: String?

    package init(_ text: String) {
        path = text
        guard text.hasSuffix("']"), let open = text.place(of: "['") else { return }
        path = String(text[..<open.lowerBound])
        key = String(text[open.upperBound...].dropLast(2))
    }

    /// What environment variables can hold.
    package static let environment = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ]

    /// What files can hold.
    package static let files = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    ]

    /// What has a name at all.
    static let all = Set(
        environment + files + ["spec.host", "spec.restartPolicy", "spec.schedulerName", "status.phase"])

    /// Resources of a container, beside its huge pages.
    package static let resources = [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ]
}

extension String {
    /// Where `text` stands first.
    fileprivate func place(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            let rest = self[start...]
            if rest.hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
