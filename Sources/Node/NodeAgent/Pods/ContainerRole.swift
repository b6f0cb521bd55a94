import KubernetesAPI

/// What a container of a pod is for.
package enum ContainerRole: Sendable, Equatable {
    /// Runs to its end before the next one begins.
    case initial
    /// An init container with `restartPolicy: Always`: starts in its place, runs beside the others, ends after them.
    case sidecar
    case main
    /// Added to a running pod for debugging; never restarted.
    case ephemeral
}

/// A container with its place in its pod.
package struct PodContainer: Sendable, Equatable {
    package var container: Container
    package var role: ContainerRole
    /// Of an ephemeral container: whose processes it sees.
    package var target: String?

    package var name: String { container.name }
}

extension Pod {
    package var initContainers: [PodContainer] {
        spec.initContainers.map {
            PodContainer(container: $0, role: $0.restartPolicy == .always ? .sidecar : .initial)
        }
    }

    package var mainContainers: [PodContainer] {
        spec.containers.map { PodContainer(container: $0, role: .main) }
    }

    package var ephemeralContainers: [PodContainer] {
        spec.ephemeralContainers.map {
            PodContainer(
                container: Container($0), role: .ephemeral,
                target: $0.targetContainerName.isEmpty ? nil : $0.targetContainerName)
        }
    }

    package var everyContainer: [PodContainer] { initContainers + mainContainers + ephemeralContainers }

    /// As events and log messages name a pod: `NAMESPACE/NAME`.
    package var fullName: String { "\(metadata.namespace)/\(metadata.name)" }

    /// Its source says that it is to end.
    package var isTerminating: Bool { metadata.deletionTimestamp != nil }

    /// Seconds that its containers have between the stop signal and SIGKILL. At once is what somebody may ask of it, who
    /// deletes it: by itself it always has a second, in which its programs and hooks hear of their end (the kubelet's rule).
    var grace: Int64 {
        metadata.deletionGracePeriodSeconds ?? max(1, spec.terminationGracePeriodSeconds ?? 30)
    }
}

extension Container {
    /// An ephemeral container is one without ports, probes, resources and hooks.
    init(_ ephemeral: EphemeralContainer) {
        self.init(name: ephemeral.name, image: ephemeral.image)
        command = ephemeral.command
        args = ephemeral.args
        workingDir = ephemeral.workingDir
        envFrom = ephemeral.envFrom
        env = ephemeral.env
        volumeMounts = ephemeral.volumeMounts
        terminationMessagePath = ephemeral.terminationMessagePath
        terminationMessagePolicy = ephemeral.terminationMessagePolicy
        imagePullPolicy = ephemeral.imagePullPolicy
        securityContext = ephemeral.securityContext
        stdin = ephemeral.stdin
        stdinOnce = ephemeral.stdinOnce
        tty = ephemeral.tty
    }

    /// Of what a running container cannot be changed to: another value means a new container. Resources can
    /// be changed in place, and so are not in it.
    package var definitionHash: String {
        var fixed = self
        fixed.resources = ResourceRequirements()
        fixed.resizePolicy = []
        return StableHash.of(fixed.apiValue)
    }
}
