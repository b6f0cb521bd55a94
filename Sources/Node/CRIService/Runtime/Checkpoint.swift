import CRIProtocol
import GRPCCore
import PodEngine

extension RuntimeService {
    /// Writes an image of a running container's processes, which goes on.
    public func checkpointContainer(
        request: CRICheckpointContainerRequest, context: ServerContext
    ) async throws -> CRICheckpointContainerResponse {
        guard request.location.hasPrefix("/") else {
            throw RPCError(code: .invalidArgument, message: "location: must be an absolute path")
        }
        let container = try engine.container(request.containerID)
        guard container.phase == .running else {
            throw RPCError(code: .failedPrecondition, message: "container \(container.id) is not running")
        }
        try await engine.checkpoint(container.id, to: request.location, seconds: request.timeout)
        return CRICheckpointContainerResponse()
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
