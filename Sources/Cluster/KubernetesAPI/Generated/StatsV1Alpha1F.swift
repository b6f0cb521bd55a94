// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct FsStats: APIStructure {
    package var time: Time? = nil
    package var availableBytes: UInt64? = nil
    package var capacityBytes: UInt64? = nil
    package var usedBytes: UInt64? = nil
    package var inodesFree: UInt64? = nil
    package var inodes: UInt64? = nil
    package var inodesUsed: UInt64? = nil

    package init(
        time: Time? = nil,
        availableBytes: UInt64? = nil,
        capacityBytes: UInt64? = nil,
        usedBytes: UInt64? = nil,
        inodesFree: UInt64? = nil,
        inodes: UInt64? = nil,
        inodesUsed: UInt64? = nil
    ) {
        self.time = time
        self.availableBytes = availableBytes
        self.capacityBytes = capacityBytes
        self.usedBytes = usedBytes
        self.inodesFree = inodesFree
        self.inodes = inodes
        self.inodesUsed = inodesUsed
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "availableBytes": self.availableBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "capacityBytes": self.capacityBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "usedBytes": self.usedBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "inodesFree": self.inodesFree = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "inodes": self.inodes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "inodesUsed": self.inodesUsed = Optional<UInt64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.putUnlessEmpty("availableBytes", self.availableBytes)
        object.putUnlessEmpty("capacityBytes", self.capacityBytes)
        object.putUnlessEmpty("usedBytes", self.usedBytes)
        object.putUnlessEmpty("inodesFree", self.inodesFree)
        object.putUnlessEmpty("inodes", self.inodes)
        object.putUnlessEmpty("inodesUsed", self.inodesUsed)
    }
}
