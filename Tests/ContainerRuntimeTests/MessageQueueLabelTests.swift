import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

@Suite struct MessageQueueLabelTests {
    /// The host's queues keep theirs, whether the container has no namespace of its own or a path leads to the host's.
    @Test func theHostsQueuesAreNotLabelled() throws {
        var spec = RuntimeSpec.example()
        let own = try FileDescriptor.open("/proc/self/ns/ipc", O_RDONLY)
        // Of another kind, and so not the one that this process has.
        let other = try FileDescriptor.open("/proc/self/ns/uts", O_RDONLY)
        spec.linux?.namespaces = [.init(.mount), .init(.ipc, path: "/run/pod/ipc")]
        #expect(try MessageQueueLabel.wanted(spec, joined: other.raw) == nil)
        spec.linux?.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"
        #expect(try MessageQueueLabel.wanted(spec, joined: other.raw) == spec.linux?.mountLabel)
        #expect(try MessageQueueLabel.wanted(spec, joined: own.raw) == nil)
        spec.linux?.namespaces = [.init(.mount), .init(.ipc)]
        #expect(try MessageQueueLabel.wanted(spec, joined: nil) == spec.linux?.mountLabel)
        spec.linux?.namespaces = [.init(.mount)]
        #expect(try MessageQueueLabel.wanted(spec, joined: nil) == nil)
        spec.linux?.namespaces = [.init(.ipc)]
        spec.linux?.mountLabel = ""
        #expect(try MessageQueueLabel.wanted(spec, joined: nil) == nil)
    }

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
