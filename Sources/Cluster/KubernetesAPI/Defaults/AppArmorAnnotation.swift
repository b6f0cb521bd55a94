/// The older way to give a container a profile: an annotation of its pod. An API server writes what it says into the
/// security context, so that it counts for pods of manifests alone.
package enum AppArmorAnnotation {
    /// Before the container's name.
    package static let prefix = "container.apparmor.security.beta.kubernetes.io/"

    /// - Returns: nil for a value that is none.
    static func profile(_ value: String) -> AppArmorProfile? {
        switch value {
        case "runtime/default": AppArmorProfile(type: .runtimeDefault)
        case "unconfined": AppArmorProfile(type: .unconfined)
        default:
            value.hasPrefix("localhost/")
                ? AppArmorProfile(type: .localhost, localhostProfile: String(value.dropFirst(10))) : nil
        }
    }
}

extension Pod {
    /// What a container's security context says goes before the pod's annotation for it, and that before what the pod's
    /// security context says of all (the kubelet's order).
    package func appArmorProfile(of container: Container) -> AppArmorProfile? {
        container.securityContext?.appArmorProfile
            ?? metadata.annotations[AppArmorAnnotation.prefix + container.name].flatMap(
                AppArmorAnnotation.profile)
            ?? spec.securityContext?.appArmorProfile
    }
}
