import KubernetesAPI
import NodeAgent
import Testing

@Suite struct MissingFeaturesTests {
    private func refusal(_ change: (inout PodSpec) -> Void) -> String? {
        var pod = TestPod(initial: ["i"], main: ["a", "b"]).pod
        change(&pod.spec)
        let failure = MissingFeatures.refusal(of: pod)
        #expect(failure == nil || failure?.reason == "UnexpectedAdmissionError")
        return failure?.message
    }

    @Test func whatIsNotThereIsNamed() {
        #expect(refusal { _ in } == nil)
        #expect(
            refusal { $0.resourceClaims = [PodResourceClaim(name: "gpu")] }
                == "Pod was rejected: spec.resourceClaims: dynamic resource allocation is not supported on this node"
        )
        #expect(
            refusal { $0.containers[1].resources.claims = [ResourceClaim(name: "gpu")] }
                == "Pod was rejected: spec.containers[1].resources.claims: dynamic resource allocation is not "
                + "supported on this node")
    }
}
