import KubernetesAPI
import NodeAgent
import Testing

@Suite struct EvictionRankingTests {
    private func pod(_ name: String, request: ResourceList = [:], priority: Int32? = nil) -> Pod {
        var pod = Pod()
        pod.metadata.name = name
        pod.metadata.namespace = "default"
        pod.metadata.uid = name
        var container = Container(name: "c", image: "image")
        container.resources.requests = request
        pod.spec.containers = [container]
        pod.spec.priority = priority
        return pod
    }

    private func order(
        _ pods: [Pod], _ usage: [String: PodUsage], _ signal: EvictionSignal,
        disks: NodeReading.Disks = .one
    ) -> [String] {
        EvictionRanking.order(pods, usage, for: signal, disks: disks).map(\.metadata.name)
    }

    private func memory(_ bytes: Int64) -> PodUsage {
        var usage = PodUsage()
        usage.memory = bytes
        return usage
    }

    @Test func memoryByExcessThenPriorityThenAmount() {
        let pods = [
            pod("below", request: [.memory: Quantity(1000)]),
            pod("slightly", request: [.memory: Quantity(100)]),
            pod("greatly", request: [.memory: Quantity(100)]), pod("important", priority: 10),
            pod("greedy-important", priority: 10), pod("unmeasured"),
        ]
        let usage = [
            "below": memory(999), "slightly": memory(110), "greatly": memory(200), "important": memory(50),
            "greedy-important": memory(5000),
        ]
        #expect(
            order(pods, usage, .memory) == [
                "greatly", "slightly", "greedy-important", "important", "unmeasured", "below",
            ])
    }

    @Test func criticalPodsStay() {
        var named = pod("named")
        named.spec.priorityClassName = "system-node-critical"
        let pods = [named, pod("critical", priority: 2_000_000_000), pod("nearly", priority: 1_999_999_999)]
        #expect(order(pods, [:], .memory) == ["nearly"])
    }

    @Test func processesByPriorityThenNumber() {
        var many = PodUsage()
        many.processes = 500
        var few = PodUsage()
        few.processes = 5
        let pods = [pod("few"), pod("many"), pod("more important", priority: 1)]
        #expect(
            order(pods, ["few": few, "many": many, "more important": many], .processes) == [
                "many", "few", "more important",
            ])
    }

    /// Which of a pod's files count depends on the disk that is short and on what lies there.
    @Test func disksByWhatLiesOnThem() {
        var writer = PodUsage()
        writer.containers["c"] = .init(layer: .init(bytes: 100, inodes: 1))
        var logger = PodUsage()
        logger.containers["c"] = .init(logs: .init(bytes: 60, inodes: 20))
        var filler = PodUsage()
        filler.volumes = .init(bytes: 50, inodes: 30)
        let usage = ["writer": writer, "logger": logger, "filler": filler]
        let pods = ["writer", "logger", "filler"].map { pod($0) }
        #expect(order(pods, usage, .nodeDisk) == ["writer", "logger", "filler"])
        #expect(order(pods, usage, .nodeInodes) == ["filler", "logger", "writer"])
        #expect(order(pods, usage, .nodeDisk, disks: .runtime) == ["logger", "filler", "writer"])
        #expect(order(pods, usage, .imageDisk, disks: .runtime).first == "writer")
        #expect(order(pods, usage, .nodeDisk, disks: .images) == ["writer", "logger", "filler"])
        let asked = [pod("writer", request: [.ephemeralStorage: Quantity(100)]), pod("filler")]
        #expect(order(asked, usage, .nodeDisk) == ["filler", "writer"])
    }

    @Test func messagesInKubernetesWords() {
        let threshold = EvictionThreshold(.memory, .quantity("100Mi"))
        var usage = memory(80 << 20)
        usage.containers["c"] = .init(memory: 80 << 20)
        #expect(
            EvictionMessage.text(
                threshold, .init(capacity: 1 << 30, available: 50 << 20),
                pod("a", request: [.memory: "10Mi"]), usage)
                == "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
                + "Container c was using 80Mi, request is 10Mi, has larger consumption of memory. ")
        #expect(
            EvictionMessage.text(
                EvictionThreshold(.nodeInodes, .share(0.05)), .init(capacity: 1000, available: 3), pod("a"),
                usage)
                == "The node was low on resource: inodes. Threshold quantity: 50, available: 3. ")
    }

    // MARK: Limits

    @Test func limitsOfStorage() {
        var limited = pod("a")
        limited.spec.volumes = [Volume(name: "v")]
        limited.spec.volumes[0].emptyDir = EmptyDirVolumeSource(sizeLimit: "10Mi")
        var other = Container(name: "d", image: "image")
        other.resources.limits[.ephemeralStorage] = "20Mi"
        limited.spec.containers.append(other)
        #expect(StorageLimits.areSet(for: limited))
        #expect(!StorageLimits.areSet(for: pod("b")))
        var usage = PodUsage()
        usage.emptyDirs["v"] = 10 << 20
        usage.volumes.bytes = 10 << 20
        usage.containers["d"] = .init(layer: .init(bytes: 5 << 20), logs: .init(bytes: 5 << 20))
        #expect(StorageLimits.violation(by: limited, usage)?.failure == nil)
        var full = usage
        full.emptyDirs["v"] = 10 << 20 + 1
        #expect(
            StorageLimits.violation(by: limited, full)?.failure
                == PodFailure(
                    reason: "Evicted", message: "Usage of EmptyDir volume \"v\" exceeds the limit \"10Mi\". ",
                    isDisruption: true))
        #expect(StorageLimits.violation(by: limited, full)?.limit.rawValue == "emptydirfs.limit")
        var sum = usage
        sum.containers["c"] = .init(layer: .init(bytes: 1))
        #expect(
            StorageLimits.violation(by: limited, sum)?.failure.message
                == "Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. ")
        limited.spec.containers[0].resources.limits[.ephemeralStorage] = "100Mi"
        var one = usage
        one.containers["d"] = .init(layer: .init(bytes: 15 << 20), logs: .init(bytes: 5 << 20 + 1))
        #expect(
            StorageLimits.violation(by: limited, one)?.failure.message
                == "Container d exceeded its local ephemeral storage limit \"20Mi\". ")
    }

    // MARK: Admission

    @Test func newPodsUnderPressure() {
        let pressure = NodePressure()
        #expect(pressure.refusal(of: pod("a"), qosClass: .bestEffort) == nil)
        #expect(pressure.set([.memoryPressure]).begun == [.memoryPressure])
        let refusal = pressure.refusal(of: pod("a"), qosClass: .bestEffort)
        #expect(
            refusal == PodFailure(reason: "Evicted", message: "The node had condition: [MemoryPressure]. "))
        #expect(pressure.refusal(of: pod("a"), qosClass: .burstable) == nil)
        var tolerant = pod("a")
        tolerant.spec.tolerations = [
            Toleration(key: "node.kubernetes.io/memory-pressure", operator: .exists, effect: .noSchedule)
        ]
        #expect(pressure.refusal(of: tolerant, qosClass: .bestEffort) == nil)
        #expect(pressure.set([.diskPressure]).ended == [.memoryPressure])
        #expect(
            pressure.refusal(of: tolerant, qosClass: .guaranteed)?.message
                == "The node had condition: [DiskPressure]. ")
        #expect(pressure.refusal(of: pod("a", priority: 2_000_000_000), qosClass: .bestEffort) == nil)
    }
}
