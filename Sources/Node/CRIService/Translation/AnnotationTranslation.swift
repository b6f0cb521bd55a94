import CRIProtocol
import OCISpec

/// Which annotations a runtime gets to see: names, or beginnings of names before a `*`.
public struct PassedAnnotations: Equatable, Sendable {
    /// Users write them, and runtimes can take orders by annotations.
    public var pod: [String] = []
    /// Kubelets write them.
    public var container = ["*"]

    public init() {}

    /// What is wrong with such a list.
    static func problem(_ patterns: [String]) -> String? {
        patterns.first { $0.isEmpty || $0.utf8.dropLast().contains(UInt8(ascii: "*")) }.map {
            "\($0.toml) is neither a name nor the beginning of one before a star"
        }
    }
}

/// The annotations of config.json, by which runtimes such as kata and runsc know a pod's containers.
enum AnnotationTranslation {
    static func annotations(
        _ config: CRIContainerConfig, sandbox: SandboxFacts, imageName: String
    ) -> SortedMap<String> {
        var annotations = SortedMap<String>()
        let passed = sandbox.passedAnnotations
        for (key, value) in sandbox.config.annotations where isAmong(passed.pod, key) {
            annotations[key] = value
        }
        for (key, value) in config.annotations where isAmong(passed.container, key) {
            annotations[key] = value
        }
        let metadata = sandbox.config.metadata
        annotations["io.kubernetes.cri.container-type"] = "container"
        annotations["io.kubernetes.cri.container-name"] = config.metadata.name
        annotations["io.kubernetes.cri.image-name"] = imageName
        annotations["io.kubernetes.cri.sandbox-id"] = sandbox.id
        annotations["io.kubernetes.cri.sandbox-name"] = metadata.name
        annotations["io.kubernetes.cri.sandbox-namespace"] = metadata.namespace
        annotations["io.kubernetes.cri.sandbox-uid"] = metadata.uid
        return annotations
    }

    private static func isAmong(_ patterns: [String], _ key: String) -> Bool {
        !key.isEmpty
            && patterns.contains { pattern in
                pattern.hasSuffix("*") ? key.utf8.starts(with: pattern.utf8.dropLast()) : key == pattern
            }
    }
}
