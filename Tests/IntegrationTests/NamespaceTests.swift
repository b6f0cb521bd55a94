import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    @Suite struct Namespaces {
        @Test func newOnesDifferFromTheHosts() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.namespaces = [
                        .init(.pid), .init(.network), .init(.ipc), .init(.uts), .init(.mount), .init(.cgroup),
                    ]
                }
                for kind in ["pid", "net", "ipc", "uts", "mnt", "cgroup"] {
                    #expect(
                        try Files.link("/proc/\(pid)/ns/\(kind)") != Files.link("/proc/self/ns/\(kind)"),
                        "\(kind)")
                }
                for kind in ["user", "time"] {
                    #expect(
                        try Files.link("/proc/\(pid)/ns/\(kind)") == Files.link("/proc/self/ns/\(kind)"),
                        "\(kind)")
                }
                let inside = try host.ok("exec", host.id(), "cat", "/proc/self/cgroup").lines
                #expect(inside.allSatisfy { $0.hasSuffix(":/") }, "\(inside)")
                try host.delete()
            }
        }

        @Test func onesNotNamedAreTheHosts() throws {
            try withHost { host in
                let output = try host.run("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc") {
                    $0.linux?.namespaces = [.init(.pid), .init(.uts), .init(.mount)]
                    $0.mounts.removeAll {
                        ["/sys", "/dev/mqueue", "/sys/fs/cgroup"].contains($0.destination)
                    }
                }
                #expect(
                    output.lines == [
                        try Files.link("/proc/self/ns/net"), try Files.link("/proc/self/ns/ipc"),
                    ])
            }
        }

        @Test func aNewNetworkHasItsLoopbackUp() throws {
            try withHost { host in
                let output = try host.run(
                    "ip link show lo; ls /sys/class/net; ping -c 1 -W 1 127.0.0.1 > /dev/null && echo up"
                ) {
                    $0.process?.capabilities?.effective.append("CAP_NET_RAW")
                    $0.process?.capabilities?.permitted.append("CAP_NET_RAW")
                    $0.process?.capabilities?.bounding.append("CAP_NET_RAW")
                }
                #expect(output.out.contains("LOOPBACK,UP"))
                #expect(output.lines.contains("lo") && output.lines.last == "up", "\(output)")
            }
        }

        @Test func namesOfTheHost() throws {
            try withHost { host in
                let before = try Files.read("/proc/sys/kernel/hostname")
                let output = try host.run("hostname; cat /proc/sys/kernel/domainname") {
                    $0.hostname = "box"
                    $0.domainname = "example.org"
                }
                #expect(output.lines == ["box", "example.org"])
                #expect(try Files.read("/proc/sys/kernel/hostname") == before)
            }
        }

        @Test func joinsThoseOfAnother() throws {
            try withHost { host in
                let first = try host.background("sleep 60", name: "a") { $0.hostname = "first" }
                let second = try host.background("sleep 60", name: "b") {
                    $0.hostname = nil
                    $0.linux?.namespaces = [
                        .init(.network, path: "/proc/\(first)/ns/net"),
                        .init(.ipc, path: "/proc/\(first)/ns/ipc"),
                        .init(.uts, path: "/proc/\(first)/ns/uts"),
                        .init(.pid, path: "/proc/\(first)/ns/pid"),
                        .init(.mount),
                    ]
                }
                for kind in ["net", "ipc", "uts", "pid"] {
                    #expect(
                        try Files.link("/proc/\(second)/ns/\(kind)")
                            == Files.link("/proc/\(first)/ns/\(kind)"), "\(kind)")
                }
                #expect(try Files.link("/proc/\(second)/ns/mnt") != Files.link("/proc/\(first)/ns/mnt"))
                // The pod shares its processes, and its name.
                #expect(try host.ok("exec", host.id("b"), "hostname").out == "first\n")
                #expect(
                    try host.ok("exec", host.id("a"), "ps").out.split(separator: "\n").filter {
                        $0.contains("sleep 60")
                    }.count >= 2)
                try host.delete("b")
                #expect(try host.stateOf(host.id("a")).status == .running)
                try host.delete("a")
            }
        }

        @Test func joinsNetworkAlone() throws {
            try withHost { host in
                let first = try host.background(name: "a")
                let output = try host.run("readlink /proc/self/ns/net; echo $$", name: "b") {
                    $0.linux?.namespaces = [
                        .init(.pid), .init(.network, path: "/proc/\(first)/ns/net"), .init(.ipc), .init(.uts),
                        .init(.mount),
                    ]
                }
                #expect(output.lines == [try Files.link("/proc/\(first)/ns/net"), "1"])
                try host.delete("a")
            }
        }

        @Test func joinsAMountNamespace() throws {
            try withHost { host in
                let first = try host.background(name: "a")
                let output = try host.run("readlink /proc/self/ns/mnt; ls /bin/busybox", name: "b") {
                    $0.hostname = nil
                    $0.mounts = []
                    $0.linux?.maskedPaths = []
                    $0.linux?.readonlyPaths = []
                    $0.root?.readonly = false
                    $0.linux?.namespaces = [
                        .init(.pid, path: "/proc/\(first)/ns/pid"),
                        .init(.mount, path: "/proc/\(first)/ns/mnt"),
                    ]
                }
                #expect(
                    output.lines == [try Files.link("/proc/\(first)/ns/mnt"), "/bin/busybox"], "\(output)")
                #expect(output.err.isEmpty, "\(output)")
                let other = try host.run("true", name: "c") {
                    $0.hostname = nil
                    $0.linux?.namespaces = [.init(.mount, path: "/proc/\(first)/ns/mnt")]
                }
                #expect(other.err.contains("the mount namespace is joined as it is"), "\(other)")
                try host.delete("a")
            }
        }

        @Test func timeIsOffset() throws {
            try withHost { host in
                let output = try host.run("cut -d. -f1 /proc/uptime; readlink /proc/self/ns/time") {
                    $0.linux?.namespaces.append(.init(.time))
                    $0.linux?.timeOffsets = .init(
                        monotonic: .init(secs: 5000), boottime: .init(secs: 1_000_000))
                }
                let uptime = try #require(Int(output.lines.first ?? ""))
                let ours = try #require(Int(Files.read("/proc/uptime").split(separator: ".")[0]))
                #expect((ours + 999_990...ours + 1_000_010).contains(uptime))
                #expect(try output.lines.last != Files.link("/proc/self/ns/time"))
            }
        }

        /// Seen by a program of the host that enters, as busybox has none that shows this clock.
        @Test func theMonotonicClockIsOffset() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.namespaces.append(.init(.time))
                    $0.linux?.timeOffsets = .init(monotonic: .init(secs: 5000))
                }
                let clock = """
                    perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC \\
                        -e "print int clock_gettime(CLOCK_MONOTONIC)"
                    """
                let enter = "nsenter --time=/proc/\(pid)/ns/time"
                let ours = try #require(Int(try host.shell(clock)))
                let inside = try #require(Int(try host.shell("\(enter) \(clock)")))
                #expect((ours + 4990...ours + 5010).contains(inside))
                let offsets = try host.ok("exec", host.id(), "cat", "/proc/self/timens_offsets").lines
                #expect(
                    offsets.first?.split(separator: " ").prefix(2) == ["monotonic", "5000"], "\(offsets)")
                try host.delete()
            }
        }

        @Test func execJoinsATimeNamespace() throws {
            try withHost { host in
                let pid = try host.background {
                    $0.linux?.namespaces.append(.init(.time))
                    $0.linux?.timeOffsets = .init(boottime: .init(secs: 1_000_000))
                }
                let output = try host.ok("exec", host.id(), "readlink", "/proc/self/ns/time")
                #expect(output.lines == [try Files.link("/proc/\(pid)/ns/time")])
                try host.delete()
            }
        }

        @Test func userNamespace() throws {
            try withHost { host in
                let pid = try host.background("echo x > /tmp/mine; sleep 60") {
                    $0.linux?.namespaces.append(.init(.user))
                    $0.linux?.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                    $0.linux?.gidMappings = [.init(containerID: 0, hostID: 200_000, size: 65_536)]
                    $0.mounts.append(
                        .init(destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]))
                }
                #expect(try Files.link("/proc/\(pid)/ns/user") != Files.link("/proc/self/ns/user"))
                let status = try Files.read("/proc/\(pid)/status").split(separator: "\n").map(String.init)
                #expect(status.contains("Uid:\t100000\t100000\t100000\t100000"))
                #expect(status.contains("Gid:\t200000\t200000\t200000\t200000"))
                let inside = try host.ok(
                    "exec", host.id(), "sh", "-c",
                    "id -u; id -g; stat -c %u /tmp/mine /dev/mqueue; tr -s ' ' < /proc/self/uid_map; echo data > /dev/null && echo wrote; head -c 4 /dev/zero | wc -c"
                )
                #expect(inside.lines == ["0", "0", "0", "0", " 0 100000 65536", "wrote", "4"], "\(inside)")
                try host.delete()
            }
        }

        @Test func joinsAUserNamespaceWithItsNetwork() throws {
            try withHost { host in
                let map: [RuntimeSpec.IDMapping] = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                let first = try host.background(name: "a") {
                    $0.linux?.namespaces.append(.init(.user))
                    $0.linux?.uidMappings = map
                    $0.linux?.gidMappings = map
                }
                let second = try host.background(name: "b") {
                    $0.linux?.namespaces = [
                        .init(.pid), .init(.ipc), .init(.uts), .init(.mount),
                        .init(.network, path: "/proc/\(first)/ns/net"),
                        .init(.user, path: "/proc/\(first)/ns/user"),
                    ]
                }
                for kind in ["user", "net"] {
                    #expect(
                        try Files.link("/proc/\(second)/ns/\(kind)")
                            == Files.link("/proc/\(first)/ns/\(kind)"))
                }
                #expect(try host.ok("exec", host.id("b"), "id", "-u").out == "0\n")
                try host.delete("b")
                try host.delete("a")
            }
        }
    }
}
