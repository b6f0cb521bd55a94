import KubernetesAPI
import NodeAgent
import Testing

@Suite struct NodePredicatesTests {
    private func refusal(_ hasAppArmor: Bool = false, _ change: (inout Pod) -> Void) -> PodFailure? {
        var pod = TestPod(sidecars: ["s"]).pod
        change(&pod)
        let labels = ["kubernetes.io/hostname": "node", "kubernetes.io/os": "linux", "cores": "4"]
        return NodePredicates(labels: labels, name: "node", hasAppArmor: hasAppArmor)
            .refusal(of: pod, hasStrictGroups: true)
    }

    private let affinity = PodFailure(
        reason: "NodeAffinity",
        message:
            "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    )

    @Test func labelsOfTheNode() {
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.spec.nodeSelector = ["kubernetes.io/os": "linux"] } == nil)
        #expect(refusal { $0.spec.nodeSelector = ["kubernetes.io/hostname": "other"] } == affinity)
        #expect(refusal { $0.spec.nodeSelector = ["disk": "ssd"] } == affinity)
    }

    private func refusal(_ terms: [NodeSelectorTerm]) -> PodFailure? {
        refusal { pod in
            var affinity = NodeAffinity()
            affinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: terms)
            pod.spec.affinity = Affinity(nodeAffinity: affinity)
        }
    }

    private func term(
        _ key: String, _ operator: NodeSelectorOperator, _ values: [String] = []
    ) -> NodeSelectorTerm {
        NodeSelectorTerm(
            matchExpressions: [NodeSelectorRequirement(key: key, operator: `operator`, values: values)])
    }

    @Test func requiredAffinity() {
        #expect(refusal([term("cores", .gt, ["3"])]) == nil)
        #expect(refusal([term("cores", .gt, ["4"])]) == affinity)
        #expect(refusal([term("cores", .in, ["2"]), term("disk", .doesNotExist)]) == nil)
        #expect(refusal([NodeSelectorTerm()]) == affinity)
        func named(_ name: String) -> NodeSelectorTerm {
            NodeSelectorTerm(
                matchFields: [NodeSelectorRequirement(key: "metadata.name", operator: .in, values: [name])])
        }
        #expect(refusal([named("node")]) == nil)
        #expect(refusal([named("other")]) == affinity)
    }

    @Test func theOperatingSystem() {
        #expect(refusal { $0.spec.os = PodOS(name: .linux) } == nil)
        #expect(
            refusal { $0.spec.os = PodOS(name: .windows) }
                == PodFailure(
                    reason: "PodOSNotSupported",
                    message: "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS"))
        #expect(
            refusal { $0.metadata.labels = ["kubernetes.io/os": "windows"] }?.reason
                == "PodOSSelectorNodeLabelDoesNotMatch")
    }

    @Test func profilesOfAppArmor() {
        func profile(_ type: AppArmorProfileType) -> SecurityContext {
            var context = SecurityContext()
            context.appArmorProfile = AppArmorProfile(type: type)
            return context
        }
        for type in [AppArmorProfileType.runtimeDefault, .localhost] {
            #expect(
                refusal { $0.spec.containers[0].securityContext = profile(type) }
                    == PodFailure(
                        reason: "AppArmor",
                        message:
                            "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host"))
            #expect(refusal { $0.spec.initContainers[0].securityContext = profile(type) } != nil)
            #expect(refusal(true) { $0.spec.containers[0].securityContext = profile(type) } == nil)
            #expect(
                refusal {
                    $0.spec.securityContext = PodSecurityContext()
                    $0.spec.securityContext?.appArmorProfile = AppArmorProfile(type: type)
                }?.reason == "AppArmor")
        }
        #expect(refusal { $0.spec.containers[0].securityContext = profile(.unconfined) } == nil)
        func annotate(_ value: String) -> (inout Pod) -> Void {
            { pod in
                let name = pod.spec.containers[0].name
                pod.metadata.annotations["container.apparmor.security.beta.kubernetes.io/" + name] = value
            }
        }
        for value in ["runtime/default", "localhost/x"] {
            #expect(refusal(false, annotate(value))?.reason == "AppArmor")
            #expect(refusal(true, annotate(value)) == nil)
        }
        #expect(refusal(false, annotate("unconfined")) == nil)
    }

    @Test func portsOfTheNode() {
        func pod(
            _ port: Int32, _ proto: KubernetesAPI.`Protocol` = "TCP", ip: String = "", sidecar: Bool = false
        ) -> Pod {
            var pod = TestPod(sidecars: ["s"]).pod
            let ports = [ContainerPort(hostPort: port, containerPort: 80, protocol: proto, hostIP: ip)]
            if sidecar {
                pod.spec.initContainers[0].ports = ports
            } else {
                pod.spec.containers[0].ports = ports
            }
            return pod
        }
        func isRefused(_ pod: Pod, beside others: Pod...) -> Bool {
            HostPorts.refusal(of: pod, beside: others) != nil
        }
        #expect(
            HostPorts.refusal(of: pod(8080), beside: [pod(8081), pod(8080)])
                == PodFailure(
                    reason: "NodePorts",
                    message:
                        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the "
                        + "requested pod ports"))
        #expect(!isRefused(pod(8080), beside: pod(8081), pod(8080, "UDP"), pod(0)))
        #expect(!isRefused(pod(0), beside: pod(0)))
        #expect(isRefused(pod(8080, sidecar: true), beside: pod(8080)))
        #expect(isRefused(pod(8080, ip: "10.0.0.1"), beside: pod(8080)))
        #expect(isRefused(pod(8080), beside: pod(8080, ip: "10.0.0.1")))
        #expect(!isRefused(pod(8080, ip: "10.0.0.1"), beside: pod(8080, ip: "10.0.0.2")))
        // On the node's network every port is the node's.
        var host = pod(0)
        host.spec.hostNetwork = true
        host.spec.dnsPolicy = .default
        host.setDefaults()
        #expect(isRefused(pod(80), beside: host))
    }
}
