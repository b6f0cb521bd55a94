// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct KubeletAnonymousAuthentication: APIStructure {
    package var enabled: Bool? = nil

    package init(
        enabled: Bool? = nil
    ) {
        self.enabled = enabled
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "enabled": self.enabled = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("enabled", self.enabled)
    }
}

package struct KubeletAuthentication: APIStructure {
    package var x509: KubeletX509Authentication = KubeletX509Authentication()
    package var webhook: KubeletWebhookAuthentication = KubeletWebhookAuthentication()
    package var anonymous: KubeletAnonymousAuthentication = KubeletAnonymousAuthentication()

    package init(
        x509: KubeletX509Authentication = KubeletX509Authentication(),
        webhook: KubeletWebhookAuthentication = KubeletWebhookAuthentication(),
        anonymous: KubeletAnonymousAuthentication = KubeletAnonymousAuthentication()
    ) {
        self.x509 = x509
        self.webhook = webhook
        self.anonymous = anonymous
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "x509": self.x509 = KubeletX509Authentication(from: value, at: path, reporting: &problems)
        case "webhook": self.webhook = KubeletWebhookAuthentication(from: value, at: path, reporting: &problems)
        case "anonymous": self.anonymous = KubeletAnonymousAuthentication(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("x509", self.x509)
        object.putUnlessEmpty("webhook", self.webhook)
        object.putUnlessEmpty("anonymous", self.anonymous)
    }
}

package struct KubeletAuthorization: APIStructure {
    package var mode: KubeletAuthorizationMode = KubeletAuthorizationMode()
    package var webhook: KubeletWebhookAuthorization = KubeletWebhookAuthorization()

    package init(
        mode: KubeletAuthorizationMode = KubeletAuthorizationMode(),
        webhook: KubeletWebhookAuthorization = KubeletWebhookAuthorization()
    ) {
        self.mode = mode
        self.webhook = webhook
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "mode": self.mode = KubeletAuthorizationMode(from: value, at: path, reporting: &problems)
        case "webhook": self.webhook = KubeletWebhookAuthorization(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("mode", self.mode)
        object.putUnlessEmpty("webhook", self.webhook)
    }
}

package struct KubeletAuthorizationMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let alwaysAllow = Self(rawValue: "AlwaysAllow")
    package static let webhook = Self(rawValue: "Webhook")

    /// Those that the API names.
    package static let known: [Self] = [.alwaysAllow, .webhook]
}

package struct KubeletConfiguration: KubernetesObject {
    package static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    package static let kind = "KubeletConfiguration"

    package var enableServer: Bool? = nil
    package var staticPodPath: String = ""
    package var podLogsDir: String = ""
    package var syncFrequency: Duration = .zero
    package var fileCheckFrequency: Duration = .zero
    package var httpCheckFrequency: Duration = .zero
    package var staticPodURL: String = ""
    package var staticPodURLHeader: [String: [String]] = [:]
    package var address: String = ""
    package var port: Int32 = 0
    package var readOnlyPort: Int32 = 0
    package var tlsCertFile: String = ""
    package var tlsPrivateKeyFile: String = ""
    package var tlsCipherSuites: [String] = []
    package var tlsCurvePreferences: [Int32] = []
    package var tlsMinVersion: String = ""
    package var rotateCertificates: Bool = false
    package var serverTLSBootstrap: Bool = false
    package var authentication: KubeletAuthentication = KubeletAuthentication()
    package var authorization: KubeletAuthorization = KubeletAuthorization()
    package var registryPullQPS: Int32? = nil
    package var registryBurst: Int32 = 0
    package var imagePullCredentialsVerificationPolicy: ImagePullCredentialsVerificationPolicy = ImagePullCredentialsVerificationPolicy()
    package var preloadedImagesVerificationAllowlist: [String] = []
    package var eventRecordQPS: Int32? = nil
    package var eventBurst: Int32 = 0
    package var enableDebuggingHandlers: Bool? = nil
    package var enableContentionProfiling: Bool = false
    package var healthzPort: Int32? = nil
    package var healthzBindAddress: String = ""
    package var oomScoreAdj: Int32? = nil
    package var clusterDomain: String = ""
    package var clusterDNS: [String] = []
    package var streamingConnectionIdleTimeout: Duration = .zero
    package var nodeStatusUpdateFrequency: Duration = .zero
    package var nodeStatusReportFrequency: Duration = .zero
    package var nodeLeaseDurationSeconds: Int32 = 0
    package var imageMinimumGCAge: Duration = .zero
    package var imageMaximumGCAge: Duration = .zero
    package var imageGCHighThresholdPercent: Int32? = nil
    package var imageGCLowThresholdPercent: Int32? = nil
    package var volumeStatsAggPeriod: Duration = .zero
    package var kubeletCgroups: String = ""
    package var systemCgroups: String = ""
    package var cgroupRoot: String = ""
    package var cgroupsPerQOS: Bool? = nil
    package var cgroupDriver: String = ""
    package var cpuManagerPolicy: String = ""
    package var singleProcessOOMKill: Bool? = nil
    package var cpuManagerPolicyOptions: [String: String] = [:]
    package var cpuManagerReconcilePeriod: Duration = .zero
    package var memoryManagerPolicy: String = ""
    package var topologyManagerPolicy: String = ""
    package var topologyManagerScope: String = ""
    package var topologyManagerPolicyOptions: [String: String] = [:]
    package var qosReserved: [String: String] = [:]
    package var runtimeRequestTimeout: Duration = .zero
    package var hairpinMode: String = ""
    package var maxPods: Int32 = 0
    package var podCIDR: String = ""
    package var podPidsLimit: Int64? = nil
    package var resolvConf: String? = nil
    package var runOnce: Bool = false
    package var cpuCFSQuota: Bool? = nil
    package var cpuCFSQuotaPeriod: Duration? = nil
    package var nodeStatusMaxImages: Int32? = nil
    package var maxOpenFiles: Int64 = 0
    package var contentType: String = ""
    package var kubeAPIQPS: Int32? = nil
    package var kubeAPIBurst: Int32 = 0
    package var serializeImagePulls: Bool? = nil
    package var maxParallelImagePulls: Int32? = nil
    package var evictionHard: [String: String] = [:]
    package var evictionSoft: [String: String] = [:]
    package var evictionSoftGracePeriod: [String: String] = [:]
    package var evictionPressureTransitionPeriod: Duration = .zero
    package var evictionMaxPodGracePeriod: Int32 = 0
    package var evictionMinimumReclaim: [String: String] = [:]
    package var mergeDefaultEvictionSettings: Bool? = nil
    package var podsPerCore: Int32 = 0
    package var enableControllerAttachDetach: Bool? = nil
    package var protectKernelDefaults: Bool = false
    package var makeIPTablesUtilChains: Bool? = nil
    package var iptablesMasqueradeBit: Int32? = nil
    package var iptablesDropBit: Int32? = nil
    package var featureGates: [String: Bool] = [:]
    package var failSwapOn: Bool? = nil
    package var memorySwap: MemorySwapConfiguration = MemorySwapConfiguration()
    package var containerLogMaxSize: String = ""
    package var containerLogMaxFiles: Int32? = nil
    package var containerLogMaxWorkers: Int32? = nil
    package var containerLogMonitorInterval: Duration? = nil
    package var configMapAndSecretChangeDetectionStrategy: ResourceChangeDetectionStrategy = ResourceChangeDetectionStrategy()
    package var systemReserved: [String: String] = [:]
    package var kubeReserved: [String: String] = [:]
    package var reservedSystemCPUs: String = ""
    package var showHiddenMetricsForVersion: String = ""
    package var systemReservedCgroup: String = ""
    package var kubeReservedCgroup: String = ""
    package var enforceNodeAllocatable: [String] = []
    package var allowedUnsafeSysctls: [String] = []
    package var volumePluginDir: String = ""
    package var providerID: String = ""
    package var kernelMemcgNotification: Bool = false
    package var logging: APIValue = .null
    package var enableSystemLogHandler: Bool? = nil
    package var enableSystemLogQuery: Bool? = nil
    package var shutdownGracePeriod: Duration = .zero
    package var shutdownGracePeriodCriticalPods: Duration = .zero
    package var shutdownGracePeriodByPodPriority: [ShutdownGracePeriodByPodPriority] = []
    package var crashLoopBackOff: CrashLoopBackOffConfig = CrashLoopBackOffConfig()
    package var reservedMemory: [MemoryReservation] = []
    package var enableProfilingHandler: Bool? = nil
    package var enableDebugFlagsHandler: Bool? = nil
    package var seccompDefault: Bool? = nil
    package var memoryThrottlingFactor: Double? = nil
    package var memoryReservationPolicy: MemoryReservationPolicy = MemoryReservationPolicy()
    package var registerWithTaints: [Taint] = []
    package var registerNode: Bool? = nil
    package var tracing: APIValue? = nil
    package var localStorageCapacityIsolation: Bool? = nil
    package var containerRuntimeEndpoint: String = ""
    package var imageServiceEndpoint: String = ""
    package var failCgroupV1: Bool? = nil
    @Boxed package var userNamespaces: UserNamespaces? = nil

    package init(
        enableServer: Bool? = nil,
        staticPodPath: String = "",
        podLogsDir: String = "",
        syncFrequency: Duration = .zero,
        fileCheckFrequency: Duration = .zero,
        httpCheckFrequency: Duration = .zero,
        staticPodURL: String = "",
        staticPodURLHeader: [String: [String]] = [:],
        address: String = "",
        port: Int32 = 0,
        readOnlyPort: Int32 = 0,
        tlsCertFile: String = "",
        tlsPrivateKeyFile: String = "",
        tlsCipherSuites: [String] = [],
        tlsCurvePreferences: [Int32] = [],
        tlsMinVersion: String = "",
        rotateCertificates: Bool = false,
        serverTLSBootstrap: Bool = false,
        authentication: KubeletAuthentication = KubeletAuthentication(),
        authorization: KubeletAuthorization = KubeletAuthorization(),
        registryPullQPS: Int32? = nil,
        registryBurst: Int32 = 0,
        imagePullCredentialsVerificationPolicy: ImagePullCredentialsVerificationPolicy = ImagePullCredentialsVerificationPolicy(),
        preloadedImagesVerificationAllowlist: [String] = [],
        eventRecordQPS: Int32? = nil,
        eventBurst: Int32 = 0,
        enableDebuggingHandlers: Bool? = nil,
        enableContentionProfiling: Bool = false,
        healthzPort: Int32? = nil,
        healthzBindAddress: String = "",
        oomScoreAdj: Int32? = nil,
        clusterDomain: String = "",
        clusterDNS: [String] = [],
        streamingConnectionIdleTimeout: Duration = .zero,
        nodeStatusUpdateFrequency: Duration = .zero,
        nodeStatusReportFrequency: Duration = .zero,
        nodeLeaseDurationSeconds: Int32 = 0,
        imageMinimumGCAge: Duration = .zero,
        imageMaximumGCAge: Duration = .zero,
        imageGCHighThresholdPercent: Int32? = nil,
        imageGCLowThresholdPercent: Int32? = nil,
        volumeStatsAggPeriod: Duration = .zero,
        kubeletCgroups: String = "",
        systemCgroups: String = "",
        cgroupRoot: String = "",
        cgroupsPerQOS: Bool? = nil,
        cgroupDriver: String = "",
        cpuManagerPolicy: String = "",
        singleProcessOOMKill: Bool? = nil,
        cpuManagerPolicyOptions: [String: String] = [:],
        cpuManagerReconcilePeriod: Duration = .zero,
        memoryManagerPolicy: String = "",
        topologyManagerPolicy: String = "",
        topologyManagerScope: String = "",
        topologyManagerPolicyOptions: [String: String] = [:],
        qosReserved: [String: String] = [:],
        runtimeRequestTimeout: Duration = .zero,
        hairpinMode: String = "",
        maxPods: Int32 = 0,
        podCIDR: String = "",
        podPidsLimit: Int64? = nil,
        resolvConf: String? = nil,
        runOnce: Bool = false,
        cpuCFSQuota: Bool? = nil,
        cpuCFSQuotaPeriod: Duration? = nil,
        nodeStatusMaxImages: Int32? = nil,
        maxOpenFiles: Int64 = 0,
        contentType: String = "",
        kubeAPIQPS: Int32? = nil,
        kubeAPIBurst: Int32 = 0,
        serializeImagePulls: Bool? = nil,
        maxParallelImagePulls: Int32? = nil,
        evictionHard: [String: String] = [:],
        evictionSoft: [String: String] = [:],
        evictionSoftGracePeriod: [String: String] = [:],
        evictionPressureTransitionPeriod: Duration = .zero,
        evictionMaxPodGracePeriod: Int32 = 0,
        evictionMinimumReclaim: [String: String] = [:],
        mergeDefaultEvictionSettings: Bool? = nil,
        podsPerCore: Int32 = 0,
        enableControllerAttachDetach: Bool? = nil,
        protectKernelDefaults: Bool = false,
        makeIPTablesUtilChains: Bool? = nil,
        iptablesMasqueradeBit: Int32? = nil,
        iptablesDropBit: Int32? = nil,
        featureGates: [String: Bool] = [:],
        failSwapOn: Bool? = nil,
        memorySwap: MemorySwapConfiguration = MemorySwapConfiguration(),
        containerLogMaxSize: String = "",
        containerLogMaxFiles: Int32? = nil,
        containerLogMaxWorkers: Int32? = nil,
        containerLogMonitorInterval: Duration? = nil,
        configMapAndSecretChangeDetectionStrategy: ResourceChangeDetectionStrategy = ResourceChangeDetectionStrategy(),
        systemReserved: [String: String] = [:],
        kubeReserved: [String: String] = [:],
        reservedSystemCPUs: String = "",
        showHiddenMetricsForVersion: String = "",
        systemReservedCgroup: String = "",
        kubeReservedCgroup: String = "",
        enforceNodeAllocatable: [String] = [],
        allowedUnsafeSysctls: [String] = [],
        volumePluginDir: String = "",
        providerID: String = "",
        kernelMemcgNotification: Bool = false,
        logging: APIValue = .null,
        enableSystemLogHandler: Bool? = nil,
        enableSystemLogQuery: Bool? = nil,
        shutdownGracePeriod: Duration = .zero,
        shutdownGracePeriodCriticalPods: Duration = .zero,
        shutdownGracePeriodByPodPriority: [ShutdownGracePeriodByPodPriority] = [],
        crashLoopBackOff: CrashLoopBackOffConfig = CrashLoopBackOffConfig(),
        reservedMemory: [MemoryReservation] = [],
        enableProfilingHandler: Bool? = nil,
        enableDebugFlagsHandler: Bool? = nil,
        seccompDefault: Bool? = nil,
        memoryThrottlingFactor: Double? = nil,
        memoryReservationPolicy: MemoryReservationPolicy = MemoryReservationPolicy(),
        registerWithTaints: [Taint] = [],
        registerNode: Bool? = nil,
        tracing: APIValue? = nil,
        localStorageCapacityIsolation: Bool? = nil,
        containerRuntimeEndpoint: String = "",
        imageServiceEndpoint: String = "",
        failCgroupV1: Bool? = nil,
        userNamespaces: UserNamespaces? = nil
    ) {
        self.enableServer = enableServer
        self.staticPodPath = staticPodPath
        self.podLogsDir = podLogsDir
        self.syncFrequency = syncFrequency
        self.fileCheckFrequency = fileCheckFrequency
        self.httpCheckFrequency = httpCheckFrequency
        self.staticPodURL = staticPodURL
        self.staticPodURLHeader = staticPodURLHeader
        self.address = address
        self.port = port
        self.readOnlyPort = readOnlyPort
        self.tlsCertFile = tlsCertFile
        self.tlsPrivateKeyFile = tlsPrivateKeyFile
        self.tlsCipherSuites = tlsCipherSuites
        self.tlsCurvePreferences = tlsCurvePreferences
        self.tlsMinVersion = tlsMinVersion
        self.rotateCertificates = rotateCertificates
        self.serverTLSBootstrap = serverTLSBootstrap
        self.authentication = authentication
        self.authorization = authorization
        self.registryPullQPS = registryPullQPS
        self.registryBurst = registryBurst
        self.imagePullCredentialsVerificationPolicy = imagePullCredentialsVerificationPolicy
        self.preloadedImagesVerificationAllowlist = preloadedImagesVerificationAllowlist
        self.eventRecordQPS = eventRecordQPS
        self.eventBurst = eventBurst
        self.enableDebuggingHandlers = enableDebuggingHandlers
        self.enableContentionProfiling = enableContentionProfiling
        self.healthzPort = healthzPort
        self.healthzBindAddress = healthzBindAddress
        self.oomScoreAdj = oomScoreAdj
        self.clusterDomain = clusterDomain
        self.clusterDNS = clusterDNS
        self.streamingConnectionIdleTimeout = streamingConnectionIdleTimeout
        self.nodeStatusUpdateFrequency = nodeStatusUpdateFrequency
        self.nodeStatusReportFrequency = nodeStatusReportFrequency
        self.nodeLeaseDurationSeconds = nodeLeaseDurationSeconds
        self.imageMinimumGCAge = imageMinimumGCAge
        self.imageMaximumGCAge = imageMaximumGCAge
        self.imageGCHighThresholdPercent = imageGCHighThresholdPercent
        self.imageGCLowThresholdPercent = imageGCLowThresholdPercent
        self.volumeStatsAggPeriod = volumeStatsAggPeriod
        self.kubeletCgroups = kubeletCgroups
        self.systemCgroups = systemCgroups
        self.cgroupRoot = cgroupRoot
        self.cgroupsPerQOS = cgroupsPerQOS
        self.cgroupDriver = cgroupDriver
        self.cpuManagerPolicy = cpuManagerPolicy
        self.singleProcessOOMKill = singleProcessOOMKill
        self.cpuManagerPolicyOptions = cpuManagerPolicyOptions
        self.cpuManagerReconcilePeriod = cpuManagerReconcilePeriod
        self.memoryManagerPolicy = memoryManagerPolicy
        self.topologyManagerPolicy = topologyManagerPolicy
        self.topologyManagerScope = topologyManagerScope
        self.topologyManagerPolicyOptions = topologyManagerPolicyOptions
        self.qosReserved = qosReserved
        self.runtimeRequestTimeout = runtimeRequestTimeout
        self.hairpinMode = hairpinMode
        self.maxPods = maxPods
        self.podCIDR = podCIDR
        self.podPidsLimit = podPidsLimit
        self.resolvConf = resolvConf
        self.runOnce = runOnce
        self.cpuCFSQuota = cpuCFSQuota
        self.cpuCFSQuotaPeriod = cpuCFSQuotaPeriod
        self.nodeStatusMaxImages = nodeStatusMaxImages
        self.maxOpenFiles = maxOpenFiles
        self.contentType = contentType
        self.kubeAPIQPS = kubeAPIQPS
        self.kubeAPIBurst = kubeAPIBurst
        self.serializeImagePulls = serializeImagePulls
        self.maxParallelImagePulls = maxParallelImagePulls
        self.evictionHard = evictionHard
        self.evictionSoft = evictionSoft
        self.evictionSoftGracePeriod = evictionSoftGracePeriod
        self.evictionPressureTransitionPeriod = evictionPressureTransitionPeriod
        self.evictionMaxPodGracePeriod = evictionMaxPodGracePeriod
        self.evictionMinimumReclaim = evictionMinimumReclaim
        self.mergeDefaultEvictionSettings = mergeDefaultEvictionSettings
        self.podsPerCore = podsPerCore
        self.enableControllerAttachDetach = enableControllerAttachDetach
        self.protectKernelDefaults = protectKernelDefaults
        self.makeIPTablesUtilChains = makeIPTablesUtilChains
        self.iptablesMasqueradeBit = iptablesMasqueradeBit
        self.iptablesDropBit = iptablesDropBit
        self.featureGates = featureGates
        self.failSwapOn = failSwapOn
        self.memorySwap = memorySwap
        self.containerLogMaxSize = containerLogMaxSize
        self.containerLogMaxFiles = containerLogMaxFiles
        self.containerLogMaxWorkers = containerLogMaxWorkers
        self.containerLogMonitorInterval = containerLogMonitorInterval
        self.configMapAndSecretChangeDetectionStrategy = configMapAndSecretChangeDetectionStrategy
        self.systemReserved = systemReserved
        self.kubeReserved = kubeReserved
        self.reservedSystemCPUs = reservedSystemCPUs
        self.showHiddenMetricsForVersion = showHiddenMetricsForVersion
        self.systemReservedCgroup = systemReservedCgroup
        self.kubeReservedCgroup = kubeReservedCgroup
        self.enforceNodeAllocatable = enforceNodeAllocatable
        self.allowedUnsafeSysctls = allowedUnsafeSysctls
        self.volumePluginDir = volumePluginDir
        self.providerID = providerID
        self.kernelMemcgNotification = kernelMemcgNotification
        self.logging = logging
        self.enableSystemLogHandler = enableSystemLogHandler
        self.enableSystemLogQuery = enableSystemLogQuery
        self.shutdownGracePeriod = shutdownGracePeriod
        self.shutdownGracePeriodCriticalPods = shutdownGracePeriodCriticalPods
        self.shutdownGracePeriodByPodPriority = shutdownGracePeriodByPodPriority
        self.crashLoopBackOff = crashLoopBackOff
        self.reservedMemory = reservedMemory
        self.enableProfilingHandler = enableProfilingHandler
        self.enableDebugFlagsHandler = enableDebugFlagsHandler
        self.seccompDefault = seccompDefault
        self.memoryThrottlingFactor = memoryThrottlingFactor
        self.memoryReservationPolicy = memoryReservationPolicy
        self.registerWithTaints = registerWithTaints
        self.registerNode = registerNode
        self.tracing = tracing
        self.localStorageCapacityIsolation = localStorageCapacityIsolation
        self.containerRuntimeEndpoint = containerRuntimeEndpoint
        self.imageServiceEndpoint = imageServiceEndpoint
        self.failCgroupV1 = failCgroupV1
        self.userNamespaces = userNamespaces
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "enableServer": self.enableServer = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "staticPodPath": self.staticPodPath = String(from: value, at: path, reporting: &problems)
        case "podLogsDir": self.podLogsDir = String(from: value, at: path, reporting: &problems)
        case "syncFrequency": self.syncFrequency = Duration(from: value, at: path, reporting: &problems)
        case "fileCheckFrequency": self.fileCheckFrequency = Duration(from: value, at: path, reporting: &problems)
        case "httpCheckFrequency": self.httpCheckFrequency = Duration(from: value, at: path, reporting: &problems)
        case "staticPodURL": self.staticPodURL = String(from: value, at: path, reporting: &problems)
        case "staticPodURLHeader": self.staticPodURLHeader = [String: [String]](from: value, at: path, reporting: &problems)
        case "address": self.address = String(from: value, at: path, reporting: &problems)
        case "port": self.port = Int32(from: value, at: path, reporting: &problems)
        case "readOnlyPort": self.readOnlyPort = Int32(from: value, at: path, reporting: &problems)
        case "tlsCertFile": self.tlsCertFile = String(from: value, at: path, reporting: &problems)
        case "tlsPrivateKeyFile": self.tlsPrivateKeyFile = String(from: value, at: path, reporting: &problems)
        case "tlsCipherSuites": self.tlsCipherSuites = [String](from: value, at: path, reporting: &problems)
        case "tlsCurvePreferences": self.tlsCurvePreferences = [Int32](from: value, at: path, reporting: &problems)
        case "tlsMinVersion": self.tlsMinVersion = String(from: value, at: path, reporting: &problems)
        case "rotateCertificates": self.rotateCertificates = Bool(from: value, at: path, reporting: &problems)
        case "serverTLSBootstrap": self.serverTLSBootstrap = Bool(from: value, at: path, reporting: &problems)
        case "authentication": self.authentication = KubeletAuthentication(from: value, at: path, reporting: &problems)
        case "authorization": self.authorization = KubeletAuthorization(from: value, at: path, reporting: &problems)
        case "registryPullQPS": self.registryPullQPS = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "registryBurst": self.registryBurst = Int32(from: value, at: path, reporting: &problems)
        case "imagePullCredentialsVerificationPolicy": self.imagePullCredentialsVerificationPolicy = ImagePullCredentialsVerificationPolicy(from: value, at: path, reporting: &problems)
        case "preloadedImagesVerificationAllowlist": self.preloadedImagesVerificationAllowlist = [String](from: value, at: path, reporting: &problems)
        case "eventRecordQPS": self.eventRecordQPS = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "eventBurst": self.eventBurst = Int32(from: value, at: path, reporting: &problems)
        case "enableDebuggingHandlers": self.enableDebuggingHandlers = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "enableContentionProfiling": self.enableContentionProfiling = Bool(from: value, at: path, reporting: &problems)
        case "healthzPort": self.healthzPort = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "healthzBindAddress": self.healthzBindAddress = String(from: value, at: path, reporting: &problems)
        case "oomScoreAdj": self.oomScoreAdj = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "clusterDomain": self.clusterDomain = String(from: value, at: path, reporting: &problems)
        case "clusterDNS": self.clusterDNS = [String](from: value, at: path, reporting: &problems)
        case "streamingConnectionIdleTimeout": self.streamingConnectionIdleTimeout = Duration(from: value, at: path, reporting: &problems)
        case "nodeStatusUpdateFrequency": self.nodeStatusUpdateFrequency = Duration(from: value, at: path, reporting: &problems)
        case "nodeStatusReportFrequency": self.nodeStatusReportFrequency = Duration(from: value, at: path, reporting: &problems)
        case "nodeLeaseDurationSeconds": self.nodeLeaseDurationSeconds = Int32(from: value, at: path, reporting: &problems)
        case "imageMinimumGCAge": self.imageMinimumGCAge = Duration(from: value, at: path, reporting: &problems)
        case "imageMaximumGCAge": self.imageMaximumGCAge = Duration(from: value, at: path, reporting: &problems)
        case "imageGCHighThresholdPercent": self.imageGCHighThresholdPercent = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "imageGCLowThresholdPercent": self.imageGCLowThresholdPercent = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "volumeStatsAggPeriod": self.volumeStatsAggPeriod = Duration(from: value, at: path, reporting: &problems)
        case "kubeletCgroups": self.kubeletCgroups = String(from: value, at: path, reporting: &problems)
        case "systemCgroups": self.systemCgroups = String(from: value, at: path, reporting: &problems)
        case "cgroupRoot": self.cgroupRoot = String(from: value, at: path, reporting: &problems)
        case "cgroupsPerQOS": self.cgroupsPerQOS = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "cgroupDriver": self.cgroupDriver = String(from: value, at: path, reporting: &problems)
        case "cpuManagerPolicy": self.cpuManagerPolicy = String(from: value, at: path, reporting: &problems)
        case "singleProcessOOMKill": self.singleProcessOOMKill = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "cpuManagerPolicyOptions": self.cpuManagerPolicyOptions = [String: String](from: value, at: path, reporting: &problems)
        case "cpuManagerReconcilePeriod": self.cpuManagerReconcilePeriod = Duration(from: value, at: path, reporting: &problems)
        case "memoryManagerPolicy": self.memoryManagerPolicy = String(from: value, at: path, reporting: &problems)
        case "topologyManagerPolicy": self.topologyManagerPolicy = String(from: value, at: path, reporting: &problems)
        case "topologyManagerScope": self.topologyManagerScope = String(from: value, at: path, reporting: &problems)
        case "topologyManagerPolicyOptions": self.topologyManagerPolicyOptions = [String: String](from: value, at: path, reporting: &problems)
        case "qosReserved": self.qosReserved = [String: String](from: value, at: path, reporting: &problems)
        case "runtimeRequestTimeout": self.runtimeRequestTimeout = Duration(from: value, at: path, reporting: &problems)
        case "hairpinMode": self.hairpinMode = String(from: value, at: path, reporting: &problems)
        case "maxPods": self.maxPods = Int32(from: value, at: path, reporting: &problems)
        case "podCIDR": self.podCIDR = String(from: value, at: path, reporting: &problems)
        case "podPidsLimit": self.podPidsLimit = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "resolvConf": self.resolvConf = Optional<String>(from: value, at: path, reporting: &problems)
        case "runOnce": self.runOnce = Bool(from: value, at: path, reporting: &problems)
        case "cpuCFSQuota": self.cpuCFSQuota = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "cpuCFSQuotaPeriod": self.cpuCFSQuotaPeriod = Optional<Duration>(from: value, at: path, reporting: &problems)
        case "nodeStatusMaxImages": self.nodeStatusMaxImages = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "maxOpenFiles": self.maxOpenFiles = Int64(from: value, at: path, reporting: &problems)
        case "contentType": self.contentType = String(from: value, at: path, reporting: &problems)
        case "kubeAPIQPS": self.kubeAPIQPS = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "kubeAPIBurst": self.kubeAPIBurst = Int32(from: value, at: path, reporting: &problems)
        case "serializeImagePulls": self.serializeImagePulls = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "maxParallelImagePulls": self.maxParallelImagePulls = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "evictionHard": self.evictionHard = [String: String](from: value, at: path, reporting: &problems)
        case "evictionSoft": self.evictionSoft = [String: String](from: value, at: path, reporting: &problems)
        case "evictionSoftGracePeriod": self.evictionSoftGracePeriod = [String: String](from: value, at: path, reporting: &problems)
        case "evictionPressureTransitionPeriod": self.evictionPressureTransitionPeriod = Duration(from: value, at: path, reporting: &problems)
        case "evictionMaxPodGracePeriod": self.evictionMaxPodGracePeriod = Int32(from: value, at: path, reporting: &problems)
        case "evictionMinimumReclaim": self.evictionMinimumReclaim = [String: String](from: value, at: path, reporting: &problems)
        case "mergeDefaultEvictionSettings": self.mergeDefaultEvictionSettings = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "podsPerCore": self.podsPerCore = Int32(from: value, at: path, reporting: &problems)
        case "enableControllerAttachDetach": self.enableControllerAttachDetach = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "protectKernelDefaults": self.protectKernelDefaults = Bool(from: value, at: path, reporting: &problems)
        case "makeIPTablesUtilChains": self.makeIPTablesUtilChains = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "iptablesMasqueradeBit": self.iptablesMasqueradeBit = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "iptablesDropBit": self.iptablesDropBit = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "featureGates": self.featureGates = [String: Bool](from: value, at: path, reporting: &problems)
        case "failSwapOn": self.failSwapOn = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "memorySwap": self.memorySwap = MemorySwapConfiguration(from: value, at: path, reporting: &problems)
        case "containerLogMaxSize": self.containerLogMaxSize = String(from: value, at: path, reporting: &problems)
        case "containerLogMaxFiles": self.containerLogMaxFiles = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "containerLogMaxWorkers": self.containerLogMaxWorkers = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "containerLogMonitorInterval": self.containerLogMonitorInterval = Optional<Duration>(from: value, at: path, reporting: &problems)
        case "configMapAndSecretChangeDetectionStrategy": self.configMapAndSecretChangeDetectionStrategy = ResourceChangeDetectionStrategy(from: value, at: path, reporting: &problems)
        case "systemReserved": self.systemReserved = [String: String](from: value, at: path, reporting: &problems)
        case "kubeReserved": self.kubeReserved = [String: String](from: value, at: path, reporting: &problems)
        case "reservedSystemCPUs": self.reservedSystemCPUs = String(from: value, at: path, reporting: &problems)
        case "showHiddenMetricsForVersion": self.showHiddenMetricsForVersion = String(from: value, at: path, reporting: &problems)
        case "systemReservedCgroup": self.systemReservedCgroup = String(from: value, at: path, reporting: &problems)
        case "kubeReservedCgroup": self.kubeReservedCgroup = String(from: value, at: path, reporting: &problems)
        case "enforceNodeAllocatable": self.enforceNodeAllocatable = [String](from: value, at: path, reporting: &problems)
        case "allowedUnsafeSysctls": self.allowedUnsafeSysctls = [String](from: value, at: path, reporting: &problems)
        case "volumePluginDir": self.volumePluginDir = String(from: value, at: path, reporting: &problems)
        case "providerID": self.providerID = String(from: value, at: path, reporting: &problems)
        case "kernelMemcgNotification": self.kernelMemcgNotification = Bool(from: value, at: path, reporting: &problems)
        case "logging": self.logging = APIValue(from: value, at: path, reporting: &problems)
        case "enableSystemLogHandler": self.enableSystemLogHandler = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "enableSystemLogQuery": self.enableSystemLogQuery = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "shutdownGracePeriod": self.shutdownGracePeriod = Duration(from: value, at: path, reporting: &problems)
        case "shutdownGracePeriodCriticalPods": self.shutdownGracePeriodCriticalPods = Duration(from: value, at: path, reporting: &problems)
        case "shutdownGracePeriodByPodPriority": self.shutdownGracePeriodByPodPriority = [ShutdownGracePeriodByPodPriority](from: value, at: path, reporting: &problems)
        case "crashLoopBackOff": self.crashLoopBackOff = CrashLoopBackOffConfig(from: value, at: path, reporting: &problems)
        case "reservedMemory": self.reservedMemory = [MemoryReservation](from: value, at: path, reporting: &problems)
        case "enableProfilingHandler": self.enableProfilingHandler = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "enableDebugFlagsHandler": self.enableDebugFlagsHandler = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "seccompDefault": self.seccompDefault = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "memoryThrottlingFactor": self.memoryThrottlingFactor = Optional<Double>(from: value, at: path, reporting: &problems)
        case "memoryReservationPolicy": self.memoryReservationPolicy = MemoryReservationPolicy(from: value, at: path, reporting: &problems)
        case "registerWithTaints": self.registerWithTaints = [Taint](from: value, at: path, reporting: &problems)
        case "registerNode": self.registerNode = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "tracing": self.tracing = Optional<APIValue>(from: value, at: path, reporting: &problems)
        case "localStorageCapacityIsolation": self.localStorageCapacityIsolation = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "containerRuntimeEndpoint": self.containerRuntimeEndpoint = String(from: value, at: path, reporting: &problems)
        case "imageServiceEndpoint": self.imageServiceEndpoint = String(from: value, at: path, reporting: &problems)
        case "failCgroupV1": self.failCgroupV1 = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "userNamespaces": self.userNamespaces = Optional<UserNamespaces>(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("enableServer", self.enableServer)
        object.putUnlessEmpty("staticPodPath", self.staticPodPath)
        object.putUnlessEmpty("podLogsDir", self.podLogsDir)
        object.putUnlessEmpty("syncFrequency", self.syncFrequency)
        object.putUnlessEmpty("fileCheckFrequency", self.fileCheckFrequency)
        object.putUnlessEmpty("httpCheckFrequency", self.httpCheckFrequency)
        object.putUnlessEmpty("staticPodURL", self.staticPodURL)
        object.putUnlessEmpty("staticPodURLHeader", self.staticPodURLHeader)
        object.putUnlessEmpty("address", self.address)
        object.putUnlessEmpty("port", self.port)
        object.putUnlessEmpty("readOnlyPort", self.readOnlyPort)
        object.putUnlessEmpty("tlsCertFile", self.tlsCertFile)
        object.putUnlessEmpty("tlsPrivateKeyFile", self.tlsPrivateKeyFile)
        object.putUnlessEmpty("tlsCipherSuites", self.tlsCipherSuites)
        object.putUnlessEmpty("tlsCurvePreferences", self.tlsCurvePreferences)
        object.putUnlessEmpty("tlsMinVersion", self.tlsMinVersion)
        object.putUnlessEmpty("rotateCertificates", self.rotateCertificates)
        object.putUnlessEmpty("serverTLSBootstrap", self.serverTLSBootstrap)
        object.putUnlessEmpty("authentication", self.authentication)
        object.putUnlessEmpty("authorization", self.authorization)
        object.putUnlessEmpty("registryPullQPS", self.registryPullQPS)
        object.putUnlessEmpty("registryBurst", self.registryBurst)
        object.putUnlessEmpty("imagePullCredentialsVerificationPolicy", self.imagePullCredentialsVerificationPolicy)
        object.putUnlessEmpty("preloadedImagesVerificationAllowlist", self.preloadedImagesVerificationAllowlist)
        object.putUnlessEmpty("eventRecordQPS", self.eventRecordQPS)
        object.putUnlessEmpty("eventBurst", self.eventBurst)
        object.putUnlessEmpty("enableDebuggingHandlers", self.enableDebuggingHandlers)
        object.putUnlessEmpty("enableContentionProfiling", self.enableContentionProfiling)
        object.putUnlessEmpty("healthzPort", self.healthzPort)
        object.putUnlessEmpty("healthzBindAddress", self.healthzBindAddress)
        object.putUnlessEmpty("oomScoreAdj", self.oomScoreAdj)
        object.putUnlessEmpty("clusterDomain", self.clusterDomain)
        object.putUnlessEmpty("clusterDNS", self.clusterDNS)
        object.putUnlessEmpty("streamingConnectionIdleTimeout", self.streamingConnectionIdleTimeout)
        object.putUnlessEmpty("nodeStatusUpdateFrequency", self.nodeStatusUpdateFrequency)
        object.putUnlessEmpty("nodeStatusReportFrequency", self.nodeStatusReportFrequency)
        object.putUnlessEmpty("nodeLeaseDurationSeconds", self.nodeLeaseDurationSeconds)
        object.putUnlessEmpty("imageMinimumGCAge", self.imageMinimumGCAge)
        object.putUnlessEmpty("imageMaximumGCAge", self.imageMaximumGCAge)
        object.putUnlessEmpty("imageGCHighThresholdPercent", self.imageGCHighThresholdPercent)
        object.putUnlessEmpty("imageGCLowThresholdPercent", self.imageGCLowThresholdPercent)
        object.putUnlessEmpty("volumeStatsAggPeriod", self.volumeStatsAggPeriod)
        object.putUnlessEmpty("kubeletCgroups", self.kubeletCgroups)
        object.putUnlessEmpty("systemCgroups", self.systemCgroups)
        object.putUnlessEmpty("cgroupRoot", self.cgroupRoot)
        object.putUnlessEmpty("cgroupsPerQOS", self.cgroupsPerQOS)
        object.putUnlessEmpty("cgroupDriver", self.cgroupDriver)
        object.putUnlessEmpty("cpuManagerPolicy", self.cpuManagerPolicy)
        object.putUnlessEmpty("singleProcessOOMKill", self.singleProcessOOMKill)
        object.putUnlessEmpty("cpuManagerPolicyOptions", self.cpuManagerPolicyOptions)
        object.putUnlessEmpty("cpuManagerReconcilePeriod", self.cpuManagerReconcilePeriod)
        object.putUnlessEmpty("memoryManagerPolicy", self.memoryManagerPolicy)
        object.putUnlessEmpty("topologyManagerPolicy", self.topologyManagerPolicy)
        object.putUnlessEmpty("topologyManagerScope", self.topologyManagerScope)
        object.putUnlessEmpty("topologyManagerPolicyOptions", self.topologyManagerPolicyOptions)
        object.putUnlessEmpty("qosReserved", self.qosReserved)
        object.putUnlessEmpty("runtimeRequestTimeout", self.runtimeRequestTimeout)
        object.putUnlessEmpty("hairpinMode", self.hairpinMode)
        object.putUnlessEmpty("maxPods", self.maxPods)
        object.putUnlessEmpty("podCIDR", self.podCIDR)
        object.putUnlessEmpty("podPidsLimit", self.podPidsLimit)
        object.putUnlessEmpty("resolvConf", self.resolvConf)
        object.putUnlessEmpty("runOnce", self.runOnce)
        object.putUnlessEmpty("cpuCFSQuota", self.cpuCFSQuota)
        object.putUnlessEmpty("cpuCFSQuotaPeriod", self.cpuCFSQuotaPeriod)
        object.putUnlessEmpty("nodeStatusMaxImages", self.nodeStatusMaxImages)
        object.putUnlessEmpty("maxOpenFiles", self.maxOpenFiles)
        object.putUnlessEmpty("contentType", self.contentType)
        object.putUnlessEmpty("kubeAPIQPS", self.kubeAPIQPS)
        object.putUnlessEmpty("kubeAPIBurst", self.kubeAPIBurst)
        object.putUnlessEmpty("serializeImagePulls", self.serializeImagePulls)
        object.putUnlessEmpty("maxParallelImagePulls", self.maxParallelImagePulls)
        object.putUnlessEmpty("evictionHard", self.evictionHard)
        object.putUnlessEmpty("evictionSoft", self.evictionSoft)
        object.putUnlessEmpty("evictionSoftGracePeriod", self.evictionSoftGracePeriod)
        object.putUnlessEmpty("evictionPressureTransitionPeriod", self.evictionPressureTransitionPeriod)
        object.putUnlessEmpty("evictionMaxPodGracePeriod", self.evictionMaxPodGracePeriod)
        object.putUnlessEmpty("evictionMinimumReclaim", self.evictionMinimumReclaim)
        object.putUnlessEmpty("mergeDefaultEvictionSettings", self.mergeDefaultEvictionSettings)
        object.putUnlessEmpty("podsPerCore", self.podsPerCore)
        object.putUnlessEmpty("enableControllerAttachDetach", self.enableControllerAttachDetach)
        object.putUnlessEmpty("protectKernelDefaults", self.protectKernelDefaults)
        object.putUnlessEmpty("makeIPTablesUtilChains", self.makeIPTablesUtilChains)
        object.putUnlessEmpty("iptablesMasqueradeBit", self.iptablesMasqueradeBit)
        object.putUnlessEmpty("iptablesDropBit", self.iptablesDropBit)
        object.putUnlessEmpty("featureGates", self.featureGates)
        object.putUnlessEmpty("failSwapOn", self.failSwapOn)
        object.putUnlessEmpty("memorySwap", self.memorySwap)
        object.putUnlessEmpty("containerLogMaxSize", self.containerLogMaxSize)
        object.putUnlessEmpty("containerLogMaxFiles", self.containerLogMaxFiles)
        object.putUnlessEmpty("containerLogMaxWorkers", self.containerLogMaxWorkers)
        object.putUnlessEmpty("containerLogMonitorInterval", self.containerLogMonitorInterval)
        object.putUnlessEmpty("configMapAndSecretChangeDetectionStrategy", self.configMapAndSecretChangeDetectionStrategy)
        object.putUnlessEmpty("systemReserved", self.systemReserved)
        object.putUnlessEmpty("kubeReserved", self.kubeReserved)
        object.putUnlessEmpty("reservedSystemCPUs", self.reservedSystemCPUs)
        object.putUnlessEmpty("showHiddenMetricsForVersion", self.showHiddenMetricsForVersion)
        object.putUnlessEmpty("systemReservedCgroup", self.systemReservedCgroup)
        object.putUnlessEmpty("kubeReservedCgroup", self.kubeReservedCgroup)
        object.putUnlessEmpty("enforceNodeAllocatable", self.enforceNodeAllocatable)
        object.putUnlessEmpty("allowedUnsafeSysctls", self.allowedUnsafeSysctls)
        object.putUnlessEmpty("volumePluginDir", self.volumePluginDir)
        object.putUnlessEmpty("providerID", self.providerID)
        object.putUnlessEmpty("kernelMemcgNotification", self.kernelMemcgNotification)
        object.putUnlessEmpty("logging", self.logging)
        object.putUnlessEmpty("enableSystemLogHandler", self.enableSystemLogHandler)
        object.putUnlessEmpty("enableSystemLogQuery", self.enableSystemLogQuery)
        object.putUnlessEmpty("shutdownGracePeriod", self.shutdownGracePeriod)
        object.putUnlessEmpty("shutdownGracePeriodCriticalPods", self.shutdownGracePeriodCriticalPods)
        object.putUnlessEmpty("shutdownGracePeriodByPodPriority", self.shutdownGracePeriodByPodPriority)
        object.putUnlessEmpty("crashLoopBackOff", self.crashLoopBackOff)
        object.putUnlessEmpty("reservedMemory", self.reservedMemory)
        object.putUnlessEmpty("enableProfilingHandler", self.enableProfilingHandler)
        object.putUnlessEmpty("enableDebugFlagsHandler", self.enableDebugFlagsHandler)
        object.putUnlessEmpty("seccompDefault", self.seccompDefault)
        object.putUnlessEmpty("memoryThrottlingFactor", self.memoryThrottlingFactor)
        object.putUnlessEmpty("memoryReservationPolicy", self.memoryReservationPolicy)
        object.putUnlessEmpty("registerWithTaints", self.registerWithTaints)
        object.putUnlessEmpty("registerNode", self.registerNode)
        object.putUnlessEmpty("tracing", self.tracing)
        object.putUnlessEmpty("localStorageCapacityIsolation", self.localStorageCapacityIsolation)
        object.put("containerRuntimeEndpoint", self.containerRuntimeEndpoint)
        object.putUnlessEmpty("imageServiceEndpoint", self.imageServiceEndpoint)
        object.putUnlessEmpty("failCgroupV1", self.failCgroupV1)
        object.putUnlessEmpty("userNamespaces", self.userNamespaces)
    }
}

package struct KubeletWebhookAuthentication: APIStructure {
    package var enabled: Bool? = nil
    package var cacheTTL: Duration = .zero

    package init(
        enabled: Bool? = nil,
        cacheTTL: Duration = .zero
    ) {
        self.enabled = enabled
        self.cacheTTL = cacheTTL
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "enabled": self.enabled = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "cacheTTL": self.cacheTTL = Duration(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("enabled", self.enabled)
        object.putUnlessEmpty("cacheTTL", self.cacheTTL)
    }
}

package struct KubeletWebhookAuthorization: APIStructure {
    package var cacheAuthorizedTTL: Duration = .zero
    package var cacheUnauthorizedTTL: Duration = .zero

    package init(
        cacheAuthorizedTTL: Duration = .zero,
        cacheUnauthorizedTTL: Duration = .zero
    ) {
        self.cacheAuthorizedTTL = cacheAuthorizedTTL
        self.cacheUnauthorizedTTL = cacheUnauthorizedTTL
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "cacheAuthorizedTTL": self.cacheAuthorizedTTL = Duration(from: value, at: path, reporting: &problems)
        case "cacheUnauthorizedTTL": self.cacheUnauthorizedTTL = Duration(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("cacheAuthorizedTTL", self.cacheAuthorizedTTL)
        object.putUnlessEmpty("cacheUnauthorizedTTL", self.cacheUnauthorizedTTL)
    }
}

package struct KubeletX509Authentication: APIStructure {
    package var clientCAFile: String = ""

    package init(
        clientCAFile: String = ""
    ) {
        self.clientCAFile = clientCAFile
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "clientCAFile": self.clientCAFile = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("clientCAFile", self.clientCAFile)
    }
}
