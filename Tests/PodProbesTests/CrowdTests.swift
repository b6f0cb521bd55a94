import PodProbes
import Synchronization
import Testing

extension ProbeTests {
    /// A node full of probes.
    @Suite struct Crowd {
        /// Two thousand containers, each probed by HTTP every second: nobody is forgotten and nobody waits, beside
        /// hosts that hang.
        @Test func twoThousandProbesEachSecond() async throws {
            let counts = Mutex<[String: Int]>([:])
            let server = try await ScriptedServer(answers: { channel, request in
                let path = String(request.split(separator: " ")[1])
                counts.withLock { $0[path, default: 0] += 1 }
                channel.send(response("200 OK"), thenClose: true)
            })
            let hole = try blackHole()
            let before = openSockets()
            let scheduler = ProbeScheduler(prober: Prober())
            let ready = Mutex<[String: ContinuousClock.Instant]>([:])
            let failures = Mutex<[String]>([])
            let reading = Task {
                for await report in scheduler.reports {
                    if report.isChange, report.result == .success {
                        ready.withLock { $0[report.pod.uid] = .now }
                    } else if !report.pod.uid.hasPrefix("hangs") {
                        failures.withLock { $0.append(report.eventMessage ?? "\(report)") }
                    }
                }
            }

            let crowd = 2000
            let start = ContinuousClock.now
            for number in 0..<crowd {
                var get = HTTPGet(host: "127.0.0.1", port: server.port)
                get.path = "/\(number)"
                scheduler.track(container("\(number)", .httpGet(get)))
            }
            for number in 0..<50 {
                scheduler.track(container("hangs-\(number)", .tcpSocket(host: "127.0.0.1", port: hole.port)))
            }
            let answers = { counts.withLock { counts in (0..<crowd).map { counts["/\($0)"] ?? 0 } } }
            // Five seconds, and more where the machine is busy with something else.
            #expect(await eventually(within: .seconds(60)) { answers().allSatisfy { $0 >= 5 } })
            let (fewest, most) = (answers().min() ?? 0, answers().max() ?? 0)
            let periods = Int((ContinuousClock.now - start) / .seconds(1)) + 1
            await scheduler.stop()
            await reading.value

            #expect(ready.withLock(\.count) == crowd)
            #expect(failures.withLock { $0.first } == nil)
            // Nobody is asked at another's expense, and nobody more often than each second.
            #expect(most <= min(periods, 2 * fewest))
            #expect(await eventually { openSockets() <= before })
            hole.close()
            try await server.stop()
        }

        private func container(_ uid: String, _ handler: ProbeHandler) -> ProbedContainer {
            var probe = Probe(handler)
            probe.period = .seconds(1)
            probe.timeout = .seconds(5)
            return ProbedContainer(
                pod: ProbedPod(uid: uid, namespace: "default", name: uid), name: "main", id: uid,
                probes: [.readiness: probe], adopted: .init(hasStarted: true, isReady: false))
        }
    }
}
