import KubernetesAPI

/// When images go that nobody uses.
package struct ImageCollectionSettings: Sendable, Equatable {
    /// Percentage of the images' disk in use from which on they go, and down to which; 100 and more: never.
    package var high: Int64
    package var low: Int64
    /// How long the agent has to know an image before it goes for want of space.
    package var minimumAge: Duration
    /// After which an unused image goes in any case; nil: never.
    package var maximumAge: Duration?

    /// - Throws: with every line that is wrong.
    package init(_ kubelet: KubeletConfiguration) throws(InvalidSettings) {
        high = Int64(kubelet.imageGCHighThresholdPercent ?? 85)
        low = Int64(kubelet.imageGCLowThresholdPercent ?? 80)
        minimumAge = kubelet.imageMinimumGCAge
        maximumAge = kubelet.imageMaximumGCAge == .zero ? nil : kubelet.imageMaximumGCAge
        var problems: [String] = []
        for (name, value) in [("High", high), ("Low", low)] where !(0...100 ~= value) {
            problems.append(
                "imageGC\(name)ThresholdPercent: Invalid value: \(value): must be between 0 and 100")
        }
        if low >= high {
            problems.append(
                "imageGCLowThresholdPercent: Invalid value: \(low): must be less than imageGCHighThresholdPercent, "
                    + "\(high)")
        }
        if minimumAge < .zero {
            problems.append(
                "imageMinimumGCAge: Invalid value: \"\(minimumAge.goText)\": must not be negative")
        }
        if let maximumAge, maximumAge < .zero || maximumAge <= minimumAge {
            problems.append(
                "imageMaximumGCAge: Invalid value: \"\(maximumAge.goText)\": must be more than imageMinimumGCAge, "
                    + "\"\(minimumAge.goText)\"")
        }
        if !problems.isEmpty { throw InvalidSettings(problems) }
    }

    /// Bytes to be freed on a disk; nil: it is not too full.
    package func excess(_ disk: NodeReading.Amount) -> Int64? {
        guard high < 100, disk.capacity > 0 else { return nil }
        let used = 100 - disk.available * 100 / disk.capacity
        guard used >= high else { return nil }
        return disk.capacity / 100 * (100 - low) - disk.available
    }
}
