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
            (NetworkSettings(range4: IPPrefix("127.1.0.0/16")), "loopback"),
            (NetworkSettings(range4: IPPrefix("169.254.7.0/24")), "link-local"),
            (NetworkSettings(range4: IPPrefix("232.0.0.0/8")), "multicast"),
            (NetworkSettings(range4: IPPrefix("250.0.0.0/16")), "reserved"),
            (NetworkSettings(range4: nil, range6: IPPrefix("ff02::/64")), "multicast"),
            (NetworkSettings(range4: nil, range6: IPPrefix("::/64")), "unspecified"),
        ] {
            #expect(message { try host.inHost { try host.network.update(settings) } }.contains(words))
        }
        try FileDescriptor.open(host.folder + "/network.json", O_WRONLY | O_TRUNC).writeAll(
            #"{"ipv4":"10.88.0.1/16"}"#)
        let broken = message { try host.attach("a") }
        #expect(broken.contains("network.json") && broken.contains("ipv4"), "\(broken)")
    }

    /// A damaged file is set aside where pods tell the range, and their addresses stay their own.
    @Test func damagedSettingsAreRebuiltFromThePods() throws {
        let host = try TestHost(TestHost.dualStack)
        let file = host.folder + "/network.json"
        let old = try host.attach("old")
        for text in ["", "x"] {
            try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll(text)
            let new = try host.attach("new")
            #expect(new.addresses.count == 2 && Set(new.addresses).isDisjoint(with: old.addresses))
            #expect(try host.inHost { try host.network.settings() } == TestHost.dualStack)
            #expect(try FileDescriptor.readFile(file + ".damaged") == Array(text.utf8))
            try host.detach("new")
        }
        try host.detach("old")
        // Nobody tells it now.
        try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll("x")
        let broken = message { try host.attach("last") }
        #expect(broken.contains(file) && broken.contains("remove the file"), "\(broken)")
        // Nor is a range of an administrator's guessed.
        try host.inHost { try host.network.update(NetworkSettings(range4: IPPrefix("10.244.3.0/24"))) }
        try host.attach("own")
        try FileDescriptor.open(file, O_WRONLY | O_TRUNC).writeAll("x")
        #expect(message { try host.attach("last") }.contains("remove the file"))
        // What the cluster says replaces it in any case.
        try host.inHost { try host.network.update(NetworkSettings(range4: IPPrefix("10.244.3.0/24"))) }
        try host.attach("last")
        for id in ["own", "last"] { try host.detach(id) }
        let left = try host.leaks()
        #expect(left == [])
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
