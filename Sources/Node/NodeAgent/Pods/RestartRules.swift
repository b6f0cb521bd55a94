import KubernetesAPI

extension Pod {
    /// Whether a container that has ended is to be started again (Pod lifecycle, "Container restart policy").
    func restarts(_ container: PodContainer, exitCode: Int32) -> Bool {
        for rule in container.container.restartPolicyRules where rule.applies(to: exitCode) {
            if rule.action == .restart { return true }
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

extension ContainerRestartRule {
    func applies(to exitCode: Int32) -> Bool {
        guard let codes = exitCodes else { return false }
        let isListed = codes.values.contains(exitCode)
        return codes.operator == .notIn ? !isListed : isListed
    }
}
