import Glibc
import LinuxKernel
import PodNetwork
import Testing

@Suite struct SettingsTests {
    @Test func theRangeAvoidsTheHostsRoutes() throws {
        let host = try TestHost(nil)
        try host.shell(
            host.host,
            "ip route add 10.88.4.0/24 via \(TestHost.outsideAddress); ip route add 10.90.0.0/15 via \(TestHost.outsideAddress); ip route add default via \(TestHost.outsideAddress)"
        )
        #expect(try host.attach("a").addresses[0].description == "10.89.0.1")
        // The choice stays, also where routes come later.
        try host.shell(host.host, "ip route add 10.89.7.0/24 via \(TestHost.outsideAddress)")
        let settings = try host.inHost { try host.network.settings() }
        #expect(settings == NetworkSettings(range4: IPPrefix("10.89.0.0/16")))
        let strangers = try host.inHost { try host.network.foreignRoutes(into: [settings.range4!]) }
        #expect(strangers.map(\.range.description) == ["10.89.7.0/24"])
    }

    @Test func aHostThatForwardsVersion6HasPodsWithIt() throws {
        let host = try TestHost(nil)
        try host.shell(host.host, "sysctl -qw net.ipv6.conf.all.forwarding=1")
        let pod = try host.attach("a")
        #expect(pod.addresses.count == 2 && pod.addresses[1].bytes[0] == 0xfd)
        let other = try TestHost(nil)
        #expect(try other.attach("a").addresses.count == 1)
    }

    @Test func anotherRangeIsForNewPods() throws {
        let host = try TestHost()
        let old = try host.attach("old")
        try host.inHost { try host.network.update(NetworkSettings(range4: IPPrefix("10.244.3.0/24"))) }
        let new = try host.attach("new")
        #expect(old.addresses[0].description == "10.88.0.1" && new.addresses[0].description == "10.244.3.1")
        let server = try Server(host, in: old.namespace, port: 80)
        #expect(try server.meet(host, from: new.namespace, at: "10.88.0.1", 80) == "10.244.3.1")
    }

    @Test func whatCannotServeIsRefused() throws {
        let host = try TestHost()
        for (settings, words) in [
            (NetworkSettings(range4: nil), "neither"),
            (NetworkSettings(range4: IPPrefix("0.0.0.0/0")), "at most a /8"),
            (NetworkSettings(range4: IPPrefix("fd00::/64")), "IPv4"),
            (NetworkSettings(range4: IPPrefix("169.254.0.0/16")), "gateway"),
            (NetworkSettings(range4: nil, range6: IPPrefix("fc00::/7")), "at most a /48"),
        ] {
            #expect(message { try host.inHost { try host.network.update(settings) } }.contains(words))
        }
        try FileDescriptor.open(host.folder + "/network.json", O_WRONLY | O_TRUNC).writeAll(
            #"{"ipv4":"10.88.0.1/16"}"#)
        let broken = message { try host.attach("a") }
        #expect(broken.contains("network.json") && broken.contains("ipv4"), "\(broken)")
    }

    @Test func version6Alone() throws {
        let host = try TestHost(NetworkSettings(range4: nil, range6: IPPrefix("fd00:88::/64")))
        let (a, b) = (try host.attach("a"), try host.attach("b"))
        let server = try Server(host, in: a.namespace, port: 80)
        #expect(
            try server.meet(host, from: b.namespace, at: a.addresses[0].description, 80)
                == b.addresses[0].description)
    }

    @Test func othersThatDropAreNamed() throws {
        let host = try TestHost()
        #expect(try host.inHost { try BuiltinNetwork.foreignForwardDrops() } == [])
        try host.shell(
            host.host,
            "nft add table ip filter; nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'; nft add table inet fine; nft 'add chain inet fine f { type filter hook forward priority 0; policy accept; }'; nft 'add chain inet fine i { type filter hook input priority 0; policy drop; }'"
        )
        let found = try host.inHost { try BuiltinNetwork.foreignForwardDrops() }
        #expect(found.map { "\($0.family) \($0.table) \($0.name)" } == ["ip filter FORWARD"])
    }
}
