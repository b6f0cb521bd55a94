// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct DeleteOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "DeleteOptions"

    package var gracePeriodSeconds: Int64? = nil
    @Boxed package var preconditions: Preconditions? = nil
    package var orphanDependents: Bool? = nil
    package var propagationPolicy: DeletionPropagation? = nil
    package var dryRun: [String] = []
    package var ignoreStoreReadErrorWithClusterBreakingPotential: Bool? = nil

    package init(
        gracePeriodSeconds: Int64? = nil,
        preconditions: Preconditions? = nil,
        orphanDependents: Bool? = nil,
        propagationPolicy: DeletionPropagation? = nil,
        dryRun: [String] = [],
        ignoreStoreReadErrorWithClusterBreakingPotential: Bool? = nil
    ) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.preconditions = preconditions
        self.orphanDependents = orphanDependents
        self.propagationPolicy = propagationPolicy
        self.dryRun = dryRun
        self.ignoreStoreReadErrorWithClusterBreakingPotential = ignoreStoreReadErrorWithClusterBreakingPotential
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "gracePeriodSeconds": self.gracePeriodSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "preconditions": self.preconditions = Optional<Preconditions>(from: value, at: path, reporting: &problems)
        case "orphanDependents": self.orphanDependents = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "propagationPolicy": self.propagationPolicy = Optional<DeletionPropagation>(from: value, at: path, reporting: &problems)
        case "dryRun": self.dryRun = [String](from: value, at: path, reporting: &problems)
        case "ignoreStoreReadErrorWithClusterBreakingPotential": self.ignoreStoreReadErrorWithClusterBreakingPotential = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("gracePeriodSeconds", self.gracePeriodSeconds)
        object.putUnlessEmpty("preconditions", self.preconditions)
        object.putUnlessEmpty("orphanDependents", self.orphanDependents)
        object.putUnlessEmpty("propagationPolicy", self.propagationPolicy)
        object.putUnlessEmpty("dryRun", self.dryRun)
        object.putUnlessEmpty("ignoreStoreReadErrorWithClusterBreakingPotential", self.ignoreStoreReadErrorWithClusterBreakingPotential)
    }
}

package struct DeletionPropagation: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let orphan = Self(rawValue: "Orphan")
    package static let background = Self(rawValue: "Background")
    package static let foreground = Self(rawValue: "Foreground")

    /// Those that the API names.
    package static let known: [Self] = [.orphan, .background, .foreground]
}
