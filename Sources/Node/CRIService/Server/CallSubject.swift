import CRIProtocol
import Logging

/// What a call is about, for the log: taken from its request where that names a pod, a container or an image.
struct CallSubject: Sendable {
    private(set) var metadata: Logger.Metadata = [:]

    mutating func note(_ request: Any) {
        if let request = request as? any NamesPod, !request.podSandboxID.isEmpty {
            metadata["pod"] = "\(request.podSandboxID)"
        }
        if let request = request as? any NamesContainer, !request.containerID.isEmpty {
            metadata["container"] = "\(request.containerID)"
        }
        if let request = request as? any NamesImage, !request.image.image.isEmpty {
            metadata["image"] = "\(request.image.image)"
        }
        switch request {
        case let request as CRIRunPodSandboxRequest: note(request.config.metadata)
        case let request as CRICreateContainerRequest: metadata["name"] = "\(request.config.metadata.name)"
        default: break
        }
    }

    private mutating func note(_ pod: CRIPodSandboxMetadata) {
        metadata["name"] = "\(pod.namespace)/\(pod.name)"
        metadata["uid"] = "\(pod.uid)"
    }
}

private protocol NamesPod {
    var podSandboxID: String { get }
}

private protocol NamesContainer {
    var containerID: String { get }
}

private protocol NamesImage {
    var image: CRIImageSpec { get }
}

extension CRIStopPodSandboxRequest: NamesPod {}
extension CRIRemovePodSandboxRequest: NamesPod {}
extension CRIPodSandboxStatusRequest: NamesPod {}
extension CRIPodSandboxStatsRequest: NamesPod {}
extension CRICreateContainerRequest: NamesPod {}
extension CRIPortForwardRequest: NamesPod {}
extension CRIUpdatePodSandboxResourcesRequest: NamesPod {}

extension CRIStartContainerRequest: NamesContainer {}
extension CRIStopContainerRequest: NamesContainer {}
extension CRIRemoveContainerRequest: NamesContainer {}
extension CRIContainerStatusRequest: NamesContainer {}
extension CRIContainerStatsRequest: NamesContainer {}
extension CRIUpdateContainerResourcesRequest: NamesContainer {}
extension CRIReopenContainerLogRequest: NamesContainer {}
extension CRIExecSyncRequest: NamesContainer {}
extension CRIExecRequest: NamesContainer {}
extension CRIAttachRequest: NamesContainer {}
extension CRICheckpointContainerRequest: NamesContainer {}

extension CRIImageStatusRequest: NamesImage {}
extension CRIPullImageRequest: NamesImage {}
extension CRIRemoveImageRequest: NamesImage {}
