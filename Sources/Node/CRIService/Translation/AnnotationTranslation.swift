import CRIProtocol
import OCISpec

/// The annotations of config.json, by which runtimes such as kata and runsc know a pod's containers.
enum AnnotationTranslation {
    /// Kubelets write a container's annotations themselves. Of the pod's, which users write, only those go on that
    /// the runtime handler wants: runtimes can take orders by annotations.
    static func annotations(
        _ config: CRIContainerConfig, sandbox: SandboxFacts, imageName: String
    ) -> SortedMap<String> {
        var annotations = SortedMap<String>()
        for (key, value) in sandbox.config.annotations
        where sandbox.passedAnnotations.contains(where: { matches(key, $0) }) {
            annotations[key] = value
        }
        for (key, value) in config.annotations where !key.isEmpty { annotations[key] = value }
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

    static func matches(_ key: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? key.utf8.starts(with: pattern.utf8.dropLast()) : key == pattern
    }
}
