import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    /// One shim for the containers of a pod.
    @Suite struct Pods {
        private static let show = """
            hostname; cat /proc/sys/kernel/domainname /proc/sys/kernel/shmmax
            cat /proc/sys/net/ipv4/ip_unprivileged_port_start
            for kind in net ipc uts; do readlink /proc/self/ns/$kind; done
            ip -o link show up
            """

        @Test func containersShareNamespaces() throws {
            try withShimHost { host in
                try host.definePod {
                    $0.hostname = "pod-host"
                    $0.domainname = "pod.example"
                    $0.sysctls = ["net.ipv4.ip_unprivileged_port_start": "7", "kernel.shmmax": "123456"]
                    $0.cgroup = "/" + host.id("shim")
                }
                var client = try host.launchPod()
                let shim = try client.podStatus().shim
                #expect(shim == host.lastShim)
                for name in ["a", "b"] { try host.run(Self.show + "; sleep 600", name: name, &client) }
                #expect(try eventually { try host.logged(name: "a").contains("LOOPBACK") })
                #expect(try eventually { try host.logged(name: "b").contains("LOOPBACK") })
                let seen = try host.logged(name: "a")
                #expect(seen.hasPrefix("pod-host\npod.example\n123456\n7\nnet:["))
                #expect(try host.logged(name: "b") == seen)

                // The shim itself stays where it was, but for its group.
                let own = try FileDescriptor.open("/proc/self/ns/net", O_RDONLY).status().st_ino
                #expect(try FileDescriptor.open("/proc/\(shim)/ns/net", O_RDONLY).status().st_ino == own)
                #expect(!seen.contains("net:[\(own)]"))
                let groups = try text(of: "/proc/\(shim)/cgroup").split(separator: "\n")
                #expect(groups.allSatisfy { $0.hasSuffix("/\(host.id("shim"))") })

                // Found by the id of each container, too.
                var other = try host.connect("b")
                #expect(try other.state(host.id("b")).phase == .running)
                let refused = try #require(throws: ShimError.self) { try client.shutdown() }
                #expect("\(refused)".hasSuffix("is not stopped"))
                for name in ["a", "b"] {
                    try client.delete(host.id(name), force: true, removeFolder: true)
                    #expect(throws: ShimError.self) { _ = try host.connect(name) }
                }
                try host.endPod(&client)
            }
        }

        @Test func namespacesOfAUserNamespace() throws {
            try withShimHost { host in
                try host.definePod([.user, .network, .ipc, .uts]) {
                    $0.hostname = "inside"
                    $0.sysctls = [
                        "net.ipv4.ip_unprivileged_port_start": "7", "kernel.shmmax": "123456",
                        "kernel.domainname": "pod.example",
                    ]
                    $0.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 65_536)]
                    $0.gidMappings = $0.uidMappings
                }
                var client = try host.launchPod()
                let pid = try host.run("id -u; " + Self.show + "; sleep 600", name: "a", &client)
                #expect(try eventually { try host.logged(name: "a").contains("LOOPBACK") })
                let seen = try host.logged(name: "a")
                #expect(seen.hasPrefix("0\ninside\npod.example\n123456\n7\nnet:["))
                #expect(try text(of: "/proc/\(pid)/status").contains("\nUid:\t100000\t"))
                try client.delete(host.id("a"), force: true, removeFolder: true)
                try host.endPod(&client)
            }
        }

        /// A network that was made before the pod is set up by the shim, and stays when the pod goes.
        @Test func networkOfSomebodyElse() throws {
            try withShimHost { host in
                let path = host.folder + "/net"
                let network = PinnedNamespaces([.init(.network, path: path)])
                try network.make()
                try host.definePod([.uts]) {
                    $0.namespaces.append(PodNamespace(.network, path: path, isMade: false))
                    $0.sysctls = ["net.ipv4.ip_unprivileged_port_start": "7"]
                }
                var client = try host.launchPod()
                try host.run(
                    "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; readlink /proc/self/ns/net; sleep 600",
                    name: "a", &client)
                let number = try FileDescriptor.open(path, O_RDONLY).status().st_ino
                #expect(try eventually { try host.logged(name: "a") == "7\nnet:[\(number)]\n" })
                try client.delete(host.id("a"), force: true, removeFolder: true)
                try host.endPod(&client)
                #expect(try FileDescriptor.open(path, O_RDONLY).status().st_ino == number)
                try PinnedNamespaces.remove(path)
            }
        }

        @Test(arguments: [false, true])
        func sharedProcesses(inUserNamespace: Bool) throws {
            try withShimHost { host in
                try host.definePodWithInit([.network, .ipc, .uts] + (inUserNamespace ? [.user] : [])) {
                    if !inUserNamespace { return }
                    $0.uidMappings = [.init(containerID: 0, hostID: 100_000, size: 5000)]
                    $0.gidMappings = $0.uidMappings
                }
                var client = try host.launchPod()
                let initProcess = try #require(try client.podStatus().initProcess)
                let status = try text(of: "/proc/\(initProcess)/status")
                let uid = inUserNamespace ? 104_999 : 65_535
                #expect(status.contains("\nUid:\t\(uid)\t\(uid)\t") && status.contains("\nGid:\t\(uid)\t"))
                #expect(status.contains("\nCapEff:\t0000000000000000\n"))
                #expect(status.contains("\nNoNewPrivs:\t1\n"))
                #expect(eventually { names(in: "/proc/\(initProcess)/fd").isEmpty })

                let first = try host.run("sleep 54321", name: "a", &client)
                try host.run(
                    "tr '\\0' ' ' < /proc/1/cmdline; echo; ps -o args; (sleep 0.1 &) ; sleep 600", name: "b",
                    &client)
                #expect(try eventually { try host.logged(name: "b").contains("ps -o args") })
                let seen = try host.logged(name: "b")
                #expect(seen.hasPrefix("/swiftlet-init --pause \n"))
                #expect(seen.contains("\nsleep 54321\n") || seen.contains("sh -c sleep 54321\n"))
                // An orphan comes to the init, which reaps it.
                usleep(300_000)
                #expect(try text(of: "/proc/\(initProcess)/task/\(initProcess)/children").isEmpty)

                var watcher = try host.connect("p")
                try watcher.subscribe()
                kill(initProcess, SIGTERM)
                #expect(try client.wait(host.id("a")).exitCode == 137)
                #expect(try client.wait(host.id("b")).exitCode == 137)
                var events: [ShimEvent] = []
                while let delivery = try watcher.receive(milliseconds: 200) {
                    if case .event(let event) = delivery.message { events.append(event) }
                }
                let ended = try #require(events.first { $0.kind == .initExited })
                #expect(ended.container == host.id("p") && ended.exitCode == 0)
                #expect(events.filter { $0.kind == .exited }.count == 2)
                #expect(try client.podStatus().initProcess == nil)
                #expect(try ProcessIdentity.of(first) == nil)
                for name in ["a", "b"] {
                    try client.delete(host.id(name), force: false, removeFolder: true)
                }
                try host.endPod(&client)
            }
        }

        @Test func definitionComesBack() throws {
            let pod = PodSupervision(
                id: "a", namespaces: [.init(.network, path: "/n", isMade: false), .init(.user, path: "/u")],
                hostname: "h", domainname: "d", sysctls: ["net.a": "1"],
                uidMappings: [.init(containerID: 0, hostID: 1, size: 2)],
                gidMappings: [.init(containerID: 3, hostID: 4, size: 5)], cgroup: "/g", sharedPID: "/b")
            #expect(try PodSupervision(json: pod.json()) == pod)
        }

        /// Nothing that a daemon has set for itself reaches containers.
        @Test func inheritsNothingOfItsStarter() throws {
            try withShimHost { host in
                try host.definePod([])
                let ready = host.folder + "/ready"
                let script = """
                    ulimit -S -n 100; ulimit -S -c 0; umask 077; trap '' TERM QUIT
                    echo 300 > /proc/self/oom_score_adj
                    nice -n 5 \(ShimHost.program) --state \(host.state) --pod \(host.pod()) --id \(host.id("p")) \
                      --ready-fd 1 </dev/null >\(ready) 2>&1 &
                    """
                let (outcome, output) = try Command(
                    path: "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin"]
                ).run()
                #expect(outcome == .ended(.exited(0)), "\(String(decoding: output, as: UTF8.self))")
                // The shell makes the file.
                #expect(eventually { (try? text(of: ready)) == "ok\n" })
                var client = try host.connect("p")
                try host.run(
                    """
                    ulimit -S -n; umask; cut -d' ' -f19 /proc/self/stat; grep SigIgn /proc/self/status; cat /proc/self/oom_score_adj
                    sleep 600
                    """, name: "a", &client
                ) { spec, _ in spec.process?.rlimits = [] }
                try #require(try eventually { try host.logged(name: "a").split(separator: "\n").count == 5 })
                let lines = try host.logged(name: "a").split(separator: "\n")
                #expect(lines[0] == "1024" && lines[1] == "0022" && lines[2] == "0")
                #expect(lines[3] == "SigIgn:\t0000000000000000")
                // Lowering it needs a right that the tests may lack.
                #expect(lines[4] == "0" || lines[4] == "300")
                try client.delete(host.id("a"), force: true, removeFolder: true)
                let shim = try client.podStatus().shim
                try client.shutdown()
                #expect(try eventually { try ProcessIdentity.of(shim) == nil })
            }
        }

        /// What one more container costs the shim.
        @Test func furtherContainersCostLittle() throws {
            try withShimHost { host in
                try host.definePod([.uts])
                var client = try host.launchPod()
                let shim = try client.podStatus().shim
                func dirty() throws -> Int {
                    // It gives memory back when it has been idle for a moment.
                    usleep(800_000)
                    let line = try #require(
                        try text(of: "/proc/\(shim)/smaps_rollup").split(separator: "\n")
                            .first { $0.hasPrefix("Private_Dirty:") })
                    return try #require(Int(line.split(separator: " ")[1]))
                }
                try host.run("sleep 600", name: "c0", &client)
                let one = try dirty()
                for number in 1...8 { try host.run("sleep 600", name: "c\(number)", &client) }
                let nine = try dirty()
                let null = try FileDescriptor.open("/dev/null", O_RDWR)
                var process = RuntimeSpec.example().process!
                process.terminal = false
                process.capabilities?.ambient = []
                process.args = ["true"]
                for _ in 0..<100 {
                    let number = try client.exec(
                        host.id("c0"), process: process.json(), stdin: null.raw, stdout: null.raw,
                        stderr: null.raw
                    ).number
                    #expect(try client.wait(host.id("c0"), exec: number).exitCode == 0)
                }
                let worn = try dirty()
                #expect(one <= 256 && worn <= 256)
                #expect(nine - worn <= 8 * 32)
                for number in 0...8 {
                    try client.delete(host.id("c\(number)"), force: true, removeFolder: true)
                }
                try host.endPod(&client)
            }
        }
    }
}
