// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct PSIData: APIStructure {
    package var total: UInt64 = 0
    package var avg10: Double = 0
    package var avg60: Double = 0
    package var avg300: Double = 0

    package init(
        total: UInt64 = 0,
        avg10: Double = 0,
        avg60: Double = 0,
        avg300: Double = 0
    ) {
        self.total = total
        self.avg10 = avg10
        self.avg60 = avg60
        self.avg300 = avg300
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "total": self.total = UInt64(from: value, at: path, reporting: &problems)
        case "avg10": self.avg10 = Double(from: value, at: path, reporting: &problems)
        case "avg60": self.avg60 = Double(from: value, at: path, reporting: &problems)
        case "avg300": self.avg300 = Double(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("total", self.total)
        object.put("avg10", self.avg10)
        object.put("avg60", self.avg60)
        object.put("avg300", self.avg300)
    }
}

package struct PSIStats: APIStructure {
    package var full: PSIData = PSIData()
    package var `some`: PSIData = PSIData()

    package init(
        full: PSIData = PSIData(),
        `some`: PSIData = PSIData()
    ) {
        self.full = full
        self.`some` = `some`
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "full": self.full = PSIData(from: value, at: path, reporting: &problems)
        case "some": self.`some` = PSIData(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("full", self.full)
        object.put("some", self.`some`)
    }
}

package struct PVCReference: APIStructure {
    package var name: String = ""
    package var namespace: String = ""

    package init(
        name: String = "",
        namespace: String = ""
    ) {
        self.name = name
        self.namespace = namespace
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("namespace", self.namespace)
    }
}

package struct PodReference: APIStructure {
    package var name: String = ""
    package var namespace: String = ""
    package var uid: String = ""

    package init(
        name: String = "",
        namespace: String = "",
        uid: String = ""
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("namespace", self.namespace)
        object.put("uid", self.uid)
    }
}

package struct PodStats: APIStructure {
    package var podRef: PodReference = PodReference()
    package var startTime: Time? = nil
    package var containers: [ContainerStats] = []
    @Boxed package var cpu: CPUStats? = nil
    @Boxed package var memory: MemoryStats? = nil
    @Boxed package var io: IOStats? = nil
    @Boxed package var network: NetworkStats? = nil
    package var volume: [VolumeStats] = []
    @Boxed package var ephemeralStorage: FsStats? = nil
    @Boxed package var processStats: ProcessStats? = nil
    @Boxed package var swap: SwapStats? = nil

    package init(
        podRef: PodReference = PodReference(),
        startTime: Time? = nil,
        containers: [ContainerStats] = [],
        cpu: CPUStats? = nil,
        memory: MemoryStats? = nil,
        io: IOStats? = nil,
        network: NetworkStats? = nil,
        volume: [VolumeStats] = [],
        ephemeralStorage: FsStats? = nil,
        processStats: ProcessStats? = nil,
        swap: SwapStats? = nil
    ) {
        self.podRef = podRef
        self.startTime = startTime
        self.containers = containers
        self.cpu = cpu
        self.memory = memory
        self.io = io
        self.network = network
        self.volume = volume
        self.ephemeralStorage = ephemeralStorage
        self.processStats = processStats
        self.swap = swap
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "podRef": self.podRef = PodReference(from: value, at: path, reporting: &problems)
        case "startTime": self.startTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "containers": self.containers = [ContainerStats](from: value, at: path, reporting: &problems)
        case "cpu": self.cpu = Optional<CPUStats>(from: value, at: path, reporting: &problems)
        case "memory": self.memory = Optional<MemoryStats>(from: value, at: path, reporting: &problems)
        case "io": self.io = Optional<IOStats>(from: value, at: path, reporting: &problems)
        case "network": self.network = Optional<NetworkStats>(from: value, at: path, reporting: &problems)
        case "volume": self.volume = [VolumeStats](from: value, at: path, reporting: &problems)
        case "ephemeral-storage": self.ephemeralStorage = Optional<FsStats>(from: value, at: path, reporting: &problems)
        case "process_stats": self.processStats = Optional<ProcessStats>(from: value, at: path, reporting: &problems)
        case "swap": self.swap = Optional<SwapStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("podRef", self.podRef)
        object.put("startTime", self.startTime)
        object.put("containers", self.containers)
        object.putUnlessEmpty("cpu", self.cpu)
        object.putUnlessEmpty("memory", self.memory)
        object.putUnlessEmpty("io", self.io)
        object.putUnlessEmpty("network", self.network)
        object.putUnlessEmpty("volume", self.volume)
        object.putUnlessEmpty("ephemeral-storage", self.ephemeralStorage)
        object.putUnlessEmpty("process_stats", self.processStats)
        object.putUnlessEmpty("swap", self.swap)
    }
}

package struct ProcessStats: APIStructure {
    package var processCount: UInt64? = nil

    package init(
        processCount: UInt64? = nil
    ) {
        self.processCount = processCount
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "process_count": self.processCount = Optional<UInt64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("process_count", self.processCount)
    }
}
