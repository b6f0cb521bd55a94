import ContainerShim
import LinuxKernel

extension PodEngine {
    /// Writes an image of a container's processes, which go on.
    /// - Parameters:
    ///   - folder: made if missing.
    ///   - seconds: 0 for the shim's own limit.
    public func checkpoint(_ word: String, to folder: String, seconds: Int64) async throws {
        let container = try registry.container(word)
        let connection = try connection(of: try registry.sandbox(container.record.sandboxID))
        let request = CheckpointRequest(
            imagePath: folder, timeout: seconds > 0 ? Int(clamping: seconds) * 1000 : nil)
        do {
            _ = try await connection.call(
                .checkpoint(container: container.id, request), milliseconds: ShimClient.patiently)
        } catch let error as ShimError {
            throw explained(error, container, "checkpoint")
        }
    }
}
