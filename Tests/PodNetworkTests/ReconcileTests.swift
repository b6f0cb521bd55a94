import CLinux
import Glibc
import LinuxKernel
import OCISpec
import PodNetwork
import Testing

/// What crashes leave, and who clears it.
@Suite struct ReconcileTests {
    /// A process that has ended.
    private func endedProcess() throws -> ProcessIdentity {
        var pid: pid_t = 0
        let error = withCStrings(["sleep", "100"]) { argv in
            withCStrings([]) { envp in posix_spawn(&pid, "/bin/sleep", nil, nil, argv, envp) }
        }
        try #require(error == 0)
        let identity = try #require(try ProcessIdentity.of(pid))
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        return identity
    }

    @Test func endedOwnersAndStrangersGo() throws {
        let host = try TestHost(TestHost.dualStack)
        try host.attach("lost", ports: [.tcp(8080, 80)], owner: try endedProcess())
        let kept = try host.attach("kept", ports: [.tcp(8081, 80)], owner: try ProcessIdentity.current())
        try host.attach("unknown")
        let gone = try host.inHost { try host.network.reconcile { $0 != "unknown" } }
        // What was lost went when somebody else asked for a port.
        #expect(gone == ["unknown"])
        try host.inHost { try host.network.check("kept") }
        let server = try Server(host, in: kept.namespace, port: 80)
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8081)
        _ = consume server
        try host.detach("kept")
        let left = try host.leaks()
        #expect(left == [])
    }

    @Test func aPortOfAnEndedOwnerIsFree() throws {
        let host = try TestHost()
        try host.attach("lost", ports: [.tcp(8080, 80)], owner: try endedProcess())
        let pod = try host.attach("new", ports: [.tcp(8080, 80)])
        let server = try Server(host, in: pod.namespace, port: 80)
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080)
        #expect(host.names(host.folder + "/state/pods") == ["new.json"])
    }

    @Test func addressesOfEndedOwnersAreFreeWhenAllAreTaken() throws {
        let host = try TestHost(NetworkSettings(range4: IPPrefix("10.88.0.0/30")))
        try host.attach("lost", owner: try endedProcess())
        try host.attach("kept")
        #expect(try host.attach("new").addresses[0].description == "10.88.0.1")
    }

    @Test func anEarlierBootCountsForNothing() throws {
        let host = try TestHost()
        try host.attach("old", ports: [.tcp(8080, 80)])
        let path = host.folder + "/state/pods/old.json"
        let text = String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
        let bootID = try BootID.current()
        let start = try #require(text.utf8.firstRange(of: Array(bootID.utf8)[...]))
        let changed = String(text[..<start.lowerBound]) + "another" + String(text[start.upperBound...])
        try FileDescriptor.open(path, O_WRONLY | O_TRUNC).writeAll(changed)
        #expect(try host.inHost { try host.network.reconcile() } == ["old"])
        let left = try host.leaks()
        #expect(left == [])
    }

    /// Every state that a maker can be killed in: its record is written first, and what it describes is there in
    /// part or not at all.
    @Test(arguments: 0...4) func aMakerWasKilled(after steps: Int) throws {
        let host = try TestHost(TestHost.dualStack)
        let pod = try host.attach("a", ports: [.tcp(8080, 80)])
        if steps < 4 {
            try host.shell(host.host, "for m in any4 any6; do nft flush map inet \(try host.table) $m; done")
        }
        if steps < 3 { try host.shell(host.host, "ip route del \(pod.addresses[0])") }
        if steps < 2 { try host.shell(host.host, "ip link del \(pod.hostInterface)") }
        if steps < 1 { umount2(pod.namespace, 0) }
        if steps < 4 { #expect(message { try host.inHost { try host.network.check("a") } } != "") }
        // The same pod again: whole.
        let again = try host.attach("a", ports: [.tcp(8080, 80)])
        let server = try Server(host, in: again.namespace, port: 80)
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080)
        // A socket keeps its namespace, and so the devices.
        _ = consume server
        // And once more broken, and given up.
        if steps < 2 { try host.shell(host.host, "ip link del \(again.hostInterface)") }
        if steps < 1 { umount2(again.namespace, 0) }
        try host.detach("a")
        let left = try host.leaks()
        #expect(left == [])
    }

    @Test func linksWithoutRecordsCountForNothing() throws {
        let host = try TestHost(NetworkSettings(range4: IPPrefix("10.88.0.0/30")))
        try host.attach("a")
        try #require(symlink("killed", host.folder + "/state/addresses/10.88.0.2") == 0)
        #expect(try host.attach("b").addresses[0].description == "10.88.0.2")
        try host.detach("a")
        try #require(symlink("killed", host.folder + "/state/addresses/10.88.0.1") == 0)
        _ = try host.inHost { try host.network.reconcile() }
        #expect(host.names(host.folder + "/state/addresses") == ["10.88.0.2"])
    }

    @Test func aFlushedRulesetComesBack() throws {
        let host = try TestHost(TestHost.dualStack)
        let pod = try host.attach("a", ports: [.tcp(8080, 80)])
        let server = try Server(host, in: pod.namespace, port: 80)
        try host.shell(host.host, "nft flush ruleset")
        #expect(message { try host.inHost { try host.network.check("a") } }.contains("ruleset flushed"))
        #expect(try host.inHost { try host.network.reconcile() } == [])
        try host.inHost { try host.network.check("a") }
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080)
        // The next pod notices, too.
        try host.shell(host.host, "nft flush ruleset")
        try host.attach("b")
        try host.inHost { try host.network.check("a") }
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080)
    }

    @Test func hostsFiles() throws {
        let host = try TestHost(TestHost.dualStack)
        let path = host.folder + "/hosts"
        try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644).writeAll("127.0.0.1\tlocalhost")
        var pod = host.pod("a")
        pod.hostsFile = path
        pod.hostNames = ["box.example", "box"]
        for address in 1...2 {
            _ = try host.inHost { try host.network.attach(pod) }
            let text = String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
            #expect(
                text == """
                    127.0.0.1\tlocalhost
                    10.88.0.\(address)\tbox.example box\t# own
                    fd00:88::\(address)\tbox.example box\t# own

                    """)
        }
    }
}
