// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct NetworkStats: APIStructure {
    package var time: Time? = nil
    package var name: String = ""
    package var rxBytes: UInt64? = nil
    package var rxErrors: UInt64? = nil
    package var txBytes: UInt64? = nil
    package var txErrors: UInt64? = nil
    package var interfaces: [InterfaceStats] = []

    package init(
        time: Time? = nil,
        name: String = "",
        rxBytes: UInt64? = nil,
        rxErrors: UInt64? = nil,
        txBytes: UInt64? = nil,
        txErrors: UInt64? = nil,
        interfaces: [InterfaceStats] = []
    ) {
        self.time = time
        self.name = name
        self.rxBytes = rxBytes
        self.rxErrors = rxErrors
        self.txBytes = txBytes
        self.txErrors = txErrors
        self.interfaces = interfaces
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "rxBytes": self.rxBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "rxErrors": self.rxErrors = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "txBytes": self.txBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "txErrors": self.txErrors = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "interfaces": self.interfaces = [InterfaceStats](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.put("name", self.name)
        object.putUnlessEmpty("rxBytes", self.rxBytes)
        object.putUnlessEmpty("rxErrors", self.rxErrors)
        object.putUnlessEmpty("txBytes", self.txBytes)
        object.putUnlessEmpty("txErrors", self.txErrors)
        object.putUnlessEmpty("interfaces", self.interfaces)
    }
}

package struct NodeStats: APIStructure {
    package var nodeName: String = ""
    package var systemContainers: [ContainerStats] = []
    package var startTime: Time? = nil
    @Boxed package var cpu: CPUStats? = nil
    @Boxed package var memory: MemoryStats? = nil
    @Boxed package var io: IOStats? = nil
    @Boxed package var network: NetworkStats? = nil
    @Boxed package var fs: FsStats? = nil
    @Boxed package var runtime: RuntimeStats? = nil
    @Boxed package var rlimit: RlimitStats? = nil
    @Boxed package var swap: SwapStats? = nil

    package init(
        nodeName: String = "",
        systemContainers: [ContainerStats] = [],
        startTime: Time? = nil,
        cpu: CPUStats? = nil,
        memory: MemoryStats? = nil,
        io: IOStats? = nil,
        network: NetworkStats? = nil,
        fs: FsStats? = nil,
        runtime: RuntimeStats? = nil,
        rlimit: RlimitStats? = nil,
        swap: SwapStats? = nil
    ) {
        self.nodeName = nodeName
        self.systemContainers = systemContainers
        self.startTime = startTime
        self.cpu = cpu
        self.memory = memory
        self.io = io
        self.network = network
        self.fs = fs
        self.runtime = runtime
        self.rlimit = rlimit
        self.swap = swap
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "nodeName": self.nodeName = String(from: value, at: path, reporting: &problems)
        case "systemContainers": self.systemContainers = [ContainerStats](from: value, at: path, reporting: &problems)
        case "startTime": self.startTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "cpu": self.cpu = Optional<CPUStats>(from: value, at: path, reporting: &problems)
        case "memory": self.memory = Optional<MemoryStats>(from: value, at: path, reporting: &problems)
        case "io": self.io = Optional<IOStats>(from: value, at: path, reporting: &problems)
        case "network": self.network = Optional<NetworkStats>(from: value, at: path, reporting: &problems)
        case "fs": self.fs = Optional<FsStats>(from: value, at: path, reporting: &problems)
        case "runtime": self.runtime = Optional<RuntimeStats>(from: value, at: path, reporting: &problems)
        case "rlimit": self.rlimit = Optional<RlimitStats>(from: value, at: path, reporting: &problems)
        case "swap": self.swap = Optional<SwapStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("nodeName", self.nodeName)
        object.putUnlessEmpty("systemContainers", self.systemContainers)
        object.put("startTime", self.startTime)
        object.putUnlessEmpty("cpu", self.cpu)
        object.putUnlessEmpty("memory", self.memory)
        object.putUnlessEmpty("io", self.io)
        object.putUnlessEmpty("network", self.network)
        object.putUnlessEmpty("fs", self.fs)
        object.putUnlessEmpty("runtime", self.runtime)
        object.putUnlessEmpty("rlimit", self.rlimit)
        object.putUnlessEmpty("swap", self.swap)
    }
}
