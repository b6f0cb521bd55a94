// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct Summary: APIStructure {
    package var node: NodeStats = NodeStats()
    package var pods: [PodStats] = []

    package init(
        node: NodeStats = NodeStats(),
        pods: [PodStats] = []
    ) {
        self.node = node
        self.pods = pods
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "node": self.node = NodeStats(from: value, at: path, reporting: &problems)
        case "pods": self.pods = [PodStats](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("node", self.node)
        object.put("pods", self.pods)
    }
}

package struct SwapStats: APIStructure {
    package var time: Time? = nil
    package var swapAvailableBytes: UInt64? = nil
    package var swapUsageBytes: UInt64? = nil

    package init(
        time: Time? = nil,
        swapAvailableBytes: UInt64? = nil,
        swapUsageBytes: UInt64? = nil
    ) {
        self.time = time
        self.swapAvailableBytes = swapAvailableBytes
        self.swapUsageBytes = swapUsageBytes
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "swapAvailableBytes": self.swapAvailableBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "swapUsageBytes": self.swapUsageBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.putUnlessEmpty("swapAvailableBytes", self.swapAvailableBytes)
        object.putUnlessEmpty("swapUsageBytes", self.swapUsageBytes)
    }
}
