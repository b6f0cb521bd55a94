/// What a container's fields are checked against.
struct ContainerContext {
    let spec: PodSpec
    /// The pod's volumes by name, those without errors.
    let volumes: [String: Volume]
    let claims: Set<String>

    init(_ spec: PodSpec, volumes: [String: Volume]) {
        self.spec = spec
        self.volumes = volumes
        claims = Set(spec.resourceClaims.map(\.name).filter { !$0.isEmpty })
    }

    var hasHostUsers: Bool { spec.hostUsers != false }
}

extension FieldErrors {
    mutating func containers(_ spec: PodSpec, _ context: ContainerContext, at path: FieldPath) {
        guard !spec.containers.isEmpty else {
            required(path)
            return
        }
        var names = Set<String>()
        for (index, container) in spec.containers.enumerated() {
            let place = path.index(index)
            self.container(container, context, at: place)
            if !names.insert(container.name).inserted { duplicate(place.field("name"), container.name) }
            lifecycle(container, context, at: place)
            probes(container, context, at: place)
            restartRules(container, at: place)
        }
        hostPortConflicts(spec.containers, at: path)
    }

    mutating func initContainers(_ spec: PodSpec, _ context: ContainerContext, at path: FieldPath) {
        var names = Set(spec.containers.map(\.name))
        for (index, container) in spec.initContainers.enumerated() {
            let place = path.index(index)
            self.container(container, context, at: place)
            restartRules(container, at: place)
            if !container.name.isEmpty, !names.insert(container.name).inserted {
                duplicate(place.field("name"), container.name)
            }
            // They run one after the other: only a container's own ports can be in each other's way.
            hostPortConflicts([container], at: path, from: index)
            if container.isRestartable {
                lifecycle(container, context, at: place)
                probes(container, context, at: place)
            } else {
                let reason = "may not be set for init containers without restartPolicy=Always"
                let set: [(String, Bool)] = [
                    ("lifecycle", container.lifecycle != nil),
                    ("livenessProbe", container.livenessProbe != nil),
                    ("readinessProbe", container.readinessProbe != nil),
                    ("startupProbe", container.startupProbe != nil),
                ]
                for (field, isSet) in set where isSet { forbidden(place.field(field), reason) }
                if !container.resizePolicy.isEmpty {
                    invalid(
                        place.field("resizePolicy"), json: container.resizePolicy,
                        "must not be set for init containers")
                }
            }
        }
    }

    mutating func ephemeralContainers(_ spec: PodSpec, _ context: ContainerContext, at path: FieldPath) {
        let others = Set((spec.containers + spec.initContainers).map(\.name))
        var names = others
        for (index, ephemeral) in spec.ephemeralContainers.enumerated() {
            let place = path.index(index)
            let container = ephemeral.container
            self.container(container, context, at: place)
            if !names.insert(container.name).inserted { duplicate(place.field("name"), container.name) }
            if !ephemeral.targetContainerName.isEmpty, !others.contains(ephemeral.targetContainerName) {
                notFound(place.field("targetContainerName"), ephemeral.targetContainerName)
            }
            let reason = "cannot be set for an Ephemeral Container"
            let set: [(String, Bool)] = [
                ("ports", !container.ports.isEmpty),
                ("resources", container.resources != ResourceRequirements()),
                ("resizePolicy", !container.resizePolicy.isEmpty),
                ("restartPolicy", container.restartPolicy != nil),
                ("restartPolicyRules", !container.restartPolicyRules.isEmpty),
                ("livenessProbe", container.livenessProbe != nil),
                ("readinessProbe", container.readinessProbe != nil),
                ("startupProbe", container.startupProbe != nil),
                ("lifecycle", container.lifecycle != nil),
            ]
            for (field, isSet) in set where isSet { forbidden(place.field(field), reason) }
            for (number, mount) in container.volumeMounts.enumerated() {
                let mountPath = place.field("volumeMounts").index(number)
                if !mount.subPath.isEmpty { forbidden(mountPath.field("subPath"), reason) }
                if !mount.subPathExpr.isEmpty { forbidden(mountPath.field("subPathExpr"), reason) }
            }
        }
    }

    /// What all containers have to keep to.
    private mutating func container(_ container: Container, _ context: ContainerContext, at path: FieldPath) {
        if container.name.isEmpty {
            required(path.field("name"))
        } else {
            invalid(path.field("name"), container.name, NameFormat.dnsLabel(container.name))
        }
        if container.image.isEmpty { required(path.field("image")) }
        requiredWord(
            path.field("terminationMessagePolicy"), container.terminationMessagePolicy,
            of: TerminationMessagePolicy.known)
        ports(container.ports, at: path.field("ports"))
        environment(container.env, context, at: path.field("env"))
        environmentSources(container.envFrom, at: path.field("envFrom"))
        volumeMounts(container, context, at: path.field("volumeMounts"))
        volumeDevices(container, context, at: path.field("volumeDevices"))
        requiredWord(path.field("imagePullPolicy"), container.imagePullPolicy, of: PullPolicy.known)
        resources(container.resources, claims: context.claims, at: path.field("resources"))
        resizePolicy(container.resizePolicy, context.spec.restartPolicy, at: path.field("resizePolicy"))
        securityContext(container.securityContext, context, at: path.field("securityContext"))
    }

    private mutating func ports(_ ports: [ContainerPort], at path: FieldPath) {
        var names = Set<String>()
        for (index, port) in ports.enumerated() {
            let place = path.index(index)
            if !port.name.isEmpty {
                let reasons = NameFormat.portName(port.name)
                invalid(place.field("name"), port.name, reasons)
                if reasons.isEmpty, !names.insert(port.name).inserted {
                    duplicate(place.field("name"), port.name)
                }
            }
            if port.containerPort == 0 {
                required(place.field("containerPort"))
            } else {
                inRange(place.field("containerPort"), Int64(port.containerPort), 1...65535)
            }
            if port.hostPort != 0 { inRange(place.field("hostPort"), Int64(port.hostPort), 1...65535) }
            requiredWord(place.field("protocol"), port.protocol, of: Protocol.known)
        }
    }

    private mutating func hostPortConflicts(
        _ containers: [Container], at path: FieldPath, from first: Int = 0
    ) {
        var taken = Set<String>()
        for (index, container) in containers.enumerated() {
            for (number, port) in container.ports.enumerated() where port.hostPort != 0 {
                let text = "\(port.protocol)/\(port.hostIP)/\(port.hostPort)"
                if !taken.insert(text).inserted {
                    duplicate(
                        path.index(first + index).field("ports").index(number).field("hostPort"), text)
                }
            }
        }
    }

    mutating func hostNetworkPorts(_ spec: PodSpec, at path: FieldPath) {
        guard spec.hostNetwork else { return }
        for (index, container) in spec.containers.enumerated() {
            for (number, port) in container.ports.enumerated() where port.hostPort != port.containerPort {
                let place = path.field("containers").index(index).field("ports").index(number)
                invalid(
                    place.field("hostPort"), port.hostPort,
                    "must match `containerPort` when `hostNetwork` is true")
            }
        }
    }

    /// A container's own restart policy and the rules that come before it.
    private mutating func restartRules(_ container: Container, at path: FieldPath) {
        if let policy = container.restartPolicy {
            word(path.field("restartPolicy"), policy, of: ContainerRestartPolicy.known)
        } else if !container.restartPolicyRules.isEmpty {
            required(path.field("restartPolicy"), "must specify restartPolicy when restart rules are used")
        }
        let rulesPath = path.field("restartPolicyRules")
        if container.restartPolicyRules.count > 20 {
            tooMany(rulesPath, count: container.restartPolicyRules.count, limit: 20)
        }
        for (index, rule) in container.restartPolicyRules.enumerated() {
            let place = rulesPath.index(index)
            word(place.field("action"), rule.action, of: ContainerRestartRuleAction.known)
            guard let codes = rule.exitCodes else {
                required(place.field("exitCodes"), "must be specified")
                continue
            }
            word(
                place.field("exitCodes").field("operator"), codes.operator,
                of: ContainerRestartRuleOnExitCodesOperator.known)
            if codes.values.count > 255 {
                tooMany(place.field("exitCodes").field("values"), count: codes.values.count, limit: 255)
            }
        }
    }

    private mutating func resizePolicy(
        _ policies: [ContainerResizePolicy], _ podPolicy: RestartPolicy, at path: FieldPath
    ) {
        var names = Set<ResourceName>()
        for (index, policy) in policies.enumerated() {
            let place = path.index(index)
            if !names.insert(policy.resourceName).inserted { duplicate(place, policy.resourceName.rawValue) }
            requiredWord(place.field("resourceName"), policy.resourceName, of: [.cpu, .memory])
            requiredWord(
                place.field("restartPolicy"), policy.restartPolicy, of: ResourceResizeRestartPolicy.known)
            if podPolicy == .never, policy.restartPolicy != .notRequired {
                invalid(
                    place.field("restartPolicy"), policy.restartPolicy.rawValue,
                    "must be 'NotRequired' when `restartPolicy` is 'Never'")
            }
        }
    }
}
