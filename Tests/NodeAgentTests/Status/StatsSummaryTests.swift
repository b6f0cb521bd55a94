import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

@Suite struct StatsSummaryTests {
    private func interface(_ name: String, received: UInt64) -> CRINetworkInterfaceUsage {
        var usage = CRINetworkInterfaceUsage()
        usage.name = name
        usage.rxBytes.value = received
        return usage
    }

    private func stats() -> CRIPodSandboxStats {
        var stats = CRIPodSandboxStats()
        stats.attributes.id = "s"
        stats.attributes.metadata.name = "web"
        var container = CRIContainerStats()
        container.attributes.id = "c"
        container.attributes.metadata.name = "main"
        container.swap.timestamp = 3_000_000_000
        container.swap.swapUsageBytes.value = 7
        container.swap.swapAvailableBytes.value = 93
        container.writableLayer.usedBytes.value = 1
        stats.linux.containers = [container]
        stats.linux.network.interfaces = [interface("net1", received: 1), interface("eth0", received: 2)]
        stats.linux.network.defaultInterface = interface("eth0", received: 2)
        return stats
    }

    @Test func whatThePageSaysOfAPod() throws {
        var sandbox = CRIPodSandbox()
        sandbox.id = "s"
        sandbox.createdAt = 1_000_000_000
        var container = CRIContainer()
        container.id = "c"
        container.createdAt = 2_000_000_000
        let reading = RuntimeReading(stats: [stats()], sandboxes: [sandbox], containers: [container])
        let pod = try #require(
            StatsSummary(node: NodeStats(), reading: reading, isShort: false).make().pods.first)
        #expect(pod.startTime == Time(seconds: 1, nanoseconds: 0))
        #expect(pod.containers[0].startTime == Time(seconds: 2, nanoseconds: 0))
        #expect(pod.containers[0].swap?.swapUsageBytes == 7)
        #expect(pod.swap?.swapUsageBytes == 7 && pod.swap?.swapAvailableBytes == 93)
        #expect(pod.network?.name == "eth0" && pod.network?.rxBytes == 2)
        #expect(pod.network?.interfaces.map(\.name) == ["eth0", "net1"])
        // A runtime that does not say when it looked did not do so in 1970.
        #expect(pod.containers[0].rootfs?.time == nil && pod.network?.time == nil)
        #expect(pod.cpu?.usageNanoCores == nil)
    }

    @Test func ratesComeOfTwoReadings() {
        let rates = ProcessorRates()
        func rate(_ usage: UInt64, at seconds: Double, said: UInt64? = nil) -> UInt64? {
            var all = [stats()]
            all[0].linux.containers[0].cpu.timestamp = Int64(seconds * 1e9)
            all[0].linux.containers[0].cpu.usageCoreNanoSeconds.value = usage
            if let said { all[0].linux.containers[0].cpu.usageNanoCores.value = said }
            rates.fill(&all)
            let cpu = all[0].linux.containers[0].cpu
            return cpu.hasUsageNanoCores ? cpu.usageNanoCores.value : nil
        }
        #expect(rate(1_000_000_000, at: 10) == nil)
        #expect(rate(2_000_000_000, at: 12) == 500_000_000)
        // Too soon to tell something new.
        #expect(rate(2_400_000_000, at: 12.5) == 500_000_000)
        #expect(rate(3_000_000_000, at: 16, said: 0) == 250_000_000)
        #expect(rate(3_000_000_000, at: 18, said: 77) == 77)
        // Started anew.
        #expect(rate(5, at: 20) == nil)
    }
}
