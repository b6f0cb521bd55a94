import ContainerRuntime
import LinuxKernel
import OCISpec
import Testing

@Suite struct MessageQueueLabelTests {
    /// Of its own namespace a container that wants a label has it, or is not made.
    @Test(
        arguments: [
            (RuntimeSpec.Namespace(.ipc, path: "/run/pod/ipc"), Errno.notPermitted, true),
            (.init(.ipc, path: "/run/pod/ipc"), .accessDenied, false),
            (.init(.ipc), .notPermitted, false), (.init(.uts, path: "/run/pod/uts"), .notPermitted, false),
        ])
    func onlyAJoinedNamespacesQueuesStayAsTheyAre(
        _ namespace: RuntimeSpec.Namespace, _ errno: Errno, _ stays: Bool
    ) {
        var spec = RuntimeSpec.example()
        spec.linux?.namespaces = [.init(.mount), namespace]
        let error = KernelError("label", "/dev/mqueue", errno)
        #expect(MessageQueueLabel.isSomebodyElses(spec, error) == stays)
    }
}
