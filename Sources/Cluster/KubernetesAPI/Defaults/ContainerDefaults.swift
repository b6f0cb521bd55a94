extension Container {
    package mutating func setDefaults() {
        if imagePullPolicy.isEmpty { imagePullPolicy = PullPolicy(forImage: image) }
        if terminationMessagePath.isEmpty { terminationMessagePath = "/dev/termination-log" }
        if terminationMessagePolicy.isEmpty { terminationMessagePolicy = .file }
        for index in ports.indices where ports[index].protocol.isEmpty { ports[index].protocol = .tcp }
        for index in env.indices {
            if env[index].valueFrom?.fieldRef?.apiVersion.isEmpty == true {
                env[index].valueFrom?.fieldRef?.apiVersion = "v1"
            }
            env[index].valueFrom?.fileKeyRef?.optional.fill(with: false)
        }
        resources.roundUp()
        livenessProbe?.setDefaults()
        readinessProbe?.setDefaults()
        startupProbe?.setDefaults()
        lifecycle?.postStart?.httpGet?.setDefaults()
        lifecycle?.preStop?.httpGet?.setDefaults()
    }

    /// What is limited and not asked for is asked for up to the limit.
    mutating func setRequestsFromLimits() {
        for (name, quantity) in resources.limits where resources.requests[name] == nil {
            resources.requests[name] = quantity
        }
    }

    mutating func setHostPorts() {
        for index in ports.indices where ports[index].hostPort == 0 {
            ports[index].hostPort = ports[index].containerPort
        }
    }
}

extension PullPolicy {
    /// Always for images by the tag latest, which no tag and no digest stands for, too; otherwise IfNotPresent.
    package init(forImage reference: String) {
        let parts = reference.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let tag = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
        let isLatest = tag == "latest" || (tag == nil && parts.count == 1 && !reference.isEmpty)
        self = isLatest ? .always : .ifNotPresent
    }
}

extension Probe {
    mutating func setDefaults() {
        if timeoutSeconds == 0 { timeoutSeconds = 1 }
        if periodSeconds == 0 { periodSeconds = 10 }
        if successThreshold == 0 { successThreshold = 1 }
        if failureThreshold == 0 { failureThreshold = 3 }
        httpGet?.setDefaults()
        grpc?.service.fill(with: "")
    }
}

extension HTTPGetAction {
    mutating func setDefaults() {
        if path.isEmpty { path = "/" }
        if scheme.isEmpty { scheme = .http }
    }
}
