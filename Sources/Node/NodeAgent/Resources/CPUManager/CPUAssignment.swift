/// Which processors a container gets for itself: whole sockets, then whole memory nodes, then whole cores, then single
/// threads of the cores that are taken already, so that as little as possible is shared (the kubelet's packed order).
enum CPUAssignment {
    /// - Returns: nil when there are not enough.
    static func take(_ count: Int, of free: CPUSet, _ topology: CPUTopology) -> CPUSet? {
        guard free.count >= count else { return nil }
        var taken = CPUSet()
        var left = free
        func missing() -> Int { count - taken.count }
        func take(_ cpus: CPUSet) {
            taken = taken.union(cpus)
            left = left.subtracting(cpus)
        }
        func takeWhole<Key: Hashable>(_ part: (CPUTopology.Place) -> Key) {
            let whole = topology.groups(of: topology.all, by: part)
            let here = topology.groups(of: left, by: part).filter { $0.value == whole[$0.key] }
            for cpus in order(here, besides: taken, topology) where cpus.count <= missing() { take(cpus) }
        }
        takeWhole { $0.socket }
        takeWhole { $0.node }
        takeWhole { $0 }
        // Threads: of the cores with the fewest free ones first.
        let cores = order(topology.groups(of: left) { $0 }, besides: taken, topology)
        for cpu in cores.sorted(by: { $0.count < $1.count }).flatMap(\.sorted) where missing() > 0 {
            take(CPUSet([cpu]))
        }
        return taken
    }

    /// Those on sockets that are used already, then on those with the least room, the lowest numbers first.
    private static func order<Key: Hashable>(
        _ groups: [Key: CPUSet], besides taken: CPUSet, _ topology: CPUTopology
    ) -> [CPUSet] {
        let used = Set(taken.numbers.compactMap { topology.places[$0]?.socket })
        let room = groups.values.reduce(into: [Int: Int]()) { sum, cpus in
            for cpu in cpus.numbers {
                if let place = topology.places[cpu] { sum[place.socket, default: 0] += 1 }
            }
        }
        func rank(_ cpus: CPUSet) -> (Int, Int, Int) {
            let first = cpus.sorted.first ?? 0
            let socket = topology.places[first]?.socket ?? 0
            return (used.contains(socket) ? 0 : 1, room[socket] ?? 0, first)
        }
        return groups.values.sorted { rank($0) < rank($1) }
    }
}
