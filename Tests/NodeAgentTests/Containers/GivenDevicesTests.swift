import CRIProtocol
import KubernetesAPI
import NodeAgent
import PodVolumes
import Testing

@Suite struct GivenDevicesTests {
    @Test func `what is given comes beside what is there`() {
        let given = GivenDevices(
            devices: [ContainerDevice(hostPath: "/dev/a", containerPath: "/dev/b", isReadOnly: true)],
            cdiNames: ["vendor.com/class=one", "vendor.com/class=two"])
        var config = CRIContainerConfig()
        config.devices = [.with { $0.hostPath = "/dev/volume" }]
        given.add(to: &config)
        #expect(config.devices.map(\.hostPath) == ["/dev/volume", "/dev/a"])
        #expect(config.devices[1].containerPath == "/dev/b")
        #expect(config.devices[1].permissions == "r")
        #expect(config.cdiDevices.map(\.name) == ["vendor.com/class=one", "vendor.com/class=two"])
    }

    @Test func `variables of a container's own count`() {
        let given = GivenDevices(variables: ["VISIBLE": "0", "A": "given", "B": "given"])
        let environment = given.environment(with: [("B", "own"), ("C", "$(A)")])
        #expect(environment.map { "\($0.name)=\($0.value)" } == ["A=given", "VISIBLE=0", "B=own", "C=$(A)"])
    }

    @Test func `nobody is given anything`() async throws {
        let pod = TestPod().pod
        #expect(try await NoDevices().devices(for: pod.spec.containers[0], in: pod) == GivenDevices())
        var config = CRIContainerConfig()
        GivenDevices().add(to: &config)
        #expect(config == CRIContainerConfig())
    }
}
