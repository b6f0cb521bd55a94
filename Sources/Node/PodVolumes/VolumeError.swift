/// Why one volume of a pod could not be set up. The reason is what the kubelet says there.
package struct VolumeError: Error, Equatable, CustomStringConvertible, Sendable {
    /// What was done for it, in the kubelet's words.
    package enum Step: String, Sendable {
        /// For this pod.
        case setUp = "MountVolume.SetUp"
        /// For all pods of the node.
        case mountDevice = "MountVolume.MountDevice"
    }

    package var volume: String
    package var step: Step
    package var reason: String

    package init(volume: String, step: Step = .setUp, reason: String) {
        self.volume = volume
        self.step = step
        self.reason = reason
    }

    /// One line, as the event of reason FailedMount has it.
    package var description: String { "\(step.rawValue) failed for volume \"\(volume)\" : \(reason)" }
}

/// All that went wrong with a pod's volumes; those that are not named are there.
package struct PodVolumesError: Error, Equatable, CustomStringConvertible, Sendable {
    package var failures: [VolumeError]

    package init(_ failures: [VolumeError]) {
        self.failures = failures
    }

    package var description: String { failures.map(\.description).joined(separator: "; ") }
}

/// A reason alone, in one line, where it is not known yet which volume or container it is about.
package struct VolumeFailure: Error, Equatable, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// Several reasons in one line, as Kubernetes puts them together; each is said once.
    init(_ reasons: [String]) {
        var told: [String] = []
        for reason in reasons where !told.contains(reason) { told.append(reason) }
        self.init(told.count == 1 ? told[0] : "[" + told.joined(separator: ", ") + "]")
    }
}
