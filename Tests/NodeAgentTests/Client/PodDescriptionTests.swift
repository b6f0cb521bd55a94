import KubernetesAPI
import NodeAgent
import Testing

@Suite struct PodDescriptionTests {
    /// The lines of a container's part that begin with a title, with those that belong to it.
    private func lines(_ change: (inout Pod) -> Void) -> [String] {
        var pod = TestPod().pod
        change(&pod)
        return PodDescription.text(pod, events: []).split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
    }

    @Test func `variables tell where they come from`() {
        let lines = lines {
            $0.spec.containers[0].env = [
                EnvVar(name: "A", value: "plain"),
                EnvVar(
                    name: "B",
                    valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"))),
                EnvVar(
                    name: "C",
                    valueFrom: EnvVarSource(
                        resourceFieldRef: ResourceFieldSelector(containerName: "x", resource: "limits.cpu"))),
                EnvVar(
                    name: "D",
                    valueFrom: EnvVarSource(
                        configMapKeyRef: ConfigMapKeySelector(name: "m", key: "k", optional: true))),
                EnvVar(
                    name: "E",
                    valueFrom: EnvVarSource(
                        secretKeyRef: SecretKeySelector(name: "s", key: "k", optional: false))),
                EnvVar(
                    name: "F",
                    valueFrom: EnvVarSource(
                        fileKeyRef: FileKeySelector(volumeName: "v", path: "env", key: "k"))),
            ]
        }
        let first = lines.firstIndex(of: "Environment: A: plain") ?? 0
        #expect(
            lines[first...].prefix(6) == [
                "Environment: A: plain", "B: <field metadata.name>", "C: <limits.cpu of container x>",
                "D: <key k of config map m>, optional", "E: <key k of secret s>",
                "F: <key k of file env in volume v>",
            ])
    }

    @Test func `so do those of whole objects`() {
        let lines = lines {
            $0.spec.containers[0].envFrom = [
                EnvFromSource(configMapRef: ConfigMapEnvSource(name: "m")),
                EnvFromSource(prefix: "P_", secretRef: SecretEnvSource(name: "s", optional: true)),
            ]
        }
        let first = lines.firstIndex(of: "Environment Variables from: config map m") ?? 0
        #expect(
            lines[first...].prefix(3) == [
                "Environment Variables from: config map m", "secret s, optional, with the prefix P_",
                "Environment: <none>",
            ])
        #expect(!self.lines { _ in }.contains { $0.hasPrefix("Environment Variables") })
    }

    @Test func `a pod on its way out says so, with its time`() {
        let lines = lines {
            $0.status.phase = .running
            $0.metadata.deletionTimestamp = .now
            $0.metadata.deletionGracePeriodSeconds = 7
        }
        #expect(lines.contains("Status: Terminating") && lines.contains("Termination Grace Period: 7s"))
        #expect(self.lines { $0.status.phase = .running }.contains("Status: Running"))
    }
}
