import CRIProtocol
import ContainerShim
import GRPCCore
import OCISpec
import PodEngine
import SwiftProtobuf

extension RuntimeService {
    /// Writes a running container into an archive, for whoever wants to look into it or to restore it elsewhere; the
    /// container goes on (KEP-2008).
    public func checkpointContainer(
        request: CRICheckpointContainerRequest, context: ServerContext
    ) async throws -> CRICheckpointContainerResponse {
        let parts = request.location.split(separator: "/", omittingEmptySubsequences: false)
        guard request.location.hasPrefix("/"), !parts.contains(".."), parts.last != "" else {
            throw RPCError(
                code: .invalidArgument, message: "location: must be the absolute path of a file, without ..")
        }
        guard request.timeout >= 0 else {
            throw RPCError(code: .invalidArgument, message: "timeout: must not be negative")
        }
        let container = try engine.container(request.containerID)
        guard container.phase == .running else {
            throw RPCError(code: .failedPrecondition, message: "container \(container.id) is not running")
        }
        let sandbox = try engine.sandbox(container.sandboxID)
        let order = CheckpointOrder(
            location: request.location, seconds: request.timeout,
            documents: [
                "config.dump": try configDump(container, sandbox), "status.dump": try statusDump(container),
            ])
        try await engine.checkpoint(container.id, order)
        return CRICheckpointContainerResponse()
    }

    /// What the archive is of, with the members that checkpointctl, podman, CRI-O and containerd have in this file.
    private func configDump(_ container: PodContainerState, _ sandbox: SandboxState) throws -> [UInt8] {
        let status = container.status()
        let pod = sandbox.spec
        var json = JSONWriter()
        json.object { json in
            json.member("id", container.id)
            json.member(
                "name",
                "k8s_\(container.spec.name)_\(pod.name)_\(pod.namespace)_\(pod.uid)_\(container.spec.attempt)"
            )
            json.member("rootfsImage", container.spec.image)
            json.member("rootfsImageRef", status.imageRef)
            json.member("rootfsImageName", container.spec.image)
            json.member("runtime", sandbox.runtime)
            json.member("createdTime", Timestamp(nanosecondsSince1970: container.createdAt).description)
            json.member("checkpointedTime", Timestamp.now.description)
            // Never, as Go writes it.
            json.member("restoredTime", "0001-01-01T00:00:00Z")
            json.member("restored", false)
        }
        return json.bytes
    }

    /// The container's status as Go writes the CRI's messages: with the fields' own names, numbers as numbers.
    private func statusDump(_ container: PodContainerState) throws -> [UInt8] {
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        options.alwaysPrintInt64sAsNumbers = true
        options.alwaysPrintEnumsAsInts = true
        return try container.status().jsonUTF8Bytes(options: options)
    }

    // The kubelet has both behind a gate that is off (KEP-5823); no runtime offers them yet.

    public func checkpointPod(
        request: CRICheckpointPodRequest, context: ServerContext
    ) async throws -> CRICheckpointPodResponse {
        throw RPCError(code: .unimplemented, message: "checkpoints of whole pods are not supported")
    }

    public func restorePod(
        request: CRIRestorePodRequest, context: ServerContext
    ) async throws -> CRIRestorePodResponse {
        throw RPCError(code: .unimplemented, message: "restoring whole pods is not supported")
    }
}
