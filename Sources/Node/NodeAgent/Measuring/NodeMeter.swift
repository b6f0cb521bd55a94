import CRIProtocol
import KubernetesAPI
import Logging
import NIOPosix
import Synchronization

/// Measures the node: memory, disks, processes. What cannot be measured is told once, and left out.
package final class NodeMeter: Sendable {
    /// Where the runtime has its files: asked for seldom, as that makes it count all of them.
    private struct Places: Sendable {
        var images: String
        var containers: String?
        var at: ContinuousClock.Instant
    }
    private struct State {
        var places: Places?
        var processor: (time: UInt64, at: ContinuousClock.Instant)?
        var processorRate: UInt64?
        var told: Set<String> = []
    }

    private static let placesAge: Duration = .seconds(300)

    private let root: String
    private let runtime: CRIRuntime
    private let log: Logger
    private let state = Mutex(State())

    /// - Parameter root: the agent's folder.
    package init(root: String, runtime: CRIRuntime, log: Logger) {
        self.root = root
        self.runtime = runtime
        self.log = log
    }

    /// File systems, and which of them are one.
    struct Disks: Sendable {
        var node: FilesystemReading?
        var images: FilesystemReading?
        var containers: FilesystemReading?

        var layout: NodeReading.Disks {
            guard let node, let images, node.device != images.device else { return .one }
            return containers?.device == node.device ? .images : .runtime
        }
    }

    package func reading() async -> NodeReading {
        var reading = NodeReading([:])
        let disks = await disks()
        reading.disks = disks.layout
        reading.amounts[.nodeDisk] = disks.node?.bytes
        reading.amounts[.nodeInodes] = disks.node?.files
        reading.amounts[.imageDisk] = disks.images?.bytes
        reading.amounts[.imageInodes] = disks.images?.files
        reading.amounts[.memory] = memory().map { .init(capacity: $0.capacity, available: $0.available) }
        reading.amounts[.processes] = attempt("processes") { try MachineReading.processes() } ?? nil
        return reading
    }

    func memory() -> MachineReading.Memory? { attempt("memory") { try MachineReading.memory() } }

    func disks() async -> Disks {
        let places = await places()
        let root = root
        do {
            // A network file system that hangs must not hold up a thread that others need.
            return try await NIOThreadPool.singleton.runIfActive { [self] in
                Disks(
                    node: attempt("nodefs") { try FilesystemReading(root) },
                    images: places.flatMap { place in
                        attempt("imagefs") { try FilesystemReading(place.images) }
                    },
                    containers: places?.containers.flatMap { place in
                        attempt("containerfs") { try FilesystemReading(place) }
                    })
            }
        } catch {
            tell("disks", error)
            return Disks()
        }
    }

    private func places() async -> Places? {
        let known = state.withLock { $0.places }
        if let known, .now - known.at < Self.placesAge { return known }
        do {
            let answer = try await runtime.imageFilesystem()
            guard let images = answer.imageFilesystems.first?.fsID.mountpoint, !images.isEmpty else {
                return known
            }
            let containers = answer.containerFilesystems.first?.fsID.mountpoint
            let places = Places(
                images: images, containers: containers?.isEmpty == false ? containers : nil, at: .now)
            state.withLock { $0.places = places }
            return places
        } catch {
            tell("imagefs", error)
            return known
        }
    }

    /// Processor time, and nanoseconds of it in a second since the last time that somebody asked.
    func processor() -> (total: UInt64, rate: UInt64?)? {
        guard let total = attempt("processor time", { try MachineReading.processorTime() }) else {
            return nil
        }
        let now = ContinuousClock.now
        return state.withLock { state in
            guard let last = state.processor else {
                state.processor = (total, now)
                return (total, nil)
            }
            let seconds = (now - last.at) / .seconds(1)
            if seconds >= 1 {
                state.processorRate = UInt64(Double(total - min(total, last.time)) / seconds)
                state.processor = (total, now)
            }
            return (total, state.processorRate)
        }
    }

    // MARK: What goes wrong

    func attempt<Result>(_ what: String, _ body: () throws -> Result) -> Result? {
        do {
            let result = try body()
            state.withLock { _ = $0.told.remove(what) }
            return result
        } catch {
            tell(what, error)
            return nil
        }
    }

    private func tell(_ what: String, _ error: any Error) {
        let isNew = state.withLock { $0.told.insert(what).inserted }
        if isNew { log.warning("measure \(what): \(error)") }
    }
}
