extension KubeletConfiguration {
    /// What is wrong with the configuration, in the kubelet's words; all of it, and not the first of it.
    ///
    /// Of a configuration with its defaults (`withDefaults`).
    package func validate() -> FieldErrors {
        var errors = FieldErrors()
        errors.servers(of: self)
        errors.paces(of: self)
        errors.images(of: self)
        errors.logs(of: self)
        errors.shutdown(of: self)
        errors.resources(of: self)
        errors.evictions(of: self)
        errors.node(of: self)
        return errors
    }
}

extension Duration: ShownValue {
    package var shown: String { goText }
}

extension Double: ShownValue {
    package var shown: String { "\(self)" }
}

extension FieldErrors {
    // MARK: Where it listens

    fileprivate mutating func servers(of kubelet: KubeletConfiguration) {
        for (name, port) in [
            ("port", kubelet.port), ("readOnlyPort", kubelet.readOnlyPort),
            ("healthzPort", kubelet.healthzPort ?? 0),
        ] {
            inRange(FieldPath(name), Int64(port), 0...65535)
        }
        address(kubelet.address, at: FieldPath("address"))
        address(kubelet.healthzBindAddress, at: FieldPath("healthzBindAddress"))
        for (index, server) in kubelet.clusterDNS.enumerated() {
            address(server, at: FieldPath("clusterDNS").index(index))
        }
        if kubelet.tlsCertFile.isEmpty != kubelet.tlsPrivateKeyFile.isEmpty {
            let missing = kubelet.tlsCertFile.isEmpty ? "tlsCertFile" : "tlsPrivateKeyFile"
            required(FieldPath(missing), "tlsCertFile and tlsPrivateKeyFile are set together")
        }
        let versions = ["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]
        if !kubelet.tlsMinVersion.isEmpty, !versions.contains(kubelet.tlsMinVersion) {
            notSupported(FieldPath("tlsMinVersion"), kubelet.tlsMinVersion, versions)
        }
        word(
            FieldPath("authorization", "mode"), kubelet.authorization.mode, of: KubeletAuthorizationMode.known
        )
        positive("streamingConnectionIdleTimeout", kubelet.streamingConnectionIdleTimeout)
    }

    // MARK: How often, how much

    fileprivate mutating func paces(of kubelet: KubeletConfiguration) {
        let rates: [(String, Int32)] = [
            ("registryPullQPS", kubelet.registryPullQPS ?? 0), ("registryBurst", kubelet.registryBurst),
            ("eventRecordQPS", kubelet.eventRecordQPS ?? 0), ("eventBurst", kubelet.eventBurst),
            ("kubeAPIQPS", kubelet.kubeAPIQPS ?? 0), ("kubeAPIBurst", kubelet.kubeAPIBurst),
            ("maxPods", kubelet.maxPods), ("podsPerCore", kubelet.podsPerCore),
        ]
        for (name, rate) in rates where rate < 0 {
            invalid(FieldPath(name), rate, "must not be a negative number")
        }
        if kubelet.maxOpenFiles < 0 {
            invalid(FieldPath("maxOpenFiles"), kubelet.maxOpenFiles, "must not be a negative number")
        }
        if kubelet.nodeLeaseDurationSeconds <= 0 {
            invalid(
                FieldPath("nodeLeaseDurationSeconds"), kubelet.nodeLeaseDurationSeconds,
                "must be greater than 0")
        }
        if let most = kubelet.nodeStatusMaxImages, most < -1 {
            invalid(FieldPath("nodeStatusMaxImages"), most, "must be -1 or greater")
        }
        for (name, value) in [
            ("syncFrequency", kubelet.syncFrequency), ("fileCheckFrequency", kubelet.fileCheckFrequency),
            ("httpCheckFrequency", kubelet.httpCheckFrequency),
            ("nodeStatusUpdateFrequency", kubelet.nodeStatusUpdateFrequency),
            ("nodeStatusReportFrequency", kubelet.nodeStatusReportFrequency),
            ("runtimeRequestTimeout", kubelet.runtimeRequestTimeout),
        ] {
            positive(name, value)
        }
        if let longest = kubelet.crashLoopBackOff.maxContainerRestartPeriod,
            longest < .seconds(1) || longest > .seconds(300)
        {
            invalid(
                FieldPath("crashLoopBackOff", "maxContainerRestartPeriod"), longest,
                "must be set between 1s and 300s")
        }
    }

    /// More than nothing.
    mutating func positive(_ name: String, _ value: Duration) {
        if value <= .zero { invalid(FieldPath(name), value, "must be greater than 0") }
    }

    // MARK: Images and logs

    fileprivate mutating func images(of kubelet: KubeletConfiguration) {
        let high = kubelet.imageGCHighThresholdPercent ?? 0
        let low = kubelet.imageGCLowThresholdPercent ?? 0
        for (name, percent) in [("imageGCHighThresholdPercent", high), ("imageGCLowThresholdPercent", low)]
        where !(0...100).contains(percent) {
            invalid(FieldPath(name), percent, "must be between 0 and 100, inclusive")
        }
        if low >= high {
            invalid(
                FieldPath("imageGCLowThresholdPercent"), low,
                "must be less than imageGCHighThresholdPercent \(high)")
        }
        let (least, most) = (kubelet.imageMinimumGCAge, kubelet.imageMaximumGCAge)
        if least < .zero { invalid(FieldPath("imageMinimumGCAge"), least, "must not be negative") }
        if most < .zero { invalid(FieldPath("imageMaximumGCAge"), most, "must not be negative") }
        if most > .zero, most <= least {
            invalid(
                FieldPath("imageMaximumGCAge"), most,
                "must be greater than imageMinimumGCAge \(least.goText)")
        }
        if let parallel = kubelet.maxParallelImagePulls {
            let path = FieldPath("maxParallelImagePulls")
            if parallel < 1 { invalid(path, parallel, "must be a positive number") }
            if parallel > 1, kubelet.serializeImagePulls == true {
                invalid(
                    path, parallel, "cannot be larger than 1 unless serializeImagePulls is set to false")
            }
        }
    }

    fileprivate mutating func logs(of kubelet: KubeletConfiguration) {
        let size = FieldPath("containerLogMaxSize")
        switch Quantity(kubelet.containerLogMaxSize) {
        case nil:
            invalid(size, kubelet.containerLogMaxSize, "must be a quantity of bytes, like 10Mi")
        case let bytes? where bytes.value <= 0:
            invalid(size, kubelet.containerLogMaxSize, "must be greater than 0")
        default: break
        }
        if let files = kubelet.containerLogMaxFiles, files <= 1 {
            invalid(FieldPath("containerLogMaxFiles"), files, "must be greater than 1")
        }
        if let workers = kubelet.containerLogMaxWorkers, workers < 1 {
            invalid(FieldPath("containerLogMaxWorkers"), workers, "must be greater than or equal to 1")
        }
        if let interval = kubelet.containerLogMonitorInterval, interval < .seconds(3) {
            invalid(
                FieldPath("containerLogMonitorInterval"), interval,
                "must be a positive time duration greater than or equal to 3s")
        }
        let folder = kubelet.podLogsDir
        let path = FieldPath("podLogsDir")
        if !folder.hasPrefix("/") {
            invalid(path, folder, "must be absolute path")
        } else if folder.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
            || folder.contains("//") || folder.count > 1 && folder.hasSuffix("/")
        {
            invalid(path, folder, "must be normalized")
        }
        if !folder.allSatisfy(\.isASCII) { invalid(path, folder, "must contain ASCII characters only") }
    }

    // MARK: The end of the node

    fileprivate mutating func shutdown(of kubelet: KubeletConfiguration) {
        let (total, critical) = (kubelet.shutdownGracePeriod, kubelet.shutdownGracePeriodCriticalPods)
        if critical > total {
            invalid(
                FieldPath("shutdownGracePeriodCriticalPods"), critical,
                "must be <= shutdownGracePeriod \(total.goText)")
        }
        for (name, period) in [
            ("shutdownGracePeriod", total), ("shutdownGracePeriodCriticalPods", critical),
        ] where period < .zero || period > .zero && period < .seconds(1) {
            invalid(FieldPath(name), period, "must be either zero or otherwise >= 1 sec")
        }
        let list = FieldPath("shutdownGracePeriodByPodPriority")
        if !kubelet.shutdownGracePeriodByPodPriority.isEmpty, total > .zero || critical > .zero {
            forbidden(
                list,
                "cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time"
            )
        }
        for (index, entry) in kubelet.shutdownGracePeriodByPodPriority.enumerated()
        where entry.shutdownGracePeriodSeconds < 0 {
            invalid(
                list.index(index).field("shutdownGracePeriodSeconds"), entry.shutdownGracePeriodSeconds,
                "must not be negative")
        }
    }
}
