import LinuxKernel

/// What connects containers to a network before each start, and disconnects them after each end. This floor knows
/// of no network: the programs bring one. Both get the container's folder, both run in short-lived clones of the
/// shim, and both leave containers alone that want no network.
///
/// Who is connected gets the shim's identity, too: it cannot be found out in a clone whose shim was just killed.
public struct ContainerNetwork: Sendable {
    /// Called before the container is made.
    let attach: @Sendable (_ folder: String, _ shim: ProcessIdentity) throws -> Void
    /// Called when no process of the container is left; repeatable.
    let detach: @Sendable (_ folder: String) throws -> Void

    public init(
        attach: @escaping @Sendable (_ folder: String, _ shim: ProcessIdentity) throws -> Void,
        detach: @escaping @Sendable (_ folder: String) throws -> Void
    ) {
        self.attach = attach
        self.detach = detach
    }

    /// For containers whose network is made by others.
    public static let none = ContainerNetwork(attach: { _, _ in }, detach: { _ in })
}
