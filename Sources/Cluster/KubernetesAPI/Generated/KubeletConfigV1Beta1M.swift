// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct MemoryReservation: APIStructure {
    package var numaNode: Int32 = 0
    package var limits: ResourceList = [:]

    package init(
        numaNode: Int32 = 0,
        limits: ResourceList = [:]
    ) {
        self.numaNode = numaNode
        self.limits = limits
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "numaNode": self.numaNode = Int32(from: value, at: path, reporting: &problems)
        case "limits": self.limits = ResourceList(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("numaNode", self.numaNode)
        object.put("limits", self.limits)
    }
}

package struct MemoryReservationPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let none = Self(rawValue: "None")
    package static let tieredReservation = Self(rawValue: "TieredReservation")

    /// Those that the API names.
    package static let known: [Self] = [.none, .tieredReservation]
}

package struct MemorySwapConfiguration: APIStructure {
    package var swapBehavior: String = ""

    package init(
        swapBehavior: String = ""
    ) {
        self.swapBehavior = swapBehavior
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "swapBehavior": self.swapBehavior = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("swapBehavior", self.swapBehavior)
    }
}
