import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

/// What a configuration leaves to pods, and what their containers are told of it.
@Suite struct AllocatableTests {
    private let machine: ResourceList = [
        .cpu: Quantity(4), .memory: Quantity("8Gi"), .ephemeralStorage: Quantity("100Gi"),
        ResourceName(rawValue: "hugepages-2Mi"): Quantity("1Gi"),
    ]

    private func node(
        isUnified: Bool = false, swap: Int64 = 0, _ change: (inout KubeletConfiguration) -> Void = { _ in }
    ) throws -> NodeResources {
        var kubelet = KubeletConfiguration()
        change(&kubelet)
        return try NodeResources(machine: machine, kubelet, isUnified: isUnified, swap: swap)
    }

    private func pod(_ requests: ResourceList, limits: ResourceList = [:]) -> Pod {
        var pod = TestPod().pod
        pod.spec.containers[0].resources = ResourceRequirements(limits: limits, requests: requests)
        return pod
    }

    private func resources(_ node: NodeResources, _ pod: Pod) -> CRILinuxContainerResources {
        node.resources(of: pod.spec.containers[0], in: pod)
    }

    @Test func reservationsAndEvictionAreTakenOff() throws {
        let node = try node {
            $0.kubeReserved = ["cpu": "500m", "memory": "1Gi"]
            $0.systemReserved = ["cpu": "250m", "ephemeral-storage": "10Gi"]
            $0.evictionHard = ["memory.available": "512Mi", "nodefs.available": "10%"]
        }
        #expect(node.allocatable[.cpu] == Quantity(milli: 3250))
        // Less the pages that are set aside.
        #expect(node.allocatable[.memory] == Quantity("5632Mi"))
        #expect(node.allocatable[.ephemeralStorage] == Quantity("80Gi"))
        #expect(node.allocatable[.pods] == Quantity(110))
        #expect(node.capacity[.memory] == Quantity("8Gi"))
    }

    @Test func namedProcessorsCountForBothReservations() throws {
        let node = try node {
            $0.kubeReserved = ["cpu": "3"]
            $0.reservedSystemCPUs = "0"
        }
        #expect(node.allocatable[.cpu] == Quantity(3))
    }

    @Test func podsPerCoreIsALimit() throws {
        #expect(try node { $0.podsPerCore = 10 }.allocatable[.pods] == Quantity(40))
        #expect(try node { $0.podsPerCore = 1000 }.allocatable[.pods] == Quantity(110))
    }

    @Test(arguments: [
        ("kubeReserved", "kubeReserved[memory]: invalid value \"lots\""),
        ("negative", "systemReserved[cpu]: invalid value \"-1\""),
        ("unknown", "kubeReserved: invalid value \"gpu\""),
        ("cpus", "reservedSystemCPUs: invalid value \"0-\""),
        ("enforce", "kubeReservedCgroup: invalid value \"\""),
        ("period", "cpuCFSQuotaPeriod: invalid value"),
        ("swap", "memorySwap.swapBehavior: invalid value \"Much\""),
        ("percent", "evictionHard[memory.available]: invalid value \"200%\""),
        ("much", "resource \"memory\" has a reservation of 9Gi but capacity of 8Gi"),
    ])
    func whatIsWrongIsNamed(which: String, words: String) {
        let error = #expect(throws: (any Error).self) {
            try node {
                switch which {
                case "kubeReserved": $0.kubeReserved = ["memory": "lots"]
                case "negative": $0.systemReserved = ["cpu": "-1"]
                case "unknown": $0.kubeReserved = ["gpu": "1"]
                case "cpus": $0.reservedSystemCPUs = "0-"
                case "enforce": $0.enforceNodeAllocatable = ["kube-reserved"]
                case "period": $0.cpuCFSQuotaPeriod = .seconds(2)
                case "swap": $0.memorySwap.swapBehavior = "Much"
                case "percent": $0.evictionHard = ["memory.available": "200%"]
                default:
                    $0.evictionHard = ["memory.available": "0"]
                    $0.systemReserved = ["memory": "9Gi"]
                }
            }
        }
        #expect("\(error!)".contains(words), "\(error!)")
    }

    @Test(arguments: [
        ("memory", "6Gi", "OutOfmemory"), ("ephemeral-storage", "91Gi", "OutOfephemeral-storage"),
        ("hugepages-2Mi", "2Gi", "OutOfhugepages-2Mi"), ("hugepages-1Gi", "1Gi", "OutOfhugepages-1Gi"),
        ("cpu", "4001m", "OutOfcpu"),
    ])
    func admissionCountsWhatIsAllocatable(name: String, amount: String, reason: String) throws {
        let node = try node { $0.kubeReserved = ["memory": "1Gi"] }
        #expect(
            node.admit(pod([ResourceName(rawValue: name): Quantity(amount)!]), beside: [])?.reason == reason)
    }

    // MARK: What containers are told

    @Test func quotasFollowTheSettings() throws {
        let limited = pod([:], limits: [.cpu: Quantity(milli: 500)])
        let short = try resources(node { $0.cpuCFSQuotaPeriod = .milliseconds(10) }, limited)
        #expect(short.cpuPeriod == 10_000 && short.cpuQuota == 5000)
        let none = try resources(node { $0.cpuCFSQuota = false }, limited)
        #expect(none.cpuPeriod == 0 && none.cpuQuota == 0 && none.cpuShares == 512)
    }

    @Test func memoryQoSIsForVersion2() throws {
        let gate: (inout KubeletConfiguration) -> Void = { $0.featureGates = ["MemoryQoS": true] }
        let some = pod([.memory: Quantity("1Gi")], limits: [.memory: Quantity("2Gi")])
        let unified = try resources(node(isUnified: true, gate), some).unified
        // What is asked for is kept on request alone.
        #expect(unified["memory.min"] == nil && unified["memory.low"] == nil)
        // 1 Gi + 0.9 × 1 Gi, in whole pages.
        #expect(unified["memory.high"] == "2040107008")
        #expect(try resources(node(gate), some).unified.isEmpty)
        let same = pod([.memory: Quantity("1Gi")], limits: [.memory: Quantity("1Gi")])
        #expect(try resources(node(isUnified: true, gate), same).unified["memory.high"] == nil)
    }

    @Test func memoryIsReservedByClass() throws {
        let tiered: (inout KubeletConfiguration) -> Void = {
            $0.featureGates = ["MemoryQoS": true]
            $0.memoryReservationPolicy = .tieredReservation
        }
        let node = try node(isUnified: true, tiered)
        let some = resources(node, pod([.memory: Quantity("1Gi")], limits: [.memory: Quantity("2Gi")]))
            .unified
        #expect(some["memory.low"] == "\(1 << 30)" && some["memory.min"] == nil)
        let all: ResourceList = [.cpu: Quantity(1), .memory: Quantity("1Gi")]
        let sure = resources(node, pod(all, limits: all)).unified
        #expect(sure["memory.min"] == "\(1 << 30)" && sure["memory.low"] == nil)
        let none = resources(node, pod([:])).unified
        #expect(none["memory.min"] == nil && none["memory.low"] == nil)
        #expect(try resources(self.node(tiered), pod(all, limits: all)).unified.isEmpty)
    }

    /// Of an agent before, with another configuration.
    @Test func onlyWhatWasKeptForAGroupIsTakenBack() throws {
        let folder = TemporaryFolder()
        #expect(try MemoryReservation.leftovers(in: folder.file("none")).isEmpty)
        for (hard, soft, left) in [
            ("0\n", "0\n", [:]), ("4096\n", "0\n", ["memory.min": "0"]),
            ("max\n", "8192\n", ["memory.min": "0", "memory.low": "0"]),
        ] {
            try writeFile(folder.file("memory.min"), hard)
            try writeFile(folder.file("memory.low"), soft)
            #expect(try MemoryReservation.leftovers(in: folder.file("")) == left)
        }
    }

    @Test func allProcessesOfAContainerGoTogether() throws {
        let one = pod([:])
        #expect(try resources(node(isUnified: true), one).unified["memory.oom.group"] == "1")
        #expect(
            try resources(node(isUnified: true) { $0.singleProcessOOMKill = true }, one)
                .unified["memory.oom.group"] == nil)
        #expect(try resources(node(), one).unified.isEmpty)
    }

    @Test func swapIsForBurstablePodsAndByWhatTheyAskFor() throws {
        let some = pod([.memory: Quantity("1Gi")], limits: [.memory: Quantity("2Gi")])
        let limited = try node(isUnified: true, swap: 4 << 30) { $0.memorySwap.swapBehavior = "LimitedSwap" }
        // An eighth of the memory has an eighth of the swap.
        #expect(resources(limited, some).memorySwapLimitInBytes == 2 << 30 + 512 << 20)
        #expect(resources(limited, pod([:])).unified["memory.swap.max"] == "0")
        let none = try node(isUnified: true, swap: 4 << 30)
        #expect(resources(none, some).memorySwapLimitInBytes == 2 << 30)
        // Nor do guaranteed pods swap, containers that ask for all that they may have, and critical pods.
        let all = pod([.memory: Quantity("1Gi")], limits: [.memory: Quantity("1Gi")])
        #expect(resources(limited, all).memorySwapLimitInBytes == 1 << 30)
        var critical = some
        critical.spec.priority = 2_000_000_000
        #expect(resources(limited, critical).memorySwapLimitInBytes == 2 << 30)
        // Without a limit by the file's own name.
        #expect(
            resources(limited, pod([.memory: Quantity("1Gi")])).unified["memory.swap.max"] == "\(512 << 20)")
    }

    /// Groups of version 1 have one limit for memory and swap.
    @Test func onVersion1NothingThatIsLimitedSwaps() throws {
        let some = pod([.memory: Quantity("1Gi")], limits: [.memory: Quantity("2Gi")])
        let limited = try NodeResources(
            machine: machine,
            KubeletConfiguration(memorySwap: MemorySwapConfiguration(swapBehavior: "LimitedSwap")),
            swap: 4 << 30, countsSwap: true)
        #expect(resources(limited, some).memorySwapLimitInBytes == 2 << 30)
        let free = resources(limited, pod([.memory: Quantity("1Gi")]))
        #expect(free.memorySwapLimitInBytes == 0 && free.unified.isEmpty)
        #expect(try resources(node(swap: 4 << 30), some).memorySwapLimitInBytes == 0)
    }

    @Test func aContainerHasTheHugePagesThatItAsksForAndNoOthers() throws {
        let small = ResourceName(rawValue: "hugepages-2Mi")
        let node = try NodeResources(machine: machine, pageSizes: ["1GB", "2MB"])
        var two = pod([:], limits: [.memory: Quantity("1Gi"), small: Quantity("100Mi")])
        two.spec.containers.append(Container(name: "b", image: "image"))
        two.setDefaults()
        func limits(_ index: Int) -> [String: UInt64] {
            let all = node.resources(of: two.spec.containers[index], in: two).hugepageLimits
            return Dictionary(all.map { ($0.pageSize, $0.limit) }, uniquingKeysWith: { $1 })
        }
        #expect(limits(0) == ["1GB": 0, "2MB": 100 << 20])
        #expect(limits(1) == ["1GB": 0, "2MB": 0])
        // What the pod as a whole asks for is for those that ask for none themselves.
        two.spec.resources = ResourceRequirements(limits: [small: Quantity("200Mi")])
        #expect(limits(0) == ["1GB": 0, "2MB": 100 << 20])
        #expect(limits(1) == ["1GB": 0, "2MB": 200 << 20])
    }

    @Test func aPodsGroupIsLimitedWhereAllContainersAre() throws {
        let node = try node()
        var two = pod([:], limits: [.memory: Quantity("1Gi"), .cpu: Quantity(1)])
        two.spec.containers.append(two.spec.containers[0])
        two.setDefaults()
        let sum = node.resources(ofPod: two).resources
        #expect(sum.memoryLimitInBytes == 2 << 30 && sum.cpuQuota == 200_000 && sum.cpuShares == 2048)
        two.spec.containers[1].resources.limits[.memory] = nil
        #expect(node.resources(ofPod: two).resources.memoryLimitInBytes == 0)
        two.spec.resources = ResourceRequirements(limits: [.memory: Quantity("3Gi")])
        #expect(node.resources(ofPod: two).resources.memoryLimitInBytes == 3 << 30)
        // One without a limit of its own has its pod's.
        #expect(node.resources(of: two.spec.containers[1], in: two).memoryLimitInBytes == 3 << 30)
    }
}
