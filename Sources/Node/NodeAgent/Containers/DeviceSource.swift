import CRIProtocol
import KubernetesAPI
import PodVolumes

/// Who gives containers devices of the node, beside those of their volumes: device plugins, say, of which this agent has
/// none.
package protocol DeviceSource: Sendable {
    /// Asked each time that a container is made, and again where it throws: the container waits until then
    /// (`CreateContainerConfigError`).
    func devices(for container: Container, in pod: Pod) async throws -> GivenDevices
}

/// Nothing, to nobody.
package struct NoDevices: DeviceSource {
    package init() {}

    package func devices(for container: Container, in pod: Pod) async throws -> GivenDevices {
        GivenDevices()
    }
}

/// What one container is given: the devices of a device plugin's answer (`ContainerAllocateResponse`), also by their
/// names, and its variables.
package struct GivenDevices: Equatable, Sendable {
    package var devices: [ContainerDevice]
    /// By the names of the Container Device Interface, `vendor.com/class=device`.
    package var cdiNames: [String]
    package var variables: [String: String]

    package init(
        devices: [ContainerDevice] = [], cdiNames: [String] = [], variables: [String: String] = [:]
    ) {
        self.devices = devices
        self.cdiNames = cdiNames
        self.variables = variables
    }

    /// A container's own variables count before these.
    package func environment(
        with own: [(name: String, value: String)]
    ) -> [(name: String, value: String)] {
        let names = Set(own.map(\.name))
        return variables.filter { !names.contains($0.key) }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) } + own
    }

    package func add(to config: inout CRIContainerConfig) {
        config.devices += devices.map(CRIDevice.init)
        config.cdiDevices += cdiNames.map { name in .with { $0.name = name } }
    }
}
