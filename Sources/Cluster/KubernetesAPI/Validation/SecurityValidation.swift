extension FieldErrors {
    /// Numbers of users and groups.
    private static let identifiers: ClosedRange<Int64> = 0...Int64(Int32.max)

    mutating func securityContext(
        _ security: SecurityContext?, _ context: ContainerContext, at path: FieldPath
    ) {
        guard let security else { return }
        if let user = security.runAsUser { inRange(path.field("runAsUser"), user, Self.identifiers) }
        if let group = security.runAsGroup { inRange(path.field("runAsGroup"), group, Self.identifiers) }
        if let mount = security.procMount {
            word(path.field("procMount"), mount, of: ProcMountType.known)
            if mount == .unmasked, context.hasHostUsers {
                invalid(
                    path.field("procMount"), mount.rawValue, "`hostUsers` must be false to use `Unmasked`")
            }
        }
        seccomp(security.seccompProfile, at: path.field("seccompProfile"))
        if security.allowPrivilegeEscalation == false {
            if security.privileged == true {
                invalid(
                    path, json: security,
                    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
            }
            if security.capabilities?.add.contains("CAP_SYS_ADMIN") == true {
                invalid(
                    path, json: security,
                    "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
            }
        }
        appArmor(security.appArmorProfile, at: path.field("appArmorProfile"))
    }

    mutating func podSecurityContext(_ spec: PodSpec, at path: FieldPath) {
        if spec.shareProcessNamespace == true, spec.hostPID {
            invalid(
                path.field("shareProcessNamespace"), true,
                "ShareProcessNamespace and HostPID cannot both be enabled")
        }
        guard let security = spec.securityContext else { return }
        if let group = security.fsGroup { inRange(path.field("fsGroup"), group, Self.identifiers) }
        if let user = security.runAsUser { inRange(path.field("runAsUser"), user, Self.identifiers) }
        if let group = security.runAsGroup { inRange(path.field("runAsGroup"), group, Self.identifiers) }
        for (index, group) in security.supplementalGroups.enumerated() {
            inRange(path.field("supplementalGroups").index(index), group, Self.identifiers)
        }
        sysctls(security.sysctls, spec, at: path.field("sysctls"))
        if let policy = security.fsGroupChangePolicy {
            word(path.field("fsGroupChangePolicy"), policy, of: PodFSGroupChangePolicy.known)
        }
        seccomp(security.seccompProfile, at: path.field("seccompProfile"))
        appArmor(security.appArmorProfile, at: path.field("appArmorProfile"))
        if let policy = security.supplementalGroupsPolicy {
            word(path.field("supplementalGroupsPolicy"), policy, of: SupplementalGroupsPolicy.known)
        }
        if let policy = security.seLinuxChangePolicy {
            word(path.field("seLinuxChangePolicy"), policy, of: PodSELinuxChangePolicy.known)
        }
    }

    private mutating func sysctls(_ sysctls: [Sysctl], _ spec: PodSpec, at path: FieldPath) {
        var names = Set<String>()
        for (index, sysctl) in sysctls.enumerated() {
            let place = path.index(index).field("name")
            if sysctl.name.isEmpty {
                required(place)
            } else if !NameFormat.isSysctl(sysctl.name) {
                invalid(
                    place, sysctl.name,
                    "must have at most 253 characters and match regex \(NameFormat.sysctlPattern)")
            } else if !names.insert(sysctl.name).inserted {
                duplicate(place, sysctl.name)
            }
            switch SysctlNamespace(of: sysctl.name) {
            case .net? where spec.hostNetwork:
                invalid(place, sysctl.name, "may not be specified when 'hostNetwork' is true")
            case .ipc? where spec.hostIPC:
                invalid(place, sysctl.name, "may not be specified when 'hostIPC' is true")
            default: break
            }
        }
    }

    private mutating func seccomp(_ profile: SeccompProfile?, at path: FieldPath) {
        guard let profile else { return }
        let local = path.field("localhostProfile")
        if profile.type.isEmpty {
            required(path.field("type"), "type is required when seccompProfile is set")
        } else {
            word(path.field("type"), profile.type, of: SeccompProfileType.known)
        }
        if profile.type == .localhost {
            if let file = profile.localhostProfile {
                localPath(file, mayStartWithDots: true, at: local)
            } else {
                required(local, "must be set when seccomp type is Localhost")
            }
        } else if let file = profile.localhostProfile {
            invalid(local, file, "can only be set when seccomp type is Localhost")
        }
    }

    private mutating func appArmor(_ profile: AppArmorProfile?, at path: FieldPath) {
        guard let profile else { return }
        let local = path.field("localhostProfile")
        switch profile.type {
        case .localhost:
            let name = profile.localhostProfile ?? ""
            if name.isEmpty {
                required(local, "must be set when AppArmor type is Localhost")
            } else if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
                invalid(local, name, "must not be padded with whitespace")
            }
            if name.utf8.count > 4095 { tooLong(local, limit: 4095) }
        case .runtimeDefault, .unconfined:
            if let name = profile.localhostProfile {
                invalid(local, name, "can only be set when AppArmor type is Localhost")
            }
        case "": required(path.field("type"), "type is required when appArmorProfile is set")
        default: word(path.field("type"), profile.type, of: AppArmorProfileType.known)
        }
    }

    /// A user namespace of the pod's own and namespaces of the host do not go together.
    mutating func hostUsers(_ spec: PodSpec, at path: FieldPath) {
        guard spec.hostUsers == false else { return }
        let shared = [
            ("hostNetwork", spec.hostNetwork), ("hostPID", spec.hostPID), ("hostIPC", spec.hostIPC),
        ]
        for (field, isShared) in shared where isShared {
            forbidden(path.field(field), "when `pod.Spec.HostUsers` is false")
        }
    }
}

/// The namespace that keeps a kernel parameter apart from other containers'.
package enum SysctlNamespace: Sendable {
    case ipc, net, uts

    /// Nil for parameters of the whole host. Dots and slashes may both part a name; the first one that is there
    /// decides (sysctl.d(5)).
    package init?(of name: String) {
        var name = name
        let separator = name.first { $0 == "." || $0 == "/" }
        if separator == "/" { name = String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 }) }
        let ipc = ["kernel.sem"]
        if ipc.contains(name) || ["kernel.shm", "kernel.msg", "fs.mqueue."].contains(where: name.hasPrefix) {
            self = .ipc
        } else if name.hasPrefix("net.") {
            self = .net
        } else if ["kernel.hostname", "kernel.domainname"].contains(name) {
            self = .uts
        } else {
            return nil
        }
    }
}
