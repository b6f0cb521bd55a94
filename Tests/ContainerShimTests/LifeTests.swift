import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Real containers under real shims. One after the other: several tests measure time.
@Suite(.serialized, .enabled(if: geteuid() == 0)) struct ShimTests {}

extension ShimTests {
    @Suite struct Life {
        @Test func endsWithItsProgram() throws {
            try withShimHost { host in
                try host.define(script: "echo out; echo err >&2; sleep 0.1; exit 7")
                var client = try host.launch()
                let pid = try host.start(&client)
                let running = try host.status()
                #expect(running.phase == .running && running.process?.pid == pid && running.startedAt != nil)
                #expect(try running.isSupervised)
                let report = try client.wait(host.id())
                #expect(report.exitCode == 7 && !report.oomKilled && report.error == nil)
                let ended = try host.status()
                #expect(ended.phase == .exited && ended.exitCode == 7 && ended.process == nil)
                #expect(try #require(ended.finishedAt) >= #require(ended.startedAt))
                #expect(try host.logged(.stdout) == "out\n")
                #expect(try host.logged(.stderr) == "err\n")
                _ = consume client
            }
        }

        @Test func createWaitsForStart() throws {
            try withShimHost { host in
                try host.define(script: "echo ran")
                var client = try host.launch()
                let pid = try client.create(host.id(), folder: host.container())
                #expect(try host.status().phase == .created)
                #expect(try ProcessIdentity.of(pid) != nil)
                #expect(try client.start(host.id()) == pid)
                #expect(try client.wait(host.id()).exitCode == 0)
                #expect(try host.logged() == "ran\n")
            }
        }

        @Test(arguments: [
            ("/nope", Int32(127)), ("nope", Int32(127)), ("/etc/passwd", Int32(126)), ("/tmp", Int32(126)),
        ])
        func programThatCannotRunLeavesNothing(program: String, code: Int32) throws {
            for removes in [false, true] {
                try withShimHost { host in
                    try host.define([program]) { _, supervision in supervision.remove = removes }
                    var client = try host.launch()
                    let error = try #require(throws: ShimError.self) { _ = try client.start(host.id()) }
                    #expect(error.exitCode == code)
                    #expect(!"\(error)".contains("\n"))
                    if removes {
                        #expect(access(host.container(), F_OK) != 0)
                    } else {
                        let status = try host.status()
                        #expect(status.phase == .exited && status.exitCode == code)
                        #expect(status.error == "\(error)")
                    }
                }
            }
        }

        @Test func badConfigurationIsNamed() throws {
            try withShimHost { host in
                try host.define(script: "true")
                try write("{\"ociVersion\": 1}", to: host.container() + "/config.json")
                var client = try host.launch()
                let error = try #require(throws: ShimError.self) { _ = try client.start(host.id()) }
                #expect("\(error)".contains("ociVersion"))
                #expect(error.exitCode == 125)
            }
        }

        /// The folder is gone before the waiting client hears of the end.
        @Test func removesItselfWhenAsked() throws {
            try withShimHost { host in
                try host.define(script: "mkdir -p /a/b; echo x > /a/b/c; echo hi; exit 3") { _, supervision in
                    supervision.remove = true
                }
                var client = try host.launch()
                var streams = try client.attach(host.id(), AttachOptions(stdin: false, lossless: true))
                try host.start(&client)
                #expect(try client.wait(host.id()).exitCode == 3)
                #expect(access(host.container(), F_OK) != 0)
                #expect(try Attached.read(&streams).text == "hi\n")
                // And who asks late is told, too.
                var late = try host.connect()
                #expect(try late.wait(host.id()).exitCode == 3)
            }
        }

        @Test func runsAgainWithWhatItWrote() throws {
            try withShimHost { host in
                try host.define(script: "cat /count 2>/dev/null; echo x >> /count")
                for round in 0..<3 {
                    do {
                        var client = try host.launch()
                        try host.start(&client)
                        #expect(try client.wait(host.id()).exitCode == 0)
                        #expect(try host.status().restartCount == 0)
                    }
                    #expect(host.shimEnds())
                    let lines = try host.logged().split(separator: "\n").count
                    #expect(lines == round * (round + 1) / 2)
                }
            }
        }

        @Test func hooksAfterTheEndRun() throws {
            try withShimHost { host in
                let proof = host.folder + "/poststop"
                var client = try host.run("true") { spec, _ in
                    spec.hooks.poststop = [.init(path: "/bin/sh", args: ["sh", "-c", "cat > \(proof)"])]
                }
                _ = try client.wait(host.id())
                #expect(try text(of: proof).contains("\"status\":\"stopped\""))
            }
        }

        @Test func killedByTheKernelForMemory() throws {
            try withShimHost { host in
                try host.define(script: "x=a; while true; do x=$x$x; done") { spec, _ in
                    var memory = RuntimeSpec.Resources.Memory()
                    memory.limit = 16 << 20
                    memory.swap = 16 << 20
                    spec.linux?.resources?.memory = memory
                }
                var client = try host.launch()
                var watcher = try host.connect()
                try watcher.subscribe()
                try host.start(&client)
                let report = try client.wait(host.id())
                #expect(report.exitCode == 137 && report.oomKilled)
                #expect(try host.status().oomKilled)
                var kinds: [ShimEvent.Kind] = []
                while let delivery = try watcher.receive(milliseconds: 200) {
                    if case .event(let event) = delivery.message { kinds.append(event.kind) }
                }
                #expect(kinds == [.started, .oom, .exited])
            }
        }

        @Test func orphansOfTheContainerAreReaped() throws {
            try withShimHost { host in
                // Without a pid namespace what the first process leaves behind comes to the shim.
                var client = try host.run("(sleep 0.1 & ) ; (sleep 600 & ); sleep 0.5") { spec, _ in
                    spec.linux?.namespaces.removeAll { $0.type == .pid }
                }
                #expect(eventually { children(of: host.lastShim).count == 2 })
                #expect(try client.wait(host.id()).exitCode == 0)
                // The one that outlived the first process was ended with the container.
                #expect(eventually { children(of: host.lastShim).isEmpty })
            }
        }

        private func children(of pid: Int32) -> [Substring] {
            let path = "/proc/\(pid)/task/\(pid)/children"
            return (try? text(of: path))?.split(separator: " ") ?? []
        }
    }
}
