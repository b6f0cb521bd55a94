import CLinux
import Glibc
import LinuxKernel
import Testing

/// The built-in network as `swiftlet run` gives it.
@Suite struct NetworkTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    /// An HTTP server, and what a client on the host hears of it.
    private let server = ["busybox", "sh", "-c", "echo hello > index.html && httpd -f -p 80"]

    private func fetch(_ address: String, _ port: String) throws -> String {
        try host.shell(
            """
            for try in 1 2 3 4 5 6 7 8 9 10; do
              exec 3<>/dev/tcp/\(address)/\(port) && break; sleep 0.1
            done
            printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' >&3; tail -n1 <&3
            """, with: "/bin/bash"
        ).line
    }

    @Test func aServerWithAPort() throws {
        let started = try host.run(["run", "-d", "--name", "web", "-p", "8080:80"] + server)
        #expect(started.code == 0, "\(started.error)")
        #expect(try fetch("127.0.0.1", "8080") == "hello")
        #expect(try host.check("ps").output.contains("0.0.0.0:8080->80/tcp"))
        #expect(try host.check("port", "web").lines.contains("80/tcp -> 0.0.0.0:8080"))
        #expect(try host.check("port", "web", "80").lines.contains("0.0.0.0:8080"))
        #expect(try host.checkFails(1, "port", "web", "80/udp").contains("has no port 80/udp"))
        let address = try host.inspect("web", "NetworkSettings", "IPAddress")
        #expect(try fetch(address, "80") == "hello")
        // Another container reaches it, and knows itself by name.
        #expect(
            try host.check(
                "run", "--rm", "busybox", "wget", "-q", "-O", "-", "http://\(address)/index.html"
            ).line == "hello")
        let own = try host.check(
            "run", "--rm", "--hostname", "box", "--add-host", "outside:host-gateway", "busybox", "sh", "-c",
            "grep -w box /etc/hosts; grep -w outside /etc/hosts; ip -o -4 addr show dev eth0; ip route")
        #expect(own.lines[0].hasSuffix("\tbox\t# own"))
        #expect(own.lines[1] == "169.254.1.1\toutside")
        #expect(own.lines[2].contains(own.lines[0].split(separator: "\t")[0]))
        #expect(own.lines[3].hasPrefix("default via 169.254.1.1 dev eth0"))
        // A port is one container's.
        let clash = try host.checkFails(125, "run", "--rm", "-p", "8080:80", "busybox", "true")
        #expect(clash.contains("host port 8080/tcp is in use by container"))
        // Stopped, it has none; started, it has one again.
        try host.check("stop", "-t", "0", "web")
        #expect(try !host.check("ps", "-a").output.contains("8080"))
        #expect(try host.check("port", "web").output == "")
        try host.check("run", "--rm", "-p", "8080:80", "busybox", "true")
        try host.check("start", "web")
        #expect(try fetch("127.0.0.1", "8080") == "hello")
        try host.check("rm", "-f", "web")
        #expect(try host.shell("nft list ruleset").output.contains(" : 10.88") == false)
    }

    private func namespace(of name: String) throws -> String {
        let path = "/proc/\(try host.pid(of: name))/ns/net"
        var buffer = [CChar](repeating: 0, count: 64)
        let count = try check("read link", path) { readlink(path, &buffer, buffer.count) }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func inAnothersNetwork() throws {
        let started = try host.run(["run", "-d", "--name", "web", "-h", "box", "-p", "8080:80"] + server)
        try #require(started.code == 0, "\(started.error)")
        #expect(try fetch("127.0.0.1", "8080") == "hello")
        let (id, address) = try (host.id(of: "web"), host.inspect("web", "NetworkSettings", "IPAddress"))
        let script = """
            hostname; grep -cw box /etc/hosts; wget -q -O - http://127.0.0.1/index.html
            ip -o -4 addr show dev eth0
            """
        for word in ["web", id, String(id.prefix(12))] {
            let seen = try host.check(
                "run", "--rm", "--network", "container:\(word)", "busybox", "sh", "-c", script
            ).lines
            #expect(seen.prefix(3) == ["box", "1", "hello"], "\(word): \(seen)")
            #expect(seen.last?.contains(" \(address)") == true, "\(word): \(seen)")
        }
        try host.check(
            "run", "-d", "--name", "beside", "--net", "container:web", "busybox", "sleep", "1000")
        #expect(try namespace(of: "beside") == namespace(of: "web"))
        // The files are the other one's own.
        try host.check("exec", "beside", "sh", "-c", "echo 192.0.2.1 written >> /etc/hosts")
        #expect(
            try host.check("exec", "web", "grep", "-w", "written", "/etc/hosts").line == "192.0.2.1 written")
        #expect(try host.inspect("beside", "HostConfig", "NetworkMode") == "container:\(id)")
        for file in ["HostsPath", "HostnamePath", "ResolvConfPath"] {
            #expect(try host.inspect("beside", file) == host.inspect("web", file))
        }
        #expect(try host.inspect("beside", "Config", "Hostname") == "box")
        #expect(try host.inspect("beside", "NetworkSettings", "IPAddress") == "")
        #expect(try host.check("ps", "--format", "{{.Names}}:{{.Networks}}.").lines.contains("beside:."))
        // Of one that shares it itself, it is the same.
        #expect(
            try host.check(
                "run", "--rm", "--network", "container:beside", "busybox", "grep", "-cw", "box", "/etc/hosts"
            )
            .line == "1")
        let port = try host.checkFails(125, "run", "--network", "container:web", "-p", "80:80", "busybox")
        #expect(port.contains("--publish and --network container:web exclude each other"))
    }

    /// As with docker: what runs stays in the namespace that it has, what starts has that of now.
    @Test func anothersNetworkComesAndGoes() throws {
        try host.check("create", "--name", "web", "busybox", "sleep", "1000")
        try host.check("create", "--name", "beside", "--network", "container:web", "busybox", "sleep", "1000")
        let (web, beside) = try (host.id(of: "web"), host.id(of: "beside"))
        let notRunning = "cannot join the network of container \(web.prefix(12)): it is not running"
        #expect(try host.checkFails(1, "start", "beside").contains(notRunning))
        #expect(
            try host.checkFails(125, "run", "--rm", "--network", "container:web", "busybox", "true")
                .contains(notRunning))
        try host.check("start", "web", "beside")
        #expect(try namespace(of: "beside") == namespace(of: "web"))
        try host.check("restart", "-t", "0", "web")
        #expect(try namespace(of: "beside") != namespace(of: "web"))
        try host.check("restart", "-t", "0", "beside")
        #expect(try namespace(of: "beside") == namespace(of: "web"))
        try host.check("rm", "-f", "web")
        #expect(try host.inspect("beside", "State", "Status") == "running")
        try host.check("stop", "-t", "0", "beside")
        #expect(access(host.root + "/default/containers/\(beside)/network-namespace", F_OK) != 0)
        #expect(try host.checkFails(1, "start", "beside").contains("it is not there any more"))
        #expect(
            try host.checkFails(125, "run", "--network", "container:web", "busybox").contains(
                "no such container: web"))
    }

    @Test func aRestartedContainerHasItsPortAgain() throws {
        _ = try host.run(
            [
                "run", "-d", "--name", "web", "--restart", "always", "-p", "8081:80", "busybox", "sh", "-c",
                "echo hello > index.html; httpd -p 80; sleep 1",
            ])
        for _ in 0..<3 {
            #expect(try fetch("127.0.0.1", "8081") == "hello")
            usleep(700_000)
        }
    }

    /// Whatever the shim, the clone that it works with, or this program is killed in the middle of.
    @Test(arguments: 0..<24) func killedAtAnyMoment(round: Int) throws {
        let program = try host.start(
            ["run", "--name", "c", "-p", "8080:80", "busybox", "sleep", "100"])
        usleep(UInt32(round) * 1500)
        kill(program.pid, SIGKILL)
        // It may just have started a shim, or that a clone, which comes a moment later on a busy machine.
        for _ in 0..<10 {
            for pid in try host.processes() { kill(pid, SIGKILL) }
            usleep(5000)
        }
        _ = try program.finish()
        // The next command has what they had.
        let again = try host.run([
            "run", "--rm", "--name", "next", "-p", "8080:80", "busybox", "echo", "fine",
        ])
        #expect(again.line == "fine", "\(again.error)")
        _ = try host.run(["rm", "-f", "c"])
        // `Host` looks for what is left when it goes.
    }

    @Test func withoutTheRight() throws {
        let script = "exec capsh --drop=cap_net_admin -- -c '\"'\"$0\"'\" run --rm busybox true'"
        let result = try host.inNetwork {
            try Program(
                "/bin/sh", ["-c", script, Host.builtProgram("swiftlet")], environment: host.environment)
        }.finish()
        #expect(result.code == 125)
        #expect(
            result.error.contains("CAP_NET_ADMIN") && result.error.contains("--network none"),
            "\(result.error)")
        #expect(result.error.split(separator: "\n").count == 1)
    }

    @Test func whatDoctorSays() throws {
        try host.shell(
            "nft add table ip filter; nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'"
        )
        let result = try host.run(["doctor"])
        #expect(
            result.output.contains("ip filter FORWARD")
                && result.output.contains("iptables -I FORWARD -i sw+"))
    }

    @Test func manyAtOnce() throws {
        let programs = try (0..<12).map { number in
            try host.start(["run", "-d", "--name", "c\(number)", "-p", "80", "busybox", "sleep", "1000"])
        }
        for program in programs {
            let result = try program.finish()
            #expect(result.code == 0, "\(result.error)")
        }
        let addresses = try (0..<12).map { try host.inspect("c\($0)", "NetworkSettings", "IPAddress") }
        #expect(Set(addresses).count == 12 && !addresses.contains(""))
    }
}
