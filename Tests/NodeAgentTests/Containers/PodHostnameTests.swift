import KubernetesAPI
import NodeAgent
import Testing

@Suite struct PodHostnameTests {
    private func hostname(
        _ name: String = "pod", cluster: String = "cluster.local", _ change: (inout PodSpec) -> Void
    ) -> PodHostname {
        var pod = TestPod().pod
        pod.metadata.name = name
        pod.metadata.namespace = "space"
        change(&pod.spec)
        return PodHostname(pod, clusterDomain: cluster)
    }

    @Test func aPodIsCalledAsItIsOrAsItSays() throws {
        #expect(hostname { _ in }.name == "pod")
        let own = hostname { $0.hostname = "own" }
        #expect((own.name, own.domain) == ("own", ""))
        #expect(try own.kernelName == "own")
        // 63 characters, and none at the end that no name may end with.
        let long = String(repeating: "a", count: 61) + "-.-b"
        #expect(hostname(long) { _ in }.name == String(repeating: "a", count: 61))
    }

    @Test func aSubdomainMakesADomain() throws {
        let own = hostname {
            $0.hostname = "own"
            $0.subdomain = "sub"
        }
        #expect((own.name, own.domain) == ("own", "sub.space.svc.cluster.local"))
        #expect(try own.kernelName == "own")
        #expect(hostname(cluster: "") { $0.subdomain = "sub" }.domain == "sub.space.svc")
        let other = hostname {
            $0.hostnameOverride = "other.example"
            $0.subdomain = "sub"
        }
        #expect((other.name, other.domain) == ("other.example", ""))
    }

    @Test func theFullNameIsTheHostnameOnDemand() throws {
        let full = hostname {
            $0.subdomain = "sub"
            $0.setHostnameAsFQDN = true
        }
        #expect(full.name == "pod")
        #expect(try full.kernelName == "pod.sub.space.svc.cluster.local")
        #expect(try hostname { $0.setHostnameAsFQDN = true }.kernelName == "pod")
        let long = hostname(String(repeating: "a", count: 40)) {
            $0.subdomain = "sub"
            $0.setHostnameAsFQDN = true
        }
        let error = #expect(throws: HostnameTooLong.self) { try long.kernelName }
        #expect("\(error!)".hasSuffix("is too long (64 characters is the max, 68 characters requested)"))
    }
}
