import OCISpec

/// The limits that one controller sets: what a configuration asks of it, and how each cgroup version takes it.
/// All controllers have this shape. Absent and 0 mean "leave as it is" unless a field says otherwise, as in
/// runc.
protocol ResourceController {
    static var kind: CgroupController { get }
    /// The part of the configuration, for messages.
    static var field: String { get }
    /// Whether a host without the controller is good enough.
    static var isOptional: Bool { get }

    /// - Parameter updating: the container exists, and its limits may be any.
    /// - Returns: nil when nothing is asked for.
    init?(_ resources: RuntimeSpec.Resources, updating: Bool)

    /// - Parameter warnings: gets what version 2 has no form for.
    func applyUnified(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError)
    func applyLegacy(to group: CgroupDirectory, warnings: inout [String]) throws(CgroupError)
}

extension ResourceController {
    static var isOptional: Bool { false }
}
