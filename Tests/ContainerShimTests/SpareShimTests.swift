import ContainerShim
import Dispatch
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    /// Shims that are started before there is a pod for them.
    @Suite struct Spares {
        private func arguments(of pid: Int32) throws -> [String] {
            try text(of: "/proc/\(pid)/cmdline").split(separator: "\0").map { String($0) }
        }

        @Test func theFirstPodIsItsOwn() throws {
            try withShimHost { host in
                let spare = try host.beginSpare()
                #expect(try arguments(of: spare.pid).last == "--spare")
                // It waits for the pod's definition, too, and keeps nobody from anything.
                #expect(names(in: host.folder + "/pods").isEmpty)
                #expect(access(host.state, F_OK) != 0)
                try host.definePodWithInit([.network, .ipc, .uts]) { $0.cgroup = "/" + host.id("shim") }
                var client = try host.launchPod(with: spare)
                #expect(spare.begin() == nil, "it has its pod")
                let arguments = try arguments(of: host.lastShim)
                #expect(arguments.contains(host.id("p")) && !arguments.contains("--spare"))
                try host.run("sleep 600", name: "a", &client)
                #expect(try client.podStatus().shim == host.lastShim)
                _ = try client.stop(host.id("a"), timeout: 0)
                try host.endPod(&client)
            }
        }

        /// It has gone there, as another process, before anybody waits for it, and takes the group away as any shim.
        @Test func waitsInTheGroupOfItsPod() throws {
            try withShimHost { host in
                let group = "/" + host.id("shim")
                let spare = try host.beginSpare(cgroup: group)
                let groups = try text(of: "/proc/\(spare.pid)/cgroup").split(separator: "\n")
                #expect(groups.allSatisfy { $0.hasSuffix(group) }, "\(groups)")
                #expect(try arguments(of: spare.pid).last == "--spare")
                try host.definePod([.uts]) { $0.cgroup = group }
                var client = try host.launchPod(with: spare)
                #expect(host.lastShim == spare.pid)
                try host.endPod(&client)
            }
        }

        /// Its engine was told of another one meanwhile.
        @Test func goesToAnotherGroup() throws {
            try withShimHost { host in
                let spare = try host.beginSpare(cgroup: "/" + host.id("one"))
                try host.definePod([.uts]) { $0.cgroup = "/" + host.id("two") }
                var client = try host.launchPod(with: spare)
                let groups = try text(of: "/proc/\(host.lastShim)/cgroup").split(separator: "\n")
                #expect(groups.allSatisfy { $0.hasSuffix(host.id("two")) }, "\(groups)")
                try host.endPod(&client)
            }
        }

        /// What is wrong with its pod is said as by any shim.
        @Test func aPodThatCannotBe() throws {
            try withShimHost { host in
                let spare = try host.beginSpare()
                let error = try #require(throws: ShimError.self) { _ = try host.launchPod(with: spare) }
                #expect(
                    "\(error)"
                        == "start swiftlet-shim: open \(host.pod())/lock: no such file or directory")
                #expect(waitpid(spare.pid, nil, WNOHANG) == -1, "it was reaped")
            }
        }

        @Test func endsWhenNobodyWantsIt() throws {
            try withShimHost { host in
                var spare: SpareShim? = try host.beginSpare()
                let pid = try #require(spare).pid
                spare = nil
                #expect(kill(pid, 0) != 0 && errno == ESRCH)
            }
        }

        @Test func oneThatWasKilledIsReplaced() throws {
            try withShimHost { host in
                try host.definePod([.uts])
                let spare = try host.beginSpare()
                kill(spare.pid, SIGKILL)
                // Until it is a zombie its end of the line may be open.
                #expect(try eventually { try text(of: "/proc/\(spare.pid)/stat").contains(") Z ") })
                #expect(spare.begin() == nil)
                #expect(waitpid(spare.pid, nil, WNOHANG) == -1, "it was reaped")
                var client = try host.launchPod()
                try host.endPod(&client)
            }
        }

        /// It has its order, and does not come to it.
        @Test func oneThatIsKilledWithItsOrderIsReplaced() throws {
            try withShimHost { host in
                try host.definePod([.uts])
                let spare = try host.beginSpare()
                kill(spare.pid, SIGSTOP)
                var client = try host.launchPod(with: spare) { _ = kill(spare.pid, SIGKILL) }
                #expect(host.lastShim != spare.pid)
                #expect(try client.podStatus().shim == host.lastShim)
                #expect(waitpid(spare.pid, nil, WNOHANG) == -1, "it was reaped")
                try host.endPod(&client)
            }
        }

        /// It takes no order, and has begun nothing.
        @Test func oneThatStandsStillIsReplacedSoon() throws {
            try withShimHost { host in
                try host.definePodWithInit([.uts]) { $0.cgroup = "/" + host.id("shim") }
                let spare = try host.beginSpare()
                kill(spare.pid, SIGSTOP)
                let before = monotonicMilliseconds()
                var client = try host.launchPod(with: spare)
                let time = monotonicMilliseconds() - before
                #expect(time < 60_000, "\(time)")
                #expect(try client.podStatus().shim == host.lastShim)
                #expect(waitpid(spare.pid, nil, WNOHANG) == -1, "it was reaped")
                try host.endPod(&client)
            }
        }

        /// It has its order, and what is in it takes its time.
        @Test func oneThatIsSlowKeepsItsPod() throws {
            try withShimHost { host in
                try host.definePod([.uts])
                let (path, kept) = (host.pod() + "/pod.json", host.pod() + "/pod.json.kept")
                let order = try text(of: path)
                try #require(rename(path, kept) == 0 && mkfifo(path, 0o600) == 0)
                let spare = try host.beginSpare()
                var client = try host.launchPod(with: spare) {
                    // Later than it has to have taken its order.
                    DispatchQueue.global().asyncAfter(deadline: .now() + 3) {
                        let pipe = open(path, O_WRONLY)
                        rename(kept, path)
                        _ = write(pipe, order, order.utf8.count)
                        close(pipe)
                    }
                }
                #expect(host.lastShim == spare.pid)
                try host.endPod(&client)
            }
        }

        /// Whoever has started it was killed: its end of the line is closed without a word.
        @Test func endsWithItsStarter() throws {
            try withShimHost { host in
                let script = """
                    import socket, subprocess
                    ours, theirs = socket.socketpair()
                    shim = subprocess.Popen(["\(ShimHost.program)", "--state", "\(host.state)", "--pod",
                        "\(host.pod())", "--id", "\(host.id("p"))", "--ready-fd", str(theirs.fileno()), "--spare"],
                        pass_fds=[theirs.fileno()])
                    theirs.close()
                    assert ours.recv(100) == b"waiting\\n"
                    ours.close()
                    assert shim.wait(10) == 0, shim.returncode
                    """
                let (outcome, output) = try Command(
                    path: "/usr/bin/python3", arguments: ["python3", "-c", script],
                    environment: ["PATH=/usr/bin:/bin"]
                ).run()
                #expect(outcome == .ended(.exited(0)), "\(String(decoding: output, as: UTF8.self))")
            }
        }
    }
}
