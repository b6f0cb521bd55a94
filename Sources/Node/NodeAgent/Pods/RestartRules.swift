import KubernetesAPI

extension Pod {
    /// Whether a container that has ended is to be started again (Pod lifecycle, "Container restart policy").
    func restarts(_ container: PodContainer, exitCode: Int32) -> Bool {
        // One that starts all containers anew starts this one, too.
        if let rule = container.container.restartRule(for: exitCode),
            [.restart, .restartAllContainers].contains(rule.action)
        {
            return true
        }
        switch container.role {
        case .ephemeral: return false
        case .sidecar: return true
        case .initial, .main: break
        }
        let policy = container.container.restartPolicy?.rawValue ?? spec.restartPolicy.rawValue
        switch policy {
        case RestartPolicy.never.rawValue: return false
        case RestartPolicy.onFailure.rawValue: return exitCode != 0
        // An init container that has done its work is not asked again.
        default: return container.role == .initial ? exitCode != 0 : true
        }
    }
}

extension Container {
    /// The first one that is about such an end.
    func restartRule(for exitCode: Int32) -> ContainerRestartRule? {
        restartPolicyRules.first { $0.applies(to: exitCode) }
    }
}

extension ContainerRestartRule {
    func applies(to exitCode: Int32) -> Bool {
        guard let codes = exitCodes else { return false }
        let isListed = codes.values.contains(exitCode)
        return codes.operator == .notIn ? !isListed : isListed
    }
}
