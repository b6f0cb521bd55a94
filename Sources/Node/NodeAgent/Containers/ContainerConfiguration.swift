import CRIProtocol
import FoundationEssentials
import KubernetesAPI
import PodVolumes

/// A container as CreateContainer takes it.
struct ContainerConfiguration {
    let pod: Pod
    let container: PodContainer
    let attempt: UInt32
    /// Of the pod, the container's annotation.
    let life: Int
    let settings: AgentSettings
    let environment: [(name: String, value: String)]
    /// Volumes, and the files that every container of a pod has.
    let mounts: [CRIMount]
    let devices: [CRIDevice]
    let resources: CRILinuxContainerResources
    let security: CRILinuxContainerSecurityContext
    /// The image's reference on this node.
    let imageRef: String

    func make() -> CRIContainerConfig {
        let container = self.container.container
        var config = CRIContainerConfig()
        config.metadata.name = container.name
        config.metadata.attempt = attempt
        config.image.image = imageRef
        config.image.userSpecifiedImage = container.image
        let values = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        config.command = container.command.map { VariableExpansion.expand($0) { values[$0] } }
        config.args = container.args.map { VariableExpansion.expand($0) { values[$0] } }
        config.workingDir = container.workingDir
        config.envs = environment.map { variable in
            .with {
                $0.key = variable.name
                $0.value = Data(variable.value.utf8)
            }
        }
        config.mounts = mounts
        config.devices = devices
        config.logPath = "\(container.name)/\(attempt).log"
        config.stdin = container.stdin
        config.stdinOnce = container.stdinOnce
        config.tty = container.tty
        config.labels = [
            PodLabels.name: pod.metadata.name, PodLabels.namespace: pod.metadata.namespace,
            PodLabels.uid: pod.metadata.uid, PodLabels.container: container.name,
        ]
        config.annotations = annotations(container)
        config.linux.resources = resources
        config.linux.securityContext = security
        if let signal = container.lifecycle?.stopSignal, let number = CRISignal(name: signal.rawValue) {
            config.stopSignal = number
        }
        return config
    }

    /// What an agent that is started anew has to know of a container whose pod is gone.
    private func annotations(_ container: Container) -> [String: String] {
        var result = [
            PodLabels.hash: container.definitionHash, PodLabels.restartCount: String(attempt),
            PodLabels.terminationMessagePath: container.terminationMessagePath,
            PodLabels.terminationMessagePolicy: container.terminationMessagePolicy.rawValue,
        ]
        result[PodLabels.resources] = String(
            decoding: ActualResources(container, in: pod).json.json(), as: UTF8.self)
        if life > 0 { result[PodLabels.life] = String(life) }
        if let grace = pod.spec.terminationGracePeriodSeconds { result[PodLabels.podGrace] = String(grace) }
        if let hook = container.lifecycle?.preStop {
            result[PodLabels.preStop] = String(decoding: hook.apiValue.json(), as: UTF8.self)
        }
        if !container.ports.isEmpty {
            let ports = APIValue.array(container.ports.map(\.apiValue))
            result[PodLabels.ports] = String(decoding: ports.json(), as: UTF8.self)
        }
        return result
    }
}

extension CRISignal {
    /// - Parameter name: `SIGTERM`, `SIGRTMIN+3`.
    init?(name: String) {
        let spelled = name.lowercased().replacing("+", with: "plus").replacing("-", with: "minus")
        guard let signal = Self.allCases.first(where: { "\($0)" == spelled }) else { return nil }
        self = signal
    }

    /// Nil for the runtime's own default.
    var name: String? {
        guard self != .runtimeDefault, Self.allCases.contains(self) else { return nil }
        return "\(self)".uppercased().replacing("PLUS", with: "+").replacing("MINUS", with: "-")
    }
}
