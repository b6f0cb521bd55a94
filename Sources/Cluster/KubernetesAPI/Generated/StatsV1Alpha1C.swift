// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct CPUStats: APIStructure {
    package var time: Time? = nil
    package var usageNanoCores: UInt64? = nil
    package var usageCoreNanoSeconds: UInt64? = nil
    @Boxed package var psi: PSIStats? = nil

    package init(
        time: Time? = nil,
        usageNanoCores: UInt64? = nil,
        usageCoreNanoSeconds: UInt64? = nil,
        psi: PSIStats? = nil
    ) {
        self.time = time
        self.usageNanoCores = usageNanoCores
        self.usageCoreNanoSeconds = usageCoreNanoSeconds
        self.psi = psi
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "usageNanoCores": self.usageNanoCores = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "usageCoreNanoSeconds": self.usageCoreNanoSeconds = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "psi": self.psi = Optional<PSIStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.putUnlessEmpty("usageNanoCores", self.usageNanoCores)
        object.putUnlessEmpty("usageCoreNanoSeconds", self.usageCoreNanoSeconds)
        object.putUnlessEmpty("psi", self.psi)
    }
}

package struct ContainerStats: APIStructure {
    package var name: String = ""
    package var startTime: Time? = nil
    @Boxed package var cpu: CPUStats? = nil
    @Boxed package var memory: MemoryStats? = nil
    @Boxed package var io: IOStats? = nil
    package var accelerators: [AcceleratorStats] = []
    @Boxed package var rootfs: FsStats? = nil
    @Boxed package var logs: FsStats? = nil
    package var userDefinedMetrics: [UserDefinedMetric] = []
    @Boxed package var swap: SwapStats? = nil

    package init(
        name: String = "",
        startTime: Time? = nil,
        cpu: CPUStats? = nil,
        memory: MemoryStats? = nil,
        io: IOStats? = nil,
        accelerators: [AcceleratorStats] = [],
        rootfs: FsStats? = nil,
        logs: FsStats? = nil,
        userDefinedMetrics: [UserDefinedMetric] = [],
        swap: SwapStats? = nil
    ) {
        self.name = name
        self.startTime = startTime
        self.cpu = cpu
        self.memory = memory
        self.io = io
        self.accelerators = accelerators
        self.rootfs = rootfs
        self.logs = logs
        self.userDefinedMetrics = userDefinedMetrics
        self.swap = swap
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "startTime": self.startTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "cpu": self.cpu = Optional<CPUStats>(from: value, at: path, reporting: &problems)
        case "memory": self.memory = Optional<MemoryStats>(from: value, at: path, reporting: &problems)
        case "io": self.io = Optional<IOStats>(from: value, at: path, reporting: &problems)
        case "accelerators": self.accelerators = [AcceleratorStats](from: value, at: path, reporting: &problems)
        case "rootfs": self.rootfs = Optional<FsStats>(from: value, at: path, reporting: &problems)
        case "logs": self.logs = Optional<FsStats>(from: value, at: path, reporting: &problems)
        case "userDefinedMetrics": self.userDefinedMetrics = [UserDefinedMetric](from: value, at: path, reporting: &problems)
        case "swap": self.swap = Optional<SwapStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("startTime", self.startTime)
        object.putUnlessEmpty("cpu", self.cpu)
        object.putUnlessEmpty("memory", self.memory)
        object.putUnlessEmpty("io", self.io)
        object.putUnlessEmpty("accelerators", self.accelerators)
        object.putUnlessEmpty("rootfs", self.rootfs)
        object.putUnlessEmpty("logs", self.logs)
        object.putUnlessEmpty("userDefinedMetrics", self.userDefinedMetrics)
        object.putUnlessEmpty("swap", self.swap)
    }
}
