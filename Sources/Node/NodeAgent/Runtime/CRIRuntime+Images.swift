import CRIProtocol
import GRPCCore

extension CRIRuntime {
    /// - Returns: nil when the node does not have it.
    func image(_ spec: CRIImageSpec) async throws(RuntimeError) -> CRIImage? {
        let answer = try await call("ImageStatus") {
            try await self.images.imageStatus(.with { $0.image = spec }, options: $0)
        }
        return answer.hasImage ? answer.image : nil
    }

    func imageList() async throws(RuntimeError) -> [CRIImage] {
        try await call("ListImages") {
            try await self.images.listImages(CRIListImagesRequest(), options: $0).images
        }
    }

    /// - Returns: the image's reference, as container statuses show it.
    func pull(
        _ spec: CRIImageSpec, auth: CRIAuthConfig?, for sandbox: CRIPodSandboxConfig?
    ) async throws(RuntimeError) -> String {
        try await call("PullImage", timeout: deadlines.pull) {
            try await self.images.pullImage(
                .with {
                    $0.image = spec
                    if let auth { $0.auth = auth }
                    if let sandbox { $0.sandboxConfig = sandbox }
                }, options: $0
            ).imageRef
        }
    }

    func removeImage(_ id: String) async throws(RuntimeError) {
        _ = try await call("RemoveImage") {
            try await self.images.removeImage(.with { $0.image.image = id }, options: $0)
        }
    }

    func imageFilesystem() async throws(RuntimeError) -> CRIImageFsInfoResponse {
        try await call("ImageFsInfo") {
            try await self.images.imageFsInfo(CRIImageFsInfoRequest(), options: $0)
        }
    }
}
