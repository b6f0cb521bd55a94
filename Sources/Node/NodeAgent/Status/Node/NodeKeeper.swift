import CRIProtocol
import KubernetesAPI
import Logging

/// Looks at the node each `nodeStatusUpdateFrequency`, and when somebody says that it has changed, and publishes what it
/// is. What has become another is told as an event.
package final class NodeKeeper: Sendable {
    private let services: AgentServices
    private let machine: MachineFacts
    /// Of the HTTP API.
    private let port: Int32
    private let addressesChanged: @Sendable () async -> Void
    private let wakeup = Wakeup()

    init(
        services: AgentServices, machine: MachineFacts, port: Int32,
        addressesChanged: @escaping @Sendable () async -> Void
    ) {
        self.addressesChanged = addressesChanged
        self.services = services
        self.machine = machine
        self.port = port
    }

    /// Something has changed that the node's status says.
    func changed() { wakeup.signal() }

    /// Looks until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchPressure() }
            group.addTask { await self.keepLooking() }
        }
    }

    /// What the node lacks is to be seen at once.
    private func watchPressure() async {
        var before = services.pressure.known
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))
            } catch {
                return
            }
            let now = services.pressure.known
            if now != before { changed() }
            before = now
        }
    }

    private func keepLooking() async {
        let before = services.node.read()
        services.events.record(.normal, "Starting", "Starting kubelet.")
        if let boot = before?.status.nodeInfo.bootID, !boot.isEmpty, boot != machine.bootID {
            services.events.record(
                .warning, "Rebooted",
                "Node \(services.settings.nodeName) has been rebooted, boot id: \(machine.bootID)")
        }
        var last = before
        while !Task.isCancelled {
            let node = await look().make(before: last, now: .now)
            if Task.isCancelled { return }
            tell(node.status.conditions, before: last?.status.conditions ?? [])
            services.node.publish(node)
            last = node
            await wakeup.wait(until: .now + services.settings.kubelet.nodeStatusUpdateFrequency)
        }
    }

    private func look() async -> NodeBuilder {
        let addresses = services.settings.addresses
        if addresses.refresh() {
            services.log.notice("the node's addresses: \(addresses.all.joined(separator: ", "))")
            await addressesChanged()
        }
        var builder = NodeBuilder(
            settings: services.settings, machine: machine, capacity: services.resources.capacity,
            allocatable: services.resources.allocatable)
        builder.port = port
        builder.pressures = services.pressure.known
        builder.isShuttingDown = services.shutdown.isShuttingDown
        do throws(RuntimeError) {
            let version = try await services.runtime.version()
            builder.runtimeVersion = "\(version.runtimeName)://\(version.runtimeVersion)"
            builder.images = try await services.runtime.imageList()
            let status = try await services.runtime.status()
            services.features.set(status)
            builder.runtime = status
        } catch {
            // What it says of itself counts, and an answer that does not come is the answer.
            services.log.debug("look at the node: \(error)")
        }
        return builder
    }

    private func tell(_ conditions: [NodeCondition], before: [NodeCondition]) {
        for condition in conditions {
            let old = before.first { $0.type == condition.type }?.status
            guard old != condition.status, let reason = Self.reason(condition) else { continue }
            // That a new node lacks nothing needs no word.
            if old == nil, condition.type != .ready, condition.status == .false { continue }
            services.events.record(
                .normal, reason, "Node \(services.settings.nodeName) status is now: \(reason)")
        }
    }

    private static func reason(_ condition: NodeCondition) -> String? {
        let isTrue = condition.status == .true
        return switch condition.type {
        case .ready: isTrue ? "NodeReady" : "NodeNotReady"
        case .memoryPressure: isTrue ? "NodeHasInsufficientMemory" : "NodeHasSufficientMemory"
        case .diskPressure: isTrue ? "NodeHasDiskPressure" : "NodeHasNoDiskPressure"
        case .pidPressure: isTrue ? "NodeHasInsufficientPID" : "NodeHasSufficientPID"
        default: nil
        }
    }
}
