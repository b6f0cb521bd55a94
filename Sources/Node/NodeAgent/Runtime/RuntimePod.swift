import CRIProtocol

/// A pod as the runtime has it: whatever it was asked for, this is what is there.
package struct RuntimePod: Sendable {
    package var uid: String
    package var name: String
    package var namespace: String
    /// The newest first.
    package var sandboxes: [Sandbox] = []
    /// The newest attempt of each name first.
    package var containers: [ContainerRecord] = []

    package struct Sandbox: Sendable, Equatable {
        package var id: String
        package var isReady: Bool
        package var attempt: UInt32
        /// Nanoseconds since 1970.
        package var createdAt: Int64
        package var ips: [String]
        package var handler: String

        package init(
            id: String, isReady: Bool, attempt: UInt32, createdAt: Int64, ips: [String] = [],
            handler: String = ""
        ) {
            self.id = id
            self.isReady = isReady
            self.attempt = attempt
            self.createdAt = createdAt
            self.ips = ips
            self.handler = handler
        }
    }

    package init(uid: String, name: String, namespace: String) {
        self.uid = uid
        self.name = name
        self.namespace = namespace
    }

    /// The sandbox that the pod runs in, if it is ready.
    package var readySandbox: Sandbox? { sandboxes.first.flatMap { $0.isReady ? $0 : nil } }

    /// The newest attempt of a container.
    package func latest(_ container: String) -> ContainerRecord? { containers.first { $0.name == container } }

    /// The attempt before the newest one, as long as it is kept.
    package func previous(_ container: String) -> ContainerRecord? {
        containers.filter { $0.name == container }.dropFirst().first
    }

    package var running: [ContainerRecord] { containers.filter { $0.state == .running } }
}

/// One attempt of a container.
package struct ContainerRecord: Sendable, Equatable {
    package enum State: Sendable { case created, running, exited, unknown }

    package var id: String
    package var name: String
    package var attempt: UInt32
    package var sandbox: String
    package var state: State
    /// Nanoseconds since 1970; 0: not yet.
    package var createdAt: Int64
    package var startedAt: Int64
    package var finishedAt: Int64
    package var exitCode: Int32
    package var reason: String
    /// What the runtime says of its end.
    package var message: String
    /// What its program said itself (`LastWords`); nil: it has not ended, or nobody has looked yet.
    package var lastWords: String?
    package var image: String
    package var imageRef: String
    package var imageID: String
    package var logPath: String
    package var labels: [String: String]
    package var annotations: [String: String]
    package var mounts: [CRIMount]
    package var resources: CRILinuxContainerResources?
    package var user: CRILinuxContainerUser?
    package var stopSignal: CRISignal

    /// Why it has ended, as the kubelet tells it: the runtime's word before the program's own.
    var endMessage: String {
        let words = lastWords ?? ""
        return message.isEmpty || words.isEmpty ? message + words : "\(message): \(words)"
    }

    /// Of the part of the manifest from which it was made.
    var hash: String { annotations[PodLabels.hash] ?? "" }

    /// With the times of one that began at second 1 and, unless it runs, ended at second 2.
    package init(
        id: String, name: String, attempt: UInt32, sandbox: String, state: State, exitCode: Int32 = 0,
        hash: String = ""
    ) {
        var status = CRIContainerStatus()
        status.id = id
        status.metadata.name = name
        status.metadata.attempt = attempt
        status.createdAt = 1_000_000_000
        status.startedAt = 1_000_000_000
        status.finishedAt = state == .exited ? 2_000_000_000 : 0
        status.exitCode = exitCode
        status.annotations = [PodLabels.hash: hash]
        self.init(status, sandbox: sandbox)
        self.state = state
    }

    init(_ status: CRIContainerStatus, sandbox: String) {
        id = status.id
        name = status.metadata.name
        attempt = status.metadata.attempt
        self.sandbox = sandbox
        state =
            switch status.state {
            case .containerCreated: .created
            case .containerRunning: .running
            case .containerExited: .exited
            default: .unknown
            }
        createdAt = status.createdAt
        startedAt = status.startedAt
        finishedAt = status.finishedAt
        exitCode = status.exitCode
        reason = status.reason
        message = status.message
        image = status.image.userSpecifiedImage.isEmpty ? status.image.image : status.image.userSpecifiedImage
        imageRef = status.imageRef
        imageID = status.imageID
        logPath = status.logPath
        labels = status.labels
        annotations = status.annotations
        mounts = status.mounts
        resources = status.hasResources && status.resources.hasLinux ? status.resources.linux : nil
        user = status.hasUser && status.user.hasLinux ? status.user.linux : nil
        stopSignal = status.stopSignal
    }
}

extension CRIRuntime {
    /// What the runtime has of one pod. Ids that go between two calls are left out.
    /// - Parameter known: exited containers do not change: what was asked of them once is not asked again.
    package func pod(
        uid: String, known: RuntimePod? = nil
    ) async throws(RuntimeError) -> RuntimePod? {
        let sandboxes = try await sandboxes(podUID: uid).sorted { $0.createdAt > $1.createdAt }
        let containers = try await containers(podUID: uid)
        guard
            let (name, namespace) = sandboxes.first.map({ ($0.metadata.name, $0.metadata.namespace) })
                ?? containers.first.map({
                    ($0.labels[PodLabels.name] ?? "", $0.labels[PodLabels.namespace] ?? "")
                })
        else { return nil }
        var pod = RuntimePod(uid: uid, name: name, namespace: namespace)
        for sandbox in sandboxes {
            if sandbox.state != .sandboxReady {
                pod.sandboxes.append(.init(sandbox, ips: []))
                continue
            }
            if let old = known?.sandboxes.first(where: {
                $0.id == sandbox.id && $0.isReady && !$0.ips.isEmpty
            }) {
                pod.sandboxes.append(old)
                continue
            }
            guard let status = try await sandboxStatus(sandbox.id) else { continue }
            let first = status.network.ip
            let ips = (first.isEmpty ? [] : [first]) + status.network.additionalIps.map(\.ip)
            pod.sandboxes.append(.init(sandbox, ips: ips))
        }
        for container in containers {
            if container.state == .containerExited,
                let old = known?.containers.first(where: { $0.id == container.id && $0.state == .exited })
            {
                pod.containers.append(old)
                continue
            }
            guard let status = try await containerStatus(container.id) else { continue }
            pod.containers.append(ContainerRecord(status, sandbox: container.podSandboxID))
        }
        pod.containers.sort { ($0.attempt, $0.createdAt) > ($1.attempt, $1.createdAt) }
        return pod
    }
}

extension RuntimePod.Sandbox {
    init(_ sandbox: CRIPodSandbox, ips: [String]) {
        self.init(
            id: sandbox.id, isReady: sandbox.state == .sandboxReady, attempt: sandbox.metadata.attempt,
            createdAt: sandbox.createdAt, ips: ips, handler: sandbox.runtimeHandler)
    }
}
