import LinuxKernel

/// What the kernel remembers of packets to pods' host ports: where the first one of a flow went, all later ones go,
/// whatever the maps say by then. A client of UDP or SCTP that keeps its socket and sends on would never reach a pod
/// that came after its first packet, nor the one that comes in place of another. Connections of TCP end with their pod,
/// and the next one has a port of its own.
///
/// Nothing here fails: without connection tracking that can be asked, all but such clients are served.
struct TrackedFlows {
    /// One host port, as packets to it are led.
    private struct Way {
        let proto: PortProtocol
        let hostIP: IPAddress?
        let hostPort: UInt16
        let pod: IPAddress
        let podPort: UInt16

        func leads(_ flow: ConntrackSocket.Flow) -> Bool {
            flow.receiver == pod && flow.receiverPort == podPort
        }
    }

    private let ways: [Way]

    /// - Parameter records: of pods that have their ports by now, or no more.
    init(_ records: [NetworkRecord]) {
        ways = records.flatMap { record in
            record.addresses.flatMap { address in
                record.ports.filter { $0.proto != .tcp && $0.serves(version6: address.isVersion6) }.map {
                    Way(
                        proto: $0.proto, hostIP: $0.hostIP.flatMap { $0.isUnspecified ? nil : $0 },
                        hostPort: $0.hostPort, pod: address, podPort: $0.podPort)
                }
            }
        }
    }

    /// The pods have their ports now: what went elsewhere before goes to them.
    func turnToPods() {
        // Whom a packet to an address of others passes on its way is none of ours, whatever its port.
        guard var host = try? RouteSocket() else { return }
        var own: [IPAddress: Bool] = [:]
        forget { flow, ways in
            let found = ways.first { $0.hostIP == flow.target } ?? ways.first { $0.hostIP == nil }
            guard let found, !found.leads(flow) else { return false }
            if let known = own[flow.target] { return known }
            let isOwn = (try? host.route(to: flow.target))?.isLocal == true
            own[flow.target] = isOwn
            return isOwn
        }
    }

    /// The pods have their ports no more: what went to them goes to whoever is there.
    func leavePods() {
        forget { flow, ways in flow.target != flow.receiver && ways.contains { $0.leads(flow) } }
    }

    /// - Parameter isStale: asked for a flow and the ways that begin at its port.
    private func forget(_ isStale: (ConntrackSocket.Flow, [Way]) -> Bool) {
        if ways.isEmpty { return }
        guard var flows = try? ConntrackSocket(), (try? flows.isEmpty()) == false else { return }
        for proto in [PortProtocol.udp, .sctp] {
            for version6 in [false, true] {
                let some = ways.filter { $0.proto == proto && $0.pod.isVersion6 == version6 }
                if some.isEmpty { continue }
                let byPort = Dictionary(grouping: some, by: \.hostPort)
                try? flows.remove(
                    proto: proto.number, version6: version6,
                    port: byPort.count == 1 ? some[0].hostPort : nil
                ) { flow in
                    byPort[flow.targetPort].map { isStale(flow, $0) } ?? false
                }
            }
        }
    }
}
