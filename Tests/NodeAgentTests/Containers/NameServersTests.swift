import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

/// What a pod's resolv.conf says.
@Suite struct NameServersTests {
    private let folder = TemporaryFolder()
    private var servers = NameServers()

    init() throws {
        servers.resolverFile = folder.file("resolv.conf")
        servers.cluster = ["10.96.0.10"]
        try writeFile(
            servers.resolverFile,
            "# comment\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch example.com\noptions edns0\n")
    }

    private func pod(_ policy: DNSPolicy, onHost: Bool = false, _ own: PodDNSConfig? = nil) -> Pod {
        var pod = TestPod().pod
        pod.spec.dnsPolicy = policy
        pod.spec.hostNetwork = onHost
        pod.spec.dnsConfig = own
        return pod
    }

    private func lines(_ servers: NameServers, _ pod: Pod) -> [[String]] {
        let config = servers.configuration(for: pod).config
        return [config.servers, config.searches, config.options]
    }

    private let ofNode = [["192.0.2.1", "192.0.2.2"], ["example.com"], ["edns0"]]
    private let ofCluster = [
        ["10.96.0.10"], ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com"],
        ["ndots:5"],
    ]

    @Test func `by its policy a pod asks the cluster's server or the node's`() {
        #expect(lines(servers, pod(.clusterFirst)) == ofCluster)
        #expect(lines(servers, pod(.clusterFirst, onHost: true)) == ofNode)
        #expect(lines(servers, pod(.clusterFirstWithHostNet, onHost: true)) == ofCluster)
        #expect(lines(servers, pod(.default)) == ofNode)
        #expect(lines(servers, pod(.none)) == [[], [], []])
        var without = servers
        without.cluster = []
        #expect(lines(without, pod(.clusterFirst)) == ofNode)
        var nameless = servers
        nameless.clusterDomain = ""
        #expect(lines(nameless, pod(.clusterFirst))[1] == ["example.com"])
    }

    @Test func `what the pod says is added, its options go before others`() {
        let own = PodDNSConfig(
            nameservers: ["192.0.2.2", "192.0.2.3"], searches: ["a.test", "example.com"],
            options: [PodDNSConfigOption(name: "ndots", value: "2"), PodDNSConfigOption(name: "rotate")])
        #expect(
            lines(servers, pod(.default, own)) == [
                ["192.0.2.1", "192.0.2.2", "192.0.2.3"], ["example.com", "a.test"],
                ["edns0", "ndots:2", "rotate"],
            ])
        #expect(lines(servers, pod(.clusterFirst, own))[2] == ["ndots:2", "rotate"])
    }

    @Test func `no file means no names`() {
        var none = servers
        none.resolverFile = ""
        #expect(lines(none, pod(.default)) == [["127.0.0.1"], ["."], []])
        none.hostIPs = ["192.0.2.9", "2001:db8::9"]
        #expect(lines(none, pod(.default)) == [["127.0.0.1", "::1"], ["."], []])
    }

    @Test func `more than resolvers take is left out, and told`() {
        let many = PodDNSConfig(
            nameservers: (1...4).map { "192.0.2.\($0)" },
            searches: (1...33).map { "s\($0).test" } + [String(repeating: "x", count: 254)])
        let (config, problems) = servers.configuration(for: pod(.none, many))
        #expect(config.servers == ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
        #expect(config.searches == (1...32).map { "s\($0).test" })
        #expect(problems.count == 2)
        #expect(problems[0].hasSuffix("line is: 192.0.2.1 192.0.2.2 192.0.2.3"))
        // Ten of 203 characters and the spaces between them are 2039, eleven too many.
        let long = PodDNSConfig(
            nameservers: ["192.0.2.1"],
            searches: (10...20).map { "\($0)" + String(repeating: "x", count: 201) })
        let cut = servers.configuration(for: pod(.none, long))
        #expect(cut.config.searches.count == 10 && cut.problems.count == 1)
        #expect(servers.configuration(for: pod(.clusterFirst)).problems.isEmpty)
        // One that is too long hides none of the others.
        let one = PodDNSConfig(
            nameservers: ["192.0.2.1"], searches: [String(repeating: "x", count: 254), "a.test"])
        #expect(servers.configuration(for: pod(.none, one)).config.searches == ["a.test"])
    }

    /// Pods are then without name servers.
    @Test func `a file that is named and cannot be read is told of`() {
        var dns = NameServers()
        dns.resolverFile = "/nowhere/resolv.conf"
        #expect(dns.problem?.contains("/nowhere/resolv.conf") == true)
        dns.resolverFile = ""
        #expect(dns.problem == nil)
        dns.resolverFile = "/proc/self/status"
        #expect(dns.problem == nil)
    }
}
