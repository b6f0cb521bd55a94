import Glibc
import LinuxKernel
import PodNetwork
import Testing

/// Who reaches whom, and as whom, seen by the packets.
@Suite struct TrafficTests {
    @Test func podsReachEachOtherAndTheHostAndAreReached() throws {
        let host = try TestHost(TestHost.dualStack)
        let (a, b) = (try host.attach("a"), try host.attach("b"))
        for version in 0...1 {
            let (addressA, addressB) = (a.addresses[version].description, b.addresses[version].description)
            let server = try Server(host, in: a.namespace, port: 80)
            // No address is translated between pods.
            #expect(try server.meet(host, from: b.namespace, at: addressA, 80) == addressB)
            _ = try server.meet(host, from: host.host, at: addressA, 80)
            let onHost = try Server(host, in: host.host, port: 90)
            let own = version == 0 ? TestHost.hostAddress : TestHost.hostAddress6
            #expect(try onHost.meet(host, from: b.namespace, at: own, 90) == addressB)
        }
        // The gateway is the host.
        let onHost = try Server(host, in: host.host, port: 91)
        #expect(
            try onHost.meet(host, from: a.namespace, at: "169.254.1.1", 91) == a.addresses[0].description)
    }

    @Test func theWorldSeesTheHostsAddress() throws {
        let host = try TestHost(TestHost.dualStack)
        let pod = try host.attach("a")
        let tcp = try Server(host, in: host.outside, port: 80)
        #expect(
            try tcp.meet(host, from: pod.namespace, at: TestHost.outsideAddress, 80) == TestHost.hostAddress)
        #expect(
            try tcp.meet(host, from: pod.namespace, at: TestHost.outsideAddress6, 80)
                == TestHost.hostAddress6)
        let udp = try Server(host, in: host.outside, port: 80, udp: true)
        #expect(
            try udp.meet(host, from: pod.namespace, at: TestHost.outsideAddress, 80) == TestHost.hostAddress)
    }

    @Test func hostPortsLeadIntoThePod() throws {
        let host = try TestHost(TestHost.dualStack)
        let pod = try host.attach("a", ports: [.tcp(8080, 80), .udp(8080, 53)])
        let other = try host.attach("b")
        let tcp = try Server(host, in: pod.namespace, port: 80)
        let udp = try Server(host, in: pod.namespace, port: 53, udp: true)
        // From outside: the pod sees who it is.
        #expect(
            try tcp.meet(host, from: host.outside, at: TestHost.hostAddress, 8080) == TestHost.outsideAddress)
        #expect(
            try tcp.meet(host, from: host.outside, at: TestHost.hostAddress6, 8080)
                == TestHost.outsideAddress6)
        #expect(
            try udp.meet(host, from: host.outside, at: TestHost.hostAddress, 8080) == TestHost.outsideAddress)
        // From the host, by its loopback and by its address.
        #expect(try tcp.meet(host, from: host.host, at: "127.0.0.1", 8080) == "169.254.1.1")
        #expect(try udp.meet(host, from: host.host, at: "127.0.0.1", 8080) == "169.254.1.1")
        #expect(
            try tcp.meet(host, from: host.host, at: TestHost.hostAddress, 8080) == TestHost.hostAddress)
        #expect(
            try tcp.meet(host, from: host.host, at: TestHost.hostAddress6, 8080) == TestHost.hostAddress6)
        // From another pod, and from itself.
        #expect(
            try tcp.meet(host, from: other.namespace, at: TestHost.hostAddress, 8080)
                == other.addresses[0].description)
        #expect(
            try tcp.meet(host, from: other.namespace, at: TestHost.hostAddress6, 8080)
                == other.addresses[1].description)
        #expect(
            try tcp.meet(host, from: pod.namespace, at: TestHost.hostAddress, 8080) == "169.254.1.1")
        _ = try tcp.meet(host, from: pod.namespace, at: TestHost.hostAddress6, 8080)
        // By ::1 it cannot be; then the refusal comes at once, so that programs go on to 127.0.0.1.
        let before = monotonicMilliseconds()
        #expect(message { _ = try tcp.meet(host, from: host.host, at: "::1", 8080) }.contains("refused"))
        #expect(monotonicMilliseconds() - before < 1000)
    }

    /// The kernel remembers where a socket's first packet went: to nobody, and then to each pod that had the port.
    @Test(arguments: [TestHost.hostAddress, TestHost.hostAddress6, "127.0.0.1"])
    func aSocketOutlivesPodsWithAPort(_ address: String) throws {
        let host = try TestHost(TestHost.dualStack)
        let neighbour = try host.attach("neighbour", ports: [.udp(5354, 53)])
        let namespace = address == "127.0.0.1" ? host.host : host.outside
        let client = try Client(host, in: namespace, at: address, 5353)
        for id in ["first", "second"] {
            let isRefused = client.isRefused()
            #expect(isRefused)
            let pod = try host.attach(id, ports: [.udp(5353, 53)])
            let server = try Server(host, in: pod.namespace, port: 53, udp: true)
            _ = try server.meet(client)
            _ = consume server
            try host.detach(id)
        }
        // One that is connected anew without a farewell in between.
        for _ in 0..<2 {
            let pod = try host.attach("third", ports: [.udp(5353, 53)])
            let server = try Server(host, in: pod.namespace, port: 53, udp: true)
            _ = try server.meet(client)
            _ = consume server
        }
        // And the same one when the rules come back; somebody else's let the kernel track flows meanwhile.
        try host.shell(
            host.host,
            "nft 'table inet other { chain c { type filter hook input priority 0; ct state new accept; }; }'; nft delete table inet \(try host.table)"
        )
        let late = try Client(host, in: namespace, at: address, 5353)
        let isRefused = late.isRefused()
        #expect(isRefused)
        #expect(try host.inHost { try host.network.reconcile() } == [])
        let pod = try #require(try host.inHost { try host.network.result(of: "third") })
        let server = try Server(host, in: pod.namespace, port: 53, udp: true)
        _ = try server.meet(late)
        _ = consume server
        // Others' ports are theirs.
        let other = try Server(host, in: neighbour.namespace, port: 53, udp: true)
        _ = try other.meet(host, from: namespace, at: address, 5354)
    }

    /// Flows of other ports, and to that port of others, go on as they are.
    @Test func aPortsChangeLeavesOtherFlows() throws {
        let host = try TestHost()
        let pod = try host.attach("a", ports: [.udp(5354, 53)])
        let near = try Server(host, in: pod.namespace, port: 53, udp: true)
        let far = try Server(host, in: host.outside, port: 5353, udp: true)
        let toPod = try Client(host, in: host.outside, at: TestHost.hostAddress, 5354)
        let toWorld = try Client(host, in: pod.namespace, at: TestHost.outsideAddress, 5353)
        _ = try near.meet(toPod)
        let seen = try far.meet(toWorld)
        func flows() throws -> [String] {
            try host.shell(host.host, "cat /proc/net/nf_conntrack 2>/dev/null || :").split(separator: "\n")
                .filter { $0.contains("dport=535") }.map { line in
                    line.split(separator: " ").filter { $0.contains("port=") || $0.contains("st=") }
                        .joined(separator: " ")
                }.sorted()
        }
        let before = try flows()
        try host.attach("b", ports: [.udp(5353, 53)])
        try host.detach("b")
        #expect(try flows() == before)
        // As the same: the kernel has not forgotten whose port of the host's it is.
        #expect(try far.meet(toWorld) == seen)
        _ = try near.meet(toPod)
    }

    @Test func aHostPortOfOneAddress() throws {
        let host = try TestHost()
        let pod = try host.attach("a", ports: [.tcp(8080, 80, on: TestHost.hostAddress)])
        let server = try Server(host, in: pod.namespace, port: 80)
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080)
        #expect(message { _ = try server.meet(host, from: host.host, at: "127.0.0.1", 8080) } != "")
    }

    @Test func theLoopbackStaysTheHosts() throws {
        let host = try TestHost()
        let pod = try host.attach("a", ports: [.tcp(8080, 80, on: "127.0.0.1")])
        let server = try Server(host, in: pod.namespace, port: 80)
        #expect(try server.meet(host, from: host.host, at: "127.0.0.1", 8080) == "169.254.1.1")
        #expect(
            message { _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080) } != "")
        // A pod or a neighbour that sends to 127.0.0.1 over the wire reaches nothing of the host's.
        let secret = try Server(host, in: host.host, port: 99)
        for namespace in [pod.namespace, host.outside] {
            let gateway = namespace == pod.namespace ? "169.254.1.1" : TestHost.hostAddress
            try host.shell(
                namespace,
                "ip addr del 127.0.0.1/8 dev lo; ip route flush table local; ip route add 127.0.0.0/8 via \(gateway) dev eth0 onlink; sysctl -qw net.ipv4.conf.eth0.route_localnet=1 net.ipv4.conf.all.route_localnet=1"
            )
            #expect(message { _ = try secret.meet(host, from: namespace, at: "127.0.0.1", 99) } != "")
        }
    }

    @Test func nobodySendsFromOthersAddresses() throws {
        let host = try TestHost(TestHost.dualStack)
        let (a, b) = (try host.attach("a"), try host.attach("b"))
        let server = try Server(host, in: host.outside, port: 80, udp: true)
        for (stolen, target) in [
            (b.addresses[0], TestHost.outsideAddress), (b.addresses[1], TestHost.outsideAddress6),
        ] {
            _ = try server.meet(host, from: a.namespace, at: target, 80)
            let replace = "ip addr add \(stolen)/\(stolen.width) dev eth0\(stolen.isVersion6 ? " nodad" : "")"
            let route =
                stolen.isVersion6
                ? "ip -6 route replace default via fe80::1"
                : "ip route replace default via 169.254.1.1 onlink"
            try host.shell(a.namespace, "\(replace); \(route) dev eth0 src \(stolen)")
            #expect(message { _ = try server.meet(host, from: a.namespace, at: target, 80) } != "")
        }
    }

    @Test func aTunnelsPacketSizeIsThePods() throws {
        let host = try TestHost()
        try host.shell(
            host.host, "ip link set up0 mtu 1400; ip route add default via \(TestHost.outsideAddress)")
        let pod = try host.attach("a")
        #expect(try host.shell(pod.namespace, "ip link show eth0").contains("mtu 1400"))
    }
}
