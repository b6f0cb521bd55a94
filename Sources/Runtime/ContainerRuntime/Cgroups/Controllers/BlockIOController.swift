import OCISpec

/// Weights and throttles of block devices (config-linux.md, Block IO).
struct BlockIOController: ResourceController {
    static let kind = CgroupController.io
    static let field = "linux.resources.blockIO"

    private typealias Throttle = RuntimeSpec.Resources.ThrottleDevice

    private let io: RuntimeSpec.Resources.BlockIO
    private let hasThrottles: Bool

    init?(_ resources: RuntimeSpec.Resources, updating: Bool) {
        guard let io = resources.blockIO else { return nil }
        hasThrottles =
            !io.throttleReadBpsDevice.isEmpty || !io.throttleWriteBpsDevice.isEmpty
            || !io.throttleReadIOPSDevice.isEmpty || !io.throttleWriteIOPSDevice.isEmpty
        let hasWeights = (io.weight ?? 0) != 0 || (io.leafWeight ?? 0) != 0 || !io.weightDevice.isEmpty
        guard hasThrottles || hasWeights else { return nil }
        self.io = io
    }

    // MARK: Version 2

    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        let hasLeafWeight =
            (io.leafWeight ?? 0) != 0 || io.weightDevice.contains { ($0.leafWeight ?? 0) != 0 }
        if hasLeafWeight {
            warnings.append("\(Self.field): leaf weights are ignored, cgroup version 2 has none")
        }
        if let weight = io.weight, weight != 0 {
            try writeUnified(weight: weight, prefix: "", to: group)
        }
        for device in io.weightDevice {
            guard let weight = device.weight, weight != 0 else { continue }
            try writeUnified(weight: weight, prefix: "\(device.major):\(device.minor) ", to: group)
        }
        guard hasThrottles else { return }
        try throttle(io.throttleReadBpsDevice, "rbps", group)
        try throttle(io.throttleWriteBpsDevice, "wbps", group)
        try throttle(io.throttleReadIOPSDevice, "riops", group)
        try throttle(io.throttleWriteIOPSDevice, "wiops", group)
    }

    /// The BFQ scheduler takes version 1's numbers; the io controller's own weight has another range.
    private func writeUnified(
        weight: UInt16, prefix: String, to group: CgroupDirectory
    ) throws(CgroupError) {
        if try group.writeIfThere("io.bfq.weight", "\(prefix)\(weight)") { return }
        try group.write("io.weight", "\(prefix)\(Self.unifiedWeight(weight))")
    }

    /// From 10 to 1000 to 1 to 10000, in proportion.
    static func unifiedWeight(_ weight: UInt16) -> UInt64 { 1 + (UInt64(max(weight, 10)) - 10) * 9999 / 990 }

    private func throttle(
        _ devices: [Throttle], _ word: String, _ group: CgroupDirectory
    ) throws(CgroupError) {
        for device in devices {
            // 0 takes a throttle away, for which version 2 has a word.
            let rate = device.rate == 0 ? "max" : String(device.rate)
            try group.write("io.max", "\(device.major):\(device.minor) \(word)=\(rate)")
        }
    }

    // MARK: Version 1

    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError) {
        if let weight = io.weight, weight != 0 {
            try writeLegacy("weight", String(weight), to: group)
        }
        if let weight = io.leafWeight, weight != 0 {
            try writeLegacy("leaf_weight", String(weight), to: group)
        }
        for device in io.weightDevice {
            let number = "\(device.major):\(device.minor)"
            if let weight = device.weight, weight != 0 {
                try writeLegacy("weight_device", "\(number) \(weight)", to: group)
            }
            if let weight = device.leafWeight, weight != 0 {
                try writeLegacy("leaf_weight_device", "\(number) \(weight)", to: group)
            }
        }
        guard hasThrottles else { return }
        try throttleLegacy(io.throttleReadBpsDevice, "blkio.throttle.read_bps_device", group)
        try throttleLegacy(io.throttleWriteBpsDevice, "blkio.throttle.write_bps_device", group)
        try throttleLegacy(io.throttleReadIOPSDevice, "blkio.throttle.read_iops_device", group)
        try throttleLegacy(io.throttleWriteIOPSDevice, "blkio.throttle.write_iops_device", group)
    }

    /// Before Linux 5.0 the CFQ scheduler had these files, since then BFQ.
    private func writeLegacy(
        _ file: String, _ value: String, to group: CgroupDirectory
    ) throws(CgroupError) {
        if try group.writeIfThere("blkio.\(file)", value) { return }
        try group.write("blkio.bfq.\(file)", value)
    }

    private func throttleLegacy(
        _ devices: [Throttle], _ file: String, _ group: CgroupDirectory
    ) throws(CgroupError) {
        for device in devices { try group.write(file, "\(device.major):\(device.minor) \(device.rate)") }
    }
}
