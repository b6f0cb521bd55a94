extension KubeletConfiguration {
    /// The configuration with the value of every field that was not set: Kubernetes' own, but for three. A host with
    /// swap and one with cgroup v1 are welcome (`failSwapOn`, `failCgroupV1`), and images are pulled five at a time.
    package func withDefaults() -> KubeletConfiguration {
        var result = self
        result.setServerDefaults()
        result.setPaceDefaults()
        result.setResourceDefaults()
        result.setEvictionDefaults()
        return result
    }

    // MARK: Where it listens, and to whom

    private mutating func setServerDefaults() {
        enableServer.setDefault(true)
        address.setDefault("0.0.0.0")
        port.setDefault(10250)
        healthzPort.setDefault(10248)
        healthzBindAddress.setDefault("127.0.0.1")
        authentication.anonymous.enabled.setDefault(false)
        authentication.webhook.enabled.setDefault(true)
        authentication.webhook.cacheTTL.setDefault(.seconds(120))
        if authorization.mode.rawValue.isEmpty { authorization.mode = .webhook }
        authorization.webhook.cacheAuthorizedTTL.setDefault(.seconds(300))
        authorization.webhook.cacheUnauthorizedTTL.setDefault(.seconds(30))
        streamingConnectionIdleTimeout.setDefault(.seconds(4 * 3600))
        enableDebuggingHandlers.setDefault(true)
        enableSystemLogHandler.setDefault(true)
        enableProfilingHandler.setDefault(true)
        enableDebugFlagsHandler.setDefault(true)
        registerNode.setDefault(true)
        contentType.setDefault("application/vnd.kubernetes.protobuf")
        kubeAPIQPS.setDefault(50)
        kubeAPIBurst.setDefault(100)
    }

    // MARK: How often, how many, how long

    private mutating func setPaceDefaults() {
        syncFrequency.setDefault(.seconds(60))
        fileCheckFrequency.setDefault(.seconds(20))
        httpCheckFrequency.setDefault(.seconds(20))
        registryPullQPS.setDefault(5)
        registryBurst.setDefault(10)
        eventRecordQPS.setDefault(50)
        eventBurst.setDefault(100)
        nodeStatusUpdateFrequency.setDefault(.seconds(10))
        nodeStatusReportFrequency.setDefault(.seconds(300))
        nodeLeaseDurationSeconds.setDefault(40)
        nodeStatusMaxImages.setDefault(50)
        volumeStatsAggPeriod.setDefault(.seconds(60))
        runtimeRequestTimeout.setDefault(.seconds(120))
        podLogsDir.setDefault("/var/log/pods")
        containerLogMaxSize.setDefault("10Mi")
        containerLogMaxFiles.setDefault(5)
        containerLogMaxWorkers.setDefault(1)
        containerLogMonitorInterval.setDefault(.seconds(10))
        if configMapAndSecretChangeDetectionStrategy.rawValue.isEmpty {
            configMapAndSecretChangeDetectionStrategy = .watch
        }
        if serializeImagePulls == nil, maxParallelImagePulls == nil { maxParallelImagePulls = 5 }
        serializeImagePulls.setDefault((maxParallelImagePulls ?? 1) <= 1)
        crashLoopBackOff.maxContainerRestartPeriod.setDefault(.seconds(300))
        imageMinimumGCAge.setDefault(.seconds(120))
        imageGCHighThresholdPercent.setDefault(85)
        imageGCLowThresholdPercent.setDefault(80)
    }

    // MARK: What pods may use

    private mutating func setResourceDefaults() {
        cgroupsPerQOS.setDefault(true)
        cgroupDriver.setDefault("cgroupfs")
        cpuManagerPolicy.setDefault("none")
        cpuManagerReconcilePeriod.setDefault(.seconds(10))
        memoryManagerPolicy.setDefault("None")
        topologyManagerPolicy.setDefault("none")
        topologyManagerScope.setDefault("container")
        hairpinMode.setDefault("promiscuous-bridge")
        maxPods.setDefault(110)
        podPidsLimit.setDefault(-1)
        resolvConf.setDefault("/etc/resolv.conf")
        clusterDomain.setDefault("cluster.local")
        cpuCFSQuota.setDefault(true)
        cpuCFSQuotaPeriod.setDefault(.milliseconds(100))
        maxOpenFiles.setDefault(1_000_000)
        oomScoreAdj.setDefault(-999)
        enableControllerAttachDetach.setDefault(true)
        makeIPTablesUtilChains.setDefault(true)
        failSwapOn.setDefault(false)
        failCgroupV1.setDefault(false)
        seccompDefault.setDefault(false)
        memoryThrottlingFactor.setDefault(0.9)
        if memoryReservationPolicy.rawValue.isEmpty {
            memoryReservationPolicy = .none
        }
        localStorageCapacityIsolation.setDefault(true)
        if enforceNodeAllocatable.isEmpty { enforceNodeAllocatable = ["pods"] }
    }

    // MARK: When pods have to go

    /// Signals that a configuration does not name are not watched once it names any, unless it says otherwise
    /// (`mergeDefaultEvictionSettings`).
    private mutating func setEvictionDefaults() {
        mergeDefaultEvictionSettings.setDefault(false)
        evictionPressureTransitionPeriod.setDefault(.seconds(300))
        if evictionHard.isEmpty || mergeDefaultEvictionSettings == true {
            evictionHard.merge(Self.standardEviction) { own, _ in own }
        }
    }

    private static let standardEviction = [
        "memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%",
        "imagefs.available": "15%", "imagefs.inodesFree": "5%",
    ]
}

extension Optional {
    fileprivate mutating func setDefault(_ value: Wrapped) { self = self ?? value }
}

extension String {
    fileprivate mutating func setDefault(_ value: String) { if isEmpty { self = value } }
}

extension FixedWidthInteger {
    fileprivate mutating func setDefault(_ value: Self) { if self == 0 { self = value } }
}

extension Duration {
    fileprivate mutating func setDefault(_ value: Duration) { if self == .zero { self = value } }
}
