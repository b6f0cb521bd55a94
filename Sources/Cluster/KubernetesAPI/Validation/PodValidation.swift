extension Pod {
    /// Whether the API server would create the pod. To be asked of a pod with its defaults: what those fill in is
    /// required.
    package func validate() -> FieldErrors {
        var errors = FieldErrors()
        let specPath = FieldPath("spec")
        let metadataPath = FieldPath("metadata")
        errors.metadata(metadata, at: metadataPath, name: NameFormat.dnsSubdomain)
        errors.podAnnotations(metadata.annotations, spec, at: metadataPath.field("annotations"))
        errors.podSpec(spec, podName: metadata.name, at: specPath)
        errors.tokensNeedAccount(spec, at: specPath)
        for (container, path) in spec.allContainers(at: specPath) where container.image.isPadded {
            errors.invalid(
                path.field("image"), container.image, "must not have leading or trailing whitespace")
        }
        if !spec.ephemeralContainers.isEmpty {
            errors.forbidden(specPath.field("ephemeralContainers"), "cannot be set on create")
        }
        if !spec.nodeName.isEmpty, !spec.schedulingGates.isEmpty {
            errors.forbidden(
                specPath.field("nodeName"), "cannot be set until all schedulingGates have been cleared")
        }
        return errors
    }
}

extension PodSpec {
    /// Whether the specification is one, in a pod that runs already or in a template.
    package func validate(at path: FieldPath = FieldPath("spec")) -> FieldErrors {
        var errors = FieldErrors()
        errors.podSpec(self, podName: "", at: path)
        return errors
    }
}

extension FieldErrors {
    fileprivate mutating func podAnnotations(
        _ annotations: [String: String], _ spec: PodSpec, at path: FieldPath
    ) {
        if let value = annotations[StaticPod.mirrorAnnotation], spec.nodeName.isEmpty {
            invalid(
                path.key(StaticPod.mirrorAnnotation), value,
                "must set spec.nodeName if mirror pod annotation is set")
        }
        let cost = "controller.kubernetes.io/pod-deletion-cost"
        if let value = annotations[cost], Int32(value) == nil || value.hasPrefix("+") {
            invalid(path.key(cost), value, "must be a 32bit integer")
        }
        appArmor(annotations, spec, at: path)
    }

    private mutating func appArmor(_ annotations: [String: String], _ spec: PodSpec, at path: FieldPath) {
        let names = Set(
            spec.containers.map(\.name) + spec.initContainers.map(\.name)
                + spec.ephemeralContainers.map(\.name))
        for (key, value) in annotations.sorted(by: { $0.key < $1.key })
        where key.hasPrefix(AppArmorAnnotation.prefix) {
            let container = String(key.dropFirst(AppArmorAnnotation.prefix.count))
            if !names.contains(container) { invalid(path.key(key), container, "container not found") }
            if !value.isEmpty, AppArmorAnnotation.profile(value) == nil {
                invalid(path.key(key), value, "invalid AppArmor profile name: \"\(value)\"")
            }
        }
    }

    fileprivate mutating func tokensNeedAccount(_ spec: PodSpec, at path: FieldPath) {
        guard spec.serviceAccountName.isEmpty else { return }
        for (index, volume) in spec.volumes.enumerated() {
            for (number, source) in (volume.projected?.sources ?? []).enumerated()
            where source.serviceAccountToken != nil {
                let place = path.field("volumes").index(index).field("projected").field("sources").index(
                    number)
                forbidden(
                    place.field("serviceAccountToken"),
                    "must not be specified when serviceAccountName is not set")
            }
        }
    }

    mutating func podSpec(_ spec: PodSpec, podName: String, at path: FieldPath) {
        if spec.terminationGracePeriodSeconds == nil { required(path.field("terminationGracePeriodSeconds")) }
        let volumes = volumes(spec.volumes, podName: podName, at: path.field("volumes"))
        resourceClaims(spec.resourceClaims, at: path.field("resourceClaims"))
        let context = ContainerContext(spec, volumes: volumes)
        containers(spec, context, at: path.field("containers"))
        initContainers(spec, context, at: path.field("initContainers"))
        ephemeralContainers(spec, context, at: path.field("ephemeralContainers"))
        podResources(spec, at: path.field("resources"))
        hostNetworkPorts(spec, at: path)
        requiredWord(path.field("restartPolicy"), spec.restartPolicy, of: RestartPolicy.known)
        requiredWord(path.field("dnsPolicy"), spec.dnsPolicy, of: DNSPolicy.known)
        labels(spec.nodeSelector, at: path.field("nodeSelector"))
        podSecurityContext(spec, at: path.field("securityContext"))
        affinity(spec.affinity, at: path.field("affinity"))
        dnsConfig(spec, at: path.field("dnsConfig"))
        for (index, gate) in spec.readinessGates.enumerated() {
            labelKey(
                gate.conditionType.rawValue,
                at: path.field("readinessGates").index(index).field("conditionType"))
        }
        schedulingGates(spec.schedulingGates, at: path.field("schedulingGates"))
        topologySpread(spec.topologySpreadConstraints, at: path.field("topologySpreadConstraints"))
        hostUsers(spec, at: path)
        names(spec, at: path)
        if let seconds = spec.activeDeadlineSeconds {
            inRange(path.field("activeDeadlineSeconds"), seconds, 1...Int64(Int32.max))
        }
        tolerations(spec.tolerations, at: path.field("tolerations"))
        hostAliases(spec.hostAliases, at: path.field("hostAliases"))
        if let policy = spec.preemptionPolicy {
            requiredWord(path.field("preemptionPolicy"), policy, of: PreemptionPolicy.known)
        }
        resources(ResourceRequirements(limits: spec.overhead), claims: [], at: path.field("overhead"))
        operatingSystem(spec, at: path)
    }

    private mutating func names(_ spec: PodSpec, at path: FieldPath) {
        func check(_ field: String, _ name: String?, _ format: (String) -> [String]) {
            guard let name, !name.isEmpty else { return }
            invalid(path.field(field), name, format(name))
        }
        check("serviceAccountName", spec.serviceAccountName, NameFormat.dnsSubdomain)
        check("nodeName", spec.nodeName, NameFormat.dnsSubdomain)
        check("hostname", spec.hostname, NameFormat.dnsLabel)
        check("subdomain", spec.subdomain, NameFormat.dnsLabel)
        check("priorityClassName", spec.priorityClassName, NameFormat.dnsSubdomain)
        if let name = spec.runtimeClassName {
            invalid(path.field("runtimeClassName"), name, NameFormat.dnsSubdomain(name))
        }
        if let name = spec.hostnameOverride { hostnameOverride(name, spec, at: path) }
    }

    private mutating func hostnameOverride(_ name: String, _ spec: PodSpec, at path: FieldPath) {
        invalid(path.field("hostnameOverride"), name, NameFormat.dnsSubdomain(name))
        // The kernel's limit of a host's name (sethostname(2)).
        if name.utf8.count > 64 { tooLong(path.field("hostnameOverride"), limit: 64) }
        if spec.setHostnameAsFQDN == true {
            forbidden(
                path.field("hostnameOverride"), "may not be specified when `setHostnameAsFQDN` is true")
        }
        if spec.hostNetwork {
            forbidden(path.field("hostnameOverride"), "may not be specified when `hostNetwork` is true")
        }
    }

    private mutating func resourceClaims(_ claims: [PodResourceClaim], at path: FieldPath) {
        var names = Set<String>()
        for (index, claim) in claims.enumerated() {
            let place = path.index(index)
            if claim.name.isEmpty {
                required(place.field("name"))
            } else if !names.insert(claim.name).inserted {
                duplicate(place.field("name"), claim.name)
            } else {
                invalid(place.field("name"), claim.name, NameFormat.dnsLabel(claim.name))
            }
            switch (claim.resourceClaimName, claim.resourceClaimTemplateName) {
            case (.some, .some):
                invalid(
                    place, json: claim,
                    "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
            case (nil, nil):
                invalid(
                    place, json: claim,
                    "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
            case (let name?, nil):
                invalid(place.field("resourceClaimName"), name, NameFormat.dnsSubdomain(name))
            case (nil, let name?):
                invalid(place.field("resourceClaimTemplateName"), name, NameFormat.dnsSubdomain(name))
            }
        }
    }

    /// Linux pods have no options of Windows; pods of Windows do not run here.
    private mutating func operatingSystem(_ spec: PodSpec, at path: FieldPath) {
        if let os = spec.os {
            if os.name.isEmpty {
                required(path.field("os").field("name"), "cannot be empty")
            } else {
                word(path.field("os"), os.name, of: OSName.known)
            }
            if os.name != .linux { return }
        }
        let reason = "windows options cannot be set for a linux pod"
        if spec.securityContext?.windowsOptions != nil {
            forbidden(path.field("securityContext").field("windowsOptions"), reason)
        }
        for (container, place) in spec.allContainers(at: path)
        where container.securityContext?.windowsOptions != nil {
            forbidden(place.field("securityContext").field("windowsOptions"), reason)
        }
    }
}

extension String {
    fileprivate var isPadded: Bool {
        first?.isWhitespace == true || last?.isWhitespace == true
    }
}
