import Glibc
import LinuxKernel
import OCISpec

/// The SELinux context of the root of a container's message queues. It came with the ipc namespace: the kernel takes
/// no context= for it any more.
package enum MessageQueueLabel {
    /// - Parameter joined: the ipc namespace that the container joins, open.
    /// - Returns: nil also for the queues that the runtime itself sees, which are the host's: with another label those
    ///   who use them there could not any more.
    package static func wanted(_ spec: RuntimeSpec, joined: Int32?) throws(KernelError) -> String? {
        guard let label = spec.linux?.mountLabel, !label.isEmpty, spec.linux?.namespace(.ipc) != nil else {
            return nil
        }
        if let joined, try NamespaceKind.ipc.isOwn(joined) { return nil }
        return label
    }

    static func set(
        _ label: String, on root: borrowing FileDescriptor, _ place: String, _ spec: RuntimeSpec, _ log: Log
    ) throws(KernelError) {
        do throws(KernelError) {
            try root.setContext(label, name: place)
        } catch {
            guard isSomebodyElses(spec, error) else { throw error }
            log.warning("mount \(place): \(error): the message queues keep the label that they have")
        }
    }

    /// Whether that answer says that the root belongs to whoever made the namespace that the container joins, and who is
    /// nobody in its user namespace. Pods of earlier versions have such ones, of the host's root.
    package static func isSomebodyElses(_ spec: RuntimeSpec, _ error: KernelError) -> Bool {
        error.errno == .notPermitted && spec.linux?.namespace(.ipc)?.path != nil
    }
}
