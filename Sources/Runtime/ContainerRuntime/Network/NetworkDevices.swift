import Glibc
import LinuxKernel
import OCISpec

/// Devices of the host's that a container takes over (config-linux.md, netDevices), with the addresses that
/// they had. The kernel gives a physical one back when the container's network namespace ends.
final class NetworkDevices {
    private struct Device {
        let host: String
        let index: Int32
        let name: String
        let addresses: [RouteSocket.Address]
    }

    private let devices: [Device]

    /// Finds the devices, in the runtime's network namespace.
    /// - Returns: nil when the configuration has none.
    init?(_ wanted: SortedMap<RuntimeSpec.NetDevice>) throws {
        if wanted.isEmpty { return nil }
        var socket = try RouteSocket()
        var devices: [Device] = []
        for (host, device) in wanted {
            let found = try context("linux.netDevices") { try socket.device(named: host) }
            devices.append(
                Device(
                    host: host, index: found.index, name: device.name ?? host,
                    addresses: try socket.permanentAddresses(of: found.index)))
        }
        self.devices = devices
    }

    /// Moves them into the namespace of a process that waits.
    func move(toProcess pid: Int32) throws {
        let namespace = try FileDescriptor.open("/proc/\(pid)/ns/net", O_RDONLY)
        var socket = try RouteSocket()
        for device in devices {
            try context("linux.netDevices.\(device.host)") {
                try socket.move(device.index, toNamespace: namespace.raw, name: device.name)
            }
        }
    }

    /// Inside: gives them back their addresses and switches them on.
    func configure() throws {
        var socket = try RouteSocket()
        for device in devices {
            try context("linux.netDevices.\(device.host)") {
                let index = try socket.device(named: device.name).index
                try socket.bringUp(index)
                for address in device.addresses { try socket.add(address, to: index) }
            }
        }
    }
}
