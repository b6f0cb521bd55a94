import ContainerShim
import Testing

@Suite struct RestartPolicyTests {
    @Test(arguments: [
        ("no", RestartPolicy.no), ("", .no), ("always", .always), ("unless-stopped", .unlessStopped),
        ("on-failure", .onFailure(limit: nil)), ("on-failure:3", .onFailure(limit: 3)),
        ("on-failure:0", .onFailure(limit: nil)),
    ])
    func reads(text: String, policy: RestartPolicy) {
        #expect(RestartPolicy(text) == policy)
        #expect(RestartPolicy(policy.description) == policy)
    }

    @Test(arguments: ["sometimes", "on-failure:", "on-failure:x", "on-failure:-1", "always:3", "No"])
    func refuses(text: String) {
        #expect(RestartPolicy(text) == nil)
    }

    @Test func restartsByExitCodeAndLimit() {
        let limited = RestartPolicy.onFailure(limit: 2)
        #expect(limited.restarts(exitCode: 1, stoppedByUser: false, restarts: 0))
        #expect(limited.restarts(exitCode: 1, stoppedByUser: false, restarts: 1))
        #expect(!limited.restarts(exitCode: 1, stoppedByUser: false, restarts: 2))
        #expect(!limited.restarts(exitCode: 0, stoppedByUser: false, restarts: 0))
        #expect(RestartPolicy.always.restarts(exitCode: 0, stoppedByUser: false, restarts: 1000))
        #expect(!RestartPolicy.no.restarts(exitCode: 1, stoppedByUser: false, restarts: 0))
        for policy in [RestartPolicy.always, .unlessStopped, .onFailure(limit: nil)] {
            #expect(!policy.restarts(exitCode: 137, stoppedByUser: true, restarts: 0))
        }
    }

    @Test func bootStartsWhatDockerStarts() {
        #expect(RestartPolicy.always.startsAtBoot(wasRunning: false, stoppedByUser: true))
        #expect(!RestartPolicy.unlessStopped.startsAtBoot(wasRunning: false, stoppedByUser: true))
        #expect(RestartPolicy.unlessStopped.startsAtBoot(wasRunning: true, stoppedByUser: false))
        #expect(RestartPolicy.onFailure(limit: 1).startsAtBoot(wasRunning: true, stoppedByUser: false))
        #expect(!RestartPolicy.onFailure(limit: 1).startsAtBoot(wasRunning: false, stoppedByUser: false))
        #expect(!RestartPolicy.no.startsAtBoot(wasRunning: true, stoppedByUser: false))
    }

    @Test func backOffDoublesUpToAMinuteAndBeginsAnew() {
        var backOff = RestartBackOff()
        var pauses: [Int] = []
        for _ in 0..<12 { pauses.append(backOff.pause(afterRunOf: 10)) }
        #expect(pauses == [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000])
        #expect(backOff.pause(afterRunOf: RestartBackOff.settled) == 100)
        #expect(backOff.pause(afterRunOf: 0) == 200)
    }
}
