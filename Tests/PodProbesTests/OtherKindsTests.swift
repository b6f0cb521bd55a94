import NIOCore
import PodProbes
import Synchronization
import Testing

extension ProbeTests {
    /// TCP, programs, sleeping.
    @Suite struct OtherKinds {
        @Test func whoAcceptsAConnectionIsAlive() async throws {
            try await withServer { _ in
            } test: { server in
                let handler = ProbeHandler.tcpSocket(host: "127.0.0.1", port: server.port)
                #expect(await Prober().once(handler, container: "c", timeout: .seconds(1)).isSuccess)
                #expect(await eventually { server.connections == 0 })
            }
            let port = try await freePort()
            let answer = await Prober().once(
                .tcpSocket(host: "127.0.0.1", port: port), container: "c", timeout: .seconds(1))
            #expect(
                answer == ProbeAnswer(.failure, "dial tcp 127.0.0.1:\(port): connect: connection refused"))
        }

        @Test func whoDoesNotAnswerAConnectionIsLeftInTime() async throws {
            let hole = try blackHole()
            defer { hole.close() }
            let before = openSockets()
            let start = ContinuousClock.now
            let tcp = await Prober().once(
                .tcpSocket(host: "127.0.0.1", port: hole.port), container: "c", timeout: .milliseconds(200))
            #expect(tcp == ProbeAnswer(.failure, "dial tcp 127.0.0.1:\(hole.port): i/o timeout"))
            let http = await ask(hole.port, timeout: .milliseconds(200))
            #expect(http.verdict == .failure)
            #expect(http.message.contains("i/o timeout"))
            #expect(ContinuousClock.now - start < .seconds(2))
            #expect(await eventually { openSockets() <= before })
        }

        @Test func sleepTakesItsTime() async {
            let start = ContinuousClock.now
            let answer = await Prober().once(.sleep(.milliseconds(100)), container: "c", timeout: .seconds(5))
            #expect(answer.verdict == .success)
            #expect(ContinuousClock.now - start >= .milliseconds(99))
            let cut = await Prober().once(.sleep(.seconds(60)), container: "c", timeout: .milliseconds(50))
            #expect(cut.verdict == .failure)
        }

        @Test func theExitCodeOfAProgramDecides() async {
            let runtime = FakeRuntime { command, container, timeout in
                #expect(container == "c" && timeout == .seconds(3))
                return ExecAnswer(exitCode: command == ["true"] ? 0 : 3, output: Array("said".utf8))
            }
            let prober = Prober(exec: runtime)
            let good = await prober.once(.exec(command: ["true"]), container: "c", timeout: .seconds(3))
            #expect(good == ProbeAnswer(.success, "said"))
            let bad = await prober.once(.exec(command: ["false"]), container: "c", timeout: .seconds(3))
            #expect(bad == ProbeAnswer(.failure, "said"))
        }

        @Test func ofGiantOutputOnlyTheBeginningIsTold() async {
            let runtime = FakeRuntime { _, _, _ in
                ExecAnswer(exitCode: 0, output: Array(repeating: 65, count: 1 << 20))
            }
            let answer = await Prober(exec: runtime).once(
                .exec(command: ["yes"]), container: "c", timeout: .seconds(3))
            #expect(answer.message.utf8.count == 10 << 10)
        }

        @Test func aProgramThatDoesNotEndIsAFailure() async {
            let runtime = FakeRuntime { _, _, _ in throw ExecTimeout() }
            let answer = await Prober(exec: runtime).once(
                .exec(command: ["sleep", "9"]), container: "c", timeout: .seconds(1))
            #expect(
                answer
                    == ProbeAnswer(.failure, "command timed out: \"sleep 9\" timed out after 1s"))
        }

        @Test func aRuntimeThatDoesNotAnswerIsLeftAndItsCallCancelled() async throws {
            let wasCancelled = Mutex(false)
            let runtime = FakeRuntime { _, _, _ in
                do {
                    try await Task.sleep(for: .seconds(600))
                } catch {
                    wasCancelled.withLock { $0 = true }
                }
                throw CancellationError()
            }
            let start = ContinuousClock.now
            let answer = await Prober(exec: runtime).once(
                .exec(command: ["hang"]), container: "c", timeout: .milliseconds(100))
            #expect(answer.verdict == .failure)
            #expect(ContinuousClock.now - start < .seconds(3))
            #expect(await eventually { wasCancelled.withLock { $0 } })
        }

        @Test func aRuntimeThatIsDownIsAskedThreeTimesAndNotTheContainersFault() async {
            let calls = Mutex(0)
            let runtime = FakeRuntime { _, _, _ in
                calls.withLock { $0 += 1 }
                throw FakeRuntime.Down()
            }
            let answer = await Prober(exec: runtime).once(
                .exec(command: ["x"]), container: "c", timeout: .seconds(1))
            #expect(answer == ProbeAnswer(.error, "the runtime is down"))
            #expect(calls.withLock { $0 } == 3)
        }
    }
}

struct FakeRuntime: ExecProber {
    struct Down: Error, CustomStringConvertible {
        let description = "the runtime is down"
    }

    private let run: @Sendable ([String], String, Duration) async throws -> ExecAnswer

    init(_ run: @escaping @Sendable ([String], String, Duration) async throws -> ExecAnswer) {
        self.run = run
    }

    func exec(_ command: [String], in container: String, timeout: Duration) async throws -> ExecAnswer {
        try await run(command, container, timeout)
    }
}
