import PodProbes
import Testing

extension ProbeTests {
    /// When probes are due, and what their answers make of a container. No time passes in here.
    @Suite struct Scheduling {
        @Test func readinessNeedsItsThresholds() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(
                .test("a", .readiness) {
                    $0.successThreshold = 2
                    $0.failureThreshold = 3
                })
            for _ in 0..<2 {
                await stage.pass(.seconds(1))
                await stage.answer("readiness", .success)
            }
            #expect(await stage.said() == ["a readiness success!"])
            for number in 1...4 {
                await stage.pass(.seconds(1))
                await stage.answer("readiness", .failure, "no \(number)")
            }
            #expect(
                await stage.said() == [
                    "a readiness success: no 1", "a readiness success: no 2", "a readiness failure!: no 3",
                    "a readiness failure: no 4",
                ])
            await stage.pass(.seconds(1))
            await stage.answer("readiness", .success)
            #expect(await stage.said() == [])
        }

        @Test func aFailureBetweenSuccessesStartsTheCountAnew() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .liveness) { $0.failureThreshold = 2 })
            for verdict in [ProbeAnswer.Verdict.failure, .success, .failure, .success, .failure, .failure] {
                await stage.pass(.seconds(1))
                await stage.answer("liveness", verdict)
            }
            #expect(
                await stage.said() == [
                    "a liveness success", "a liveness success", "a liveness success", "a liveness failure!",
                ])
        }

        @Test func theFirstProbeComesAfterItsDelayAndThenEachPeriod() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .readiness) { $0.initialDelay = .seconds(5) })
            await stage.pass(.milliseconds(4999))
            #expect(stage.questions == [])
            await stage.pass(.milliseconds(1))
            #expect(stage.questions == ["readiness"])
            await stage.answer("readiness", .success)
            await stage.pass(.milliseconds(999))
            #expect(stage.questions == [])
            await stage.pass(.milliseconds(1))
            #expect(stage.questions == ["readiness"])
        }

        @Test func theDelayCountsFromTheContainersStart() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", age: .seconds(4), .readiness) { $0.initialDelay = .seconds(5) })
            await stage.pass(.milliseconds(999))
            #expect(stage.questions == [])
            await stage.pass(.milliseconds(1))
            #expect(stage.questions == ["readiness"])
        }

        @Test func startupHoldsTheOthersBack() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .startup, .liveness, .readiness) { $0.failureThreshold = 9 })
            for _ in 0..<3 {
                await stage.pass(.seconds(1))
                #expect(stage.questions == ["startup"])
                await stage.answer("startup", .failure, "not yet")
            }
            await stage.pass(.seconds(1))
            await stage.answer("startup", .success)
            // The others are asked at once, and startup no more.
            await stage.pass()
            #expect(stage.questions == ["liveness", "readiness"])
            await stage.answer("liveness", .success)
            await stage.answer("readiness", .success)
            await stage.pass(.seconds(1))
            #expect(stage.questions.sorted() == ["liveness", "readiness"])
            #expect(
                await stage.said() == [
                    "a startup unknown: not yet", "a startup unknown: not yet", "a startup unknown: not yet",
                    "a startup success!", "a readiness success!",
                ])
        }

        @Test(arguments: [ProbeKind.startup, .liveness])
        func afterAFailureNothingIsAskedUntilTheNextContainer(_ kind: ProbeKind) async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", kind) { $0.failureThreshold = 1 })
            await stage.pass(.seconds(1))
            await stage.answer("\(kind)", .failure, "bad")
            await stage.pass(.seconds(100))
            #expect(stage.questions == [])
            // Said again, it is still the same container.
            stage.scheduler.track(.test("a", kind) { $0.failureThreshold = 1 })
            await stage.pass(.seconds(100))
            #expect(stage.questions == [])
            stage.scheduler.track(.test("b", kind) { $0.failureThreshold = 1 })
            await stage.pass()
            #expect(stage.questions == ["\(kind)"])
            #expect(stage.containers == ["b"])
            #expect(await stage.said() == ["a \(kind) failure!: bad"])
        }

        @Test func aContainerThatEndsIsNotReadyAndNotAsked() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .liveness, .readiness))
            await stage.pass()
            await stage.answer("readiness", .success)
            stage.scheduler.ended(pod: "p", container: "main", id: "other")
            #expect(await stage.said() == ["a readiness success!"])
            stage.scheduler.ended(pod: "p", container: "main", id: "a")
            await stage.pass(.seconds(5))
            // The question that was under way is not answered any more.
            await stage.answer("liveness", .failure)
            #expect(await stage.said() == ["a readiness failure! unasked"])
            #expect(stage.questions == [])
            stage.scheduler.track(.test("b", .liveness, .readiness))
            await stage.pass()
            #expect(stage.questions == ["liveness", "readiness"])
        }

        @Test func anAnswerForTheContainerBeforeDoesNotCount() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .readiness))
            await stage.pass(.seconds(1))
            stage.scheduler.track(.test("b", .readiness))
            await stage.pass()
            #expect(stage.containers == ["a", "b"])
            await stage.answer("readiness", .success)
            #expect(await stage.said() == [])
            await stage.answer("readiness", .success)
            #expect(await stage.said() == ["b readiness success!"])
        }

        @Test func whileAPodEndsOnlyReadinessIsAsked() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .liveness, .readiness))
            await stage.pass()
            await stage.answer("readiness", .success)
            stage.scheduler.terminating(pod: "p")
            await stage.pass()
            await stage.answer("liveness", .failure)
            for _ in 0..<3 {
                await stage.pass(.seconds(1))
                #expect(stage.questions == ["readiness"])
                await stage.answer("readiness", .failure)
            }
            #expect(
                await stage.said() == [
                    "a readiness success!", "a readiness success", "a readiness success",
                    "a readiness failure!",
                ])
        }

        @Test func whoWasNotStartedYetWhenThePodEndsCountsAsStarted() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .startup, .readiness))
            await stage.pass()
            stage.drop()
            stage.scheduler.terminating(pod: "p")
            await stage.pass()
            #expect(stage.questions == ["readiness"])
            #expect(await stage.said() == ["a startup success! unasked"])
            // One that starts even then is treated alike.
            stage.drop()
            stage.scheduler.track(.test("b", .startup, .readiness))
            await stage.pass()
            #expect(stage.questions == ["readiness"])
        }

        @Test func aSlowAnswerIsFollowedByTheNextQuestionAtOnce() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .readiness))
            await stage.pass()
            await stage.pass(.milliseconds(3500))
            #expect(stage.questions == ["readiness"])
            await stage.answer("readiness", .success)
            #expect(stage.questions == ["readiness"])
            await stage.answer("readiness", .success)
            #expect(stage.questions == [])
            await stage.pass(.milliseconds(500))
            #expect(stage.questions == ["readiness"])
        }

        @Test func theTimeoutIsAFailure() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(
                .test("a", .liveness) {
                    $0.timeout = .milliseconds(300)
                    $0.failureThreshold = 1
                })
            await stage.pass(.milliseconds(299))
            #expect(await stage.said() == [])
            await stage.pass(.milliseconds(2))
            #expect(await stage.said() == ["a liveness failure!: context deadline exceeded"])
        }

        @Test func whatCouldNotBeAskedSaysNothingOfTheContainer() async {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .liveness) { $0.failureThreshold = 1 })
            for _ in 0..<3 {
                await stage.pass(.seconds(1))
                await stage.answer("liveness", .error, "runtime is down")
            }
            #expect(
                await stage.said() == Array(repeating: "a liveness success: runtime is down", count: 3))
        }

        @Test func whatRanBeforeTheAgentIsAskedSpreadOverThePeriod() async {
            let stage = await StagedScheduler(jitter: 0.7)
            stage.scheduler.track(
                .test(
                    "a", age: .seconds(100), adopted: .init(hasStarted: true, isReady: true), .startup,
                    .readiness,
                    .liveness))
            await stage.pass(.milliseconds(699))
            #expect(stage.questions == [])
            await stage.pass(.milliseconds(1))
            #expect(stage.questions == ["liveness", "readiness"])
            // It was ready and still is: nothing to say.
            await stage.answer("readiness", .success)
            #expect(await stage.said() == [])
        }

        @Test func nothingIsLeftOfAForgottenPod() async throws {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .liveness, .readiness))
            stage.scheduler.track(.test("z", pod: "q", .readiness))
            await stage.pass(.seconds(1))
            stage.drop()
            stage.scheduler.forget(pod: "p")
            await stage.pass(.seconds(10))
            #expect(Set(stage.containers) == ["z"])
        }

        @Test func countsAreToldInTheKubeletsNames() async throws {
            let stage = await StagedScheduler()
            stage.scheduler.track(.test("a", .readiness))
            for verdict in [ProbeAnswer.Verdict.success, .success, .warning, .failure, .error] {
                await stage.pass(.milliseconds(20))
                await stage.answer("readiness", verdict)
                await stage.pass(.milliseconds(980))
            }
            let text = try await stage.scheduler.metrics()
            let lines = Set(text.split(separator: "\n").map(String.init))
            let labels = #"container="main",namespace="default",pod="pod-p",probe_type="Readiness""#
            for line in [
                #"prober_probe_total{\#(labels),pod_uid="p",result="successful"} 3"#,
                #"prober_probe_total{\#(labels),pod_uid="p",result="failed"} 1"#,
                #"prober_probe_total{\#(labels),pod_uid="p",result="unknown"} 1"#,
                #"prober_probe_duration_seconds_bucket{\#(labels),le="0.01"} 0"#,
                #"prober_probe_duration_seconds_bucket{\#(labels),le="0.025"} 4"#,
                #"prober_probe_duration_seconds_bucket{\#(labels),le="+Inf"} 4"#,
                #"prober_probe_duration_seconds_count{\#(labels)} 4"#,
            ] {
                #expect(lines.contains(line), "\(line)")
            }
        }
    }
}
