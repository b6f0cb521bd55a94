import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    /// Pods whose shims are lost or ended, and definitions that make no sense.
    @Suite struct PodFaults {
        /// Containers go on without the shim; the engine ends and removes them.
        @Test func lostShim() throws {
            try withShimHost { host in
                try host.definePodWithInit([.network, .ipc, .uts]) { $0.cgroup = "/" + host.id("shim") }
                var client = try host.launchPod()
                let initProcess = try #require(try client.podStatus().initProcess)
                let first = try #require(
                    try ProcessIdentity.of(try host.run("sleep 600", name: "a", &client)))
                let busy = try #require(throws: ShimFailure.self) { try host.cleanPod() }
                #expect("\(busy)" == "pod in \(host.pod()) is in use by another process")
                kill(host.lastShim, SIGKILL)
                #expect(host.shimEnds())
                #expect(try first.isAlive)
                #expect(try host.status("a").error == "Unknown")
                try host.cleanPod()
                #expect(try !first.isAlive && ProcessIdentity.of(initProcess) == nil)
                #expect(try host.status("a").exitCode == 255)
                #expect(names(in: host.pod() + "/ns").isEmpty)
                try host.cleanPod()
            }
        }

        /// A new shim takes away what the lost one has left.
        @Test func lostShimThenLaunchedAgain() throws {
            try withShimHost { host in
                try host.definePodWithInit([.network, .uts])
                var client = try host.launchPod()
                let before = try #require(try client.podStatus().initProcess)
                try host.run("sleep 600", name: "a", &client)
                kill(host.lastShim, SIGKILL)
                #expect(host.shimEnds())
                var second = try host.launchPod()
                #expect(try second.podStatus().initProcess != before)
                #expect(try ProcessIdentity.of(before) == nil)
                #expect(try host.status("a").phase == .exited)
                try host.endPod(&second)
            }
        }

        /// Who only looks at a container does not keep the shim from taking it.
        @Test func aContainerThatIsLookedAtIsTaken() throws {
            try withShimHost { host in
                try host.definePod()
                var client = try host.launchPod()
                try host.define(script: "sleep 600", name: "a")
                var isTaken = false
                // On a busy machine the look may last longer than the shim waits.
                for _ in 0..<5 where !isTaken {
                    let look = try lookAtContainer(in: host.container("a"))
                    defer { pclose(look) }
                    do {
                        _ = try client.create(host.id("a"), folder: host.container("a"))
                        isTaken = true
                    } catch let error as ShimError {
                        #expect("\(error)".hasSuffix("in use by another process"))
                    }
                }
                try #require(isTaken)
                try client.delete(host.id("a"), force: true, removeFolder: true)
                try host.endPod(&client)
            }
        }

        /// Whatever the shim and its clones were at.
        @Test func shimKilledAtAnyMoment() throws {
            try withShimHost { host in
                try host.definePodWithInit([.network, .ipc, .uts])
                for delay in 0..<30 {
                    let script = """
                        \(ShimHost.program) --state \(host.state) --pod \(host.pod()) --id \(host.id("p")) &
                        pid=$!; sleep 0.0\(delay < 10 ? "0" : "")\(delay); kill -9 $pid; wait
                        """
                    let (outcome, _) = try Command(
                        path: "/bin/sh", arguments: ["sh", "-c", script],
                        environment: ["PATH=/usr/bin:/bin"]
                    ).run()
                    #expect(outcome == .ended(.exited(0)))
                    try host.cleanPod()
                    #expect(names(in: host.pod() + "/ns").isEmpty, "killed after \(delay) ms")
                    #expect(names(in: host.state + "/oci").filter { !$0.hasPrefix(".") }.isEmpty)
                    #expect(names(in: host.state) == ["oci"] || names(in: host.state).isEmpty)
                }
            }
        }

        /// An engine that had no answer removes by itself what has ended; the shim forgets it when it comes to that.
        @Test func containerThatOthersHaveRemoved() throws {
            try withShimHost { host in
                try host.definePod()
                var client = try host.launchPod()
                try host.run("true", name: "a", &client)
                _ = try client.wait(host.id("a"))
                try removeTree(host.container("a"))
                try client.delete(host.id("a"), force: true, removeFolder: false)
                let error = try #require(throws: ShimError.self) { _ = try client.state(host.id("a")) }
                #expect("\(error)".contains("has no container"))
                try host.endPod(&client)
            }
        }

        @Test func terminatedShimRemovesItsPod() throws {
            try withShimHost { host in
                try host.definePodWithInit([.ipc])
                var client = try host.launchPod()
                try host.run("trap 'exit 9' TERM; echo ready; sleep 600 & wait", name: "a", &client)
                #expect(try eventually { try host.logged(name: "a") == "ready\n" })
                kill(host.lastShim, SIGTERM)
                #expect(host.shimEnds())
                #expect(try host.status("a").exitCode == 9)
                #expect(names(in: host.pod() + "/ns").isEmpty)
            }
        }

        @Test func onlyOneShimForAPod() throws {
            try withShimHost { host in
                try host.definePod([.uts])
                var client = try host.launchPod()
                let error = try #require(throws: ShimError.self) { _ = try host.launchPod() }
                #expect(
                    "\(error)" == "start swiftlet-shim: pod \(host.id("p")) is in use by another process")
                try host.endPod(&client)
            }
        }

        @Test(arguments: [
            (#""namespaces":[{"kind":"pid","path":"/x"}]"#, "unknown namespace kind"),
            (#""namespaces":[{"kind":"ipc","path":"x"}]"#, "namespaces[0].path: must be an absolute path"),
            (#""namespaces":[{"kind":"ipc","path":"/a/../b"}]"#, "namespaces[0].path: must be"),
            (
                #""namespaces":[{"kind":"ipc","path":"/a"},{"kind":"ipc","path":"/b"}]"#,
                "namespaces[1].kind: ipc is given twice"
            ),
            (
                #""namespaces":[{"kind":"ipc","path":"/a","made":false}]"#,
                "namespaces[0].made: only a network"
            ),
            (#""hostname":"x""#, "hostname: needs a uts namespace"),
            (#""sysctls":{"net.core.somaxconn":"1"}"#, "the pod has no network namespace"),
            (#""sysctls":{"vm.overcommit_memory":"1"}"#, "it belongs to no namespace"),
            (#""sysctls":{"net/../../x":"1"}"#, "is not the name of a kernel parameter"),
            (
                #""namespaces":[{"kind":"user","path":"PIN"}]"#,
                "uidMappings: missing: a new user namespace needs it"
            ),
            (
                #""namespaces":[{"kind":"network","path":"PIN"}],"sysctls":{"net.nothing.here":"1"}"#,
                "sysctls net.nothing.here = 1: no such file or directory"
            ),
            (
                #""namespaces":[{"kind":"network","path":"/nowhere","made":false}],"sysctls":{"net.core.somaxconn":"1"}"#,
                "open /nowhere: no such file or directory"
            ),
            (#""namespaces":[{"kind":"uts","path":"PIN"}],"sharedPID":"/nowhere""#, "open bundle /nowhere"),
            (#""cgroup":"/../x""#, "cgroup: must not contain .."),
            (#""namespaces":[{"kind":"ipc","path":"/proc/version"}]"#, "/proc/version"),
        ])
        func badDefinitionIsOneLine(members: String, reason: String) throws {
            try withShimHost { host in
                try makeFolder(host.pod())
                let members = members.split(separator: "PIN", omittingEmptySubsequences: false)
                    .joined(separator: host.pin(.uts))
                try write(#"{"id":"\#(host.id("p"))",\#(members)}"#, to: host.pod() + "/pod.json")
                let error = try #require(throws: ShimError.self) { _ = try host.launchPod() }
                #expect("\(error)".contains(reason) && !"\(error)".contains("\n"), "\(error)")
                #expect(names(in: host.pod() + "/ns").isEmpty)
                // A definition that nobody can read is nothing to clean up by.
                unlink(host.pod() + "/pod.json")
            }
        }

        @Test func definitionOfAnotherPodIsRefused() throws {
            try withShimHost { host in
                try host.definePod([]) { $0.id = "other" }
                let error = try #require(throws: ShimError.self) { _ = try host.launchPod() }
                #expect("\(error)".hasSuffix("pod.json is that of pod \"other\""))
            }
        }
    }
}
