import CRIProtocol
import KubernetesAPI

/// `/metrics/cadvisor`: the runtime's own numbers under the names that they have there.
package enum CadvisorMetrics {
    static func text(_ descriptors: [CRIMetricDescriptor], _ pods: [CRIPodSandboxMetrics]) -> String {
        var lines: [String: String] = [:]
        let allKeys = Dictionary(descriptors.map { ($0.name, $0.labelKeys) }, uniquingKeysWith: { $1 })
        for pod in pods {
            for metric in pod.metrics + pod.containerMetrics.flatMap(\.metrics) {
                guard let keys = allKeys[metric.name] else { continue }
                lines[metric.name, default: ""] += Exposition.line(
                    metric.name, Array(zip(keys, metric.labelValues)), "\(metric.value.value)",
                    metric.timestamp)
            }
        }
        return descriptors.map { descriptor in
            guard let text = lines[descriptor.name] else { return "" }
            let type = descriptor.name.hasSuffix("_total") ? "counter" : "gauge"
            return Exposition.head(descriptor.name, descriptor.help, type) + text
        }.joined()
    }

    // MARK: From a runtime that has no metrics

    /// The numbers that every runtime tells, of pods and of their containers.
    package static func text(_ reading: RuntimeReading) -> String {
        var subjects: [Subject] = []
        for pod in reading.stats {
            let (metadata, linux) = (pod.attributes.metadata, pod.linux)
            subjects.append(
                Subject(
                    labels: labels("", pod.attributes.id, image: "", name: "", metadata), cpu: linux.cpu,
                    memory: linux.memory, layer: nil,
                    createdAt: reading.sandboxes[pod.attributes.id]?.createdAt))
            for container in linux.containers {
                let attributes = container.attributes
                let listed = reading.containers[attributes.id]
                // cAdvisor knows a container by its id alone, and shows that as its name.
                let labels = labels(
                    attributes.metadata.name, attributes.id, image: listed?.imageName ?? "",
                    name: attributes.id,
                    metadata)
                subjects.append(
                    Subject(
                        labels: labels, cpu: container.cpu, memory: container.memory,
                        layer: container.hasWritableLayer ? container.writableLayer : nil,
                        createdAt: listed?.createdAt))
            }
        }
        return Basic.all.map { $0.text(subjects) }.joined()
    }

    private static func labels(
        _ container: String, _ id: String, image: String, name: String, _ pod: CRIPodSandboxMetadata
    ) -> [(String, String)] {
        [
            ("container", container), ("id", id), ("image", image), ("name", name),
            ("namespace", pod.namespace),
            ("pod", pod.name),
        ]
    }

    /// A pod or a container.
    private struct Subject {
        var labels: [(String, String)]
        var cpu: CRICpuUsage
        var memory: CRIMemoryUsage
        var layer: CRIFilesystemUsage?
        /// Nanoseconds since 1970.
        var createdAt: Int64?
    }

    /// A metric that can be made of these numbers.
    private struct Basic {
        let name: String
        let help: String
        let type: String
        /// Nil for what is not known; the time in nanoseconds since 1970, where there is one.
        let value: (Subject) -> (text: String, time: Int64?)?

        func text(_ subjects: [Subject]) -> String {
            let lines = subjects.compactMap { subject in
                value(subject).map { Exposition.line(name, subject.labels, $0.text, $0.time) }
            }
            return lines.isEmpty ? "" : Exposition.head(name, help, type) + lines.joined()
        }

        static func memory(
            _ name: String, _ help: String, _ value: @escaping (CRIMemoryUsage) -> UInt64?
        ) -> Basic {
            Basic(name: name, help: help, type: "gauge") { subject in
                value(subject.memory).map { ("\($0)", subject.memory.timestamp) }
            }
        }

        static var all: [Basic] {
            [
                Basic(
                    name: "container_cpu_usage_seconds_total",
                    help: "Processor time of all processes since the start, in seconds.",
                    type: "counter"
                ) {
                    $0.cpu.hasUsageCoreNanoSeconds ? ($0.cpu.secondsText, $0.cpu.timestamp) : nil
                },
                memory("container_memory_usage_bytes", "Memory that is charged, with all caches, in bytes.") {
                    $0.hasUsageBytes ? $0.usageBytes.value : nil
                },
                memory(
                    "container_memory_working_set_bytes",
                    "Memory that the kernel cannot take back at once, in bytes."
                ) {
                    $0.hasWorkingSetBytes ? $0.workingSetBytes.value : nil
                },
                memory("container_memory_rss", "Memory that is no file's content, in bytes.") {
                    $0.hasRssBytes ? $0.rssBytes.value : nil
                },
                Basic(
                    name: "container_start_time_seconds",
                    help: "When it was started, in seconds since 1970.", type: "gauge"
                ) {
                    $0.createdAt.map { ("\(Double($0) / 1e9)", nil) }
                },
                Basic(
                    name: "container_fs_usage_bytes",
                    help: "What the container's writable layer takes, in bytes.",
                    type: "gauge"
                ) {
                    $0.layer.map { ("\($0.usedBytes.value)", $0.timestamp) }
                },
            ]
        }
    }
}

extension CRICpuUsage {
    /// Seconds that processors have worked, as pages of numbers have it.
    var secondsText: String { "\(Double(usageCoreNanoSeconds.value) / 1e9)" }
}

extension CRIContainer {
    /// As the manifest names it, where the runtime tells.
    fileprivate var imageName: String {
        image.userSpecifiedImage.isEmpty ? image.image : image.userSpecifiedImage
    }
}
