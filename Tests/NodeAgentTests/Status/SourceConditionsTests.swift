import KubernetesAPI
import NodeAgent
import Testing

@Suite struct SourceConditionsTests {
    private static let gate = PodConditionType(rawValue: "example.com/open")

    private func status(_ conditions: PodCondition...) -> PodStatus {
        var status = PodStatus()
        status.conditions = conditions
        return status
    }

    @Test func `what the source says counts and what it says no more goes`() {
        let ready = PodCondition(type: .ready, status: .true, lastTransitionTime: Time(seconds: 1))
        var now = status(ready)
        now.takeConditions(of: status(PodCondition(type: Self.gate, status: .true)))
        #expect(now.conditions == [ready, PodCondition(type: Self.gate, status: .true)])
        now.takeConditions(of: status(PodCondition(type: Self.gate, status: .false)))
        #expect(now.conditions == [ready, PodCondition(type: Self.gate, status: .false)])
        now.takeConditions(of: status())
        #expect(now.conditions == [ready])
    }

    @Test func `of what is the agent's its word counts`() {
        let own = [
            PodCondition(type: .ready, status: .true), PodCondition(type: .disruptionTarget, status: .true),
        ]
        var now = PodStatus()
        now.conditions = own
        now.takeConditions(
            of: status(
                PodCondition(type: .ready, status: .false),
                PodCondition(type: .podResizePending, status: .true)))
        #expect(now.conditions == own)
    }

    @Test func `a condition keeps its time until it changes`() {
        var now = status(PodCondition(type: Self.gate, status: .true, lastTransitionTime: Time(seconds: 1)))
        now.takeConditions(of: status(PodCondition(type: Self.gate, status: .true, reason: "Why")))
        #expect(now.conditions.map(\.lastTransitionTime) == [Time(seconds: 1)])
        #expect(now.conditions.map(\.reason) == ["Why"])
        now.takeConditions(of: status(PodCondition(type: Self.gate, status: .false)))
        #expect(now.conditions.map(\.lastTransitionTime) == [nil])
        now.takeConditions(
            of: status(PodCondition(type: Self.gate, status: .false, lastTransitionTime: Time(seconds: 5))))
        #expect(now.conditions.map(\.lastTransitionTime) == [Time(seconds: 5)])
    }
}
