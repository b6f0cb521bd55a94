import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// The names in a folder; none where there is none.
func names(in folder: String) -> [String] {
    ((try? FileDescriptor.listing(of: folder)) ?? []).map(\.name)
}

extension ShimHost {
    /// Defines a pod whose containers share a pid namespace.
    func definePodWithInit(
        _ kinds: [PodNamespace.Kind], _ change: (inout PodSupervision) -> Void = { _ in }
    ) throws {
        try definePod(kinds) { pod in
            change(&pod)
            pod.sharedPID = self.pod() + "/init"
            try PodInit.writeBundle(
                in: self.pod() + "/init", pod: pod,
                program: Self.program.splitAtLastComponent.parent + "/swiftlet-init",
                cgroupsPath: "/" + id("init"))
        }
    }

    /// Ends the pod's shim and expects that nothing is left of the pod.
    func endPod(_ client: inout ShimClient) throws {
        try client.shutdown()
        #expect(shimEnds())
        // The group that the shim was in can only go now.
        try cleanPod()
        try cleanPod()
        #expect(names(in: pod() + "/ns").isEmpty)
    }
}
