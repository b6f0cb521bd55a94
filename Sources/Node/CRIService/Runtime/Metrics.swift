import CRIProtocol
import ContainerRuntime
import GRPCCore
import PodEngine
import PodNetwork
import SwiftProtobuf

// The kubelet's /metrics/cadvisor, from the runtime instead of from cAdvisor (KEP-2371): the same names and units.
extension RuntimeService {
    public func listMetricDescriptors(
        request: CRIListMetricDescriptorsRequest, context: ServerContext
    ) async throws -> CRIListMetricDescriptorsResponse {
        var response = CRIListMetricDescriptorsResponse()
        response.descriptors = GroupMetric.all.map(\.descriptor) + InterfaceMetric.all.map(\.descriptor)
        return response
    }

    public func listPodSandboxMetrics(
        request: CRIListPodSandboxMetricsRequest, context: ServerContext
    ) async throws -> CRIListPodSandboxMetricsResponse {
        var response = CRIListPodSandboxMetricsResponse()
        response.podMetrics = try await podMetrics()
        return response
    }

    public func streamPodSandboxMetrics(
        request: CRIStreamPodSandboxMetricsRequest,
        response: RPCWriter<CRIStreamPodSandboxMetricsResponse>, context: ServerContext
    ) async throws {
        for part in try await podMetrics().parts(of: 64) {
            var message = CRIStreamPodSandboxMetricsResponse()
            message.podSandboxMetrics = part
            try await response.write(message)
        }
    }

    private func podMetrics() async throws -> [CRIPodSandboxMetrics] {
        let sandboxes = engine.sandboxes().filter(\.isReady)
        return try await Self.onThread {
            // The same for all pods: looked at once.
            let disks = BlockDevices()
            let disk = try DiskReading(of: engine.containerFolder, disks)
            return sandboxes.compactMap { sandbox in
                whereReadable("pod", sandbox.id) { try metrics(of: sandbox, disks, disk) }
            }
        }
    }

    private func metrics(
        of sandbox: SandboxState, _ disks: BlockDevices, _ disk: DiskReading
    ) throws -> CRIPodSandboxMetrics {
        var pod = CRIPodSandboxMetrics()
        pod.podSandboxID = sandbox.id
        let now = nanosecondsNow()
        var processes = ProcessCounts()
        for container in try engine.containers(of: sandbox.id) where container.phase == .running {
            let reading = whereReadable("container", container.id) {
                try self.reading(of: container, now, disks, disk)
            }
            guard let reading = reading ?? nil else { continue }
            if let counts = reading.processes { processes = processes + counts }
            let labels = [
                container.spec.name, container.id, try container.imageName, container.spec.name,
                sandbox.spec.namespace, sandbox.spec.name,
            ]
            var metrics = CRIContainerMetrics()
            metrics.containerID = container.id
            metrics.metrics = GroupMetric.all.flatMap { $0.metrics(of: reading, labels) }
            pod.containerMetrics.append(metrics)
        }
        let labels = ["", sandbox.id, "", "", sandbox.spec.namespace, sandbox.spec.name]
        if var usage = try engine.metrics(ofSandbox: sandbox.id) {
            usage.processes = processes
            let reading = GroupReading(usage, start: sandbox.createdAt, now: now, disks)
            pod.metrics = GroupMetric.all.flatMap { $0.metrics(of: reading, labels) }
        }
        for device in try engine.traffic(ofSandbox: sandbox.id) {
            pod.metrics += InterfaceMetric.all.map { $0.metric(of: device, labels, now) }
        }
        return pod
    }

    /// - Returns: nil for a container that has ended meanwhile.
    private func reading(
        of container: PodContainerState, _ now: Int64, _ disks: BlockDevices, _ disk: DiskReading
    ) throws -> GroupReading? {
        guard let usage = try engine.metrics(ofContainer: container.id) else { return nil }
        var reading = GroupReading(usage, start: container.startedAt, now: now, disks)
        reading.disk = disk
        reading.written = try engine.written(byContainer: container.id).map { UInt64(max(0, $0.bytes)) }
        return reading
    }
}

extension PodContainerState {
    /// The image as people call it: a kubelet asks for it by its id, and says the name beside that.
    fileprivate var imageName: String {
        get throws {
            let image = try CRIContainerStatus(serializedBytes: spec.details).image
            return image.userSpecifiedImage.isEmpty ? spec.image : image.userSpecifiedImage
        }
    }
}
