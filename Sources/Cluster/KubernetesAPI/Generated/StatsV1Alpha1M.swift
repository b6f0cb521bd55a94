// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct MemoryStats: APIStructure {
    package var time: Time? = nil
    package var availableBytes: UInt64? = nil
    package var usageBytes: UInt64? = nil
    package var workingSetBytes: UInt64? = nil
    package var rssBytes: UInt64? = nil
    package var pageFaults: UInt64? = nil
    package var majorPageFaults: UInt64? = nil
    @Boxed package var psi: PSIStats? = nil

    package init(
        time: Time? = nil,
        availableBytes: UInt64? = nil,
        usageBytes: UInt64? = nil,
        workingSetBytes: UInt64? = nil,
        rssBytes: UInt64? = nil,
        pageFaults: UInt64? = nil,
        majorPageFaults: UInt64? = nil,
        psi: PSIStats? = nil
    ) {
        self.time = time
        self.availableBytes = availableBytes
        self.usageBytes = usageBytes
        self.workingSetBytes = workingSetBytes
        self.rssBytes = rssBytes
        self.pageFaults = pageFaults
        self.majorPageFaults = majorPageFaults
        self.psi = psi
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "availableBytes": self.availableBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "usageBytes": self.usageBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "workingSetBytes": self.workingSetBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "rssBytes": self.rssBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "pageFaults": self.pageFaults = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "majorPageFaults": self.majorPageFaults = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "psi": self.psi = Optional<PSIStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.putUnlessEmpty("availableBytes", self.availableBytes)
        object.putUnlessEmpty("usageBytes", self.usageBytes)
        object.putUnlessEmpty("workingSetBytes", self.workingSetBytes)
        object.putUnlessEmpty("rssBytes", self.rssBytes)
        object.putUnlessEmpty("pageFaults", self.pageFaults)
        object.putUnlessEmpty("majorPageFaults", self.majorPageFaults)
        object.putUnlessEmpty("psi", self.psi)
    }
}
