import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

@Suite struct NodeBuilderTests {
    private static var builder: NodeBuilder {
        var kubelet = KubeletConfiguration()
        kubelet.nodeStatusMaxImages = 2
        var settings = AgentSettings(nodeName: "n", kubelet: kubelet)
        settings.addresses = NodeAddresses { ["10.0.0.1"] }
        var builder = NodeBuilder(
            settings: settings, machine: MachineFacts(),
            capacity: [.cpu: Quantity(2), .memory: Quantity(4 << 30), .pods: Quantity(10)],
            allocatable: [.cpu: Quantity(1)])
        var runtime = CRIStatusResponse()
        for type in ["RuntimeReady", "NetworkReady"] {
            var condition = CRIRuntimeCondition()
            condition.type = type
            condition.status = true
            runtime.status.conditions.append(condition)
        }
        builder.runtime = runtime
        return builder
    }

    private static func ready(_ node: Node) -> NodeCondition? {
        node.status.conditions.first { $0.type == .ready }
    }

    @Test func isReady() {
        let node = Self.builder.make(before: nil, now: Time(seconds: 5))
        #expect(Self.ready(node)?.reason == "KubeletReady")
        #expect(Self.ready(node)?.lastTransitionTime == Time(seconds: 5))
        #expect(node.status.addresses.map(\.address) == ["10.0.0.1", "n"])
    }

    @Test func labelsThatAreSaidCountMost() {
        var builder = Self.builder
        builder.settings.labels = ["disktype": "ssd", "kubernetes.io/hostname": "other"]
        let labels = builder.make(before: nil, now: .now).metadata.labels
        #expect(labels["disktype"] == "ssd" && labels["kubernetes.io/hostname"] == "other")
        #expect(labels["kubernetes.io/os"] == "linux")
    }

    @Test func timesOfTransitionsStay() {
        let first = Self.builder.make(before: nil, now: Time(seconds: 5))
        let second = Self.builder.make(before: first, now: Time(seconds: 9))
        #expect(Self.ready(second)?.lastTransitionTime == Time(seconds: 5))
        #expect(Self.ready(second)?.lastHeartbeatTime == Time(seconds: 9))
        var builder = Self.builder
        builder.isShuttingDown = true
        let third = builder.make(before: second, now: Time(seconds: 12))
        #expect(Self.ready(third)?.message == "node is shutting down")
        #expect(Self.ready(third)?.lastTransitionTime == Time(seconds: 12))
    }

    @Test func whatItLackedHoldsUntilSomebodyHasLooked() {
        var builder = Self.builder
        builder.pressures = [.diskPressure]
        let before = builder.make(before: nil, now: Time(seconds: 5))
        builder.pressures = NodePressure().known
        let first = builder.make(before: before, now: Time(seconds: 9))
        #expect(first.status.conditions.map(\.status) == [.false, .true, .false, .true])
        #expect(first.status.conditions[1].lastTransitionTime == Time(seconds: 5))
        let new = builder.make(before: nil, now: Time(seconds: 9))
        #expect(new.status.conditions.map(\.status) == [.false, .false, .false, .true])
        let pressure = NodePressure()
        _ = pressure.set([])
        builder.pressures = pressure.known
        let looked = builder.make(before: first, now: Time(seconds: 12))
        #expect(looked.status.conditions[1].status == .false)
    }

    @Test func saysAllThatIsWrong() {
        var builder = Self.builder
        builder.runtime?.status.conditions[1].status = false
        builder.runtime?.status.conditions[1].reason = "NetworkPluginNotReady"
        builder.runtime?.status.conditions[1].message = "cni config uninitialized"
        builder.isShuttingDown = true
        builder.pressures = [.diskPressure]
        let node = builder.make(before: nil, now: .now)
        #expect(
            Self.ready(node)?.message
                == "[container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
                + "message:cni config uninitialized, node is shutting down]")
        #expect(node.status.conditions.map(\.status) == [.false, .true, .false, .false])
        #expect(node.status.conditions[1].reason == "KubeletHasDiskPressure")
        builder.runtime = nil
        #expect(
            Self.ready(builder.make(before: nil, now: .now))?.message.contains("container runtime is down")
                == true)
    }

    @Test func largestImagesComeFirst() {
        var builder = Self.builder
        for size: UInt64 in [1, 3, 2] {
            var image = CRIImage()
            image.repoTags = ["image:\(size)"]
            image.size = size
            builder.images.append(image)
        }
        let node = builder.make(before: nil, now: .now)
        #expect(node.status.images.map(\.names) == [["image:3"], ["image:2"]])
    }
}

@Suite struct ShutdownGroupTests {
    private static func pod(_ name: String, _ priority: Int32?) -> Pod {
        var pod = Pod()
        pod.metadata.name = name
        pod.spec.priority = priority
        return pod
    }

    private static let pods = [
        pod("none", nil), pod("low", -5), pod("mid", 100), pod("high", 100_000),
        pod("critical", 2_000_000_000),
    ]

    private static func names(_ kubelet: KubeletConfiguration) -> [[String]] {
        ShutdownGroup.groups(of: kubelet, with: pods).map { $0.pods.map(\.metadata.name) }
    }

    @Test func periodsOfTwoKinds() {
        var kubelet = KubeletConfiguration()
        #expect(Self.names(kubelet).isEmpty)
        kubelet.shutdownGracePeriod = .seconds(30)
        kubelet.shutdownGracePeriodCriticalPods = .seconds(10)
        #expect(Self.names(kubelet) == [["none", "low", "mid", "high"], ["critical"]])
        #expect(ShutdownGroup.groups(of: kubelet).map(\.seconds) == [20, 10])
        #expect(ShutdownGroup.total(of: kubelet) == 30)
    }

    @Test func periodsByPriority() {
        var kubelet = KubeletConfiguration()
        kubelet.shutdownGracePeriodByPodPriority = [
            .init(priority: 100_000, shutdownGracePeriodSeconds: 10),
            .init(priority: 10, shutdownGracePeriodSeconds: 180),
        ]
        #expect(Self.names(kubelet) == [["none", "low", "mid"], ["high", "critical"]])
        #expect(ShutdownGroup.total(of: kubelet) == 190)
    }
}

@Suite struct SysctlRulesTests {
    private static func isAllowed(_ name: String, _ rules: SysctlRules) -> Bool {
        var pod = Pod()
        pod.spec.securityContext = PodSecurityContext(sysctls: [Sysctl(name: name, value: "1")])
        return rules.refusal(of: pod) == nil
    }

    @Test func safeOnesByKernel() {
        let new = SysctlRules(allowed: [], kernel: "6.1.0-18-amd64")
        let old = SysctlRules(allowed: [], kernel: "4.9.1")
        #expect(Self.isAllowed("net.ipv4.tcp_rmem", new) && !Self.isAllowed("net.ipv4.tcp_rmem", old))
        #expect(Self.isAllowed("net/ipv4/tcp_syncookies", old))
        #expect(!Self.isAllowed("kernel.msgmax", new))
    }

    @Test func allowedOnes() {
        let rules = SysctlRules(allowed: ["kernel.msg*", "net.core.somaxconn"], kernel: "6.1")
        #expect(Self.isAllowed("kernel.msgmax", rules) && Self.isAllowed("net/core/somaxconn", rules))
        #expect(!Self.isAllowed("net.core.somaxconn2", rules) && !Self.isAllowed("kernel.shmmax", rules))
    }
}

@Suite struct PullRateTests {
    @Test func burstThenRate() {
        var rate = PullRate(perSecond: 2, burst: 3)
        let start = ContinuousClock.now
        var answers = (0..<4).map { _ in rate.admits(at: start) }
        answers.append(rate.admits(at: start + .milliseconds(500)))
        answers.append(rate.admits(at: start + .milliseconds(600)))
        #expect(answers == [true, true, true, false, true, false])
    }

    @Test func zeroIsAsOftenAsOneLikes() {
        var rate = PullRate(perSecond: 0, burst: 1)
        let isAlways = (0..<100).allSatisfy { _ in rate.admits(at: .now) }
        #expect(isAlways)
    }
}
