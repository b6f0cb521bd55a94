import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    @Suite struct Commands {
        private static let patient = "trap 'exit 9' TERM; trap 'exit 8' INT; echo ready; sleep 600 & wait"

        @Test func stopsWithTheSignalOfItsDefinition() throws {
            for (signal, code) in [(nil, 8), (SIGTERM, 9)] as [(Int32?, Int32)] {
                try withShimHost { host in
                    var client = try host.run(Self.patient) { _, supervision in
                        supervision.stopSignal = SIGINT
                    }
                    #expect(try eventually { try host.logged() == "ready\n" })
                    let report = try client.stop(host.id(), signal: signal)
                    #expect(report.exitCode == code)
                    #expect(try host.status().stoppedByUser)
                }
            }
        }

        @Test func killsWhatDoesNotStop() throws {
            try withShimHost { host in
                var client = try host.run("trap '' TERM; while true; do sleep 1; done")
                let began = monotonicMilliseconds()
                let report = try client.stop(host.id(), timeout: 1)
                let took = monotonicMilliseconds() - began
                #expect(report.exitCode == 137)
                #expect(took >= 1000 && took < 10_000)
            }
        }

        @Test func stopsAPausedContainer() throws {
            try withShimHost { host in
                var client = try host.run(Self.patient)
                #expect(try eventually { try host.logged() == "ready\n" })
                try client.pause(host.id())
                #expect(try host.status().phase == .paused)
                #expect(throws: ShimError.self) { try client.pause(host.id()) }
                #expect(try client.stop(host.id()).exitCode == 9)
            }
        }

        @Test func pausedContainerStandsStill() throws {
            try withShimHost { host in
                var client = try host.run("while true; do echo x; sleep 0.01; done")
                #expect(try eventually { try host.logged().count > 4 })
                try client.pause(host.id())
                let before = try host.logged()
                usleep(200_000)
                #expect(try host.logged() == before)
                let error = try #require(throws: ShimError.self) {
                    _ = try client.exec(host.id(), process: [], stdin: 0, stdout: 1, stderr: 2)
                }
                #expect("\(error)" == "cannot exec in container \(host.id()): it is paused")
                try client.resume(host.id())
                #expect(try host.status().phase == .running)
                #expect(try eventually { try host.logged() != before })
                try client.pause(host.id())
                try client.kill(host.id(), signal: SIGKILL)
                #expect(try client.wait(host.id()).exitCode == 137)
            }
        }

        @Test func killsAllProcesses() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600 & sleep 600")
                try client.kill(host.id(), signal: SIGKILL, .all)
                #expect(try client.wait(host.id()).exitCode == 137)
            }
        }

        @Test func refusesSignalsThatAreNone() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                for signal: Int32 in [0, -1, 65] {
                    #expect(throws: ShimError.self) { try client.kill(host.id(), signal: signal) }
                }
                try client.delete(host.id(), force: true, removeFolder: false)
                #expect(try host.status().exitCode == 137)
            }
        }

        @Test func deletesOnlyByForceWhatRuns() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let error = try #require(throws: ShimError.self) {
                    try client.delete(host.id(), force: false, removeFolder: true)
                }
                #expect("\(error)" == "cannot delete container \(host.id()): it is running")
                try client.delete(host.id(), force: true, removeFolder: true)
                #expect(access(host.container(), F_OK) != 0)
            }
        }

        @Test func commandsAtTheWrongTimeAreRefused() throws {
            try withShimHost { host in
                try host.define(script: "sleep 600")
                var client = try host.launch()
                let id = host.id()
                for what in ["kill", "pause", "resume", "exec in", "stop"] {
                    let error = try #require(throws: ShimError.self) {
                        switch what {
                        case "kill": try client.kill(id, signal: SIGTERM)
                        case "pause": try client.pause(id)
                        case "resume": try client.resume(id)
                        case "stop": _ = try client.stop(id)
                        default: _ = try client.exec(id, process: [], stdin: 0, stdout: 1, stderr: 2)
                        }
                    }
                    #expect("\(error)" == "cannot \(what) container \(id): it has not been started")
                }
                let unknown = try #require(throws: ShimError.self) { _ = try client.start("other") }
                #expect("\(unknown)" == "this shim has no container \"other\"")
                try host.start(&client)
                let twice = try #require(throws: ShimError.self) { _ = try client.start(id) }
                #expect("\(twice)" == "cannot start container \(id): it is running")
                try client.delete(id, force: true, removeFolder: true)
            }
        }

        // MARK: Restarting

        @Test func restartsUpToItsLimit() throws {
            try withShimHost { host in
                try host.define(script: "echo run; exit 4") { _, supervision in
                    supervision.restart = .onFailure(limit: 2)
                }
                var client = try host.launch()
                let began = monotonicMilliseconds()
                try host.start(&client)
                #expect(try eventually { try host.status().phase == .exited })
                // A pause of 100 ms, then one of 200.
                #expect(monotonicMilliseconds() - began >= 300)
                #expect(try host.status().restartCount == 2)
                #expect(try host.logged() == "run\nrun\nrun\n")
            }
        }

        @Test func restartsWhatIsKilledFromOutsideButNotWhatAUserStops() throws {
            try withShimHost { host in
                try host.define(script: Self.patient) { _, supervision in supervision.restart = .always }
                var client = try host.launch()
                let first = try host.start(&client)
                // Killed before it has said so, it never does.
                #expect(try eventually { try host.logged() == "ready\n" })
                Glibc.kill(first, SIGKILL)
                #expect(try client.wait(host.id()).exitCode == 137)
                #expect(
                    try eventually {
                        let status = try host.status()
                        return status.phase == .running && status.process?.pid != first
                            && status.restartCount == 1
                    })
                #expect(try eventually { try host.logged() == "ready\nready\n" })
                #expect(try client.stop(host.id()).exitCode == 9)
                #expect(try host.status().phase == .exited)
            }
        }

        @Test func stopEndsThePauseBeforeARestart() throws {
            try withShimHost { host in
                try host.define(script: "exit 1") { _, supervision in supervision.restart = .always }
                var client = try host.launch()
                try host.start(&client)
                #expect(try eventually { try host.status().phase == .restarting })
                #expect(try client.stop(host.id()).exitCode == 1)
                let status = try host.status()
                #expect(status.phase == .exited && status.stoppedByUser)
            }
        }

        @Test func policyCanBeChanged() throws {
            try withShimHost { host in
                try host.define(script: "exit 1") { _, supervision in supervision.restart = .always }
                var client = try host.launch()
                try host.start(&client)
                #expect(try eventually { try host.status().restartCount >= 1 })
                try client.setRestartPolicy(host.id(), .no)
                #expect(try eventually { try host.status().phase == .exited })
                #expect(try Supervision.read(in: host.container()).restart == .no)
            }
        }

        @Test func restartThatFailsIsTriedAgain() throws {
            try withShimHost { host in
                try host.define(script: "rm -f /bin/sh; exit 1") { _, supervision in
                    supervision.restart = .onFailure(limit: 2)
                }
                var client = try host.launch()
                try host.start(&client)
                #expect(try eventually { try host.status().phase == .exited })
                let status = try host.status()
                #expect(status.exitCode == 127 && status.restartCount == 2)
                #expect(status.error?.contains("sh") == true)
                _ = consume client
            }
        }
    }
}
