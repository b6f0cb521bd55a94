import Glibc
import KubernetesAPI
import Logging
import NodeAgent
import Testing

/// What an agent leaves for the next one.
@Suite struct StatusRecordsTests {
    private let folder = TemporaryFolder()

    private var records: StatusRecords { StatusRecords(root: folder.path, log: Logger(label: "test")) }

    private func pod(_ phase: PodPhase) -> Pod {
        var pod = TestPod().pod
        pod.status.phase = phase
        pod.status.startTime = Time(seconds: 1_700_000_000)
        pod.status.containerStatuses = [ContainerStatus(name: "a", restartCount: 4)]
        return pod
    }

    private var file: String { "\(folder.path)/statuses/uid.json" }

    @Test func `a failure is written at once, and is one for the next agent`() {
        let failure = PodFailure(reason: "Evicted", message: "low on memory", isDisruption: true)
        records.fail(pod(.running), failure, isKept: true)
        let status = records.status(of: pod(.pending))
        #expect(status?.phase == .failed)
        #expect(status?.reason == "Evicted" && status?.message == "low on memory")
        #expect(status?.conditions.map(\.type) == [.disruptionTarget])
        #expect(status?.startTime == Time(seconds: 1_700_000_000))
        #expect(status?.containerStatuses.map(\.restartCount) == [4])
    }

    @Test func `a pod that ends is known as a whole`() throws {
        #expect(records.ending(pod(.running)) == nil)
        try records.keep(pod(.running))
        #expect(records.ending(pod(.running)) == nil)
        var leaving = pod(.running)
        leaving.spec.terminationGracePeriodSeconds = 300
        leaving.metadata.deletionTimestamp = Time(seconds: 1_700_000_100)
        leaving.metadata.deletionGracePeriodSeconds = 300
        try records.keep(leaving)
        let ending = try #require(records.ending(pod(.running)))
        #expect(ending.spec == leaving.spec)
        #expect(ending.metadata.deletionTimestamp == leaving.metadata.deletionTimestamp)
        #expect(ending.metadata.deletionGracePeriodSeconds == 300)
        #expect(ending.status.containerStatuses.map(\.restartCount) == [4])
        var other = pod(.running)
        other.metadata.name = "other"
        #expect(records.ending(other) == nil)
    }

    @Test func `what is said while a pod is made to fail takes nothing back`() async {
        let records = records
        records.note(pod(.running))
        records.fail(pod(.running), PodFailure(reason: "Evicted", message: "m"), isKept: true)
        records.note(pod(.running))
        let writer = Task { await records.run() }
        writer.cancel()
        await writer.value
        #expect(records.status(of: pod(.pending))?.phase == .failed)
    }

    @Test func `what is over when the next agent begins is not told to it`() async {
        let records = records
        records.note(pod(.running))
        records.fail(pod(.running), PodFailure(reason: "Terminated", message: "m"), isKept: false)
        records.note(pod(.failed))
        let writer = Task { await records.run() }
        writer.cancel()
        await writer.value
        #expect(records.status(of: pod(.pending)) == nil)
        records.forget("uid")
        records.note(pod(.succeeded))
        let next = Task { await records.run() }
        next.cancel()
        await next.value
        #expect(records.status(of: pod(.pending))?.phase == .succeeded)
    }

    @Test func `a status is written soon, and none for a pod that is gone`() async throws {
        let records = records
        let writer = Task { await records.run() }
        records.note(pod(.running))
        while records.status(of: pod(.pending)) == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(records.status(of: pod(.pending))?.phase == .running)
        records.note(pod(.succeeded))
        records.forget("uid")
        writer.cancel()
        await writer.value
        #expect(records.status(of: pod(.pending)) == nil)
        #expect(try records.uids().isEmpty)
    }

    @Test func `what is noted last is written at the end`() async {
        let records = records
        let writer = Task { await records.run() }
        records.note(pod(.succeeded))
        writer.cancel()
        await writer.value
        #expect(records.status(of: pod(.pending))?.phase == .succeeded)
    }

    @Test func `that of another pod with this uid is none`() {
        records.fail(pod(.running), PodFailure(reason: "r", message: "m"), isKept: true)
        var other = pod(.pending)
        other.metadata.name = "other"
        #expect(records.status(of: other) == nil)
        #expect(records.status(of: pod(.pending))?.phase == .failed)
    }

    @Test(arguments: ["", "{", "[]", "{\"metadata\": {\"uid\": \"other\"}}", "{\"status\": 5}"])
    func `a damaged record is none`(text: String) {
        records.fail(pod(.running), PodFailure(reason: "r", message: "m"), isKept: true)
        let descriptor = open(file, O_WRONLY | O_TRUNC)
        #expect(write(descriptor, text, text.utf8.count) == text.utf8.count)
        close(descriptor)
        #expect(records.status(of: pod(.pending)) == nil)
        var nobody = pod(.pending)
        nobody.metadata.uid = "nobody"
        #expect(records.status(of: nobody) == nil)
    }
}
