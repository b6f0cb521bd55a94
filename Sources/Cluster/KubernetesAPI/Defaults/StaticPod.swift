/// What a kubelet makes of a pod that comes from a manifest and not from an API server ("static pod").
package enum StaticPod {
    package enum Source: Sendable, Equatable {
        /// A file, by its path.
        case file(String)
        case http(url: String)

        /// As the annotation has it.
        package var name: String {
            switch self {
            case .file: "file"
            case .http: "http"
            }
        }
    }

    package static let hashAnnotation = "kubernetes.io/config.hash"
    package static let mirrorAnnotation = "kubernetes.io/config.mirror"
    package static let seenAnnotation = "kubernetes.io/config.seen"
    package static let sourceAnnotation = "kubernetes.io/config.source"

    /// The pod as it runs on `node`: with a name and a uid of its own there, bound to the node, with all defaults.
    ///
    /// The uid is a hash of what the manifest says, of the node and of the source: the same manifest is the same pod
    /// after a restart, and a changed one is another. What defaults add does not count, so that a newer version with
    /// further defaults does not restart every pod.
    package static func prepare(_ manifest: Pod, node: String, source: Source, seen: Time = .now) -> Pod {
        var pod = manifest
        if pod.metadata.uid.isEmpty { pod.metadata.uid = uid(of: manifest, node: node, source: source) }
        if !pod.metadata.name.isEmpty { pod.metadata.name += "-\(node.lowercased())" }
        if pod.metadata.namespace.isEmpty { pod.metadata.namespace = "default" }
        pod.metadata.annotations[hashAnnotation] = pod.metadata.uid
        pod.metadata.annotations[seenAnnotation] = RFC3339.textWithNanoseconds(seen)
        pod.metadata.annotations[sourceAnnotation] = source.name
        pod.spec.nodeName = node
        if case .file = source { pod.spec.tolerateEviction() }
        pod.status.phase = .pending
        pod.setDefaults()
        return pod
    }

    /// Whether an API server would create the pod, which chooses uids itself, and the uid is one that names can be made of.
    /// To be asked of what `prepare` has made.
    package static func validate(_ pod: Pod) -> FieldErrors {
        var errors = pod.validate()
        let uid = pod.metadata.uid
        errors.invalid(FieldPath("metadata").field("uid"), uid, NameFormat.uid(uid))
        return errors
    }

    /// The pod's image in the API server, marked as one, so that it is not started a second time.
    package static func mirror(of pod: Pod) -> Pod {
        var mirror = pod
        mirror.metadata.annotations[mirrorAnnotation] = pod.metadata.annotations[hashAnnotation]
        mirror.metadata.uid = ""
        return mirror
    }

    private static func uid(of manifest: Pod, node: String, source: Source) -> String {
        var text = manifest.document.json()
        switch source {
        case .file(let path): text += Array("host:\(node)file:\(path)".utf8)
        case .http(let url): text += Array("url:\(url)".utf8)
        }
        return MD5.hex(of: text)
    }
}

extension PodSpec {
    /// A static pod stays when its node is tainted: nobody would bring it back.
    fileprivate mutating func tolerateEviction() {
        let all = Toleration(operator: .exists, effect: .noExecute)
        if !tolerations.contains(all) { tolerations.append(all) }
    }
}

extension Pod {
    /// Comes from a file or a URL.
    package var isStatic: Bool {
        let source = metadata.annotations[StaticPod.sourceAnnotation]
        return source != nil && source != "api"
    }

    /// Stands for a static pod in the API server.
    package var isMirror: Bool { metadata.annotations[StaticPod.mirrorAnnotation] != nil }
}
