import KubernetesAPI
import NodeAgent
import Testing

@Suite struct CPUManagerTests {
    /// Two sockets with two cores of two threads each: 0 and 4 are one core.
    private let topology = CPUTopology(
        Dictionary(
            uniqueKeysWithValues: (0..<8).map {
                ($0, .init(socket: $0 % 4 / 2, node: $0 % 4 / 2, core: $0 % 2))
            }))

    private func manager(
        _ folder: TemporaryFolder, reserved: String = "0", options: [String: String] = [:]
    ) throws -> CPUManager {
        try CPUManager(
            topology: topology, reserved: CPUSet(reserved)!, reservedCount: 0,
            options: CPUManagerOptions(options),
            folder: folder.path)
    }

    private func pod(_ uid: String, _ cpus: Int64...) -> Pod {
        var pod = TestPod(main: cpus.indices.map { "c\($0)" }).pod
        pod.metadata.uid = uid
        for (index, count) in cpus.enumerated() {
            let list: ResourceList = [.cpu: Quantity(count), .memory: Quantity(1 << 20)]
            pod.spec.containers[index].resources = ResourceRequirements(limits: list, requests: list)
        }
        return pod
    }

    @Test func setsAreReadAndWritten() {
        #expect(CPUSet("0-3, 7")?.description == "0-3,7")
        #expect(CPUSet("")?.isEmpty == true)
        for wrong in ["3-1", "a", "1,", "-1", "1-2-3"] { #expect(CPUSet(wrong) == nil) }
    }

    @Test func wholeCoresThenWhatIsLeft() throws {
        let folder = TemporaryFolder()
        let manager = try manager(folder)
        #expect(manager.shared.description == "0-7")
        #expect(manager.assign(pod("a", 4), .guaranteed) == nil)
        // The socket without a reserved processor.
        #expect(manager.cpus(of: "c0", in: "a").description == "2-3,6-7")
        #expect(manager.assign(pod("b", 2), .guaranteed) == nil)
        #expect(manager.cpus(of: "c0", in: "b").description == "1,5")
        #expect(manager.assign(pod("c", 1), .guaranteed) == nil)
        #expect(manager.cpus(of: "c0", in: "c").description == "4")
        #expect(manager.shared.description == "0")
        let failure = manager.assign(pod("d", 1), .guaranteed)
        #expect(failure?.reason == "UnexpectedAdmissionError")
        #expect(
            failure?.message
                == "Pod was rejected: Allocate failed due to not enough cpus available to satisfy request: requested=1, "
                + "available=0, which is unexpected")
        try manager.release("a")
        #expect(manager.shared.description == "0,2-3,6-7")
        #expect(manager.cpus(of: "c0", in: "a") == manager.shared)
    }

    @Test func onlyGuaranteedPodsHaveTheirOwn() throws {
        let folder = TemporaryFolder()
        let manager = try manager(folder)
        #expect(manager.assign(pod("a", 2), .burstable) == nil)
        #expect(manager.shared.count == 8)
    }

    @Test func aPodThatDoesNotFitTakesNothing() throws {
        let folder = TemporaryFolder()
        let manager = try manager(folder)
        #expect(manager.assign(pod("a", 4, 4), .guaranteed) != nil)
        #expect(manager.shared.count == 8)
    }

    @Test func theNextAgentFindsTheSame() throws {
        let folder = TemporaryFolder()
        #expect(try manager(folder).assign(pod("a", 2), .guaranteed) == nil)
        let next = try manager(folder)
        #expect(next.assign(pod("a", 2), .guaranteed) == nil)
        #expect(next.cpus(of: "c0", in: "a").count == 2)
        #expect(next.shared.count == 6)
    }

    @Test func initContainersLeaveTheirsToTheOthers() throws {
        let folder = TemporaryFolder()
        let manager = try manager(folder)
        var pod = pod("a", 4)
        var first = pod.spec.containers[0]
        first.name = "first"
        pod.spec.initContainers = [first]
        #expect(manager.assign(pod, .guaranteed) == nil)
        #expect(manager.cpus(of: "first", in: "a") == manager.cpus(of: "c0", in: "a"))
        #expect(manager.shared.count == 4)
    }

    @Test func options() throws {
        let folder = TemporaryFolder()
        let full = try manager(folder, reserved: "0,4", options: ["full-pcpus-only": "true"])
        #expect(full.assign(pod("a", 1), .guaranteed)?.reason == "SMTAlignmentError")
        let other = TemporaryFolder()
        let strict = try manager(other, reserved: "0,4", options: ["strict-cpu-reservation": "true"])
        #expect(strict.shared.description == "1-3,5-7")
        #expect(throws: (any Error).self) { try CPUManagerOptions(["x": "true"]) }
    }

    @Test func somethingHasToBeReserved() throws {
        let folder = TemporaryFolder()
        #expect(throws: (any Error).self) { try manager(folder, reserved: "") }
        #expect(throws: (any Error).self) { try manager(folder, reserved: "99") }
    }
}
