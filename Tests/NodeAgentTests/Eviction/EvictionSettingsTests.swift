import KubernetesAPI
import NodeAgent
import Testing

@Suite struct EvictionSettingsTests {
    private func settings(_ change: (inout KubeletConfiguration) -> Void) throws -> EvictionSettings {
        var kubelet = KubeletConfiguration()
        change(&kubelet)
        return try EvictionSettings(kubelet.withDefaults())
    }

    @Test func defaults() throws {
        let settings = try settings { _ in }
        #expect(
            settings.thresholds == [
                EvictionThreshold(.memory, .quantity("100Mi")),
                EvictionThreshold(.podMemory, .quantity("100Mi")), EvictionThreshold(.nodeDisk, .share(0.1)),
                EvictionThreshold(.nodeInodes, .share(0.05)), EvictionThreshold(.imageDisk, .share(0.15)),
                EvictionThreshold(.imageInodes, .share(0.05)),
            ])
        #expect(settings.transition == .seconds(300))
        #expect(settings.maxPodGrace == 0)
    }

    @Test func everyField() throws {
        let settings = try settings {
            $0.evictionHard = ["pid.available": "10%", "nodefs.available": "0%"]
            $0.evictionSoft = ["memory.available": "1.5Gi"]
            $0.evictionSoftGracePeriod = ["memory.available": "1m30s"]
            $0.evictionMinimumReclaim = ["memory.available": "0Mi", "pid.available": "5%"]
            $0.evictionMaxPodGracePeriod = 60
            $0.evictionPressureTransitionPeriod = .seconds(30)
        }
        #expect(
            settings.thresholds == [
                EvictionThreshold(
                    .memory, .quantity("1536Mi"), softGrace: .seconds(90), reclaim: .quantity("0")),
                EvictionThreshold(.processes, .share(0.1), reclaim: .share(0.05)),
            ])
        #expect(settings.maxPodGrace == 60)
        #expect(settings.transition == .seconds(30))
    }

    /// What pods have together counts where something limits it.
    @Test func memoryOfAllPods() throws {
        let own = try settings {
            $0.evictionHard = ["memory.available": "1Gi", "allocatableMemory.available": "5%"]
        }
        #expect(own.thresholds.map(\.signal) == [.memory, .podMemory])
        #expect(own.thresholds.last == EvictionThreshold(.podMemory, .share(0.05)))
        for change: (inout KubeletConfiguration) -> Void in [
            { $0.enforceNodeAllocatable = ["none"] }, { $0.cgroupsPerQOS = false },
        ] {
            #expect(!(try settings(change).thresholds.contains { $0.signal == .podMemory }))
        }
    }

    @Test func ownThresholdsBesideTheStandardOnes() throws {
        let settings = try settings {
            $0.evictionHard = ["memory.available": "1Gi"]
            $0.mergeDefaultEvictionSettings = true
        }
        #expect(settings.thresholds.count == 6)
        #expect(settings.thresholds.first == EvictionThreshold(.memory, .quantity("1Gi")))
    }

    @Test(arguments: [
        (
            "memory.avail", "1Gi",
            "evictionHard[memory.avail]: Unsupported value: \"memory.avail\": supported values: "
        ),
        (
            "memory.available", "much",
            "evictionHard[memory.available]: Invalid value: \"much\": must be a percentage"
        ),
        (
            "memory.available", "-1Mi",
            "evictionHard[memory.available]: Invalid value: \"-1Mi\": must be positive"
        ),
        ("memory.available", "0", "evictionHard[memory.available]: Invalid value: \"0\": must be positive"),
        (
            "memory.available", "101%",
            "evictionHard[memory.available]: Invalid value: \"101%\": must be between"
        ),
        ("memory.available", "x%", "evictionHard[memory.available]: Invalid value: \"x%\": must be between"),
    ])
    func whatIsWrongIsTold(signal: String, value: String, problem: String) throws {
        let error = #expect(throws: InvalidSettings.self) {
            try settings { $0.evictionHard = [signal: value] }
        }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.hasPrefix(problem) == true, "\(error?.description ?? "")")
    }

    @Test func softThresholdsNeedTheirTime() throws {
        let missing = #expect(throws: InvalidSettings.self) {
            try settings { $0.evictionSoft = ["memory.available": "1Gi"] }
        }
        #expect(missing?.description.contains("grace period must be specified") == true)
        let wrong = #expect(throws: InvalidSettings.self) {
            try settings {
                $0.evictionSoft = ["memory.available": "1Gi"]
                $0.evictionSoftGracePeriod = ["memory.available": "soon"]
            }
        }
        #expect(
            wrong?.problems == [
                "evictionSoftGracePeriod[memory.available]: Invalid value: \"soon\": must be a duration, like 1m30s, "
                    + "and not negative"
            ])
    }

    @Test func imageCollection() throws {
        var kubelet = KubeletConfiguration().withDefaults()
        let standard = try ImageCollectionSettings(kubelet)
        #expect((standard.high, standard.low) == (85, 80))
        #expect(standard.minimumAge == .seconds(120))
        #expect(standard.maximumAge == nil)
        #expect(standard.excess(.init(capacity: 1000, available: 160)) == nil)
        #expect(standard.excess(.init(capacity: 1000, available: 150)) == 50)
        kubelet.imageGCHighThresholdPercent = 100
        let never = try ImageCollectionSettings(kubelet)
        #expect(never.excess(.init(capacity: 1000, available: 0)) == nil)
        kubelet.imageGCHighThresholdPercent = 50
        kubelet.imageMaximumGCAge = .seconds(60)
        let error = #expect(throws: InvalidSettings.self) { try ImageCollectionSettings(kubelet) }
        #expect(error?.problems.count == 2)
    }
}
