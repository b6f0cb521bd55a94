import KubernetesAPI
import NodeAgent

/// A pod and what a runtime would have of it.
struct TestPod {
    var pod = Pod()
    var runtime: RuntimePod?

    init(
        policy: RestartPolicy = .always, initial: [String] = [], sidecars: [String] = [],
        main: [String] = ["a"]
    ) {
        pod.metadata.name = "pod"
        pod.metadata.namespace = "default"
        pod.metadata.uid = "uid"
        pod.spec.restartPolicy = policy
        pod.spec.containers = main.map { Container(name: $0, image: "image") }
        pod.spec.initContainers = initial.map { Container(name: $0, image: "image") }
        pod.spec.initContainers += sidecars.map {
            var container = Container(name: $0, image: "image")
            container.restartPolicy = .always
            return container
        }
    }

    /// One more sandbox, the newest.
    mutating func sandbox(isReady: Bool = true, ips: [String] = ["10.0.0.2"]) {
        var now = runtime ?? RuntimePod(uid: "uid", name: "pod", namespace: "default")
        let attempt = UInt32(now.sandboxes.count)
        now.sandboxes.insert(
            .init(
                id: "s\(attempt)", isReady: isReady, attempt: attempt,
                createdAt: 1_000_000_000 + Int64(attempt),
                ips: ips, handler: ""), at: 0)
        runtime = now
    }

    mutating func run(_ name: String, attempt: UInt32 = 0, life: Int = 0) {
        put(name, .running, 0, attempt, life)
    }

    mutating func exit(_ name: String, code: Int32, attempt: UInt32 = 0, life: Int = 0) {
        put(name, .exited, code, attempt, life)
    }

    func id(_ name: String) -> String { runtime?.latest(name)?.id ?? "" }

    private mutating func put(
        _ name: String, _ state: ContainerRecord.State, _ code: Int32, _ attempt: UInt32, _ life: Int
    ) {
        let container = pod.everyContainer.first { $0.name == name }
        var record = ContainerRecord(
            id: "\(name)-\(attempt)", name: name, attempt: attempt,
            sandbox: runtime?.sandboxes.first?.id ?? "",
            state: state, exitCode: code, hash: container?.container.definitionHash ?? "")
        if life > 0 { record.annotations[PodLabels.life] = String(life) }
        runtime?.containers.removeAll { $0.id == record.id }
        runtime?.containers.insert(record, at: 0)
    }
}
