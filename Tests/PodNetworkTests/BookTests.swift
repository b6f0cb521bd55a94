import Glibc
import LinuxKernel
import PodNetwork
import Testing

/// Addresses and ports: who gets them, when they are free again, and what is left of anybody.
@Suite struct BookTests {
    @Test func nothingIsLeft() throws {
        let host = try TestHost(TestHost.dualStack)
        let pod = try host.attach("a", ports: [.tcp(8080, 80), .udp(53, 53), .tcp(81, 81, on: "127.0.0.1")])
        #expect(pod.ports.map(\.hostPort) == [8080, 53, 81])
        try host.inHost { try host.network.check("a") }
        try host.detach("a")
        let left = try host.leaks()
        #expect(left == [])
        // Again, and of somebody who never was.
        try host.detach("a")
        try host.detach("nobody")
        #expect(try host.inHost { try host.network.result(of: "a") } == nil)
    }

    /// A damaged record keeps its addresses until its pod is disconnected, and stops no other pod.
    @Test func aDamagedRecordIsGivenBack() throws {
        let host = try TestHost(TestHost.dualStack)
        let lost = try host.attach("lost", ports: [.tcp(8080, 80)])
        try FileDescriptor.open(host.folder + "/state/pods/lost.json", O_WRONLY | O_TRUNC).writeAll("")
        let other = try host.attach("other", ports: [.tcp(8081, 80)])
        #expect(Set(other.addresses).isDisjoint(with: lost.addresses))
        #expect(try host.inHost { try host.network.reconcile() } == [])
        #expect(try host.inHost { try host.network.result(of: "lost") }?.addresses == lost.addresses)
        try host.detach("lost")
        // The entry of its port is replaced by the next one's.
        try host.attach("next", ports: [.tcp(8080, 80)])
        for id in ["next", "other"] { try host.detach(id) }
        let left = try host.leaks()
        #expect(left == [])
    }

    @Test func addressesGoInACircle() throws {
        let host = try TestHost(NetworkSettings(range4: IPPrefix("10.88.0.0/29")))
        func next(_ id: String) throws -> String { try host.attach(id).addresses[0].description }
        #expect(try next("a") == "10.88.0.1")
        try host.detach("a")
        // The one that was just given back rests.
        for (id, address) in [("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6), ("g", 1)] {
            #expect(try next(id) == "10.88.0.\(address)")
        }
        let full = message { _ = try next("h") }
        #expect(full.contains("10.88.0.0/29") && full.contains("free"), "\(full)")
        try host.detach("d")
        #expect(try next("h") == "10.88.0.4")
        for id in ["b", "c", "e", "f", "g", "h"] { try host.detach(id) }
        let left = try host.leaks()
        #expect(left == [])
    }

    /// Of a range in which the host has something itself.
    @Test func addressesOfTheHostAndItsGatewaysAreNotGivenOut() throws {
        let host = try TestHost(
            NetworkSettings(range4: IPPrefix("192.0.2.0/28"), range6: IPPrefix("2001:db8::/124")))
        try host.shell(
            host.host,
            """
            ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8::2
            ip route add 198.51.100.0/24 nexthop via 192.0.2.3 nexthop via 192.0.2.4
            ip route add 192.0.2.5 dev up0; ip -6 route add 2001:db8::5 dev up0
            """)
        let pods = try ["a", "b"].map { try host.attach($0).addresses.map(\.description) }
        #expect(pods == [["192.0.2.6", "2001:db8::3"], ["192.0.2.7", "2001:db8::4"]])
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5", "2001:db8::1", "2001:db8::2"] {
            let refused = message { try host.attach("c", addresses: [address]) }
            #expect(refused.contains("address \(address) is in use by the host"), "\(refused)")
        }
        let taken = message { try host.attach("c", addresses: ["192.0.2.6"]) }
        #expect(taken.contains("in use by container a"), "\(taken)")
        for id in ["a", "b"] { try host.detach(id) }
        #expect(host.names(host.folder + "/state/addresses") == [])
        #expect(try host.shell(host.host, "ip route get 192.0.2.5").contains("dev up0"))
    }

    /// Another node's state lies elsewhere, and its range is the same.
    @Test func anotherNodesPodsKeepTheirAddresses() throws {
        let host = try TestHost(TestHost.dualStack)
        let other = BuiltinNetwork(
            state: host.folder + "/other", settingsFile: host.folder + "/network.json")
        let first = try host.attach("a")
        let attachment = PodAttachment(id: "b", namespace: other.namespacePath(of: "b"))
        let second = try host.inHost { try other.attach(attachment) }
        #expect(first.addresses.map(\.description) == ["10.88.0.1", "fd00:88::1"])
        #expect(second.addresses.map(\.description) == ["10.88.0.2", "fd00:88::2"])
        try host.inHost { try host.network.check("a") }
        let server = try Server(host, in: first.namespace, port: 80)
        #expect(try server.meet(host, from: second.namespace, at: "10.88.0.1", 80) == "10.88.0.2")
        _ = consume server
        try host.inHost { try other.detach("b") }
        try host.inHost { try host.network.check("a") }
        try host.detach("a")
        let left = try host.leaks()
        #expect(left == [])
    }

    /// Its table tells of its ports; what is left of one that is gone tells nothing.
    @Test func anotherNodesPodsKeepTheirPorts() throws {
        let host = try TestHost(TestHost.dualStack)
        let other = BuiltinNetwork(
            state: host.folder + "/other", settingsFile: host.folder + "/network.json")
        var theirs = PodAttachment(id: "theirs", namespace: other.namespacePath(of: "theirs"))
        theirs.ports = [.tcp(8080, 80), .udp(8080, 80), .tcp(8081, 80, on: "127.0.0.1")]
        let attachment = theirs
        _ = try host.inHost { try other.attach(attachment) }
        for port in [
            PortMapping.tcp(8080, 81), .tcp(8080, 81, on: TestHost.hostAddress), .tcp(8080, 81, on: "::1"),
            .udp(8080, 81), .tcp(8081, 81), .tcp(8081, 81, on: "127.0.0.1"),
        ] {
            let refused = message { try host.attach("a", ports: [port]) }
            #expect(
                refused.contains("in use by a container of another instance (nftables' table swiftlet-"),
                "\(port): \(refused)")
        }
        try host.attach("a", ports: [.tcp(8081, 81, on: TestHost.hostAddress), .udp(8081, 81)])
        let search = PortMapping(hostPorts: 8080...8083, podPort: 82)
        #expect(try host.attach("b", ports: [search]).ports[0].hostPort == 8082)
        // Its folder is gone, and so are its pods; the table is there.
        try host.shell(host.host, "ip route del 10.88.0.1; ip -6 route del fd00:88::1")
        try host.attach("c", ports: [.tcp(8080, 81)])
    }

    @Test func aPodsOwnPorts() throws {
        let host = try TestHost(TestHost.dualStack)
        // Of all addresses and of one: the latter goes first.
        let pod = try host.attach(
            "a", ports: [.tcp(9001, 80), .tcp(9001, 81, on: "127.0.0.1"), .tcp(9001, 80, on: "0.0.0.0")])
        let all = try Server(host, in: pod.namespace, port: 80)
        let one = try Server(host, in: pod.namespace, port: 81)
        _ = try one.meet(host, from: host.host, at: "127.0.0.1", 9001)
        _ = try all.meet(host, from: host.outside, at: TestHost.hostAddress, 9001)
        try host.inHost { try host.network.check("a") }
        _ = consume all
        _ = consume one
        try host.detach("a")
        for second in [PortMapping.tcp(9001, 81), .tcp(9001, 81, on: "0.0.0.0"), .tcp(9001, 81, on: "::")] {
            do {
                try host.attach("b", ports: [.tcp(9001, 80), second])
                Issue.record("\(second) was taken")
            } catch let error as NetworkError {
                #expect(error.kind == .invalid)
                #expect(
                    error.description.contains("9001/tcp is asked for twice: for port 80 and for port 81"))
            }
        }
        // Whoever takes any of several does not take that one again.
        let several = PortMapping(hostPorts: 9001...9002, podPort: 81)
        let ports = try host.attach("b", ports: [.tcp(9001, 80, on: "127.0.0.1"), several]).ports
        #expect(ports.map(\.hostPort) == [9001, 9002])
        let full = message { try host.attach("c", ports: [.tcp(9003, 80), several]) }
        #expect(full.contains("9001-9002 is free") && full.contains("container b"), "\(full)")
        try host.detach("b")
        let left = try host.leaks()
        #expect(left == [])
    }

    /// Devices have the names of addresses' ends, which are the same in two ranges.
    @Test func aLivePodKeepsItsDevice() throws {
        let host = try TestHost(NetworkSettings(range4: nil, range6: IPPrefix("fd00:88::/64")))
        let old = try host.attach("old")
        try host.inHost {
            try host.network.update(NetworkSettings(range4: nil, range6: IPPrefix("fd00:89::/64")))
        }
        let refused = message { try host.attach("new", addresses: ["fd00:89::1"]) }
        #expect(refused.contains("network device \(old.hostInterface) is another pod's"), "\(refused)")
        try host.inHost { try host.network.check("old") }
        // Who wants no certain one gets the next.
        #expect(try host.attach("new").addresses.map(\.description) == ["fd00:89::2"])
        for id in ["old", "new"] { try host.detach(id) }
        // Nobody lives behind it now.
        try host.attach("last", addresses: ["fd00:89::1"])
        try host.detach("last")
        let left = try host.leaks()
        #expect(left == [])
    }

    @Test func wantedAddresses() throws {
        let host = try TestHost(TestHost.dualStack)
        let pod = try host.attach("a", addresses: ["10.88.3.4", "fd00:88::7"])
        #expect(pod.addresses.map(\.description) == ["10.88.3.4", "fd00:88::7"])
        #expect(message { try host.attach("b", addresses: ["10.88.3.4"]) }.contains("in use by container a"))
        #expect(message { try host.attach("b", addresses: ["10.99.0.1"]) }.contains("not in the pods' range"))
        // The same pod again keeps it, though the kernel may not have taken the old one apart yet.
        #expect(try host.attach("a", addresses: ["10.88.3.4"]).addresses[0].description == "10.88.3.4")
        try host.detach("a")
        let left = try host.leaks()
        #expect(left == [])
        let only4 = try TestHost()
        #expect(message { try only4.attach("a", addresses: ["fd00::1"]) }.contains("cannot be had"))
    }

    @Test func aPortIsGivenOnce() throws {
        let host = try TestHost()
        try host.attach("first", ports: [.tcp(8080, 80, on: TestHost.hostAddress)])
        let clash = message { try host.attach("second", ports: [.tcp(8080, 80)]) }
        #expect(clash == "host port 8080/tcp is in use by container first")
        #expect(try host.inHost { try host.network.result(of: "second") } == nil)
        try host.attach("udp", ports: [.udp(8080, 80)])
        try host.attach("elsewhere", ports: [.tcp(8080, 80, on: "127.0.0.1")])
        let listener = try Server(host, in: host.host, port: 8090)
        #expect(
            message { try host.attach("third", ports: [.tcp(8090, 80)]) }.contains(
                "another program of the host"))
        _ = consume listener
        #expect(
            message { try host.attach("third", ports: [.tcp(8091, 80, on: "198.51.100.7")]) }.contains(
                "no address"))
        try host.attach("third", ports: [.tcp(8090, 80)])
    }

    @Test func portsOfARangeAndAnyPort() throws {
        let host = try TestHost()
        let range = PortMapping(hostPorts: 8080...8081, podPort: 80)
        #expect(try host.attach("a", ports: [range]).ports[0].hostPort == 8080)
        #expect(try host.attach("b", ports: [range]).ports[0].hostPort == 8081)
        #expect(message { try host.attach("c", ports: [range]) }.contains("8080-8081"))
        let pod = try host.attach("c", ports: [PortMapping(hostPorts: 0...0, podPort: 80)])
        #expect(pod.ports[0].hostPort >= 1024)
        let server = try Server(host, in: pod.namespace, port: 80)
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, pod.ports[0].hostPort)
    }

    @Test func manyAtOnce() async throws {
        let host = try TestHost(TestHost.dualStack)
        let results = try await withThrowingTaskGroup(of: [NetworkResult].self) { group in
            for task in 0..<8 {
                group.addTask {
                    var kept: [NetworkResult] = []
                    for round in 0..<6 {
                        let id = "\(task)-\(round)"
                        let port = PortMapping(hostPorts: 0...0, podPort: 80)
                        let result = try host.attach(id, ports: [port])
                        if round % 2 == 0 { kept.append(result) } else { try host.detach(id) }
                    }
                    return kept
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(results.count == 24)
        #expect(Set(results.flatMap(\.addresses)).count == 48)
        #expect(Set(results.map { $0.ports[0].hostPort }).count == 24)
        for result in results {
            let server = try Server(host, in: result.namespace, port: 80)
            _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, result.ports[0].hostPort)
        }
        for task in 0..<8 { for round in 0..<6 { try host.detach("\(task)-\(round)") } }
        let left = try host.leaks()
        #expect(left == [])
    }

    @Test func hostileIDs() throws {
        let host = try TestHost()
        for id in ["", "../x", "a/b", ".hidden", String(repeating: "x", count: 300)] {
            #expect(message { try host.attach(id) }.contains("invalid id"))
        }
        #expect(host.names(host.folder + "/state/pods") == [])
    }
}
