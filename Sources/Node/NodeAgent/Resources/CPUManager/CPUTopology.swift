import LinuxKernel

/// Which threads share a core, a socket and a memory node.
package struct CPUTopology: Equatable, Sendable {
    package struct Place: Hashable, Sendable {
        package var socket: Int
        package var node: Int
        /// Within its socket.
        package var core: Int

        package init(socket: Int, node: Int = 0, core: Int) {
            self.socket = socket
            self.node = node
            self.core = core
        }
    }

    package let places: [Int: Place]

    package init(_ places: [Int: Place]) { self.places = places }

    package var all: CPUSet { CPUSet(places.keys) }

    package var threadsPerCore: Int {
        let cores = Set(places.values).count
        return cores == 0 ? 1 : max(1, places.count / cores)
    }

    /// Processors by what `part` says of their places.
    func groups<Key: Hashable>(of cpus: CPUSet, by part: (Place) -> Key) -> [Key: CPUSet] {
        var result: [Key: CPUSet] = [:]
        for cpu in cpus.numbers {
            guard let place = places[cpu] else { continue }
            result[part(place)] = (result[part(place)] ?? CPUSet()).union(CPUSet([cpu]))
        }
        return result
    }

    /// Of this machine's processors that run (`/sys/devices/system/cpu`).
    static func read() throws(KernelError) -> CPUTopology {
        let folder = "/sys/devices/system/cpu"
        var places: [Int: Place] = [:]
        for cpu in try NodeCapacity.onlineProcessors().numbers {
            func number(_ file: String) throws(KernelError) -> Int? {
                try AgentFiles.text(of: "\(folder)/cpu\(cpu)/topology/\(file)").flatMap {
                    Int($0.filter { !$0.isWhitespace })
                }
            }
            let node = try AgentFiles.names(in: "\(folder)/cpu\(cpu)")
                .first { $0.hasPrefix("node") }.flatMap { Int($0.dropFirst(4)) }
            // A machine that does not say has one thread in each core.
            places[cpu] = Place(
                socket: max(0, try number("physical_package_id") ?? 0), node: node ?? 0,
                core: try number("core_id") ?? cpu)
        }
        return CPUTopology(places)
    }
}
