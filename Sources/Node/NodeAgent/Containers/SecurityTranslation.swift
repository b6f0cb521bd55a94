import CRIProtocol
import KubernetesAPI

/// The security contexts of pod and container as the CRI has them: what the container says goes before what the pod says.
struct SecurityTranslation {
    let pod: Pod
    let container: Container
    /// Where profiles named `Localhost` lie.
    let seccompFolder: String
    /// `seccompDefault`: containers that say nothing get the runtime's profile.
    let isSeccompDefault: Bool

    private var podContext: PodSecurityContext { pod.spec.securityContext ?? PodSecurityContext() }
    private var context: SecurityContext { container.securityContext ?? SecurityContext() }

    var user: Int64? { context.runAsUser ?? podContext.runAsUser }
    var group: Int64? { context.runAsGroup ?? podContext.runAsGroup }
    var isPrivileged: Bool { context.privileged ?? false }

    /// - Parameters:
    ///   - groups: of volumes and of the file system group, besides what the pod says.
    ///   - image: whose user counts where nobody says one.
    func translate(
        namespaces: CRINamespaceOption, image: CRIImage?
    ) throws(ContainerFailure) -> CRILinuxContainerSecurityContext {
        try checkUser(image)
        var result = CRILinuxContainerSecurityContext()
        result.namespaceOptions = namespaces
        result.privileged = isPrivileged
        result.readonlyRootfs = context.readOnlyRootFilesystem ?? false
        if let user {
            result.runAsUser.value = user
        } else if let image, !image.hasUid, !image.username.isEmpty {
            result.runAsUsername = image.username
        } else {
            // Root is said, too: containerd takes no group without a user.
            result.runAsUser.value = image?.uid.value ?? 0
        }
        if let group { result.runAsGroup.value = group }
        result.supplementalGroups = podContext.supplementalGroups + (podContext.fsGroup.map { [$0] } ?? [])
        result.supplementalGroupsPolicy = podContext.supplementalGroupsPolicy == .strict ? .strict : .merge
        if let capabilities = context.capabilities {
            result.capabilities.addCapabilities = capabilities.add.map(\.rawValue)
            result.capabilities.dropCapabilities = capabilities.drop.map(\.rawValue)
        }
        if let options = context.seLinuxOptions ?? podContext.seLinuxOptions {
            result.selinuxOptions = CRISELinuxOption(options)
        }
        result.noNewPrivs = context.allowPrivilegeEscalation == false
        if context.procMount != .unmasked {
            result.maskedPaths = Self.maskedPaths
            result.readonlyPaths = Self.readonlyPaths
        }
        result.seccomp = seccomp
        if let appArmor { result.apparmor = appArmor }
        return result
    }

    private var seccomp: CRISecurityProfile {
        let profile = context.seccompProfile ?? podContext.seccompProfile
        return Self.seccomp(profile, folder: seccompFolder, isDefault: isSeccompDefault)
    }

    static func seccomp(_ profile: SeccompProfile?, folder: String, isDefault: Bool) -> CRISecurityProfile {
        var result = CRISecurityProfile()
        switch profile?.type {
        case SeccompProfileType.runtimeDefault?: result.profileType = .runtimeDefault
        case SeccompProfileType.localhost?:
            result.profileType = .localhost
            result.localhostRef = folder + "/" + (profile?.localhostProfile ?? "")
        case nil: result.profileType = isDefault ? .runtimeDefault : .unconfined
        default: result.profileType = .unconfined
        }
        return result
    }

    /// Nil where nobody asks for a profile: the runtime applies its own where the host has AppArmor, and a host without
    /// it is no error then.
    private var appArmor: CRISecurityProfile? {
        guard let profile = pod.appArmorProfile(of: container) else { return nil }
        var result = CRISecurityProfile()
        switch profile.type {
        case .unconfined: result.profileType = .unconfined
        case .localhost:
            result.profileType = .localhost
            result.localhostRef = profile.localhostProfile ?? ""
        default: result.profileType = .runtimeDefault
        }
        return result
    }

    /// `runAsNonRoot`: refused before the container is made, since afterwards nobody looks.
    private func checkUser(_ image: CRIImage?) throws(ContainerFailure) {
        guard context.runAsNonRoot ?? podContext.runAsNonRoot ?? false else { return }
        let which =
            "(pod: \"\(pod.fullName.replacing("/", with: "_"))(\(pod.metadata.uid))\", container: \(container.name))"
        if let user {
            if user == 0 {
                throw ContainerFailure(
                    .configuration, "container's runAsUser breaks non-root policy \(which)")
            }
            return
        }
        guard let image else { return }
        if image.hasUid {
            if image.uid.value == 0 {
                throw ContainerFailure(
                    .configuration, "container has runAsNonRoot and image will run as root \(which)")
            }
        } else if !image.username.isEmpty {
            throw ContainerFailure(
                .configuration,
                "container has runAsNonRoot and image has non-numeric user (\(image.username)), "
                    + "cannot verify user is non-root \(which)")
        } else {
            throw ContainerFailure(
                .configuration, "container has runAsNonRoot and image will run as root \(which)")
        }
    }

    /// Those that every runtime hides (Pod security standards, "/proc mount type").
    private static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ]
    private static let readonlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}

extension CRISELinuxOption {
    init(_ options: SELinuxOptions) {
        self.init()
        user = options.user
        role = options.role
        type = options.type
        level = options.level
    }
}
