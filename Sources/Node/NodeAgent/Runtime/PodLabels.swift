/// The labels and annotations by which sandboxes and containers are known as parts of pods: the kubelet's, so that
/// tools which look for them find them, and a node can change from the one to the other under running pods.
package enum PodLabels {
    static let name = "io.kubernetes.pod.name"
    static let namespace = "io.kubernetes.pod.namespace"
    static let uid = "io.kubernetes.pod.uid"
    static let container = "io.kubernetes.container.name"

    /// Of the container's part of the manifest: another one means that the container has to be made anew.
    static let hash = "io.kubernetes.container.hash"
    static let restartCount = "io.kubernetes.container.restartCount"
    static let terminationMessagePath = "io.kubernetes.container.terminationMessagePath"
    static let terminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy"
    /// What a container was made with, of its own and of its pod as a whole.
    static let resources = "swiftlet.container.resources"
    static let preStop = "io.kubernetes.container.preStopHandler"
    static let ports = "io.kubernetes.container.ports"
    /// How often all containers of the pod had been started anew before (`PodLife`); without it: never.
    package static let life = "swiftlet.container.life"
    static let podGrace = "io.kubernetes.pod.terminationGracePeriod"
}
